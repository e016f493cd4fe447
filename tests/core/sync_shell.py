"""A shell without tasks: performs what a plan says, one step after the other."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from functools import partial
from typing import Any

from attrs import Factory, define

from tests.core.sync_world import GaveUp, NotStarted, Record, World
from trio_sup._core.checks import ChildSpecError
from trio_sup._core.exits import Exit
from trio_sup._core.plan import doing
from trio_sup._core.plan.at_once import lives_on
from trio_sup._core.plan.dynamic import DynamicPlan
from trio_sup._core.plan.flags import take
from trio_sup._core.plan.partitions import PartitionPlan
from trio_sup._core.plan.reconfigure import adopt, reconfigure
from trio_sup._core.plan.static import StaticPlan
from trio_sup._core.plan.supervision import Plan
from trio_sup._core.plan.telling import stops_of
from trio_sup._core.reconfigured import ReconfigureFailed
from trio_sup._core.specs import ChildSpec, Flags


@define(eq=False)
class Reply:
    """What a request was answered."""

    answers: list[tuple[str, Any]]
    errors: list[Exception] = Factory(list)
    """What it was refused with."""

    def answer(self, result: object) -> None:
        self.answers.append(("ok", result))

    def refuse(self, error: Exception) -> None:
        self.answers.append(refusal(error))
        self.errors.append(error)


@define(eq=False)
class ReplyAbove(Reply):
    """What a supervisor below has answered to the one above."""

    given: doing.BelowAnswer = Factory(doing.BelowAnswer)
    above: Shell | None = None

    def answer(self, result: object) -> None:
        self.given.given = True
        assert self.above is not None
        self.above.wake()

    def refuse(self, error: Exception) -> None:
        self.given.error = error
        self.answer(None)


_PLANS: dict[str, type[Plan[Record]]] = {
    "supervisor": StaticPlan,
    "partition_supervisor": PartitionPlan,
    "dynamic_supervisor": DynamicPlan,
    "task_supervisor": DynamicPlan,
}


class Shell:
    """One supervisor: its plan, and the control task that is none."""

    def __init__(self, own: Record, world: World) -> None:
        self.own = own
        self.world = world
        assert own.spec.flags is not None
        kind = _PLANS[own.spec.target]
        self.plan: Plan[Record] = kind(own, own.spec.flags, self.make, lambda: 0.0)
        self.failure: Exception | None = None
        self.parked = False
        self.stopping = False
        self.replies: dict[doing.Request[Record], Reply] = {}
        # Whether the next starts are to fail before they begin.
        self.refuses: Exception | None = None

    def make(self, spec: ChildSpec[Any], id: Hashable) -> Record:
        record = Record(spec, id, self, self.world)
        record.body = self.world.new_body(record)
        return record

    # Its own life.

    def begin(self) -> None:
        """Begin a life: the control task comes to it soon."""
        self.failure = None
        self.stopping = False
        self.plan.begin()

    def work(self) -> None:
        """Go on until there is nothing to do but wait."""
        plan = self.plan
        while True:
            if plan.only_stops and not self.stopping:
                self.stopping = True
                plan.stop_children()
            dos = plan.turn(self.world.now)
            if dos:
                pause = self.perform(dos)
                if pause:
                    self.breathe(pause)
                    return
            elif plan.only_stops and self.stopping:
                self.finish()
                return
            elif not plan.only_stops:
                self.parked = True
                return

    def breathe(self, times: int) -> None:
        step = self.work if times == 1 else partial(self.breathe, times - 1)
        self.world.soon(step)

    def wake(self) -> None:
        if self.parked:
            self.parked = False
            self.world.soon(self.work)

    def finish(self) -> None:
        self.perform(self.plan.end())
        failure, self.failure = self.failure, None
        self.world.over(self.own, self.own.life, failure)

    def request_stop(self, reason: str) -> None:
        self.perform(self.plan.stop(reason))

    def hurry(self) -> None:
        self.request_stop(self.plan.stop_reason)
        for record in self.plan.hasten():
            self.world.force(record, record.life)
        self.wake()

    # The lives of its children.

    def heard(self, record: Record) -> None:
        if self.plan.wakes(record):
            self.wake()

    def life_over(self, record: Record, exit: Exit, *, ready: bool) -> None:
        if self.world.in_one_go and self.over_in_one_go(record, exit, ready=ready):
            return
        plan, now = self.plan, self.world.now
        plan.over(record, fatal=False)
        self.world.on_told(self)
        self.perform(plan.ended(record, exit, now, ready=ready))
        self.heard(record)

    def over_in_one_go(self, record: Record, exit: Exit, *, ready: bool) -> bool:
        """Deal with most ends, as `Lives` has it (`crashed`, `stopped`)."""
        if record.asked is None:
            # The start of who has no name is never refused.
            crashed = ready and exit.kind == "crashed" and self.refuses is None
            if not crashed or not lives_on(self.plan, record, self.world.now):
                return False
            self.spawn(record)
            return True
        status = self.plan.rests(record) if record.spec.bare else None
        if status is None:
            return False
        if status == "gone":
            record.settled += 1
        self.heard(record)
        return True

    # What is to be done.

    def perform(self, dos: Iterable[doing.Do[Record]]) -> int:
        """Do it, in order; return how often to breathe."""
        pause = 0
        for do in dos:
            match do:
                case doing.Breathe(times):
                    pause = times
                case doing.Start(record, supervised):
                    self.start(record, supervised=supervised)
                case doing.Stop(record, reason, grace, brutal):
                    self.stop(record, reason, grace, brutal=brutal)
                case doing.StopAll():
                    self.perform(stops_of(do))
                case doing.Wake():
                    self.world.at(do.at, partial(self.due, do))
                case doing.MoveNames(free, take):
                    self.world.move_names(free, take)
                case doing.KeepNames(record, keep):
                    self.below(record).keep_names(keep=keep)
                case doing.KeepState(record):
                    assert record.alive, f"{record} has no state"
                case doing.Respecified(record):
                    assert not record.alive, f"{record} lives, and is respecified"
                case doing.Adopt(record, flags):
                    self.below(record).adopt(flags)
                case doing.AskBelow():
                    self.below(do.record).asked_from_above(do, self)
                case doing.Settle(record):
                    assert not record.alive, f"{record} lives, and is put to rest"
                    if record.status != "quarantined":
                        self.world.release_name(record, record.spec.name)
                    record.settled += 1
                    record.in_plan = record.undecided = False
                case doing.Answer(request, result):
                    self.replies[request].answer(result)
                case doing.Refuse(request, error):
                    self.replies[request].refuse(error)
                case doing.Ready():
                    self.world.ready_now(self.own)
                case doing.GaveUp():
                    self.failure = GaveUp()
                case doing.StartFailure(record, exit):
                    self.failure = NotStarted(record, exit)
                case doing.Tell(make, fields):
                    self.world.told.append((make, *fields))
                    self.world.on_told(self)
                case doing.WindDown():
                    if self.own.status == "running":
                        self.own.enter("winds_down")
                    self.wake()
                case doing.Ring():
                    self.wake()
                case doing.OwnGrace(seconds):
                    self.grace(self.own, seconds)
                case doing.Changed():
                    pass
                case doing.PassUp(_, fatal) | doing.Raise(fatal):
                    raise fatal
        return pause

    def start(self, record: Record, *, supervised: bool) -> None:
        if not self.plan.lets_start:
            return
        assert not record.up, f"two lives of {record} at a time"
        now = self.world.now
        refuses = self.refuses or self.world.reserve_name(record)
        if refuses is not None:
            exit = Exit("crashed", None, refuses)
            self.perform(
                self.plan.not_started(record, exit, now, supervised=supervised)
            )
            return
        assert self.plan.mode in ("starting", "running"), f"{record} starts too late"
        self.plan.begins(record, now, supervised=supervised)
        self.spawn(record)

    def spawn(self, record: Record) -> None:
        record.up = True
        record.asked = None
        if record.shell is not None:
            record.shell.begin()
        self.world.on_begin(record)
        self.world.soon(partial(self.first_step, record, record.life))

    def first_step(self, record: Record, life: int) -> None:
        if record.life != life or not record.up:
            return
        if record.shell is not None:
            record.shell.work()
        elif record.asked is None:
            record.body.run(self.world, record)

    def stop(self, record: Record, reason: str, grace: float, *, brutal: bool) -> None:
        if not record.up:
            return
        if record.asked is None:
            record.asked = reason
            record.enter("asked")
            if record.shell is not None:
                record.shell.request_stop(reason)
            elif not brutal:
                record.body.ask(self.world, record, grace)
        if brutal:
            self.world.force(record, record.life)
        else:
            self.grace(record, grace)

    def grace(self, record: Record, grace: float) -> None:
        force = partial(self.world.force, record, record.life)
        body = record if record.shell is None else None
        self.world.at(self.world.now + grace, force, body)

    def due(self, wake: doing.Wake[Record]) -> None:
        if wake.exit is not None and self.plan.is_due(wake):
            wake.record.last_exit = wake.exit
        self.perform(self.plan.due(wake, self.world.now))

    # Another specification.

    def below(self, record: Record) -> Shell:
        assert isinstance(record.shell, Shell)
        return record.shell

    def adopt(self, flags: Flags) -> None:
        if isinstance(self.plan, StaticPlan):
            self.perform(adopt(self.plan, flags))
        else:
            take(self.plan, flags)

    def keep_names(self, *, keep: bool) -> None:
        assert isinstance(self.plan, StaticPlan)
        self.perform(self.plan.keep_names(keep=keep))

    def asked_from_above(self, do: doing.AskBelow[Record], above: Shell) -> None:
        plan = self.plan
        assert isinstance(plan, StaticPlan)
        steps = partial(reconfigure, plan, do.flags, forced=do.forced)
        self.ask(steps, reply=ReplyAbove([], given=do.answer, above=above))

    # Requests.

    def ask(
        self,
        steps: Callable[[], doing.Steps[Record, Any]],
        record: Record | None = None,
        reply: Reply | None = None,
    ) -> Reply:
        """Put a request to a static supervisor in line."""
        assert isinstance(self.plan, StaticPlan)
        request, reply = doing.Request(steps, record), reply or Reply([])
        self.replies[request] = reply
        try:
            dos = self.plan.ask(request)
        except doing.Refused as refused:
            reply.refuse(refused)
        else:
            self.perform(dos)
        return reply


def refusal(error: Exception) -> tuple[str, Any]:
    """A refusal as it was when it was given."""
    if isinstance(error, doing.Refused):
        record = error.record
        if error.why == "not_stopped" and record is not None:
            back = record.status in ("restarting", "backing_off")
            return ("not_stopped", "restarting" if back else "running")
        return (error.why, error.exit)
    if isinstance(error, ReconfigureFailed):
        return ("rolled_back", error.exit)
    assert isinstance(error, ChildSpecError), repr(error)
    return ("spec", error)


def new_world() -> World:
    """A world in which supervisors are these shells."""
    return World(Shell)


def shell_of(record: Record) -> Shell:
    """The shell of a supervisor's record."""
    assert isinstance(record.shell, Shell)
    return record.shell
