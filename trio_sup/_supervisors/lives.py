"""The lives of a supervisor's children: how they begin, are asked to stop, and end.

Each life is a task of the supervisor's nursery (`_life.run_life`). Everything here is
synchronous. Rules:
* every exit comes to `life_over` exactly once, in the dying task's last step;
* `request_stop` is a mode, entered at once and for good in this life: nothing is
  restarted and no request is accepted any more (design rule 12);
* nothing here raises through the nursery except what is fatal.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from contextvars import Context
from functools import partial
from typing import TYPE_CHECKING, Literal, TypeAlias, TypeVarTuple

import trio

from trio_sup._children.life import run_life
from trio_sup._children.record import Kid
from trio_sup._children.remains import let_go
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

if TYPE_CHECKING:
    from trio_sup._node.node import Node

Fields = TypeVarTuple("Fields")

Mode: TypeAlias = Literal["down", "starting", "running", "stopping"]

_jitter = random.Random()


class Lives:
    """What a supervisor knows of its children, and how their lives come and go.

    What follows from an end is decided further down the line of classes.
    """

    dynamic: bool

    def __init__(self, kid: Kid, flags: Flags) -> None:
        self.kid = kid
        self.flags = flags
        self.node: Node = kid.node
        self.mode: Mode = "down"
        self.core: SupervisorCore[Kid] = self._new_core()
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

    def _new_core(self) -> SupervisorCore[Kid]:
        return SupervisorCore(self.flags, dynamic=self.dynamic, draw=_jitter.random)

    def all_kids(self) -> Sequence[Kid]:
        """The children, in start order."""
        return list(self.core.kids.values())

    @property
    def path_text(self) -> str:
        """The path of the supervisor."""
        return self.kid.path_text

    def check_run(self, call: str, *, waits: bool = False) -> None:
        """Refuse what comes from a thread or from another Trio run.

        Raises:
            WrongRun: it does; nothing has changed.
        """
        home = self.node.home
        if not home.here() and (self.mode != "down" or not home.over):
            raise home.refusal(call, self.kid.path_text, waits=waits)

    # Stopping.

    def request_stop(self, reason: str) -> None:
        """Enter the mode `stopping`; the control task then stops the children."""
        if self.mode in ("stopping", "down"):
            return
        self.mode = "stopping"
        self.stop_reason = reason
        self._refuse_requests(SupervisorStopping(self.kid.path_text))
        self.bell.wake()
        self.kid.wind_down()  # of itself, if nobody asked the life to end
        head = (trio.current_time(), self.kid.path_text, self.kid.life)
        self.emit(events.SupervisorWindsDown, *head, reason)

    def _refuse_requests(self, error: SupervisorStopping) -> None:
        """Answer everything that waits in line."""

    def hurry(self) -> None:
        """Collapse all remaining graces, here and below; the order is kept."""
        for kid in self.hasten():
            kid.arm(0)

    def hasten(self) -> list[Kid]:
        """Collapse the graces to come; return the children that have one already."""
        self.request_stop(self.stop_reason)
        if self.hurried:
            return []
        self.hurried = True
        return [kid for kid in self.all_kids() if kid.asked is not None]

    def stop_kid(self, kid: Kid, reason: str, shutdown: Shutdown | None = None) -> None:
        """Ask one child to stop, with its own grace unless another is given."""
        if not kid.alive:
            return
        if shutdown is None:
            shutdown = kid.spec.shutdown
        first = kid.asked is None
        brutal = shutdown == "brutal_kill"
        grace = 0.0 if self.hurried or shutdown == "brutal_kill" else shutdown
        # The cause is named once, by the supervisor where it arose.
        named = reason.startswith("supervisor ")
        why = reason if named else f"supervisor {self.kid.path_text}: {reason}"
        kid.ask_stop(why, grace, brutal=brutal)
        if first:
            now = trio.current_time()
            self.emit(events.ChildStopping, now, kid.path_text, kid.life, why)

    def watch_stuck(self, kid: Kid) -> None:
        """Report a life that outlives its cancellation, again and again."""
        report_while_stuck(kid, self.emit)

    # Starting.

    def spawn(self, kid: Kid, *, supervised: bool, now: float | None = None) -> None:
        """Begin the next life of a child. Synchronous.

        Args:
            kid: A child that is down.
            supervised: Whether the caller waits for the start and deals with its
                failure; else a failure is a failed restart.
            now: The present time, where the caller knows it.

        Raises:
            AlreadyRegistered: its name is taken; nothing was started.
            Exception: what a key or a policy of the user's raises; neither.
        """
        kid.reserve_name()
        again = kid.status in ("restarting", "backing_off")
        kid.ticket += 1
        kid.life += 1
        kid.ready = False
        kid.asked = None
        kid.value = None
        kid.in_plan = kid.undecided = False
        kid.cut_short = None
        kid.rests_with_parent = False
        kid.supervised_start = supervised
        kid.status = "restarting" if again else "starting"
        if again:
            kid.restarts += 1
        kid.scope = trio.CancelScope(shield=True)
        kid.life_began = current = trio.current_time() if now is None else now
        if kid.spec.start_timeout != math.inf:
            life = kid.life
            kid.start_alarm = alarm_clock().at(
                current + kid.spec.start_timeout, lambda: self._start_late(kid, life)
            )
        if kid.mailbox is not None:
            kid.mailbox.open()
        try:
            if kid.driver is not None:
                kid.driver.begin_life()
            self.base.run(self._start_soon, kid)
        except BaseException:
            kid.life_done()  # there is no task that would end it
            raise
        self.living += 1
        kid.touch()
        self.emit(events.ChildStarting, current, kid.path_text, kid.life)

    def _start_soon(self, kid: Kid) -> None:
        self.nursery.start_soon(run_life, self, kid, name=kid.path_text)

    def _start_late(self, kid: Kid, life: int) -> None:
        if kid.life == life and kid.alive and not kid.ready and kid.asked is None:
            kid.start_alarm = None
            text = f"not ready after {kid.spec.start_timeout:g} s"
            kid.cut_short = trio.TooSlowError(text)
            reason = f"{kid.path_text}: {text}"
            if kid.driver is not None:
                kid.driver.request_stop(reason)
            elif kid.scope is not None:
                kid.scope.cancel(reason)

    # What the lives report.

    def kid_ready(self, kid: Kid) -> None:
        """A life became ready."""
        if self.watching:
            self.bell.wake()

    def life_over(self, kid: Kid, exit: Exit, fatal: BaseException | None) -> None:
        """A life has ended: called in its task's last step.

        Args:
            kid: Whose life.
            exit: How it ended.
            fatal: What must pass through every supervisor, if anything.
        """
        asked, ready, now = kid.asked is not None, kid.ready, trio.current_time()
        if kid.cut_short is not None and not asked and fatal is None:
            exit = _cut_short(kid.cut_short)
        kid.life_done()
        kid.ready = False
        self.living -= 1
        # Whoever asked goes on from here; an end in between is absorbed.
        absorbed = asked or self.mode == "stopping" or kid.in_plan
        event = exit_event(kid, exit, now, asked=asked, ready=ready)
        if absorbed or fatal is not None:
            kid.status = "stopped"
            if fatal is not None or self.mode == "stopping":
                kid.overtaken = kid.life
        try:
            self._put_away(kid, exit, now, event)
        except BaseException as fault:  # noqa: BLE001 - the life ends all the same
            self._put_away_anyway(kid, exit, event, fault)
        if fatal is None:  # else it goes up, with all it has
            again = survive(kid.path_text, let_go, kid, exit, self.story)
            if again is not None:
                self.take_fault(kid, again)
        try:
            if fatal is not None:
                self._pass_up(kid, fatal)
            elif absorbed:
                self._stopped_on_request(kid)
            elif not ready:
                self._start_ended(kid, exit, now)
            else:
                self._ended_alone(kid, exit, now)
        except BaseException as fault:  # noqa: BLE001 - the supervisor ends in order
            self._undecided(kid, exit, fault)
        self._ring_for(kid)

    def _put_away(self, kid: Kid, exit: Exit, now: float, event: EventParts) -> None:
        """Note the end of a life, take its names away, answer its callers, tell."""
        kid.note_exit(exit, now)
        kid.hide_names()
        was_ready = kid.started_life == kid.life
        if exit.error is not None and (was_ready or not is_a(exit.error, Ignore)):
            self.story.add(kid, exit, now)
        self._conclude(kid, exit, event)

    def _put_away_anyway(
        self, kid: Kid, exit: Exit, event: EventParts, fault: BaseException
    ) -> None:
        """Do what `_put_away` may have left undone; each step bears being repeated."""
        self.take_fault(kid, fault)
        for step in (kid.hide_names, partial(self._conclude, kid, exit, event)):
            again = survive(kid.path_text, step)
            if again is not None:
                self.take_fault(kid, again)

    def _pass_up(self, kid: Kid, fatal: BaseException) -> None:
        """End in order, then raise what must pass through every supervisor."""
        self.fatal.append(fatal)
        self.request_stop(f"{class_name(fatal)} in {kid.path_text}")

    def _undecided(self, kid: Kid, exit: Exit, fault: BaseException) -> None:
        """What follows from an end could not be worked out: this supervisor ends."""
        if all(former is None for former in before(fault)):
            set_context(fault, exit.error)  # why there was anything to decide
        if not kid.alive:
            if kid.status not in ("gone", "quarantined"):
                kid.status = "stopped"
            self.settle(kid)
        self._pass_up(kid, fault)

    def take_fault(self, kid: Kid, fault: BaseException) -> None:
        """Bear what an end met: it is told of, or passes up once all are down."""
        if is_a(fault, Exception):
            report_fault(kid.path_text, fault)
        else:
            self._pass_up(kid, fault)

    def _conclude(self, kid: Kid, exit: Exit, event: EventParts) -> None:
        """Answer the mailbox's callers and tell the world."""
        if kid.mailbox is not None:
            kid.mailbox.life_over(exit)
        emit: Callable[..., None] = self.emit
        emit(*event)

    def _ring_for(self, kid: Kid) -> None:
        """Wake the control task if it waits for this child."""
        kid.touch()
        if self.watching:
            self.bell.wake()

    def _stopped_on_request(self, kid: Kid) -> None:
        """A life ended that was asked to, or that a plan was about to stop."""

    def _start_ended(self, kid: Kid, exit: Exit, now: float) -> None:
        """A life ended before it was ready, and nobody had asked for that."""
        raise NotImplementedError

    def _ended_alone(self, kid: Kid, exit: Exit, now: float) -> None:
        """A life that was ready ended by itself."""
        raise NotImplementedError

    def _is_original(self, kid: Kid) -> bool:
        """Whether it comes back when this supervisor is restarted."""
        return False

    def drop(self, kid: Kid) -> None:
        """Forget a child; what its id's hash raises goes up once all are down."""
        try:
            self.core.drop(kid)
        except BaseException as fatal:  # noqa: BLE001 - raised by whoever asks next
            self._pass_up(kid, fatal)

    def settle(self, kid: Kid) -> None:
        """A child came to rest: free its name, answer its mailbox, tell who waits.

        A quarantined child keeps its name reserved: it is not gone, and whoever
        asks for it by name is to learn that instead of starting a second one.
        """
        kid.in_plan = kid.undecided = False
        try:
            if kid.status != "quarantined":
                kid.release_name()
            if kid.mailbox is not None:
                kid.mailbox.no_next_life(kid.last_exit)
        except BaseException as fault:  # noqa: BLE001 - it is at rest all the same
            self.take_fault(kid, fault)
        kid.came_to_rest()
        if kid.status == "gone":
            self.node.heavy_exits.discard(kid)
            self.emit(events.ChildRemoved, trio.current_time(), kid.path_text, kid.life)
            if kid.started_life:  # else who started it is still to be told
                kid.spec = kid.spec.without_arguments()

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


def _cut_short(error: Exception) -> Exit:
    """Return the exit of a life that was cancelled for a reason of its own."""
    if isinstance(error, trio.TooSlowError):
        return Exit("killed", str(error), error)
    return Exit("crashed", None, error)
