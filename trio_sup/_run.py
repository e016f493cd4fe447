"""`run` and `serve`: a supervision tree as a whole program."""

from __future__ import annotations

import logging
import os
import signal
from collections.abc import (
    AsyncGenerator,
    AsyncIterator,
    Iterable,
)
from contextlib import asynccontextmanager
from typing import Any, TypeVarTuple

import trio

from trio_sup._child import Supervisor
from trio_sup._core.errors import SupervisorStopping
from trio_sup._core.events import LifecycleEvent
from trio_sup._core.specs import ChildSpec
from trio_sup._inspection import (
    Inspect,
    beside,
    checked_name,
    inspect_mode,
    inspector,
)
from trio_sup._node import current_node
from trio_sup._open import OpenSupervisor, open_supervisor
from trio_sup._systemd import SystemdNotifier, systemd_notifier

logger = logging.getLogger("trio_sup")

Ts = TypeVarTuple("Ts")


def run(
    spec: ChildSpec[Supervisor] | Iterable[ChildSpec[Any]],
    *,
    name: str | None = None,
    inspect: Inspect = True,
    handle_signals: bool = True,
) -> None:
    """Run a supervision tree as the whole program, until it ends.

    SIGTERM or SIGINT (Ctrl-C) stops the tree in order and `run` returns, so that the
    program ends with exit code 0; a second signal collapses the remaining graces.

    Args:
        spec: A specification made by `supervisor`, or a list of children.
        name: The node's name, for `trio-sup nodes` and `trio-sup inspect`; letters,
            digits and ``._-``, at most 32. By default from the program's name.
        inspect: Whether the inspector may attach, over a unix socket that only this
            user can open; ``"control"`` lets it act on children, too. Costs nothing
            while nobody looks. The variable ``TRIO_SUP_INSPECT`` of the environment
            (``off``, ``view`` or ``control``) can take away from it, and can add
            control to True.
        handle_signals: Whether SIGTERM and SIGINT stop the tree.

    Raises:
        RestartLimitExceeded: the tree gave up: the program's exit code is then 1.
        StartFailed: a child did not become ready.
        ValueError: an unusable name, or another value of `inspect`.
    """
    trio.run(_main, spec, name, inspect, handle_signals)


async def _main(
    spec: ChildSpec[Supervisor] | Iterable[ChildSpec[Any]],
    name: str | None,
    inspect: Inspect,
    handle_signals: bool,
) -> None:
    await serve(spec, name=name, inspect=inspect, handle_signals=handle_signals)


async def serve(
    spec: ChildSpec[Supervisor] | Iterable[ChildSpec[Any]],
    *,
    name: str | None = None,
    inspect: Inspect = True,
    handle_signals: bool = False,
) -> None:
    """Run a supervision tree until it ends; as `run`, inside a Trio program.

    Returns when the tree was stopped in order: by a signal, by its own
    `auto_shutdown`, or by ``stop()`` of its root.

    Args:
        spec: As for `run`.
        name: As for `run`.
        inspect: As for `run`.
        handle_signals: As for `run`; needs the main thread. Off by default.

    Raises:
        RestartLimitExceeded: the tree gave up.
        StartFailed: a child did not become ready.
        ValueError: an unusable name, or another value of `inspect`.
    """
    mode = inspect_mode(inspect, os.environ)
    manager = open_supervisor(spec)
    node = current_node()
    if name is not None:
        node.name = checked_name(name)
    failure: BaseException | None = None
    async with inspector(node, mode), _signals(manager, handle_signals):
        try:
            with systemd_notifier() as systemd:
                async with manager as root:
                    await _until_stopped(root, systemd)
        except SupervisorStopping:
            pass  # a signal stopped it before it was ready
        except BaseException as error:  # noqa: BLE001 - raised below
            # Raised below, outside of the nurseries: they would wrap it.
            failure = error
    if failure is not None:
        try:
            raise failure
        finally:
            del failure


async def _until_stopped(root: Supervisor, systemd: SystemdNotifier | None) -> None:
    if systemd is None:
        await root.wait_stopped()
        return
    systemd.send("READY=1")

    def watch(event: LifecycleEvent) -> None:
        if event.kind == "supervisor_stopping" and event.path == root.path_text:
            systemd.send("STOPPING=1")

    node = root.kid.node
    node.add_hook(watch)
    try:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(systemd.feed_watchdog, root.kid)
            await root.wait_stopped()
            nursery.cancel_scope.cancel("the tree has ended")
    finally:
        node.remove_hook(watch)


@asynccontextmanager
async def _signals(tree: OpenSupervisor, wanted: bool) -> AsyncGenerator[None]:
    """Turn signals into stop requests, until the tree is gone."""
    if not wanted:
        yield
        return

    async def listen(signals: AsyncIterator[int]) -> None:
        again = False
        async for number in signals:
            logger.info("got %s", signal.Signals(number).name)
            if again:
                tree.hurry()
            else:
                tree.request_stop(signal.Signals(number).name)
            again = True

    with trio.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as signals:
        async with beside(listen, signals):
            yield
