"""The record of one child: one object, for its whole story."""

from __future__ import annotations

from collections.abc import Awaitable, Hashable, Sequence
from typing import TYPE_CHECKING, Any, Generic, Never, Self, cast

import trio

from trio_sup._children.ending import GOING, Ending
from trio_sup._children.naming import show_name
from trio_sup._children.visible import ObservedState
from trio_sup._core.addresses import Namespace
from trio_sup._core.clean import clean, safe_text
from trio_sup._core.errors import NoProcess
from trio_sup._core.events import ChildStarted
from trio_sup._core.exits import NOPROC, Exit
from trio_sup._core.specs import ChildSpec
from trio_sup._core.words import Status
from trio_sup._trio.alarms import Alarm
from trio_sup._trio.alone import next_change
from trio_sup._trio.last_resort import report_fault
from trio_sup._trio.life_scope import Scope
from trio_sup._trio.wake import Waiters, wake

if TYPE_CHECKING:
    # For the default, which `typing` has from 3.13 on; checkers bring this along.
    from typing_extensions import TypeVar

    from trio_sup._children.surroundings import Body, HostNode, Supervising, Watched

    T_co = TypeVar("T_co", covariant=True, default=object)
else:
    from typing import TypeVar

    T_co = TypeVar("T_co", covariant=True)


class Record(ObservedState):
    """A child as the shells see it: its state, and what runs at present.

    Lives never overlap, so what belongs to one life has its place here, too.
    """

    __slots__ = (
        "body",
        "ending",
        "exits",
        "handle",
        "node",
        "parent",
        "registries",
        "scope",
        "start_alarm",
        "stop_event",
        "task",
        "uid",
        "value",
        "version",
        "waiters",
        "watchers",
    )

    status: Status
    last_exit: Exit | None
    ready: bool
    started_life: int

    def __init__(
        self,
        spec: ChildSpec[Child],
        id: Hashable,
        parent: Supervising[Record] | None,
        node: HostNode[Record],
    ) -> None:
        super().__init__(spec, id)
        self.node: HostNode[Record] = node
        self.uid: int = node.next_uid()
        self.parent: Supervising[Record] | None = parent
        above = "" if parent is None else parent.record.path_text + "/"
        # The one place where ids become text: no log, error or viewer gets another.
        self.path_text: str = above + (
            str(id) if type(id) is int else clean(safe_text(id))
        )
        # Grows with every lifecycle change; the inspector compares it.
        self.version: int = 0
        # Who waits for a change: one task, mostly, or several.
        self.waiters: trio.lowlevel.Task | Waiters | None = None
        self.watchers: Watched | None = None
        # Past lives: number, end, when it began, when it ended.
        self.exits: list[tuple[int, Exit, float, float]] | None = None
        self.registries: set[Namespace[Record]] | None = None
        self.value: object = None
        # Invariant: not None exactly while a life is in progress.
        self.scope: Scope | None = None
        self.task: trio.lowlevel.Task | None = None
        # Invariant: of the present life, or the last; never that of another.
        self.ending: Ending = GOING
        self.start_alarm: Alarm | None = None
        # Set by graceful_stop(): told of the request instead of being cancelled.
        self.stop_event: trio.Event | None = None
        self.handle: Child = spec.runs.handle(self)
        # What runs in its lives; last, as it may look at all the rest.
        self.body: Body[Record] = node.bodies(self)

    @property
    def alive(self) -> bool:
        """Whether a life is in progress, from its start to its very end."""
        return self.scope is not None

    @property
    def above(self) -> Record | None:
        """The record of its supervisor; None for a root."""
        return None if self.parent is None else self.parent.record

    @property
    def under(self) -> Sequence[Record]:
        """The records of its children, in start order."""
        return self.body.below()

    @property
    def shell(self) -> Supervising[Record] | None:
        """What supervises the children of this one; None for who has none."""
        return self.body.shell

    @property
    def mailbox(self) -> Any:
        """Its messages, a room above; None for who takes none."""
        return self.body.mailbox

    @property
    def asked(self) -> str | None:
        """Why the life was asked to end; None if it was not."""
        return self.ending.asked

    def touch(self) -> None:
        """Something changed: tell those who wait."""
        self.version += 1
        if self.waiters is not None:
            waiters, self.waiters = self.waiters, None
            if isinstance(waiters, Waiters):
                waiters.wake()
            else:
                wake(waiters)
        if self.watchers is not None:
            self.watchers.changed()
        if self.node.reporting:
            self._report()

    def _report(self) -> None:
        for report in self.node.reporting:
            try:
                report(self)
            except Exception as fault:  # noqa: BLE001 - reported, and left out
                self.node.report_no_more(report)
                report_fault(f"a change of {self.path_text}", fault)

    def came_to_rest(self) -> None:
        """Tell those below, too, if their own future depended on this child.

        It does for who is down only because this child is. As long as this child may
        return itself, nothing has changed for them: so a tree that is left tells each
        of its children once, when its root has ended.
        """
        self.touch()
        below = self.body.below()
        if not below or self.may_return:
            return
        todo = [below]
        while todo:
            for record in todo.pop():
                if record.comes_back:
                    record.touch()
                    todo.append(record.body.below())

    async def wait_change(self) -> None:
        """Wait for the next `touch`. A checkpoint, always.

        Raises:
            WrongRun: called from a thread or from another Trio run.
        """
        self.node.home.check("handle.wait", self.path_text, waits=True)
        await self.changed()

    def changed(self) -> Awaitable[None]:
        """As `wait_change`, for who is in the right place for sure."""
        return next_change(self, self.node)

    def check_run(self, call: str, *, waits: bool = True) -> None:
        """Refuse to wait in a thread or in another Trio run; raises `WrongRun`."""
        self.node.home.check_if_going(call, self.path_text, waits=waits)

    def become_ready(self) -> None:
        """The life is ready: `init` returned, or `started()` was called."""
        ending = self.ending
        if self.scope is None or (
            ending is not GOING
            and (ending.asked is not None or ending.cut_short is not None)
        ):
            return  # too late: it is being stopped already
        self.ready = True
        self.started_life = self.life
        self.enter("ready")
        if not self.spec.bare:
            if self.start_alarm is not None:
                self.start_alarm.cancel()
                self.start_alarm = None
            if self.spec.name is not None:
                show_name(self)
        if self.waiters is None and self.watchers is None and not self.node.reporting:
            self.version += 1
        else:
            self.touch()
        host = self.parent
        if host is not None:
            host.record_ready(self)
        else:
            host = self.shell
            assert host is not None
        told = (self.node.time(), self.path_text, self.life)
        if self.node.note(ChildStarted, told):
            host.tell(ChildStarted, told)

    def wind_down(self) -> None:
        """The life begins to end by itself: nobody may take it for running."""
        if self.status == "running":
            self.enter("winds_down")
            self.touch()

    def life_done(self) -> None:
        """Put away what belonged to the life that just ended."""
        if self.ending is not GOING:
            self.ending.task = None
        if self.start_alarm is not None:
            self.start_alarm.cancel()
            self.start_alarm = None
        self.scope = self.task = self.stop_event = None


