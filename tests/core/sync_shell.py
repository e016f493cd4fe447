"""A shell without tasks: performs what a plan says, one step after the other.

It plays scenarios (`trio_sup.testing.scenario`), in which workers do nothing but what
the script says. What Trio does is a queue of steps here, first come, first served, and
time is a number.
"""

from __future__ import annotations

import heapq
import math
from collections import deque
from collections.abc import Callable, Hashable, Iterable
from functools import partial
from itertools import count
from typing import Any, TypeAlias

from attrs import define

from trio_sup._core.checks import ChildSpecError
from trio_sup._core.exits import NORMAL, Exit, Ignore
from trio_sup._core.plan import doing
from trio_sup._core.plan.dynamic import DynamicPlan
from trio_sup._core.plan.partitions import PartitionPlan
from trio_sup._core.plan.static import StaticPlan
from trio_sup._core.plan.supervision import Plan
from trio_sup._core.specs import ChildSpec
from trio_sup._core.state import ChildState


class Record(ChildState):
    """A child whose life is a flag, and whose body is a few callbacks."""

    __slots__ = (
        "_asked",
        "body",
        "forced",
        "settled",
        "shell",
        "supervisor",
        "up",
    )

    def __init__(
        self, spec: ChildSpec[Any], id: Hashable, supervisor: Shell | None, world: World
    ) -> None:
        super().__init__(spec, id)
        self.supervisor = supervisor
        above = "" if supervisor is None else supervisor.own.path_text + "/"
        self.path_text = f"{above}{id}"
        self.up = False
        self._asked: str | None = None
        self.forced = False
        # How often it came to rest.
        self.settled = 0
        self.body: Body = Body()
        self.shell: Shell | None = None
        if spec.flags is not None:
            self.shell = Shell(self, world)

    @property
    def alive(self) -> bool:
        return self.up

    @property
    def asked(self) -> str | None:
        return self._asked

    @asked.setter
    def asked(self, reason: str | None) -> None:
        self._asked = reason

    @property
    def above(self) -> ChildState | None:
        return None if self.supervisor is None else self.supervisor.own

    def __repr__(self) -> str:
        return f"{self.path_text}:{self.status}"


class Body:
    """What runs in a life: this one does nothing, and ends when it is asked to."""

    def run(self, world: World, record: Record) -> None:
        """Take the first step."""
        world.ready_now(record)

    def ask(self, world: World, record: Record, grace: float) -> None:
        """It was asked to end."""
        del grace
        world.soon(partial(world.over, record, record.life, None))


class World:
    """The time, what is ready to run, and what happened."""

    def __init__(self) -> None:
        self.now = 0.0
        self.ready: deque[Callable[[], None]] = deque()
        self.alarms: list[tuple[float, int, Callable[[], None], _Life | None]] = []
        self.serial = count()
        self.told: list[tuple[Any, ...]] = []
        self.on_begin: Callable[[Record], None] = lambda record: None
        self.on_over: Callable[[Record, Exit, bool, bool], None] = lambda *args: None
        self.on_told: Callable[[Shell], None] = lambda shell: None
        self.new_body: Callable[[Record], Body] = lambda record: Body()

    # Time and order.

    def soon(self, step: Callable[[], None]) -> None:
        self.ready.append(step)

    def at(
        self, when: float, step: Callable[[], None], record: Record | None = None
    ) -> None:
        """Take a step at a time; for the end of that child time passes by itself."""
        if when < math.inf:
            life = None if record is None else (record, record.life)
            heapq.heappush(self.alarms, (when, next(self.serial), step, life))

    def settle(self, limit: int = 100_000) -> None:
        """Run until nothing more happens; stops that take time get it."""
        while True:
            self.ring()
            for _ in range(limit):
                if not self.ready:
                    break
                self.ready.popleft()()
            else:
                raise RuntimeError("it never comes to rest")
            due = [at for at, _, _, life in self.alarms if _goes_on(life)]
            if self.alarms and self.alarms[0][0] <= self.now:
                continue
            if not due:
                return
            self.now = min(due)

    def ring(self) -> None:
        while self.alarms and self.alarms[0][0] <= self.now:
            heapq.heappop(self.alarms)[2]()

    # Lives.

    def ready_now(self, record: Record) -> None:
        """A life is ready."""
        if not record.up or record.ready or record.asked is not None:
            return
        record.ready = True
        record.started_life = record.life
        record.enter("ready")
        if record.supervisor is not None:
            record.supervisor.heard(record)

    def over(self, record: Record, life: int, error: Exception | None) -> None:
        """A life ends, by itself or as it was asked to."""
        if not record.up or record.life != life:
            return
        ready, asked = record.ready, record.asked is not None
        exit = exit_of(record, error)
        record.up = False
        record.last_exit = exit
        self.on_over(record, exit, asked, ready)
        record.forced = False
        if record.supervisor is not None:
            record.supervisor.life_over(record, exit, ready=ready)

    def force(self, record: Record, life: int) -> None:
        """The grace is over."""
        if not record.up or record.life != life or record.forced:
            return
        record.forced = True
        if record.shell is not None:
            record.shell.hurry()
        else:
            self.soon(partial(self.over, record, life, None))


