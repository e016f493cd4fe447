"""The handles of static and partition supervisors."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast, overload

import attrs

from trio_sup._children.record import Child
from trio_sup._children.supervising import SpecSupervisor, descend
from trio_sup._children.typed import handle_as
from trio_sup._children.waits import refuse_half_way, refuse_inside, refuse_self
from trio_sup._core.checks import ChildSpecError
from trio_sup._core.comparing import compare
from trio_sup._core.errors import NoProcess, WrongKind
from trio_sup._core.partitions import partition_of
from trio_sup._core.reconfigured import ReconfigurePlan
from trio_sup._core.specs import ChildSpec, Flags
from trio_sup._supervisors.partition import PartitionShell
from trio_sup._supervisors.static import StaticShell
from trio_sup._tasks.supervisor import TaskSupervisor
from trio_sup._tree.dynamic import DynamicSupervisor

if TYPE_CHECKING:
    from trio_sup._children.record import Record
    from trio_sup._servers.genserver import GenServer
    from trio_sup._servers.ref import ServerRef
S = TypeVar("S", bound="GenServer")
H = TypeVar("H", bound="Child")


class Supervisor(SpecSupervisor):
    """A static supervisor: an ordered list of children.

    Requests are served one at a time, in order. A cancelled caller does not take
    its request back, except a start that has not begun.
    """

    __slots__ = ()

    @property
    def _shell(self) -> StaticShell:
        shell = self.record.shell
        assert isinstance(shell, StaticShell)
        return shell

    async def start_child(self, spec: ChildSpec[H]) -> H:
        """Start a child and wait until it is ready. It joins the end of the order.

        A failure before readiness is raised here and never retried; one after it is
        the supervisor's business. Does not restart a stopped child: see
        `restart_child`. (SUP-063, 090..094)

        Raises:
            ChildSpecError: the specification does not fit this supervisor.
            AlreadyStarted: the id belongs to a living child.
            AlreadyPresent: the id belongs to a child that is down.
            AlreadyRegistered: the name is in use.
            StartFailed: the child did not become ready; the cause is chained.
            StartIgnored: it raised `Ignore`.
            SupervisorStopping: the supervisor is going down.
            WrongRun: called from a thread or from another Trio run.
            WouldDeadlock: asked by a child whose own start is in progress here.
        """
        refuse_half_way(self.record, "start_child")
        shell = self._shell
        handle: H = await shell.start_child(spec)  # type: ignore[assignment]
        return handle

    async def terminate_child(self, id: Hashable) -> None:
        """Stop a child and wait for its end. Idempotent.

        Its specification stays, unless it is temporary; it never counts as a
        restart and never touches siblings. (SUP-057, 095)

        Raises:
            NoSuchChild: there is no child with that id.
            SupervisorStopping: the supervisor is going down.
            WrongRun: called from a thread or from another Trio run.
            WouldDeadlock: asked from inside the child itself.
        """
        shell = self._shell
        shell.check_run("supervisor.terminate_child", waits=True)
        # Looked up again when its turn comes: a start may be in line before it.
        record = shell.core.records.get(id)
        if record is not None:
            refuse_self(record, "terminate_child")
        refuse_half_way(self.record, "terminate_child")
        await shell.terminate_child(id, record)

    async def restart_child(self, id: Hashable) -> Child:
        """Start a child that is down; end its backoff or quarantine (SUP-097).

        Raises:
            NoSuchChild: there is no child with that id.
            ChildNotStopped: it lives, or is on its way back.
            StartFailed: it did not become ready; it stays down, not retried.
            StartIgnored: it raised `Ignore`.
            SupervisorStopping: the supervisor is going down.
            WrongRun: called from a thread or from another Trio run.
        """
        refuse_half_way(self.record, "restart_child")
        return await self._shell.restart_child(id)

    async def delete_child(self, id: Hashable) -> None:
        """Forget a child that is down; its id is free again (SUP-098).

        Raises:
            NoSuchChild: there is no child with that id.
            ChildNotStopped: it lives, or is on its way back.
            SupervisorStopping: the supervisor is going down.
            WrongRun: called from a thread or from another Trio run.
        """
        refuse_half_way(self.record, "delete_child")
        await self._shell.delete_child(id)

    # Another specification.

    def plan(
        self, new: ChildSpec[Supervisor] | Iterable[ChildSpec[Any]]
    ) -> ReconfigurePlan:
        """Return what another specification would change. No checkpoint.

        Nothing is changed. Children are compared by id, down to the last supervisor
        below. One goes on with its life if what the life is made of is the same
        (`target`, `args`, `name`, `mailbox`), whatever else is new. (SUP-150)

        Args:
            new: A specification made by `supervisor`, of which the flags and the
                children count: its own place under its parent is the parent's affair.
                Or a list of children: the flags stay as they are.

        Returns:
            The plan; ``print(plan)`` shows it as a diff.

        Raises:
            ChildSpecError: an invalid specification; one of another kind of
                supervisor; a name that moves to another supervisor.
            WrongRun: called from a thread or from another Trio run.
        """
        shell = self._shell
        shell.check_run("supervisor.plan")
        return compare(self.record, shell.flags, flags_of(self.record, new))

    async def reconfigure(
        self, new: ReconfigurePlan | ChildSpec[Supervisor] | Iterable[ChildSpec[Any]]
    ) -> ReconfigurePlan:
        """Go on with another specification. A checkpoint.

        Who ends, ends first, in reverse start order; then who is new starts, in order.
        A request like any other: it waits in line, and a stop of the supervisor
        overtakes it; then the next life goes by the former specification. If a child
        does not start, the former specification is in force again, and what was ended
        for the new one is started again. A cancelled caller takes back only what has
        not begun. (SUP-141, SUP-150)

        Args:
            new: As for `plan`; or a plan, which is carried out only if it would still
                be the same.

        Returns:
            What was done.

        Raises:
            ChildSpecError: as for `plan`.
            PlanOutdated: the tree has changed since the plan was made.
            ReconfigureFailed: a child did not start; see there.
            SupervisorStopping: the supervisor is going down.
            WrongRun: called from a thread or from another Trio run.
            WouldDeadlock: asked from inside of a child that would be ended by it, or by
                one whose own start or stop is in progress.
        """
        refuse_half_way(self.record, "reconfigure")
        if isinstance(new, ReconfigurePlan):
            if new.path != self.path_text:
                accepted = f"a plan that was made by plan() of {self.path_text!r}"
                raise ChildSpecError("new", new, accepted)
            plan, expected = new, new
        else:
            plan, expected = self.plan(new), None
        refuse_inside(plan.ends_lives, "reconfigure")
        return await self._shell.reconfigure(plan.new, expected)

    # Ways down.

    def child(self, *path: Hashable) -> Child:
        """Return the handle of a child further down.

        Args:
            path: The ids from here.

        Raises:
            NoSuchChild: there is none.
        """
        return descend(self.record, path).handle

    def server(self, kind: type[S], *path: Hashable) -> ServerRef[S]:
        """Return the handle of a server further down: class first, then the path.

        Raises:
            NoSuchChild: there is none.
            WrongKind: it is not a server of that class.
        """
        handle: ServerRef[S] = handle_as(descend(self.record, path), kind)  # type: ignore[assignment]
        return handle

    def supervisor(self, *path: Hashable) -> Supervisor:
        """Return the handle of a static supervisor further down."""
        handle = descend(self.record, path).handle
        if not isinstance(handle, Supervisor):
            raise WrongKind(handle.path_text, f"a {handle.record.kind}", "a supervisor")
        return handle

    def dynamic(self, *path: Hashable) -> DynamicSupervisor:
        """Return the handle of a dynamic supervisor further down."""
        handle = descend(self.record, path).handle
        if not isinstance(handle, DynamicSupervisor):
            raise WrongKind(
                handle.path_text, f"a {handle.record.kind}", "a dynamic supervisor"
            )
        return handle

    def partition_supervisor(self, *path: Hashable) -> PartitionSupervisor[Child]:
        """Return the handle of a partition supervisor further down."""
        handle: Child = handle_as(descend(self.record, path), PartitionSupervisor)
        return cast("PartitionSupervisor[Child]", handle)

    def task_supervisor(self, *path: Hashable) -> TaskSupervisor:
        """Return the handle of a task supervisor further down."""
        return cast(
            "TaskSupervisor", handle_as(descend(self.record, path), TaskSupervisor)
        )


def flags_of(
    record: Record, new: ChildSpec[Supervisor] | Iterable[ChildSpec[Any]]
) -> Flags:
    """Return the flags and children that somebody wants a supervisor to have."""
    present = record.spec.flags
    assert present is not None
    if not isinstance(new, ChildSpec):
        if not isinstance(cast("object", new), Iterable):
            raise ChildSpecError("children", new, "a list of child specs")
        return attrs.evolve(present, children=tuple(new))
    if new.flags is None or new.runs is not record.spec.runs:
        accepted = "a list of children, or a specification made by supervisor()"
        raise ChildSpecError("new", new, accepted, record.label)
    return new.flags


H_co = TypeVar("H_co", bound=Child, covariant=True)


class PartitionSupervisor(Supervisor, Generic[H_co]):
    """A supervisor of equal children, one of which is picked by a key.

    It is a static supervisor; the ids of its children are 0, 1, 2 and so on. They
    cannot be added or deleted one by one: see `resize`.
    """

    __slots__ = ()

    @property
    def _partition_shell(self) -> PartitionShell:
        shell = self.record.shell
        assert isinstance(shell, PartitionShell)
        return shell

    @property
    def partitions(self) -> int:
        """How many partitions are in use."""
        return self._partition_shell.partitions.size

    @overload
    def pick(self, key: Hashable) -> H_co: ...
    @overload
    def pick(self, key: Hashable, kind: type[S]) -> ServerRef[S]: ...
    @overload
    def pick(self, key: Hashable, kind: type[H]) -> H: ...
    def pick(self, key: Hashable, kind: type[object] | None = None) -> object:
        """Return the handle of the partition that a key belongs to. No checkpoint.

        The same key picks the same partition as long as their number stays; after
        `resize` most keys move. Whole numbers pick ``abs(key) % partitions``; which
        one other keys pick is the same in every process for text, bytes, None,
        UUIDs, enum members, and tuples and frozensets of such.

        The handle may be between two lives: then its uses raise `NoProcess`, or wait
        by `when_running`.

        Args:
            key: Any hashable value.
            kind: A server or handle class, where the type of this supervisor's
                partitions is not known.

        Raises:
            NoProcess: there are zero partitions, or it has never been started.
            WrongKind: the partitions are of another kind.
        """
        shell = self._partition_shell
        count = shell.partitions.size
        if count == 0:
            raise NoProcess(self.path_text, "has zero partitions")
        record = shell.record_for(partition_of(key, count))
        return handle_as(record, kind)

    def handles(self) -> list[H_co]:
        """Return the handles of all partitions in use, in order."""
        shell = self._partition_shell
        records = [shell.record_for(number) for number in range(shell.partitions.size)]
        return [cast("H_co", record.handle) for record in records]

    async def resize(self, count: int) -> int:
        """Change how many partitions are in use. A checkpoint.

        Growing starts those that were stopped, in order; shrinking first picks no
        more of those that go, then stops them. Disabled partitions stay down, whatever
        the strategy restarts. Requests are served one after the other. A restart of
        this supervisor uses all again. (PART-012)

        Args:
            count: From 0 to the number that the supervisor was made with.

        Returns:
            How many there were before.

        Raises:
            ValueError: `count` is out of that range.
            StartFailed: a partition did not start; those before it are in use.
            SupervisorStopping: the supervisor is going down.
            WrongRun: called from a thread or from another Trio run.
            WouldDeadlock: asked by a partition whose own start or stop is in progress.
        """
        shell = self._partition_shell
        limit, number = len(shell.flags.children), cast("object", count)
        whole = isinstance(number, int) and not isinstance(number, bool)
        if not whole or not 0 <= count <= limit:
            raise ValueError(
                f"resize() needs a number from 0 to {limit}, not {count!r}"
            )
        refuse_half_way(self.record, "resize")
        return await shell.resize(count)
