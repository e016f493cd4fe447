"""Handles: the stable objects that stand for children across their lives."""

from __future__ import annotations

from collections.abc import Hashable
from typing import TYPE_CHECKING, Self, TypeVar, cast

import trio
from attrs import frozen

from trio_sup._children import (
    count,
    descend,
    list_children,
    spec_of,
    stop_supervisor,
    window_of,
)
from trio_sup._core.errors import NoProcess, WrongKind
from trio_sup._core.exits import NOPROC, Exit
from trio_sup._core.words import Kind, Status
from trio_sup._waits import refuse_half_way, refuse_self

if TYPE_CHECKING:
    from trio_sup._core.specs import ChildSpec
    from trio_sup._dynamic_handle import DynamicSupervisor
    from trio_sup._kid import Kid
    from trio_sup._partition import PartitionSupervisor
    from trio_sup._server import GenServer
    from trio_sup._server_ref import ServerRef
    from trio_sup._supervisor import StaticDriver
    from trio_sup._tasks import TaskSupervisor

S = TypeVar("S", bound="GenServer")
H = TypeVar("H", bound="Child")


class Child:
    """A child, across its lives: valid from its first start on, for ever.

    Two handles are equal when they stand for the same child.
    """

    __slots__ = ("_kid",)
    _kid: Kid

    def __init__(self) -> None:
        raise TypeError(
            f"{type(self).__name__} has no public constructor: handles come from "
            "start_child(), a supervisor's look-ups and registries"
        )

    @classmethod
    def _create(cls, kid: Kid) -> Self:
        self = object.__new__(cls)
        self._kid = kid
        return self

    @property
    def kid(self) -> Kid:
        """The library's own record; not for users."""
        return self._kid

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Child) and other.kid is self.kid

    def __hash__(self) -> int:
        return hash(id(self.kid))

    def __repr__(self) -> str:
        return (
            f"<{type(self).__name__} {self.path_text!r} "
            f"{self.status}, life {self.life}>"
        )

    @property
    def id(self) -> Hashable:
        """The place under the supervisor."""
        return self.kid.id

    @property
    def path(self) -> tuple[Hashable, ...]:
        """The ids from the root."""
        kid: Kid | None = self.kid
        ids: list[Hashable] = []
        while kid is not None:
            ids.append(kid.id)
            kid = None if kid.parent is None else kid.parent.kid
        return tuple(reversed(ids))

    @property
    def path_text(self) -> str:
        """The ids from the root, joined by ``/``."""
        return self.kid.path_text

    @property
    def status(self) -> Status:
        """Where the child is in its story, right now."""
        return self.kid.status

    @property
    def life(self) -> int:
        """The number of the present or last life; 0 before the first."""
        return self.kid.life

    @property
    def restarts(self) -> int:
        """How often a supervisor started it again after an end."""
        return self.kid.restarts

    @property
    def last_exit(self) -> Exit | None:
        """How the last finished life ended, or None before that."""
        return self.kid.last_exit

    @property
    def value(self) -> object:
        """What the present life gave to ``task_status.started(value)``."""
        return self.kid.value if self.kid.ready else None

    async def wait_running(self) -> None:
        """Wait until the child runs: ready, and not asked to stop. A checkpoint.

        Waits through restarts and backoff.

        Raises:
            NoProcess: it is down and will not come back by itself.
        """
        kid = self.kid
        kid.check_run("handle.wait_running")
        await trio.lowlevel.checkpoint()
        while not kid.running:
            if not kid.may_return:
                raise NoProcess(kid.path_text, f"is {kid.status}")
            await kid.wait_change()

    async def wait_stopped(self) -> None:
        """Wait until the child is down for good, or until restarted by hand.

        Waits through restarts and backoff; a checkpoint; returns at once for a
        child that is gone.
        """
        kid = self.kid
        kid.check_run("handle.wait_stopped")
        await trio.lowlevel.checkpoint()
        while kid.may_return:
            await kid.wait_change()

    async def wait_exit(self, life: int | None = None) -> Exit:
        """Wait for the end of one life and return it. A checkpoint.

        Args:
            life: Its number; None for the present one, or the last if it is down.

        Returns:
            How it ended; kind ``noproc`` for a child that never lived and is down.

        Raises:
            LookupError: that life ended too long ago to be remembered (16 ends
                are), or it can never come.
        """
        kid = self.kid
        kid.check_run("handle.wait_exit")
        await trio.lowlevel.checkpoint()
        if life is None:
            life = kid.life
            if life == 0 and not kid.may_return:
                return NOPROC
            life = max(life, 1)
        while True:
            for number, exit, _, _ in kid.exits or ():
                if number == life:
                    return exit
            if kid.life > life or (kid.life == life and not kid.alive):
                raise LookupError(
                    f"{kid.path_text!r}: the end of life {life} is forgotten"
                )
            if not kid.may_return:
                raise LookupError(f"{kid.path_text!r}: life {life} will never come")
            await kid.wait_change()


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


