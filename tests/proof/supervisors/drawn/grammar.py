"""Random scenarios, from any source of small numbers.

The one grammar serves a fast seeded generator and a Hypothesis strategy. Every
choice is a number below a bound, and 0 is the plainest: so Hypothesis shrinks
towards few workers under one_for_one that run undisturbed.

Single random operations rarely reach the rules that matter, so most operations
are macros: a storm of crashes up to and beyond the intensity, crashes around the
edge of the window, starts that fail, a stop and start by hand before a crash.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Protocol, TypeVar

from attrs import define, evolve

from tests.proof.supervisors.drawn.frequencies import (
    AUTO,
    CRASH,
    ENDINGS,
    REASONS,
    RESTARTS,
    STRATEGIES,
)
from tests.proof.supervisors.replies import path_of
from tests.proof.supervisors.scenario import (
    Advance,
    Ask,
    Child,
    ChildRequest,
    Exit,
    InitPlan,
    Kill,
    Nested,
    Op,
    Plan,
    Queue,
    QueueItem,
    Reason,
    Restart,
    Scenario,
    StartChild,
    StopRoot,
    Tree,
    Worker,
    child_path,
)

MAX_OPS = 8
MAX_CHILDREN = 4
MAX_DEPTH = 2

T = TypeVar("T")


class Draws(Protocol):
    """A source of choices."""

    def below(self, bound: int) -> int:
        """A number from 0 up to, not including, `bound`."""
        ...

    def times(self, low: int, high: int) -> Iterable[int]:
        """The numbers from 0 on: at least `low`, at most `high` of them."""
        ...

    def part(self, make: Callable[[], T]) -> T:
        """What `make` makes; its choices can be left out together."""
        ...


@define
class _Place:
    """A supervisor of the tree, or one that the script starts."""

    path: str
    tree: Tree
    children: list[Child]

    @property
    def dynamic(self) -> bool:
        return self.tree.strategy == "dynamic"

    def workers(self) -> list[str]:
        own = [c.id for c in self.children if isinstance(c, Worker)]
        return [child_path(self.path, id) for id in own]


class Maker:
    """Makes one scenario out of the choices of a source."""

    def __init__(self, draws: Draws) -> None:
        self.draws = draws
        self.places: list[_Place] = []
        self.started = 0
        self.plans: dict[str, tuple[Plan, ...]] = {}

    # Choices

    def pick(self, choices: Sequence[T]) -> T:
        return choices[self.draws.below(len(choices))]

    def between(self, low: int, high: int) -> int:
        return low + self.draws.below(high - low + 1)

    def chance(self, percent: int) -> bool:
        return self.draws.below(100) >= 100 - percent

    # The tree

    def scenario(self) -> Scenario:
        tree = self.tree("", 0)
        for place in list(self.places):
            for path in place.workers():
                if self.chance(12):
                    first: tuple[Plan, ...] = ("ok",) if self.chance(75) else ()
                    self.plans[path] = first + self.plan(path)
        script: list[Op] = []
        for _ in self.draws.times(1, MAX_OPS):
            script += self.draws.part(self.ops)
        return Scenario(tree, tuple(script), self.plans)

    def tree(self, path: str, depth: int) -> Tree:
        strategy = self.pick(STRATEGIES)
        intensity = self.pick((2, 1, 3, 5, 0, 4, 8))
        period = self.pick((5, 1, 2, 10))
        if strategy == "dynamic":
            limit = self.pick((None, None, 0, 1, 2, 3))
            tree = Tree(strategy, intensity, period, max_children=limit)
            self.places.append(_Place(path, tree, []))
            return tree
        auto = self.pick(AUTO)
        tree = Tree(strategy, intensity, period, auto)
        place = _Place(path, tree, [])
        self.places.append(place)
        for index in self.draws.times(0 if depth else 1, MAX_CHILDREN):
            make = partial(self.child, place, "abcd"[index], depth + 1)
            place.children.append(self.draws.part(make))
        return evolve(tree, children=tuple(place.children))

    def child(self, place: _Place, id: str, depth: int) -> Child:
        restart: Restart = self.pick(RESTARTS)
        significant = False
        if place.tree.auto_shutdown != "never" and self.chance(50):
            significant = True
            restart = self.pick(("transient", "temporary"))
        if depth <= MAX_DEPTH and self.chance(25 if depth == 1 else 12):
            tree = self.tree(child_path(place.path, id), depth)
            return Nested(id, tree, restart, significant)
        shutdown, stop = self.pick(ENDINGS)
        if place.dynamic and shutdown == 0:
            shutdown = 5000
        return Worker(id, restart, significant, shutdown, stop)

    def plan(self, path: str) -> tuple[Plan, ...]:
        kinds = 3 if "/" in path else 4
        plans: list[Plan] = []
        for _ in self.draws.times(1, 4):
            match self.draws.below(kinds):
                case 0:
                    plans.append(("error", "start"))
                case 1:
                    plans.append("ok")
                case 2:
                    plans.append("ignore")
                case _:
                    plans.append(("then", self.reason()))
        return tuple(plans)

    def reason(self) -> Reason:
        return self.pick(REASONS)

    # The script

    def ops(self) -> list[Op]:
        make: Callable[[], list[Op]] = self.pick(
            (
                self.end,
                self.storm,
                self.storm,
                self.edge,
                self.failing_start,
                self.failing_start,
                self.bounce,
                self.burst,
                self.queue,
                self.queue,
                self.request,
                self.request,
                self.start,
                self.start,
                self.pause,
                self.rare,
            )
        )
        return make()

    def place(self) -> _Place:
        return self.pick(self.places)

    def worker(self) -> tuple[_Place, str]:
        """A worker, and its supervisor; of an empty tree, one that never was."""
        filled = [place for place in self.places if place.workers()]
        if not filled:
            return self.places[0], "a"
        place = self.pick(filled)
        return place, self.pick(place.workers())

    def end(self) -> list[Op]:
        _, path = self.worker()
        return [Kill(path) if self.chance(15) else Exit(path, self.reason())]

    def storm(self) -> list[Op]:
        place, path = self.worker()
        times = max(1, place.tree.intensity + self.pick((0, -1, -2, 1, 2)))
        crashes: list[Op] = [Exit(path, CRASH) for _ in range(times)]
        if self.chance(50):
            return crashes
        return [*crashes, Advance(place.tree.period + 1)]

    def edge(self) -> list[Op]:
        place, path = self.worker()
        limit = self.between(1, max(1, place.tree.intensity))
        before: list[Op] = [Exit(path, CRASH) for _ in range(limit)]
        time = Advance(place.tree.period + self.between(-1, 1))
        after: list[Op] = [Exit(path, CRASH) for _ in range(self.between(1, 2))]
        return [*before, time, *after]

    def failing_start(self) -> list[Op]:
        place, path = self.worker()
        failures = self.between(1, place.tree.intensity + 1)
        plan: tuple[Plan, ...] = (("error", "start"),) * failures
        if self.chance(40):
            plan = self.plan(path)
        _, crashed = self.worker() if self.chance(30) else (place, path)
        return [InitPlan(path, plan), Exit(crashed, CRASH)]

    def bounce(self) -> list[Op]:
        place, path = self.worker()
        id = path.rpartition("/")[2]
        ops: list[Op] = [ChildRequest("terminate_child", place.path, id)]
        if not place.dynamic and self.chance(70):
            ops.append(ChildRequest("restart_child", place.path, id))
        _, crashed = self.worker()
        return [*ops, Exit(crashed, CRASH)]

    def burst(self) -> list[Op]:
        """Several workers of one supervisor end before it looks."""
        place, _ = self.worker()
        workers = place.workers()
        ends = tuple(Exit(p, self.reason()) for p in workers if self.chance(70))
        return [Queue(place.path, ends)]

    def queue(self) -> list[Op]:
        """Requests and ends that wait while a restart fails."""
        place, path = self.worker()
        items: list[QueueItem] = [Exit(path, CRASH)]
        touched: set[str | None] = {path}
        for _ in self.draws.times(1, 3):
            item = self.draws.part(partial(self.queue_item, place))
            # Mostly children of their own: what several do to one is a special case.
            if path_of(item) in touched and self.chance(85):
                item = Ask(self.pick(("which", "count")), place.path)
            touched.add(path_of(item))
            items.append(item)
        queue = Queue(place.path, tuple(items))
        failing = self.pick(place.workers()) if place.workers() else path
        failures = self.between(1, max(1, place.tree.intensity))
        plan: tuple[Plan, ...] = (("error", "start"),) * failures
        plans: list[Op] = [] if self.chance(20) else [InitPlan(failing, plan)]
        # Asked before, too: trio-sup answers at once what waits in line in OTP.
        asked = dict.fromkeys(item for item in items if isinstance(item, Ask))
        return [*plans, *asked, queue]

    def queue_item(self, place: _Place) -> QueueItem:
        if self.chance(30) and place.workers():
            return Exit(self.pick(place.workers()), self.reason())
        return self.request_of(place)

    def request(self) -> list[Op]:
        return [self.request_of(self.place())]

    def request_of(self, place: _Place) -> Ask | ChildRequest | StartChild:
        ids = [child.id for child in place.children] or ["a"]
        kinds = 3 if place.dynamic else 6
        match self.draws.below(kinds):
            case 0:
                return Ask(self.pick(("which", "count")), place.path)
            case 1:
                return ChildRequest("terminate_child", place.path, self.pick(ids))
            case 2:
                return self.start_child(place)
            case 3:
                return ChildRequest("delete_child", place.path, self.pick(ids))
            case _:
                return ChildRequest("restart_child", place.path, self.pick(ids))

    def start(self) -> list[Op]:
        dynamic = [place for place in self.places if place.dynamic]
        place = self.pick(dynamic) if dynamic and self.chance(70) else self.place()
        ops: list[Op] = [self.start_child(place)]
        path = child_path(place.path, place.children[-1].id)
        if self.chance(25):
            ops.insert(0, InitPlan(path, self.plan(path)))
        return ops

    def start_child(self, place: _Place) -> StartChild:
        known = [child.id for child in place.children]
        if not place.dynamic and known and self.chance(40):
            child = self.child(place, self.pick(known), MAX_DEPTH + 1)
            return StartChild(place.path, child)
        self.started += 1
        depth = place.path.count("/") + (2 if place.path else 1)
        child = self.child(place, f"n{self.started}", depth)
        place.children.append(child)
        return StartChild(place.path, child)

    def pause(self) -> list[Op]:
        return [Advance(self.between(1, 6))]

    def rare(self) -> list[Op]:
        return [StopRoot()] if self.chance(10) else [Ask("which", "")]
