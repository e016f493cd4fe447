"""The lives of a supervisor's children: how they begin, are asked to stop, and end.

Each life is a task of the supervisor's nursery (`_children.life.run_life`). Everything
here is synchronous, and decides nothing: the plan does. Rules:
* every exit comes to `life_over` exactly once, in the dying task's last step;
* nothing here raises through the nursery except what is fatal.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from contextvars import Context
from functools import partial
from typing import Final, Generic, TypeVar, TypeVarTuple

import trio
from trio.lowlevel import enable_ki_protection

from trio_sup._children.ending import GOING, Ending
from trio_sup._children.life import let_go, note_exit, run_life
from trio_sup._children.naming import hide_names, release_name, reserve_name
from trio_sup._children.record import Record
from trio_sup._children.stopping import arm_start, ask_stop
from trio_sup._children.surroundings import HostNode
from trio_sup._core import events
from trio_sup._core.anatomy import before, class_name, is_a, set_context
from trio_sup._core.exits import Exit, Ignore
from trio_sup._core.plan.doing import Do, Stop
from trio_sup._core.plan.supervision import LETS_START, Plan
from trio_sup._core.plan.telling import kind_of_end
from trio_sup._supervisors.in_one_go import crashed, stopped
from trio_sup._supervisors.story import EventParts, Story, report_while_stuck
from trio_sup._trio.alarms import Alarm
from trio_sup._trio.last_resort import report_fault, survive
from trio_sup._trio.life_scope import new_scope
from trio_sup._trio.wake import Waiters

Fields = TypeVarTuple("Fields")
P = TypeVar("P", bound=Plan[Record])


NEXT: Final = "trio_sup: the next child"
"""The name of a task that is about to become somebody's life."""


