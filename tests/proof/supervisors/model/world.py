"""The world of the reference model: a clock, a log, and the lives in it."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Mapping
from typing import Protocol, TypeAlias

from attrs import define, field, frozen

from tests.proof.supervisors.scenario import (
    Child,
    Nested,
    Plan,
    Request,
    Worker,
    is_orderly,
)
from tests.proof.trace import Value


class Life(Protocol):
    """One life of a worker or of a supervisor."""

    number: int
    alive: bool

    def stop(self) -> None:
        """Ends because its supervisor asks it to."""


class Supervising(Protocol):
    """Handles messages one after the other."""

    def deliver(self, message: Message) -> None: ...

    def handle_messages(self) -> None: ...


@frozen
class Ignored:
    """The start answered `ignore`."""


@frozen
class Failed:
    """The start failed."""

    reason: Value


Started: TypeAlias = Life | Ignored | Failed


@frozen
class Exited:
    """Message: a child has ended by itself."""

    life: Life
    reason: Value


@frozen
class Retry:
    """Message of a supervisor to itself: a restart failed, try again."""

    id: str


@define(eq=False)
class Asked:
    """Message: a request that waits for its answer.

    `life` is the latest one of the child that it names, at the time of asking.
    """

    request: Request
    life: Life | None = None
    answer: Value = "down"


Message: TypeAlias = Exited | Retry | Asked


class World:
    """What everything in a scenario shares."""

    def __init__(self, plans: Mapping[str, tuple[Plan, ...]]) -> None:
        self.now = 0
        self.events: list[Value] = []
        self.current: dict[str, Life] = {}
        self.ready: deque[Supervising] = deque()
        self._attempts: Counter[str] = Counter()
        self._plans: dict[str, deque[Plan]] = {}
        for path, plan in plans.items():
            self.set_plan(path, plan)

    def log(self, *event: Value) -> None:
        self.events.append(event)

    def log_start(self, path: str) -> int:
        """Logs a start attempt and returns its number."""
        self._attempts[path] += 1
        self.log("start", path, self._attempts[path])
        return self._attempts[path]

    def set_plan(self, path: str, plan: tuple[Plan, ...]) -> None:
        self._plans[path] = deque(plan)

    def next_plan(self, path: str) -> Plan:
        plan = self._plans.get(path)
        return plan.popleft() if plan else "ok"

    def settle(self) -> None:
        """Lets every supervisor handle its messages."""
        while self.ready:
            self.ready.popleft().handle_messages()


class WorkerLife:
    """One life of a worker."""

    def __init__(
        self, world: World, supervisor: Supervising, path: str, spec: Worker
    ) -> None:
        self._world = world
        self._supervisor = supervisor
        self._path = path
        self._spec = spec
        self.number = world.log_start(path)
        self.alive = True
        world.current[path] = self

    def stop(self) -> None:
        self._end(reason_of_stop(self._spec))

    def end_by_itself(self, reason: Value) -> None:
        self._end(reason)
        self._supervisor.deliver(Exited(self, reason))

    def _end(self, reason: Value) -> None:
        self.alive = False
        self._world.log("stop", self._path, self.number, reason)


def reason_of_stop(spec: Worker) -> Value:
    """How a worker ends that its supervisor asks to stop."""
    if spec.shutdown == "brutal_kill":
        return "killed"
    match spec.stop:
        case "default":
            return "shutdown"
        case (_, milliseconds):
            in_time = spec.shutdown == "infinity" or milliseconds < spec.shutdown
            return "shutdown" if in_time else "killed"
        case "stubborn":
            return "killed"
        case _ if spec.shutdown == 0:
            return "killed"
        case "trap":
            return "shutdown"
        case "normal":
            return "normal"
        case "error":
            return ("error", "stop")


@define(eq=False)
class Slot:
    """A child's place: its specification and what runs there."""

    spec: Child
    life: Life | None = field(default=None, init=False)
    latest: Life | None = field(default=None, init=False)
    restarting: bool = field(default=False, init=False)

    def put(self, life: Life) -> None:
        self.life = self.latest = life

    @property
    def empty(self) -> bool:
        return self.life is None and not self.restarting

    @property
    def temporary(self) -> bool:
        return self.spec.restart == "temporary"

    @property
    def kind(self) -> str:
        return "supervisor" if isinstance(self.spec, Nested) else "worker"

    @property
    def state(self) -> Value:
        if self.life is not None:
            return self.life.number
        return "restarting" if self.restarting else None

    def terminate(self) -> None:
        """Stops what runs here; that it has just ended by itself is no matter."""
        if self.life is not None and self.life.alive:
            self.life.stop()
        self.life = None
        self.restarting = False

    def needs_restart(self, reason: Value) -> bool:
        match self.spec.restart:
            case "permanent":
                return True
            case "transient":
                return not is_orderly(reason)
            case "temporary":
                return False
