"""Timeouts of state machines: told to what watches the machine."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

import trio

from trio_sup._servers.machine import Timeout
from trio_sup._servers.state_machine import StateMachine
from trio_sup.testing._beside.stand_ins import StandIn
from trio_sup.testing._servers.machine import WatchedMachine


def make(
    judge: Any,
    original: Any,
    timeout: Timeout,
    machine: Any,
    event: Any,
    seconds: float,
    name: Hashable = None,
) -> None:
    """A timeout is set."""
    del judge
    if isinstance(machine, WatchedMachine):
        at = trio.current_time() + max(seconds, 0.0)
        machine.timeout_set(timeout, at, at_once=seconds <= 0 and machine.busy)
    original(timeout, machine, event, seconds, name)


def cancel(judge: Any, original: Any, timeout: Timeout) -> None:
    """It is wanted no more."""
    del judge
    original(timeout)
    machine: Any = timeout._machine  # pyright: ignore[reportPrivateUsage]
    if isinstance(machine, WatchedMachine):
        machine.timeout_cancelled(timeout)


def ring(judge: Any, original: Any, timeout: Timeout) -> None:
    """Its time is over."""
    del judge
    machine: Any = timeout._machine  # pyright: ignore[reportPrivateUsage]
    if isinstance(machine, WatchedMachine):
        machine.timeout_rings(timeout)
    original(timeout)


def _anew(kind: str) -> Any:
    def set_timeout(
        judge: Any, original: Any, server: Any, *args: Any, **kwargs: Any
    ) -> Timeout:
        """A timeout is set, and the former one of its kind is void."""
        del judge
        timeout: Timeout = original(server, *args, **kwargs)
        machine = server.__machine__()
        if isinstance(machine, WatchedMachine):
            machine.set_anew(kind, args[0] if kind == "named" else None, timeout)
        return timeout

    return set_timeout


STAND_INS = (
    StandIn(Timeout, "__init__", make),
    StandIn(Timeout, "cancel", cancel),
    StandIn(Timeout, "_ring", ring),
    StandIn(StateMachine, "state_timeout", _anew("state")),
    StandIn(StateMachine, "event_timeout", _anew("event")),
    StandIn(StateMachine, "named_timeout", _anew("named")),
)