class Lives(Generic[P]):
    """How lives come and go under one supervisor."""

    def __init__(self, record: Record, plan: P) -> None:
        self.record = record
        self.plan: P = plan
        self.node: HostNode[Record] = record.node
        self.story: Story = Story()
        # What to raise once all children are down.
        self.fatal: list[BaseException] = []
        self.nursery: trio.Nursery
        # That of the nursery, at hand.
        self.start_soon: Callable[..., None]
        # What new lives copy: the context of the supervisor's own start.
        self.base: Context = Context()
        # The control task waits here. Ends and starts of children ring it only if it
        # waits for them, so that an ordinary restart does not wake it.
        self.bell: Waiters = Waiters()
        # A task that is to be the next life to begin; and whose life it is.
        self._here: trio.lowlevel.Task | None = None
        self._next: Record | None = None
        # The graces of many that ring together, until all children are down.
        self.graces: list[list[Ending]] = []
        # For whom the plan has a `Wake` to come; a newer one makes the former void.
        self.alarms: dict[Record, Alarm] = {}

    @property
    def path_text(self) -> str:
        """The path of the supervisor."""
        return self.record.path_text

    def perform(self, dos: Iterable[Do[Record]], now: float | None = None) -> None:
        """Do what the plan says, in order.

        Args:
            dos: What it said.
            now: The present time, where the caller knows it.
        """
        raise NotImplementedError

    def go_on(self, now: float, heard: bool = True) -> None:
        """Somebody has ended for whom the control task waits.

        Args:
            now: The present time.
            heard: Whether anybody may have to be told of what is asked of lives.
        """
        raise NotImplementedError

    # Stopping.

    @enable_ki_protection
    def request_stop(self, reason: str) -> None:
        """Go down in order; not awaited: the control task stops the children."""
        self.perform(self.plan.stop(reason, fatal=bool(self.fatal)))

    def stop_life(
        self, stop: Stop[Record], now: float | None = None, heard: bool = True
    ) -> None:
        """Ask a life to end.

        Args:
            stop: Whose, and how.
            now: The present time, where the caller knows it.
            heard: Whether anybody may have to be told of it.
        """
        record, node = stop.record, self.node
        if record.scope is None:
            return
        first = record.ending.asked is None
        if now is None:
            now = node.time()
        ask_stop(record, stop.reason, stop.grace, stop.brutal, now)
        if first:
            told = (now, record.path_text, record.life, stop.reason)
            if not heard:
                node.remember((events.ChildStopping, told))
            elif node.note(events.ChildStopping, told):
                self.tell(events.ChildStopping, told)

    def watch_stuck(self, record: Record) -> None:
        """Report a life that outlives its cancellation, again and again."""
        report_while_stuck(record, self.emit)

    # Starting.

    def spawn(
        self,
        record: Record,
        supervised: bool,
        now: float | None = None,
        heard: bool = True,
    ) -> None:
        """Begin the next life of a child. Synchronous.

        Args:
            record: A child that is down.
            supervised: Whether the caller waits for the start and deals with its
                failure; else a failure is a failed restart.
            now: The present time, where the caller knows it.
            heard: Whether anybody may have to be told of it.

        Raises:
            AlreadyRegistered: its name is taken; nothing was started.
            Exception: what a key or a policy of the user's raises; neither.
        """
        spec, node = record.spec, self.node
        if spec.name is not None:
            reserve_name(record)
        if now is None:
            now = node.time()
        self.plan.begins(record, now, supervised)
        record.ending = GOING
        if spec.start_timeout != math.inf:
            arm_start(record, now + spec.start_timeout)
        self.spawn_task(record)
        told = (now, record.path_text, record.life)
        if not heard:
            node.remember((events.ChildStarting, told))
        elif node.note(events.ChildStarting, told):
            self.tell(events.ChildStarting, told)

    def spawn_task(self, record: Record) -> None:
        """Spawn the task of a life that has begun."""
        record.value = None
        record.scope = new_scope()
        try:
            record.body.begin_life()
            here = self._here
            if here is None:
                name = record.path_text
                self.base.run(self.start_soon, run_life, self, record, name=name)
            else:
                here.name, self._here, self._next = record.path_text, None, record
        except BaseException:
            record.life_done()  # there is no task that would end it
            self.plan.fell_through()
            raise
        record.touch()

    # What the lives report.

    def record_ready(self, record: Record) -> None:
        """A life became ready."""
        if self.plan.wakes(record):
            if self.plan.line.more and self.bell.waiting:
                self._send_next()
            else:
                self.bell.wake()

    def _send_next(self) -> None:
        """Spawn the task of whoever is to be started next.

        Whether anybody is, it asks when it runs, in the place of the control task: so
        the present one has taken its first step by then, whatever comes of it. To wake
        the control task, which would spawn it, is one pass of Trio's loop more.
        """
        self.base.run(self.start_soon, run_life, self, name=NEXT)

    def next_life(self, task: trio.lowlevel.Task) -> Record | None:
        """Begin the life that is to begin next, in a task that is there already."""
        self._here, node = task, self.node
        # In this step it becomes ready, mostly, which is told louder than the rest.
        self.go_on(node.time(), node.is_told(events.ChildStarted))
        record, self._next, self._here = self._next, None, None
        return record

    def life_over(
        self, record: Record, exit: Exit, fatal: BaseException | None
    ) -> None:
        """A life has ended: called in its task's last step.

        Args:
            record: Whose life.
            exit: How it ended.
            fatal: What must pass through every supervisor, if anything.
        """
        ready, now, version = record.ready, self.node.time(), record.version
        make, more = kind_of_end(record, exit)
        record.life_done()
        self.plan.over(record, fatal=fatal is not None)
        event = (now, record.path_text, record.life, *more)
        try:
            note_exit(record, exit, now)
            if record.spec.name is not None or record.registries is not None:
                hide_names(record)
            if exit.error is not None and (ready or not is_a(exit.error, Ignore)):
                crash = (now, record.path_text, record.life, exit)
                self.story.crashes.append(crash)
            record.body.over(exit)
            if self.node.note(make, event):
                self.tell(make, event)
        except BaseException as fault:  # noqa: BLE001 - the life ends all the same
            self._put_away_anyway(record, exit, (make, event), fault)
        if fatal is None:  # else it goes up, with all it has
            try:
                let_go(record, exit, self.story)
            except BaseException as fault:  # noqa: BLE001 - told, or passed up
                self.take_fault(record, fault)
        try:
            if fatal is not None:
                self.pass_up(record, fatal)
                # No decision follows, but it is at rest as after any other stop: else
                # its name would be nobody's, and taken.
                self.perform(self.plan.absorbed(record), now)
            else:
                self.perform(self.plan.ended(record, exit, now, ready=ready), now)
        except BaseException as fault:  # noqa: BLE001 - the supervisor ends in order
            self.undecided(record, exit, fault)
        if record.version == version:  # nobody was told yet, as of a next life
            record.touch()
        if self.plan.wakes(record):
            self.go_on(now)

    # Most ends are dealt with in one go.
    crashed = crashed
    stopped = stopped

    def _start(
        self,
        record: Record,
        now: float | None,
        supervised: bool,
        heard: bool = True,
    ) -> None:
        """As `spawn`, if it is still wanted; a failure is told to the plan."""
        if self.plan.mode not in LETS_START:
            return
        try:
            self.spawn(record, supervised, now, heard or record.spec.name is not None)
        except Exception as error:  # noqa: BLE001 - told as a failed start
            # Its name is taken, or what a key or a policy of the user's raises.
            failed = Exit("crashed", None, error)
        else:
            return
        now = self.node.time()
        self.perform(self.plan.not_started(record, failed, now, supervised=supervised))

    def _put_away_anyway(
        self, record: Record, exit: Exit, event: EventParts, fault: BaseException
    ) -> None:
        """Do what `life_over` may have left undone; each step bears being repeated."""
        self.take_fault(record, fault)
        for step in (
            partial(hide_names, record),
            partial(record.body.over, exit),
            partial(self.emit, *event),
        ):
            again = survive(record.path_text, step)
            if again is not None:
                self.take_fault(record, again)

    def pass_up(self, record: Record, fatal: BaseException) -> None:
        """End in order, then raise what must pass through every supervisor."""
        self.fatal.append(fatal)
        self.request_stop(f"{class_name(fatal)} in {record.path_text}")

    def undecided(self, record: Record, exit: Exit, fault: BaseException) -> None:
        """What follows from an end could not be worked out: this supervisor ends."""
        if all(former is None for former in before(fault)):
            set_context(fault, exit.error)  # why there was anything to decide
        self.perform(self.plan.undecided(record))
        self.pass_up(record, fault)

    def take_fault(self, record: Record, fault: BaseException) -> None:
        """Bear what an end met: it is told of, or passes up once all are down."""
        if is_a(fault, Exception):
            report_fault(record.path_text, fault)
        else:
            self.pass_up(record, fault)

    def settle(self, record: Record) -> None:
        """A child came to rest: free its name, answer its mailbox, tell who waits.

        A quarantined child keeps its name reserved: it is not gone, and whoever
        asks for it by name is to learn that instead of starting a second one.
        """
        record.in_plan = record.undecided = False
        if self.alarms:
            self._forget_alarm(record)
        try:
            if record.spec.name is not None and record.status != "quarantined":
                release_name(record)
            record.body.at_rest(record.last_exit)
        except BaseException as fault:  # noqa: BLE001 - it is at rest all the same
            self.take_fault(record, fault)
        record.came_to_rest()
        if record.status == "gone":
            if self.node.heavy_exits.kept:
                self.node.heavy_exits.discard(record)
            told = (self.node.time(), record.path_text, record.life)
            self.emit(events.ChildRemoved, told)
            if record.started_life:  # else who started it is still to be told
                record.spec = record.spec.without_arguments()

    def _forget_alarm(self, record: Record) -> None:
        """Let go of a `Wake` that is void: its time may be far away."""
        alarm = self.alarms.pop(record, None)
        if alarm is not None:
            alarm.cancel()

    def emit(
        self,
        make: Callable[[*Fields], events.LifecycleEvent],
        fields: tuple[*Fields],
    ) -> None:
        """Make an event, and tell the node of it.

        Args:
            make: The class of the event.
            fields: Its fields.
        """
        if self.node.note(make, fields):
            self.tell(make, fields)

    def tell(
        self,
        make: Callable[[*Fields], events.LifecycleEvent],
        fields: tuple[*Fields],
    ) -> None:
        """Tell who listens of an event that the node has noted.

        What is fatal in a hook goes up once all children are down. Raised here it
        would cut a state change, or the teardown, short.
        """
        try:
            self.node.tell(make, fields)
        except Exception as fault:  # noqa: BLE001 - not a hook's, which is told of there
            report_fault(f"an event of {self.path_text}", fault)
        except BaseException as error:  # noqa: BLE001 - it goes up
            # Each event of the stop that follows may well raise it again.
            if not any(type(error) is type(former) for former in self.fatal):
                self.fatal.append(error)
            self.request_stop(f"{class_name(error)} in an event hook or log handler")
