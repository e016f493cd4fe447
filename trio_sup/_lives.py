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
from typing import TYPE_CHECKING, Literal, TypeAlias, TypeVarTuple

import trio

from trio_sup._alarms import alarm_clock
from trio_sup._core import events
from trio_sup._core.errors import SupervisorStopping
from trio_sup._core.exits import Exit, Ignore
from trio_sup._core.specs import Flags
from trio_sup._core.strategy import SupervisorCore
from trio_sup._core.words import Shutdown
from trio_sup._kid import Kid
from trio_sup._life import run_life
from trio_sup._reports import EventParts, Story, exit_event, report_while_stuck
from trio_sup._wake import Waiters

if TYPE_CHECKING:
    from trio_sup._node import Node

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
        self.request_stop(self.stop_reason)
        if self.hurried:
            return
        self.hurried = True
        for kid in self.all_kids():
            if kid.asked is not None:
                kid.arm(0)

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
        if kid.driver is not None:
            kid.driver.begin_life()
        self.living += 1
        self.base.run(self._start_soon, kid)
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
        kid.note_exit(exit, now)
        kid.hide_names()
        ignored = not ready and isinstance(exit.error, Ignore)
        if exit.error is not None and not ignored:
            self.story.add(kid, exit, now)
        event = exit_event(kid, exit, now, asked=asked, ready=ready)
        if fatal is not None:
            self.fatal.append(fatal)
            kid.status = "stopped"
            kid.overtaken = kid.life
            self._conclude(kid, exit, event)
            self.request_stop(f"{type(fatal).__name__} in {kid.path_text}")
        elif asked or self.mode == "stopping" or kid.in_plan:
            # Whoever asked goes on from here; an end in between is absorbed.
            kid.status = "stopped"
            if self.mode == "stopping":
                kid.overtaken = kid.life
            self._conclude(kid, exit, event)
            self._stopped_on_request(kid)
        elif not ready:
            self._conclude(kid, exit, event)
            self._start_ended(kid, exit, now)
        else:
            self._conclude(kid, exit, event)
            self._ended_alone(kid, exit, now)
        self._ring_for(kid)

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

    def settle(self, kid: Kid) -> None:
        """A child came to rest: free its name, answer its mailbox, tell who waits.

        A quarantined child keeps its name reserved: it is not gone, and whoever
        asks for it by name is to learn that instead of starting a second one.
        """
        kid.in_plan = kid.undecided = False
        if kid.status != "quarantined":
            kid.release_name()
        if kid.mailbox is not None:
            kid.mailbox.no_next_life(kid.last_exit)
        kid.touch_all()
        if kid.status == "gone":
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
        except BaseException as error:  # noqa: BLE001 - only what is fatal comes here
            self.fatal.append(error)
            self.request_stop(f"{type(error).__name__} in an event hook")


def _cut_short(error: Exception) -> Exit:
    """Return the exit of a life that was cancelled for a reason of its own."""
    if isinstance(error, trio.TooSlowError):
        return Exit("killed", str(error), error)
    return Exit("crashed", None, error)
