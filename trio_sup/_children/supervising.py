"""What the handles of supervisors of all kinds have in common."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import TYPE_CHECKING

import trio
from attrs import frozen

from trio_sup._children.waits import refuse_self
from trio_sup._core.errors import NoSuchChild
from trio_sup._core.words import Kind, Status

if TYPE_CHECKING:
    from trio_sup._children.record import Child, Kid
    from trio_sup._core.specs import ChildSpec


def list_children(kid: Kid) -> list[ChildInfo]:
    """Return the children of a supervisor's record, in start order."""
    driver = kid.driver
    if driver is None:
        return []
    return [
        ChildInfo(k.id, k.status, k.spec.kind, k.spec.restart, k.handle)
        for k in driver.all_kids()
    ]


def count(kid: Kid) -> ChildCounts:
    """Count the children of a supervisor's record."""
    kids = () if kid.driver is None else kid.driver.all_kids()
    supervisors = sum(1 for k in kids if k.spec.flags is not None)
    active = sum(1 for k in kids if k.alive)
    return ChildCounts(len(kids), active, supervisors, len(kids) - supervisors)


def window_of(kid: Kid) -> SupervisorStatistics:
    """Return the restart window of a supervisor's record."""
    assert kid.driver is not None
    window, now = kid.driver.core.window, trio.current_time()
    return SupervisorStatistics(
        window.used(now), window.max_restarts, window.max_seconds, window.frees_at(now)
    )


def spec_of(kid: Kid, id: Hashable) -> ChildSpec[Child]:
    """Return the specification of a supervisor's child."""
    found = None if kid.driver is None else kid.driver.core.kids.get(id)
    if found is None:
        raise NoSuchChild(f"supervisor {kid.path_text!r}", id)
    return found.spec


def descend(kid: Kid, path: Sequence[Hashable]) -> Kid:
    """Follow ids down from a record; raises `NoSuchChild`."""
    if not path:
        raise TypeError("give the path: the ids from this supervisor to the child")
    for id in path:
        found = None if kid.driver is None else kid.driver.core.kids.get(id)
        if found is None:
            raise NoSuchChild(f"supervisor {kid.path_text!r}", id)
        kid = found
    return kid


async def stop_supervisor(kid: Kid) -> None:
    """Stop a supervisor's life from outside, in order, and wait for its end.

    Between two lives it is the next one that is stopped, as soon as it has started.
    """
    driver = kid.driver
    assert driver is not None
    driver.check_run("supervisor.stop", waits=True)
    refuse_self(kid, "stop")
    if not await _is_up(kid):
        return
    driver.stop_itself(kid_grace(kid))
    life = kid.life
    await trio.lowlevel.checkpoint()
    while kid.alive and kid.life == life:
        await kid.wait_change()


async def _is_up(kid: Kid) -> bool:
    """Wait for a life, if none is in progress; False if there will be none."""
    if not kid.alive:
        await trio.lowlevel.checkpoint()
    while not kid.alive and kid.may_return:
        await kid.wait_change()
    return kid.alive


def kid_grace(kid: Kid) -> float:
    """The grace of a child, in seconds."""
    shutdown = kid.spec.shutdown
    return 0.0 if shutdown == "brutal_kill" else shutdown


@frozen
class ChildInfo:
    """One line of `which_children`."""

    id: Hashable
    status: Status
    kind: Kind
    restart: str
    handle: Child


@frozen
class ChildCounts:
    """What `count_children` returns (checklist SUP-104, DYN-023)."""

    specs: int
    """All children, dead or alive."""
    active: int
    """Those that live."""
    supervisors: int
    """Supervisors, dead or alive."""
    workers: int
    """Everything else, dead or alive."""


@frozen
class SupervisorStatistics:
    """The restart window of a supervisor, right now."""

    restarts: int
    """Restarts that count inside the window."""
    max_restarts: int
    max_seconds: float
    frees_at: float
    """Trio time at which the oldest of them leaves the window; `-inf` if none."""
