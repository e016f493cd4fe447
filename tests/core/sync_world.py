"""A world without tasks: a queue of steps, a time that is a number, and lives.

What Trio does is a queue here, first come, first served. A life is a flag of its record
and a body of a few callbacks.
"""

from __future__ import annotations

import heapq
import math
from collections import deque
from collections.abc import Callable, Hashable, Iterable, Sequence
from functools import partial
from itertools import count
from typing import Any, Protocol, TypeAlias

from attrs import define

from trio_sup._core.exits import NORMAL, Exit, Ignore
from trio_sup._core.plan.supervision import Plan
from trio_sup._core.specs import ChildSpec
from trio_sup._core.state import ChildState


class Supervising(Protocol):
    """What lives and records need of a `tests.core.sync_shell.Shell`."""

    own: Record
    plan: Plan[Record]

    def begin(self) -> None:
        """Begin a life."""

    def work(self) -> None:
        """Go on until there is nothing to do but wait."""

    def request_stop(self, reason: str) -> None:
        """Go down in order."""

    def hurry(self) -> None:
        """Let all graces be over."""

    def heard(self, record: Record) -> None:
        """A life is ready."""

    def life_over(self, record: Record, exit: Exit, *, ready: bool) -> None:
        """A life has ended."""


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
        self,
        spec: ChildSpec[Any],
        id: Hashable,
        supervisor: Supervising | None,
        world: World,
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
        self.shell: Supervising | None = None
        if spec.flags is not None:
            self.shell = world.new_shell(self)

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

    @property
    def under(self) -> Sequence[Record]:
        return [] if self.shell is None else [*self.shell.plan.core.records.values()]

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

    def __init__(self, new_shell: Callable[[Record, World], Supervising]) -> None:
        self._new_shell = new_shell
        self.now = 0.0
        self.ready: deque[Callable[[], None]] = deque()
        self.alarms: list[tuple[float, int, Callable[[], None], _Life | None]] = []
        self.serial = count()
        self.told: list[tuple[Any, ...]] = []
        self.on_begin: Callable[[Record], None] = lambda record: None
        self.on_over: Callable[[Record, Exit, bool, bool], None] = lambda *args: None
        self.on_told: Callable[[Any], None] = lambda shell: None
        self.names: dict[Hashable, Record] = {}
        # Whether ends of which nobody is told are one step, where the plan has it so.
        self.in_one_go = False
        self.new_body: Callable[[Record], Body] = lambda record: Body()

    # Names.

    def reserve_name(self, record: Record) -> Exception | None:
        """Take the name of a life that begins; return what it is refused with."""
        name = record.spec.name
        if name is not None and self.names.setdefault(name, record) is not record:
            return NameTaken(name)
        return None

    def release_name(self, record: Record, name: Hashable) -> None:
        if name is not None and self.names.get(name) is record:
            del self.names[name]

    def move_names(
        self, free: Iterable[tuple[Record, Hashable]], take: Iterable[Record]
    ) -> None:
        for record, name in free:
            self.release_name(record, name)
        for record in take:
            self.reserve_name(record)

    def new_shell(self, record: Record) -> Supervising:
        return self._new_shell(record, self)

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


class NameTaken(Exception):
    """Another child has the name."""


class GaveUp(Exception):
    """A supervisor exceeded its limit."""


@define(eq=False)
class NotStarted(Exception):
    """A supervisor whose child did not start."""

    record: Record
    exit: Exit
