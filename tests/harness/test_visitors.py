"""The harness tested by itself: each visitor does what it says, and is felt."""

from collections.abc import Callable
from typing import Any

import pytest
import trio

from trio_sup import (
    ChildSpec,
    GenServer,
    child,
    dynamic_supervisor,
    partition_supervisor,
    supervisor,
    task_supervisor,
)
from trio_sup.events import ChildCrashed, ChildStarted, ChildStartFailed, ChildStopped
from trio_sup.testing import (
    EVERYTHING,
    Ask,
    Newcomer,
    Onlooker,
    Resize,
    Work,
    World,
    replay,
)
from trio_sup.testing._run.visitors import VISITS

from .test_effects import Effect, Log, has_its_effect


class Shard(GenServer):
    """One of several."""


async def idle(log: Log) -> None:
    await trio.sleep_forever()


def build() -> Any:
    """Supervisors of all kinds, and what may be noted."""
    log = Log()
    children: list[ChildSpec[Any]] = [
        child(idle, log, id="a"),
        dynamic_supervisor(id="rooms", max_children=1),
        task_supervisor(id="tasks"),
        partition_supervisor(child(Shard), partitions=4, id="shards"),
    ]
    return supervisor(children, id="r"), log


def stays(path: str) -> Callable[[World], list[float]]:
    """Return what tells when a child started, or did not, and when it ended."""
    kinds = ChildStarted, ChildStartFailed, ChildStopped

    def measured(world: World) -> list[float]:
        return [e.at for e in world.events if isinstance(e, kinds) and e.path == path]

    return measured


def ends_of_tasks(world: World) -> dict[str, int]:
    """Return how many ended by themselves, as somebody stopped them, by an error."""
    ends = [
        event.exit.kind
        for event in world.events
        if isinstance(event, ChildStopped | ChildCrashed)
        and event.path.startswith("r/tasks/")
    ]
    return {kind: ends.count(kind) for kind in ("normal", "shutdown", "crashed")}


def lives_of_shards(world: World) -> list[int]:
    return [world.lives(f"r/shards/{number}") for number in range(4)]


async def looks_who_watches(world: World) -> None:
    """Notes when somebody begins to watch, and when he ends that."""
    before = 0
    while True:
        watchers = world.child("r/a").record.watchers
        now = 0 if watchers is None else len(watchers.all())
        if now != before:
            world.app.now()
        before = now
        await trio.sleep(0.5)


EFFECTS = [
    # A newcomer is ready after 0.25 s, and takes 0.125 s to end.
    *(
        Effect(fault, idle, stays(path), [], hit)
        for place, path in (("r", "r/newcomer 1"), ("r/rooms", "r/rooms/1"))
        for fault, hit in (
            (Newcomer(place, at=1.0), [1.25, 2.375]),
            (Newcomer(place, at=1.0, stays=2.0), [1.25, 3.375]),
            (Newcomer(place, at=1.0, patience=0.125), [1.25, 2.25]),
            (Newcomer(place, at=1.0, fails=True), [1.25]),
        )
    ),
    Effect(
        Work("r/tasks", at=1.0),
        idle,
        ends_of_tasks,
        {"normal": 0, "shutdown": 0, "crashed": 0},
        {"normal": 3 + 5, "shutdown": 1, "crashed": 2},
    ),
    Effect(
        Resize("r/shards", at=1.0, count=2),
        idle,
        lives_of_shards,
        [1, 1, 1, 1],
        [1, 1, 2, 2],
    ),
    *(
        Effect(
            Onlooker("r/a", at=0.75, until=until, seconds=2.0),
            idle,
            lambda w: w.app,
            [],
            [1.0, 3.0],
            looks_who_watches,
        )
        for until in ("life", "stopped")
    ),
]


def test_each_visitor_is_measured() -> None:
    here = {type(effect.fault) for effect in EFFECTS}
    assert here == set(VISITS) & set(EVERYTHING)
    assert set(VISITS) - here == {
        Ask
    }  # see `test_beside`: it has to be given operations


@pytest.mark.parametrize("effect", EFFECTS, ids=lambda effect: repr(effect.fault))
def test_a_visitor_has_its_effect_and_counts_as_hit(effect: Effect) -> None:
    has_its_effect(effect, build)


def test_who_was_given_up_leaves_his_place_to_the_next() -> None:
    given_up = Newcomer("r/rooms", at=1.0, patience=0.125)
    world = replay(build, [given_up, Newcomer("r/rooms", at=3.0)])
    assert stays("r/rooms/2")(world) == [3.25, 4.375]