class Supervisor(Child):
    """A static supervisor: an ordered list of children.

    Requests are served one at a time, in order. A cancelled caller does not take
    its request back, except a start that has not begun.
    """

    __slots__ = ()

    @property
    def _driver(self) -> StaticDriver:
        from trio_sup._supervisor import StaticDriver

        driver = self.kid.driver
        assert isinstance(driver, StaticDriver)
        return driver

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
        refuse_half_way(self.kid, "start_child")
        driver = self._driver
        handle: H = await driver.submit(lambda: driver.start_child(spec), withdraw=True)
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
        driver = self._driver
        driver.check_run("supervisor.terminate_child", waits=True)
        # Looked up again when its turn comes: a start may be in line before it.
        kid = driver.core.kids.get(id)
        if kid is not None:
            refuse_self(kid, "terminate_child")
        refuse_half_way(self.kid, "terminate_child")
        await driver.submit(lambda: driver.terminate_child(id), kid)

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
        refuse_half_way(self.kid, "restart_child")
        driver = self._driver
        handle: Child = await driver.submit(lambda: driver.restart_child(id))
        return handle

    async def delete_child(self, id: Hashable) -> None:
        """Forget a child that is down; its id is free again (SUP-098).

        Raises:
            NoSuchChild: there is no child with that id.
            ChildNotStopped: it lives, or is on its way back.
            SupervisorStopping: the supervisor is going down.
            WrongRun: called from a thread or from another Trio run.
        """
        refuse_half_way(self.kid, "delete_child")
        driver = self._driver
        await driver.submit(lambda: driver.delete_child(id))

    def which_children(self) -> list[ChildInfo]:
        """Return the children in start order (OTP: in reverse)."""
        return list_children(self.kid)

    def count_children(self) -> ChildCounts:
        """Count the children (SUP-104)."""
        return count(self.kid)

    def get_childspec(self, id: Hashable) -> ChildSpec[Child]:
        """Return a child's specification; raises `NoSuchChild`."""
        return spec_of(self.kid, id)

    def statistics(self) -> SupervisorStatistics:
        """Return how much of the restart window is used."""
        return window_of(self.kid)

    async def stop(self) -> None:
        """Stop this supervisor in order and wait for its end. A checkpoint.

        As in OTP its parent then decides by the restart type; the end is a
        shutdown. One that is still starting finishes its start first, so that its
        parent, and whoever waits for it, see a start that succeeded; if the start
        fails, that is the end. One that is between two lives is stopped when the next
        has started; one that is down for good is left alone. (SUP-121)

        Raises:
            WouldDeadlock: asked from inside the tree.
        """
        await stop_supervisor(self.kid)

    # Ways down.

    def child(self, *path: Hashable) -> Child:
        """Return the handle of a child further down.

        Args:
            path: The ids from here.

        Raises:
            NoSuchChild: there is none.
        """
        return descend(self.kid, path).handle

    def server(self, kind: type[S], *path: Hashable) -> ServerRef[S]:
        """Return the handle of a server further down: class first, then the path.

        Raises:
            NoSuchChild: there is none.
            WrongKind: it is not a server of that class.
        """
        handle: ServerRef[S] = descend(self.kid, path).handle_as(kind)  # type: ignore[assignment]
        return handle

    def supervisor(self, *path: Hashable) -> Supervisor:
        """Return the handle of a static supervisor further down."""
        handle = descend(self.kid, path).handle
        if not isinstance(handle, Supervisor):
            raise WrongKind(handle.path_text, f"a {handle.kid.kind}", "a supervisor")
        return handle

    def dynamic(self, *path: Hashable) -> DynamicSupervisor:
        """Return the handle of a dynamic supervisor further down."""
        from trio_sup._dynamic_handle import DynamicSupervisor

        handle = descend(self.kid, path).handle
        if not isinstance(handle, DynamicSupervisor):
            raise WrongKind(
                handle.path_text, f"a {handle.kid.kind}", "a dynamic supervisor"
            )
        return handle

    def partition_supervisor(self, *path: Hashable) -> PartitionSupervisor[Child]:
        """Return the handle of a partition supervisor further down."""
        from trio_sup._partition import PartitionSupervisor

        handle: Child = descend(self.kid, path).handle_as(PartitionSupervisor)
        return cast("PartitionSupervisor[Child]", handle)

    def task_supervisor(self, *path: Hashable) -> TaskSupervisor:
        """Return the handle of a task supervisor further down."""
        from trio_sup._tasks import TaskSupervisor

        return cast("TaskSupervisor", descend(self.kid, path).handle_as(TaskSupervisor))
