"""What the handles of supervisors of all kinds have in common."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import TYPE_CHECKING, TypeVar

import trio
from attrs import frozen

from trio_sup._children.record import Child
from trio_sup._children.waits import refuse_self
from trio_sup._core.errors import NoSuchChild
from trio_sup._core.hints import that_are_there
from trio_sup._core.words import Kind, Status

if TYPE_CHECKING:
    from trio_sup._children.record import Record
    from trio_sup._core.specs import ChildSpec


H = TypeVar("H", bound=Child)


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


class SupervisorHandle(Child):
    """A supervisor of any kind: what can be asked of all of them."""

    __slots__ = ()

    def which_children(self) -> list[ChildInfo]:
        """Return the children in start order (OTP: in reverse)."""
        return [
            ChildInfo(k.id, k.status, k.spec.kind, k.spec.restart, k.handle)
            for k in self._children()
        ]

    def count_children(self) -> ChildCounts:
        """Count the children (SUP-104, DYN-023)."""
        children = self._children()
        supervisors = sum(1 for k in children if k.spec.flags is not None)
        active = sum(1 for k in children if k.alive)
        workers = len(children) - supervisors
        return ChildCounts(len(children), active, supervisors, workers)

    def get_childspec(self, id: Hashable) -> ChildSpec[Child]:
        """Return a child's specification; raises `NoSuchChild`."""
        spec: ChildSpec[Child] = descend(self.record, (id,)).spec
        return spec

    def statistics(self) -> SupervisorStatistics:
        """Return how much of the restart window is used."""
        assert self.record.shell is not None
        window, now = self.record.shell.core.window, trio.current_time()
        return SupervisorStatistics(
            window.used(now),
            window.max_restarts,
            window.max_seconds,
            window.frees_at(now),
        )

    async def stop(self) -> None:
        """Stop this supervisor with all its children, and wait for its end.

        A checkpoint. As in OTP its parent then decides by the restart type; the end is
        a shutdown. One that is still starting finishes its start first, so that its
        parent, and whoever waits for it, see a start that succeeded; if the start
        fails, that is the end. One that is between two lives is stopped when the next
        has started; one that is down for good is left alone. (SUP-121)

        Raises:
            WouldDeadlock: asked from inside the tree.
        """
        record = self.record
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

    def _children(self) -> Sequence[Record]:
        return self.record.body.below()


class SpecSupervisor(SupervisorHandle):
    """A supervisor that is given specifications: a static or a dynamic one.

    What a server knows its supervisor as (`GenServer.supervisor`). What exactly each
    call does and raises stands in `Supervisor` and `DynamicSupervisor`.
    """

    __slots__ = ()

    async def start_child(self, spec: ChildSpec[H]) -> H:
        """Start a child and wait until it is ready. A checkpoint."""
        raise NotImplementedError

    async def terminate_child(self, target: Hashable, /) -> None:
        """Stop a child, by its id, and wait for its end. A checkpoint."""
        raise NotImplementedError

    async def restart_child(self, target: Hashable, /) -> Child:
        """Start a child that is down, or end its backoff. A checkpoint."""
        raise NotImplementedError


def descend(record: Record, path: Sequence[Hashable]) -> Record:
    """Follow ids down from a record; raises `NoSuchChild`."""
    if not path:
        raise TypeError("give the path: the ids from this supervisor to the child")
    for id in path:
        if record.shell is None:
            raise NoSuchChild(f"{record.path_text!r}, no supervisor,", id)
        records = record.shell.core.records
        found = records.get(id)
        if found is None:
            where = f"supervisor {record.path_text!r}"
            raise NoSuchChild(where, id, that_are_there(records))
        record = found
    return record


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