_Life: TypeAlias = tuple[Record, int]


def _goes_on(life: _Life | None) -> bool:
    return life is not None and life[0].up and life[0].life == life[1]


def exit_of(record: Record, error: Exception | None) -> Exit:
    """How a life ended."""
    if record.asked is not None:
        return Exit("killed" if record.forced else "shutdown", record.asked, error)
    match error:
        case None:
            return NORMAL if record.shell is None else record.shell.plan.outcome
        case Ended(exit):
            return exit
        case Ignore():
            return Exit("normal", "ignore", error)
        case _ if record.shell is not None:
            return Exit("shutdown", None, error)
        case _:
            return Exit("crashed", None, error)


@define
class Ended(Exception):
    """A worker that ends with an exit of its choice."""

    exit: Exit


class GaveUp(Exception):
    """A supervisor exceeded its limit."""


@define(eq=False)
class NotStarted(Exception):
    """A supervisor whose child did not start."""

    record: Record
    exit: Exit


@define(eq=False)
class Reply:
    """What a request was answered."""

    answers: list[tuple[str, Any]]


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
        plan, now = self.plan, self.world.now
        plan.over(record, fatal=False)
        self.world.on_told(self)
        self.perform(plan.ended(record, exit, now, ready=ready))
        self.heard(record)

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
                case doing.Force(record):
                    self.world.force(record, record.life)
                case doing.Wake():
                    self.world.at(do.at, partial(self.due, do))
                case doing.Settle(record):
                    assert not record.alive, f"{record} lives, and is put to rest"
                    record.settled += 1
                    record.in_plan = record.undecided = False
                case doing.Answer(request, result):
                    self.replies[request].answers.append(("ok", result))
                case doing.Refuse(request, error):
                    self.replies[request].answers.append(refusal(error))
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
        if self.refuses is not None:
            exit = Exit("crashed", None, self.refuses)
            self.perform(
                self.plan.not_started(record, exit, now, supervised=supervised)
            )
            return
        assert self.plan.mode in ("starting", "running"), f"{record} starts too late"
        self.plan.begins(record, now, supervised=supervised)
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

    # Requests.

    def ask(
        self,
        steps: Callable[[], doing.Steps[Record, Any]],
        record: Record | None = None,
    ) -> Reply:
        """Put a request to a static supervisor in line."""
        assert isinstance(self.plan, StaticPlan)
        request, reply = doing.Request(steps, record), Reply([])
        self.replies[request] = reply
        try:
            dos = self.plan.ask(request)
        except doing.Refused as refused:
            reply.answers.append(refusal(refused))
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
    assert isinstance(error, ChildSpecError), repr(error)
    return ("spec", error)
