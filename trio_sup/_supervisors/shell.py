"""A supervisor's own life: a task and a nursery that do what the plan says.

A supervisor is one control task with one nursery. All decisions are the plan's
(`trio_sup._core.plan`). What follows from an end is done at once, by the dying life
itself; what has to wait its turn is done by the control task, turn after turn.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Hashable, Iterable, Sequence
from contextvars import Context, copy_context
from functools import partial
from threading import get_ident
from typing import TYPE_CHECKING, Any, ClassVar, cast

import trio
from trio.lowlevel import enable_ki_protection

from trio_sup._children.life import PlainBody
from trio_sup._children.record import Record
from trio_sup._children.refusals import StartFailed
from trio_sup._children.stopping import arm
from trio_sup._core import events
from trio_sup._core.errors import RestartLimitExceeded
from trio_sup._core.exits import NORMAL, Exit
from trio_sup._core.plan import doing
from trio_sup._core.plan.doing import (
    Breathe,
    Do,
    Dos,
    GaveUp,
    Settle,
    Start,
    Stop,
    Tell,
    Wake,
)
from trio_sup._core.plan.flags import take
from trio_sup._core.plan.supervision import Mode
from trio_sup._core.specs import ChildSpec, Flags, Runs
from trio_sup._core.strategy import SupervisorCore
from trio_sup._core.words import Shutdown
from trio_sup._supervisors.changing import carry_out
from trio_sup._supervisors.lives import Lives, P
from trio_sup._supervisors.requests import Request
from trio_sup._supervisors.stop_all import stop_all
from trio_sup._supervisors.story import note_endless_backoff
from trio_sup._trio.alarms import alarm_clock
from trio_sup._trio.wake import Waiters

if TYPE_CHECKING:
    from trio_sup._children.record import Child

jitter = random.Random()
"""Where the jitter of backoffs comes from, in all trees of the process."""


class Shell(Lives[P], PlainBody):
    """One supervisor; the object lives as long as its record, over all its lives."""

    dynamic: bool
    plan_of: ClassVar[Any]
    """What decides for this kind of supervisor."""

    def __init__(self, record: Record, flags: Flags) -> None:
        plan = self.plan_of(record, flags, self.new_record, jitter.random)
        super().__init__(record, cast("P", plan))
        self.failure: RestartLimitExceeded | StartFailed | None = None
        # What the control task is to do first when it wakes.
        self._left: Dos[Record] = ()

    # What a child asks its body.

    @property
    def shell(self) -> Shell[P]:
        """Itself."""
        return self

    def ask(self, record: Record, reason: str) -> bool:
        """Go down in order, children first."""
        self.request_stop(reason)
        return False

    def cancel(self, record: Record, reason: str) -> None:
        """Go down in order: its own scope is never cancelled."""
        self.request_stop(reason)

    def force(self, record: Record, reason: str) -> Sequence[Record]:
        """Collapse the graces to come; return the children that have one already."""
        return self.hasten()

    def below(self) -> Sequence[Record]:
        """The children, in start order."""
        return self.all_records()

    # What others see of it.

    @property
    def flags(self) -> Flags:
        """Its flags, as they are in force."""
        return self.plan.flags

    @property
    def core(self) -> SupervisorCore[Record]:
        """The children, and what decides about single ends."""
        return self.plan.core

    @property
    def mode(self) -> Mode:
        """Where the supervisor is in its present life."""
        return self.plan.mode

    @property
    def living(self) -> int:
        """How many lives are in progress."""
        return self.plan.living

    @property
    def outcome(self) -> Exit:
        """How this life ends, unless an exception says more."""
        return self.plan.outcome

    def all_records(self) -> Sequence[Record]:
        """The children, in start order."""
        return list(self.plan.core.records.values())

    def check_run(self, call: str, *, waits: bool = False) -> None:
        """Refuse what comes from a thread or from another Trio run.

        Raises:
            WrongRun: it does; nothing has changed.
        """
        home = self.node.home
        if get_ident() == home.thread and self.plan.mode == "running":
            return  # a thread has one Trio run at a time, and this one goes on
        if not home.here() and (self.plan.mode != "down" or not home.over):
            raise home.refusal(call, self.record.path_text, waits=waits)

    # The control task.

    @enable_ki_protection
    async def run(self, record: Record) -> None:
        """Run one life of this supervisor, from its first child to its last.

        Raises:
            StartFailed: a child of the list did not start; all others are stopped.
            RestartLimitExceeded: it gave up; all children are stopped.
            BaseException: something fatal ended a child; all others are stopped.
        """
        plan = self.plan
        self.base: Context = copy_context()
        try:
            async with trio.open_nursery() as nursery:
                self.nursery = nursery
                self.start_soon: Callable[..., None] = nursery.start_soon
                try:
                    await self._work(lambda: plan.only_stops)
                except BaseException:
                    # Nothing that is in hand counts as done.
                    self.perform(plan.stop(plan.stop_reason, fatal=True))
                    raise
                finally:
                    plan.stop_children()
                    with trio.CancelScope(shield=True):
                        await self._work(lambda: plan.line.idle)
        finally:
            while self.graces:
                self.graces.pop().clear()  # nobody is left, and their time is far away
            self.perform(plan.end())
        self._raise_outcome()

    async def _work(self, done: Callable[[], bool]) -> None:
        """Take one turn after the other, until it stops and that is done."""
        plan, time = self.plan, self.node.time
        while plan.mode != "stopping" or self._left or not done():
            dos = self._left or plan.turn(time())
            self._left = ()
            if not dos:
                if plan.mode != "stopping" or not done():
                    await self.bell.wait()
            elif isinstance(first := dos[0], Breathe):
                for _ in range(first.times):
                    await trio.lowlevel.checkpoint()
            else:
                self.perform(dos)
            del dos  # it may be the last that refers to a child (SUP-015)

    def go_on(self, now: float, heard: bool = True) -> None:
        """Go on with the job in hand for the control task, as far as lives go.

        For a group each of its wake-ups costs as much as half of a start. It is woken
        for all else, and for what stands in line: that waits for it in any case.
        """
        plan = self.plan
        if not self.bell.waiting:
            return  # it is at work, or woken already
        try:
            while dos := plan.go_on(now):
                do = dos[0]
                if len(dos) == 1 and isinstance(do, Stop):
                    self.stop_life(do, now, heard)
                elif len(dos) == 1 and isinstance(do, Start):
                    self._start(do.record, now, do.supervised, heard)
                else:
                    self._left = dos
                    break
                if do.record.scope is not None and plan.line.awaited is do.record:
                    return  # there is nothing to do before that has come about
        except BaseException as fault:  # noqa: BLE001 - raised where the job belongs
            self._left = (doing.Raise(fault),)
        if self._left or not plan.line.busy:
            self.bell.wake()

    def begin_life(self) -> None:
        """Prepare a life, as it is spawned: from here on it can be asked to stop."""
        self.story.forget()
        self._left = ()
        self.failure = None
        self.fatal: list[BaseException] = []
        self.plan.begin()

    def _raise_outcome(self) -> None:
        fatal = self.fatal
        self.fatal = []
        if len(fatal) == 1:
            raise fatal[0]
        if fatal:
            message = f"supervisor {self.record.path_text!r}: several fatal errors"
            raise BaseExceptionGroup(message, fatal)
        failure, self.failure = self.failure, None
        if failure is not None:
            raise failure

    def new_record(self, spec: ChildSpec[Any], id: Hashable) -> Record:
        """Make the record of a child; it is not started."""
        if spec.backoff is not None:
            note_endless_backoff(spec, self.flags, self.record.path_text)
        return Record(spec, id, self, self.node)

    # What may be asked of it from above.

    def adopt(self, flags: Flags) -> None:
        """Go by other flags, as its supervisor says."""
        take(self.plan, flags)

    def ask_to_change(self, asked: doing.AskBelow[Record], wake: Waiters) -> None:
        """Put a change in line, as its supervisor says."""
        raise NotImplementedError

    @enable_ki_protection
    def stop_itself(self, grace: float) -> None:
        """Stop as `stop()` asks: not the parent's wish, so the restart type counts."""
        self.perform(self.plan.stop_itself(grace))

    @enable_ki_protection
    def hurry(self) -> None:
        """Collapse all remaining graces, here and below; the order is kept."""
        for record in self.hasten():
            arm(record, 0)

    def hasten(self) -> list[Record]:
        """Collapse the graces to come; return the children that have one already."""
        self.request_stop(self.plan.stop_reason)
        return self.plan.hasten()

    @enable_ki_protection
    def stop_record(
        self, record: Record, reason: str, shutdown: Shutdown | None = None
    ) -> None:
        """Ask one child to stop, with its own grace unless another is given."""
        if record.alive:
            self.stop_life(self.plan.stopping_of(record, reason, shutdown))

    # What the plan says.

    def perform(self, dos: Iterable[Do[Record]], now: float | None = None) -> None:
        """Do what the plan says, in order.

        What one of them raises is raised when the rest has been done: the plan goes by
        all of it, and says nothing twice.
        """
        rest = iter(dos)
        try:
            for do in rest:
                if isinstance(do, Stop):
                    self.stop_life(do)
                elif isinstance(do, Settle):
                    self.settle(do.record)
                elif isinstance(do, Start):
                    self._start(do.record, now, do.supervised)
                elif isinstance(do, Tell):
                    self.emit(do.make, do.fields)
                else:
                    self._perform_rare(do)
        except BaseException:
            self.perform(rest, now)
            raise

    def _perform_rare(self, do: Do[Record]) -> None:
        match do:
            case doing.StopAll():
                stop_all(self, do)
            case Wake():
                self._wake(do)
            case doing.Changed():
                do.record.touch()
            case doing.Ring():
                self.bell.wake()
            case doing.Answer(request=Request() as request):
                request.answer(do.result)
            case doing.Refuse(request=Request() as request):
                request.refuse(do.error)
            case doing.Ready():
                self.record.become_ready()
            case doing.WindDown():
                self.bell.wake()
                self.record.wind_down()  # of itself, if nobody asked the life to end
                own = self.record
                told = (self.node.time(), own.path_text, own.life, do.reason)
                self.emit(events.SupervisorStopping, told)
            case doing.OwnGrace():
                arm(self.record, do.seconds)
            case GaveUp():
                self._fail_with(self._gave_up(do))
            case doing.StartFailure():
                failure = StartFailed(do.record.spec, do.exit)
                failure.__cause__ = do.exit.error
                self._fail_with(failure)
            case doing.PassUp():
                self.pass_up(do.record, do.fatal)
            case doing.Raise():
                raise do.fatal
            case _:
                carry_out(do, self.bell)

    def _wake(self, wake: Wake[Record]) -> None:
        self._forget_alarm(wake.record)
        alarm = alarm_clock().at(wake.at, partial(self._due, wake))
        self.alarms[wake.record] = alarm

    def _due(self, wake: Wake[Record]) -> None:
        record, exit = wake.record, wake.exit
        self.alarms.pop(record, None)
        if not self.plan.is_due(wake):
            return
        now = trio.current_time()
        try:
            if exit is not None:
                record.last_exit = exit
                self.story.crashes.append((now, record.path_text, record.life, exit))
            self.perform(self.plan.due(wake, now), now)
        except BaseException as fault:  # noqa: BLE001 - the supervisor ends
            self.undecided(record, NORMAL if exit is None else exit, fault)

    def _fail_with(self, failure: RestartLimitExceeded | StartFailed) -> None:
        self.failure = failure
        self.plan.fails_with(failure)

    def _gave_up(self, told: GaveUp[Record]) -> RestartLimitExceeded:
        record = told.record
        error = RestartLimitExceeded(
            self.record.path_text,
            told.max_restarts,
            told.max_seconds,
            self.story.tell(),
            child=record.label if told.own else None,
        )
        error.__cause__ = None if record.last_exit is None else record.last_exit.error
        return error


def runs_with(
    handle: type[Child],
    shell: type[Shell[Any]],
    *,
    relists: bool = False,
    roots: bool = False,
) -> Runs:
    """Return how a supervisor with a certain handle and shell comes to life.

    Args:
        handle: What users hold.
        shell: What runs.
        relists: As in `Runs`.
        roots: As in `Runs`.
    """

    def body(record: Record) -> Shell[Any]:
        flags = record.spec.flags
        assert flags is not None
        return shell(record, flags)

    return Runs(
        handle=handle._create,  # pyright: ignore[reportPrivateUsage]
        body=body,
        relists=relists,
        roots=roots,
    )
