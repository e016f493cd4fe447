"""The lives of a supervisor's children: how they begin, are asked to stop, and end.

Each life is a task of the supervisor's nursery (`_life.run_life`). Everything here is
synchronous. Rules:
* every exit comes to `life_over` exactly once, in the dying task's last step;
* `request_stop` is a mode, entered at once and for good in this life: nothing is
  restarted and no request is accepted any more (rule 12 of how it is built);
* nothing here raises through the nursery except what is fatal.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from contextvars import Context
from functools import partial
from typing import Literal, TypeAlias, TypeVarTuple

import trio

from trio_sup._children.ending import GOING
from trio_sup._children.life import run_life
from trio_sup._children.naming import hide_names, release_name, reserve_name
from trio_sup._children.record import Record
from trio_sup._children.remains import let_go, note_exit
from trio_sup._children.stopping import arm, ask_stop, cut_short
from trio_sup._core import events
from trio_sup._core.anatomy import before, class_name, is_a, set_context
from trio_sup._core.errors import SupervisorStopping
from trio_sup._core.exits import Exit, Ignore
from trio_sup._core.specs import Flags
from trio_sup._core.strategy import SupervisorCore
from trio_sup._core.words import Shutdown
from trio_sup._supervisors.story import (
    EventParts,
    Story,
    exit_event,
    report_while_stuck,
)
from trio_sup._trio.alarms import alarm_clock
from trio_sup._trio.last_resort import report_fault, survive
from trio_sup._trio.wake import Waiters

Fields = TypeVarTuple("Fields")

Mode: TypeAlias = Literal["down", "starting", "running", "stopping"]

_jitter = random.Random()


class Lives:
    """What a supervisor knows of its children, and how their lives come and go.

    What follows from an end is decided further down the line of classes.
    """

    dynamic: bool

    def __init__(self, record: Record, flags: Flags) -> None:
        self.record = record
        self.flags = flags
        self.node = record.node
        self.mode: Mode = "down"
        self.core: SupervisorCore[Record] = self._new_core()
        self.story: Story = Story()
        self.fatal: list[BaseException] = []
        self.stop_reason: str = "stop"
        self.hurried: bool = False
        self.nursery: trio.Nursery
        # What new lives copy: the context of the supervisor's own start.
        self.base: Context = Context()
        # The control task waits here. Ends and starts of children ring it only while
        # it watches for them, so that an ordinary restart does not wake it.
        self.bell: Waiters = Waiters()
        self.watching = False
        # How many lives are in progress.
        self.living: int = 0

    def _new_core(self) -> SupervisorCore[Record]:
        return SupervisorCore(self.flags, dynamic=self.dynamic, draw=_jitter.random)

    def all_records(self) -> Sequence[Record]:
        """The children, in start order."""
        return list(self.core.records.values())

    @property
    def path_text(self) -> str:
        """The path of the supervisor."""
        return self.record.path_text

    def check_run(self, call: str, *, waits: bool = False) -> None:
        """Refuse what comes from a thread or from another Trio run.

        Raises:
            WrongRun: it does; nothing has changed.
        """
        home = self.node.home
        if not home.here() and (self.mode != "down" or not home.over):
            raise home.refusal(call, self.record.path_text, waits=waits)

    # Stopping.

    def request_stop(self, reason: str) -> None:
        """Enter the mode `stopping`; the control task then stops the children."""
        if self.mode in ("stopping", "down"):
            return
        self.mode = "stopping"
        self.stop_reason = reason
        self._refuse_requests(SupervisorStopping(self.record.path_text))
        self.bell.wake()
        self.record.wind_down()  # of itself, if nobody asked the life to end
        head = (trio.current_time(), self.record.path_text, self.record.life)
        self.emit(events.SupervisorWindsDown, *head, reason)

    def _refuse_requests(self, error: SupervisorStopping) -> None:
        """Answer everything that waits in line."""

    def hurry(self) -> None:
        """Collapse all remaining graces, here and below; the order is kept."""
        for record in self.hasten():
            arm(record, 0)

    def hasten(self) -> list[Record]:
        """Collapse the graces to come; return the children that have one already."""
        self.request_stop(self.stop_reason)
        if self.hurried:
            return []
        self.hurried = True
        return [record for record in self.all_records() if record.asked is not None]

    def stop_record(
        self, record: Record, reason: str, shutdown: Shutdown | None = None
    ) -> None:
        """Ask one child to stop, with its own grace unless another is given."""
        if not record.alive:
            return
        if shutdown is None:
            shutdown = record.spec.shutdown
        first = record.asked is None
        brutal = shutdown == "brutal_kill"
        grace = 0.0 if self.hurried or shutdown == "brutal_kill" else shutdown
        # The cause is named once, by the supervisor where it arose.
        named = reason.startswith("supervisor ")
        why = reason if named else f"supervisor {self.record.path_text}: {reason}"
        ask_stop(record, why, grace, brutal=brutal)
        if first:
            now = trio.current_time()
            self.emit(events.ChildStopping, now, record.path_text, record.life, why)

    def watch_stuck(self, record: Record) -> None:
        """Report a life that outlives its cancellation, again and again."""
        report_while_stuck(record, self.emit)

    # Starting.

    def spawn(
        self, record: Record, *, supervised: bool, now: float | None = None
    ) -> None:
        """Begin the next life of a child. Synchronous.

        Args:
            record: A child that is down.
            supervised: Whether the caller waits for the start and deals with its
                failure; else a failure is a failed restart.
            now: The present time, where the caller knows it.

        Raises:
            AlreadyRegistered: its name is taken; nothing was started.
            Exception: what a key or a policy of the user's raises; neither.
        """
        reserve_name(record)
        again = record.status in ("restarting", "backing_off")
        record.ticket += 1
        record.life += 1
        record.ready = False
        record.value = None
        record.in_plan = record.undecided = False
        record.ending = GOING
        record.rests_with_parent = False
        record.supervised_start = supervised
        record.status = "restarting" if again else "starting"
        if again:
            record.restarts += 1
        record.scope = trio.CancelScope(shield=True)
        record.life_began = current = trio.current_time() if now is None else now
        if record.spec.start_timeout != math.inf:
            life = record.life
            record.start_alarm = alarm_clock().at(
                current + record.spec.start_timeout,
                lambda: self._start_late(record, life),
            )
        try:
            record.body.begin_life()
            self.base.run(self._start_soon, record)
        except BaseException:
            record.life_done()  # there is no task that would end it
            raise
        self.living += 1
        record.touch()
        self.emit(events.ChildStarting, current, record.path_text, record.life)

    def _start_soon(self, record: Record) -> None:
        self.nursery.start_soon(run_life, self, record, name=record.path_text)

    def _start_late(self, record: Record, life: int) -> None:
        if (
            record.life == life
            and record.alive
            and not record.ready
            and record.asked is None
        ):
            record.start_alarm = None
            text = f"not ready after {record.spec.start_timeout:g} s"
            exit = Exit("killed", text, trio.TooSlowError(text))
            cut_short(record, exit, f"{record.path_text}: {text}")

    # What the lives report.

    def record_ready(self, record: Record) -> None:
        """A life became ready."""
        if self.watching:
            self.bell.wake()

    def life_over(
        self, record: Record, exit: Exit, fatal: BaseException | None
    ) -> None:
        """A life has ended: called in its task's last step.

        Args:
            record: Whose life.
            exit: How it ended.
            fatal: What must pass through every supervisor, if anything.
        """
        asked, ready, now = record.asked is not None, record.ready, trio.current_time()
        record.life_done()
        record.ready = False
        self.living -= 1
        # Whoever asked goes on from here; an end in between is absorbed.
        absorbed = asked or self.mode == "stopping" or record.in_plan
        event = exit_event(record, exit, now, asked=asked, ready=ready)
        if absorbed or fatal is not None:
            record.status = "stopped"
            if fatal is not None or self.mode == "stopping":
                record.overtaken = record.life
        try:
            self._put_away(record, exit, now, event)
        except BaseException as fault:  # noqa: BLE001 - the life ends all the same
            self._put_away_anyway(record, exit, event, fault)
        if fatal is None:  # else it goes up, with all it has
            again = survive(record.path_text, let_go, record, exit, self.story)
            if again is not None:
                self.take_fault(record, again)
        try:
            if fatal is not None:
                self._pass_up(record, fatal)
            elif absorbed:
                self._stopped_on_request(record)
            elif not ready:
                self._start_ended(record, exit, now)
            else:
                self._ended_alone(record, exit, now)
        except BaseException as fault:  # noqa: BLE001 - the supervisor ends in order
            self._undecided(record, exit, fault)
        self._ring_for(record)

    def _put_away(
        self, record: Record, exit: Exit, now: float, event: EventParts
    ) -> None:
        """Note the end of a life, take its names away, answer its callers, tell."""
        note_exit(record, exit, now)
        hide_names(record)
        was_ready = record.started_life == record.life
        if exit.error is not None and (was_ready or not is_a(exit.error, Ignore)):
            self.story.add(record, exit, now)
        self._conclude(record, exit, event)

    def _put_away_anyway(
        self, record: Record, exit: Exit, event: EventParts, fault: BaseException
    ) -> None:
        """Do what `_put_away` may have left undone; each step bears being repeated."""
        self.take_fault(record, fault)
        for step in (
            partial(hide_names, record),
            partial(self._conclude, record, exit, event),
        ):
            again = survive(record.path_text, step)
            if again is not None:
                self.take_fault(record, again)

    def _pass_up(self, record: Record, fatal: BaseException) -> None:
        """End in order, then raise what must pass through every supervisor."""
        self.fatal.append(fatal)
        self.request_stop(f"{class_name(fatal)} in {record.path_text}")

    def _undecided(self, record: Record, exit: Exit, fault: BaseException) -> None:
        """What follows from an end could not be worked out: this supervisor ends."""
        if all(former is None for former in before(fault)):
            set_context(fault, exit.error)  # why there was anything to decide
        if not record.alive:
            if record.status not in ("gone", "quarantined"):
                record.status = "stopped"
            self.settle(record)
        self._pass_up(record, fault)

    def take_fault(self, record: Record, fault: BaseException) -> None:
        """Bear what an end met: it is told of, or passes up once all are down."""
        if is_a(fault, Exception):
            report_fault(record.path_text, fault)
        else:
            self._pass_up(record, fault)

    def _conclude(self, record: Record, exit: Exit, event: EventParts) -> None:
        """Answer the mailbox's callers and tell the world."""
        record.body.over(exit)
        emit: Callable[..., None] = self.emit
        emit(*event)

    def _ring_for(self, record: Record) -> None:
        """Wake the control task if it waits for this child."""
        record.touch()
        if self.watching:
            self.bell.wake()

    def _stopped_on_request(self, record: Record) -> None:
        """A life ended that was asked to, or that a plan was about to stop."""

    def _start_ended(self, record: Record, exit: Exit, now: float) -> None:
        """A life ended before it was ready, and nobody had asked for that."""
        raise NotImplementedError

    def _ended_alone(self, record: Record, exit: Exit, now: float) -> None:
        """A life that was ready ended by itself."""
        raise NotImplementedError

    def _is_original(self, record: Record) -> bool:
        """Whether it comes back when this supervisor is restarted."""
        return False

    def drop(self, record: Record) -> None:
        """Forget a child; what its id's hash raises goes up once all are down."""
        try:
            self.core.drop(record)
        except BaseException as fatal:  # noqa: BLE001 - raised by whoever asks next
            self._pass_up(record, fatal)

    def settle(self, record: Record) -> None:
        """A child came to rest: free its name, answer its mailbox, tell who waits.

        A quarantined child keeps its name reserved: it is not gone, and whoever
        asks for it by name is to learn that instead of starting a second one.
        """
        record.in_plan = record.undecided = False
        try:
            if record.status != "quarantined":
                release_name(record)
            record.body.at_rest(record.last_exit)
        except BaseException as fault:  # noqa: BLE001 - it is at rest all the same
            self.take_fault(record, fault)
        record.came_to_rest()
        if record.status == "gone":
            self.node.heavy_exits.discard(record)
            self.emit(
                events.ChildRemoved, trio.current_time(), record.path_text, record.life
            )
            if record.started_life:  # else who started it is still to be told
                record.spec = record.spec.without_arguments()

    def emit(
        self, make: Callable[[*Fields], events.LifecycleEvent], *args: *Fields
    ) -> None:
        """Tell the node; what is fatal in a hook goes up once all children are down.

        Raised here it would cut a state change, or the teardown, short.
        """
        try:
            self.node.emit(make, *args)
        except Exception as fault:  # noqa: BLE001 - not a hook's, which is told of there
            report_fault(f"an event of {self.path_text}", fault)
        except BaseException as error:  # noqa: BLE001 - it goes up
            # Each event of the stop that follows may well raise it again.
            if not any(type(error) is type(former) for former in self.fatal):
                self.fatal.append(error)
            self.request_stop(f"{class_name(error)} in an event hook or log handler")