class Child(Generic[T_co]):
    """A child, across its lives: valid from its first start on, for ever.

    Two handles are equal when they stand for the same child.
    """

    __slots__ = ("record",)
    record: Record
    """The library's own record; not for users. A slot: each message asks for it."""

    def __init__(self, *_: Never, **__: Never) -> None:
        """Refuse to be made: not for users."""
        raise TypeError(
            f"{type(self).__name__} has no public constructor: handles are given, by "
            "start_child() for one; child(), supervisor(), … describe what is to run"
        )

    @classmethod
    def _create(cls, record: Record) -> Self:
        self = object.__new__(cls)
        self.record = record
        return self

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Child) and other.record is self.record

    def __hash__(self) -> int:
        return hash(id(self.record))

    def __repr__(self) -> str:
        kind = type(self).__name__
        return f"<{kind} {self.path_text!r} {self.status}, life {self.life}>"

    @property
    def id(self) -> Hashable:
        """The place under the supervisor."""
        return self.record.id

    @property
    def path(self) -> tuple[Hashable, ...]:
        """The ids from the root."""
        record: Record | None = self.record
        ids: list[Hashable] = []
        while record is not None:
            ids.append(record.id)
            record = None if record.parent is None else record.parent.record
        return tuple(reversed(ids))

    @property
    def path_text(self) -> str:
        """The ids from the root, joined by ``/``."""
        return self.record.path_text

    @property
    def status(self) -> Status:
        """Where the child is in its story, right now."""
        return self.record.status

    @property
    def life(self) -> int:
        """The number of the present or last life; 0 before the first."""
        return self.record.life

    @property
    def restarts(self) -> int:
        """How often a supervisor started it again after an end."""
        return self.record.restarts

    @property
    def last_exit(self) -> Exit | None:
        """How the last finished life ended, or None before that."""
        return self.record.last_exit

    @property
    def value(self) -> T_co:
        """What the present life gave to ``task_status.started(value)``.

        None for who gives nothing: functions without `task_status`, servers,
        supervisors.

        Raises:
            NoProcess: the present life has given nothing yet, or there is none: the
                value of a former life is of no use to anybody.
        """
        record = self.record
        if record.spec.signals_ready and not record.ready:
            raise NoProcess(record.path_text, f"has no value: it is {record.status}")
        return cast("T_co", record.value)

    async def wait_value(self) -> T_co:
        """Wait until the child runs, and return its `value`. A checkpoint.

        Waits through restarts and backoff. Ask again for each use: the next life has
        another one.

        Raises:
            NoProcess: it is down and will not come back by itself.
        """
        await self.wait_running()
        return self.value

    async def wait_running(self) -> None:
        """Wait until the child runs: ready, and not asked to stop. A checkpoint.

        Waits through restarts and backoff.

        Raises:
            NoProcess: it is down and will not come back by itself.
        """
        record = self.record
        record.check_run("handle.wait_running")
        await trio.lowlevel.checkpoint()
        while not record.running:
            if not record.may_return:
                raise NoProcess(record.path_text, f"is {record.status}")
            await record.wait_change()

    async def wait_stopped(self) -> None:
        """Wait until the child is down for good, or until restarted by hand.

        Waits through restarts and backoff; a checkpoint; returns at once for a
        child that is gone.
        """
        record = self.record
        record.check_run("handle.wait_stopped")
        await trio.lowlevel.checkpoint()
        while record.may_return:
            await record.wait_change()

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
        record = self.record
        record.check_run("handle.wait_exit")
        await trio.lowlevel.checkpoint()
        if life is None:
            life = record.life
            if life == 0 and not record.may_return:
                return NOPROC
            life = max(life, 1)
        while True:
            for number, exit, _, _ in record.exits or ():
                if number == life:
                    return exit
            if record.life > life or (record.life == life and not record.alive):
                raise LookupError(
                    f"{record.path_text!r}: the end of life {life} is forgotten"
                )
            if not record.may_return:
                raise LookupError(f"{record.path_text!r}: life {life} will never come")
            await record.wait_change()
