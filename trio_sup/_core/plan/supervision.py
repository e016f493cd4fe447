"""What all supervisors decide alike: modes, the ends of children, giving up.

A stop is a mode, entered at once and for good in this life of the supervisor: nothing
is started any more, and no request is accepted (design rule 12).
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from typing import Any, Final, Generic, Literal, TypeAlias

from trio_sup._core.exits import NORMAL, Exit
from trio_sup._core.plan import doing, telling
from trio_sup._core.plan.doing import NOTHING, READY, Do, Dos, K, Settle, Start, Steps
from trio_sup._core.plan.line import Line
from trio_sup._core.plan.quarantine import quarantine, release
from trio_sup._core.specs import ChildSpec, Flags
from trio_sup._core.state import ChildState
from trio_sup._core.strategy import (
    Abandon,
    AutoShutdown,
    Decision,
    GiveUp,
    Quarantine,
    Restart,
    Settled,
    SupervisorCore,
)
from trio_sup._core.words import Shutdown

Mode: TypeAlias = Literal["down", "starting", "running", "stopping"]

LETS_START: Final = ("running", "starting")
"""The modes in which lives begin, and ends are decided about."""


class Plan(Generic[K]):
    """What one supervisor decides, over all its lives.

    Args:
        own: The supervisor's own record.
        flags: Its flags.
        make: Makes the record of a child.
        draw: Where the jitter of a backoff comes from: numbers from 0 to 1.
    """

    __slots__ = (
        "_draw",
        "_stop_after_start",
        "core",
        "flags",
        "hurried",
        "line",
        "living",
        "make",
        "mode",
        "now",
        "outcome",
        "own",
        "stop_reason",
    )

    def __init__(
        self,
        own: ChildState,
        flags: Flags,
        make: Callable[[ChildSpec[Any], Hashable], K],
        draw: Callable[[], float],
    ) -> None:
        self.own: ChildState = own
        self.flags: Flags = flags
        self.make: Callable[[ChildSpec[Any], Hashable], K] = make
        self._draw = draw
        self.core: SupervisorCore[K] = self._new_core(draw)
        self.line: Line[K] = Line()
        self.mode: Mode = "down"
        self.stop_reason: str = "stop"
        self.hurried: bool = False
        # How many lives are in progress.
        self.living: int = 0
        # How this life ends, unless an exception says more.
        self.outcome: Exit = NORMAL
        # The grace of a `stop()` that came during the start, and waits for its end.
        self._stop_after_start: float | None = None
        # The time of the turn in progress.
        self.now: float = 0.0

    def _new_core(self, draw: Callable[[], float]) -> SupervisorCore[K]:
        """What decides about single ends, with no child yet."""
        raise NotImplementedError

    # The life of the supervisor.

    def begin(self) -> None:
        """A life of the supervisor begins: from here on it can be asked to stop."""
        self.mode = "starting"
        self.stop_reason = "stop"
        self.hurried = False
        self.outcome = NORMAL
        self._stop_after_start = None
        self.core = self._new_core(self._draw)
        self.line = Line()
        self.line.queue.append(self._start())

    def turn(self, now: float) -> Dos[K]:
        """What the control task is to do next; nothing: to wait until it is woken."""
        self.now = now
        return self.line.turn()

    def go_on(self, now: float) -> Dos[K]:
        """As `turn`, but nothing new is begun: what stands in line is left there."""
        self.now = now
        return self.line.go_on()

    def _start(self) -> Steps[K, None]:
        yield from self._start_children()
        if self.mode != "starting":
            return
        self.mode = "running"
        yield READY
        if self._stop_after_start is not None:
            yield self.stop_itself(self._stop_after_start)

    def _start_children(self) -> Steps[K, None]:
        """Start the children of the list, in order."""
        raise NotImplementedError

    @property
    def only_stops(self) -> bool:
        """Whether nothing but to stop the children is left to be done."""
        return self.mode == "stopping" and not self.line.busy

    def stop_children(self) -> None:
        """Let the turns that follow stop all children, in the order of this kind."""
        self.line.queue.append(self._stop())

    def _stop(self) -> Steps[K, None]:
        self.line.cut_short = False
        yield from self._stop_children()

    def _stop_children(self) -> Steps[K, None]:
        """Stop all children."""
        raise NotImplementedError

    def end(self) -> Iterator[Do[K]]:
        """All are down: leave the children as they wait for the next life."""
        self.mode = "down"
        self.line = Line()
        yield from self._end()

    def _end(self) -> Iterator[Do[K]]:
        """Leave the children as they wait for the next life of their supervisor."""
        raise NotImplementedError

    def fails_with(self, error: Exception) -> None:
        """What this life raises in the end has been made."""
        self.outcome = Exit(self.outcome.kind, self.outcome.reason, error)

    # Stopping.

    def stop(self, reason: str, *, fatal: bool = False) -> Dos[K]:
        """Enter the mode `stopping`.

        Args:
            reason: Why, in words.
            fatal: Whether what ended a child has to pass through all supervisors.
        """
        if self.mode in ("stopping", "down"):
            return NOTHING
        self.mode = "stopping"
        self.stop_reason = reason
        self.line.cut(fatal=fatal)
        return (*self._refuse_line(), doing.WindDown(reason))

    def _refuse_line(self) -> Dos[K]:
        """Answer everything that waits in line."""
        return NOTHING

    def stop_itself(self, grace: float) -> Dos[K]:
        """Stop as `stop()` asks: not the parent's wish, so the restart type counts.

        A start in progress is finished first, as in OTP, where the request waits in
        the mailbox meanwhile (SUP-121): who starts it must not take it for one that
        failed to start.
        """
        if self.mode == "starting":
            self._stop_after_start = grace
        elif self.mode == "running":
            self.outcome = Exit("shutdown", "stop()")
            reason = f"{self.own.path_text}: stop()"
            return (*self.stop(reason), doing.OwnGrace(grace))
        return NOTHING

    def hasten(self) -> list[K]:
        """Let the graces to come be none; return the children that have one already."""
        if self.hurried:
            return []
        self.hurried = True
        return [
            record for record in self.core.records.values() if record.asked is not None
        ]

    def stopping_of(
        self, record: K, reason: str, shutdown: Shutdown | None = None
    ) -> doing.Stop[K]:
        """How a child is asked to stop: why, and with its own grace or another."""
        if shutdown is None:
            shutdown = record.spec.shutdown
        cause = telling.cause_of(reason, self.own.path_text)
        return telling.stop_of(record, cause, shutdown, hurried=self.hurried)

    def stop_child(self, record: K, reason: str) -> Steps[K, None]:
        """Stop a child if it lives, and wait for its end."""
        if record.alive:
            yield self.line.stop(self.stopping_of(record, reason))

    # The lives of children.

    @property
    def lets_start(self) -> bool:
        """Whether what was to be started before others were told still is to be."""
        return self.mode in LETS_START

    def begins(self, record: K, now: float, supervised: bool) -> None:
        """A life begins: its name is reserved, and its task is about to be spawned."""
        if record.status == "restarting" or record.status == "backing_off":
            record.restarts += 1
        record.ticket += 1
        record.life += 1
        record.ready = record.in_plan = record.undecided = False
        record.comes_back = False
        record.supervised_start = supervised
        record.enter("begins")
        record.life_began = now
        self.living += 1

    def fell_through(self) -> None:
        """A life that began has no task after all."""
        self.living -= 1

    def not_started(
        self, record: K, exit: Exit, now: float, *, supervised: bool
    ) -> Dos[K]:
        """A life could not even begin, as its name was taken.

        Args:
            record: Whose.
            exit: Why.
            now: When.
            supervised: As in `Start`.
        """
        if supervised:
            self.line.failed = exit
            return NOTHING
        # A failed restart like any other; behind a checkpoint, for it may well fail
        # again at once (SUP-080).
        record.enter("returns")
        record.supervised_start = False
        return (doing.Wake(now, record, record.ticket, exit),)

    def over(self, record: K, *, fatal: bool = False) -> None:
        """A life has ended; what follows comes with `ended`, when that has been told.

        Args:
            record: Whose.
            fatal: Whether it ended by what passes through every supervisor.
        """
        record.ready = False
        self.living -= 1
        if fatal or self._absorbs(record):
            record.enter("rests")
            if fatal or self.mode not in LETS_START:
                record.overtaken = record.life

    def _absorbs(self, record: K) -> bool:
        """Whether an end needs no decision: who asked for it goes on from there."""
        return record.asked is not None or record.in_plan or self.mode not in LETS_START

    def absorbed(self, record: K) -> Dos[K]:
        """What follows from an end that was absorbed."""
        raise NotImplementedError

    def rests(self, record: K) -> Literal["stopped", "gone"] | None:
        """Decide at once about the end of who was asked to end; see `at_once`."""
        raise NotImplementedError

    def ended(self, record: K, exit: Exit, now: float, *, ready: bool) -> Dos[K]:
        """A life has ended, and that has been told: what follows from it.

        Args:
            record: Whose.
            exit: How.
            now: When.
            ready: Whether it had become ready.
        """
        if self._absorbs(record):
            if record.overtaken != record.life and self.mode not in LETS_START:
                # The stop came since: somebody was told of the end, and stopped it.
                record.enter("rests")
                record.overtaken = record.life
            self.now = now
            return self.absorbed(record)
        if not ready:
            return self._start_ended(record, exit, now)
        return self._ended_alone(record, exit, now)

    def _start_ended(self, record: K, exit: Exit, now: float) -> Dos[K]:
        """A life ended before it was ready, and nobody had asked for that."""
        raise NotImplementedError

    def _ended_alone(self, record: K, exit: Exit, now: float) -> Dos[K]:
        """A life that was ready ended by itself."""
        raise NotImplementedError

    def undecided(self, record: K) -> Dos[K]:
        """What follows could not be worked out: the child is down, whatever it was."""
        if record.alive:
            return NOTHING
        if record.status not in ("gone", "quarantined"):
            record.enter("rests")
        return (Settle(record),)

    def is_due(self, wake: doing.Wake[K]) -> bool:
        """Whether a `Wake` still means something."""
        return wake.record.ticket == wake.ticket and self.mode == "running"

    def due(self, wake: doing.Wake[K], now: float) -> Dos[K]:
        """The time of a `Wake` has come."""
        if not self.is_due(wake):
            return NOTHING
        record = wake.record
        if wake.exit is not None:
            return self._start_ended(record, wake.exit, now)
        if record.status == "quarantined":
            return release(self.core, record, now)
        return (Start(record),)

    def wakes(self, record: K) -> bool:
        """Whether the control task waits for what just happened to that child."""
        return record is self.line.awaited

    def is_original(self, record: K) -> bool:
        """Whether it comes back when this supervisor is restarted."""
        return False

    def drop(self, record: K) -> Dos[K]:
        """Forget a child; what its id's hash raises goes up once all are down."""
        try:
            self.core.drop(record)
        except BaseException as fatal:  # noqa: BLE001 - raised by whoever asks next
            return (doing.PassUp(record, fatal), Settle(record))
        return (Settle(record),)

    # What decisions lead to.

    def follow(self, record: K, decision: Decision, now: float) -> Dos[K]:
        """What is to be done by a decision that concerns one child only."""
        match decision:
            case Restart(delay):
                told = telling.restarts(record, delay, self.flags.strategy, now)
                if delay == 0:
                    return (told, Start(record))
                wake = doing.Wake(now + delay, record, record.ticket)
                return (told, wake, doing.Changed(record))
            case Settled():
                return (Settle(record),)
            case Quarantine():
                return quarantine(record, decision, now)
            case Abandon(ends):
                rest = self._shut_down(record, now) if ends else (Settle(record),)
                return (telling.given_up(record, now), *rest)
            case GiveUp(own):
                return self._give_up(record, now, own=own)
            case AutoShutdown():
                return self._shut_down(record, now)

    def _shut_down(self, record: K, now: float) -> Dos[K]:
        record.comes_back = self.is_original(record)
        self.outcome = Exit("shutdown", "auto_shutdown")
        return (
            Settle(record),
            telling.shut_down(self.own, now, record),
            *self.stop(f"auto_shutdown after {record.label!r} ended"),
        )

    def _give_up(self, record: K, now: float, *, own: bool) -> Dos[K]:
        limits = (self.flags.max_restarts, self.flags.max_seconds)
        budget = record.spec.budget
        if own and budget is not None:
            limits = (budget.max_restarts, budget.max_seconds)
        record.comes_back = self.is_original(record)
        self.outcome = Exit("shutdown", "gave up")
        return (
            doing.GaveUp(record, own, *limits),
            Settle(record),
            telling.gave_up(self.own, now, limits, record),
            *self.stop(f"gave up after {record.label!r} ended"),
        )
