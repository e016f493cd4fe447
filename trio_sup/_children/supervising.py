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
    from trio_sup._children.record import Child, Record
    from trio_sup._core.specs import ChildSpec


def list_children(record: Record) -> list[ChildInfo]:
    """Return the children of a supervisor's record, in start order."""
    shell = record.shell
    if shell is None:
        return []
    return [
        ChildInfo(k.id, k.status, k.spec.kind, k.spec.restart, k.handle)
        for k in shell.all_records()
    ]


def count(record: Record) -> ChildCounts:
    """Count the children of a supervisor's record."""
    records = () if record.shell is None else record.shell.all_records()
    supervisors = sum(1 for k in records if k.spec.flags is not None)
    active = sum(1 for k in records if k.alive)
    return ChildCounts(len(records), active, supervisors, len(records) - supervisors)


def window_of(record: Record) -> SupervisorStatistics:
    """Return the restart window of a supervisor's record."""
    assert record.shell is not None
    window, now = record.shell.core.window, trio.current_time()
    return SupervisorStatistics(
        window.used(now), window.max_restarts, window.max_seconds, window.frees_at(now)
    )


def spec_of(record: Record, id: Hashable) -> ChildSpec[Child]:
    """Return the specification of a supervisor's child."""
    found = None if record.shell is None else record.shell.core.records.get(id)
    if found is None:
        raise NoSuchChild(f"supervisor {record.path_text!r}", id)
    return found.spec


def descend(record: Record, path: Sequence[Hashable]) -> Record:
    """Follow ids down from a record; raises `NoSuchChild`."""
    if not path:
        raise TypeError("give the path: the ids from this supervisor to the child")
    for id in path:
        found = None if record.shell is None else record.shell.core.records.get(id)
        if found is None:
            raise NoSuchChild(f"supervisor {record.path_text!r}", id)
        record = found
    return record


async def stop_supervisor(record: Record) -> None:
    """Stop a supervisor's life from outside, in order, and wait for its end.

    Between two lives it is the next one that is stopped, as soon as it has started.
    """
    shell = record.shell
    assert shell is not None
    shell.check_run("supervisor.stop", waits=True)
    refuse_self(record, "stop")
    if not await _is_up(record):
        return
    shell.stop_itself(record_grace(record))
    life = record.life
    await trio.lowlevel.checkpoint()
    while record.alive and record.life == life:
        await record.wait_change()


async def _is_up(record: Record) -> bool:
    """Wait for a life, if none is in progress; False if there will be none."""
    if not record.alive:
        await trio.lowlevel.checkpoint()
    while not record.alive and record.may_return:
        await record.wait_change()
    return record.alive


def record_grace(record: Record) -> float:
    """The grace of a child, in seconds."""
    shutdown = record.spec.shutdown
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
