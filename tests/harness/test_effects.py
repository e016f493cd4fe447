"""The harness tested by itself: each kind of fault does what it says, once, and is felt."""

import math
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
import trio
import trio.lowlevel
from attrs import frozen

from trio_sup import (
    Exit,
    GenServer,
    NoProcess,
    cast,
    child,
    dynamic_supervisor,
    supervisor,
)
from trio_sup.testing import (
    EVERYTHING,
    CancelClient,
    Crash,
    CtrlC,
    CutTree,
    Deaf,
    FailBlock,
    FailStart,
    Fault,
    Flood,
    Interrupt,
    Rush,
    Slow,
    StartAgain,
    StopServer,
    Suspend,
    Terminate,
    Vanish,
    World,
    check_supervision,
    replay,
)
from trio_sup.testing._run.visitors import VISITS


class Log(list[float]):
    """When something was done."""

    def now(self) -> None:
        self.append(trio.current_time())


async def sleeps(log: Log) -> None:
    while True:
        await trio.sleep(1)
        log.now()


async def moves_on(log: Log) -> None:
    while True:
        with trio.move_on_after(1):
            await trio.sleep_forever()
        log.now()


async def gives_up(log: Log) -> None:
    while True:
        try:
            with trio.fail_after(1):
                await trio.Event().wait()
        except trio.TooSlowError:
            log.now()


async def cleans_up(log: Log) -> None:
    try:
        await trio.sleep_forever()
    finally:
        await trio.lowlevel.checkpoint()
        log.now()


class Lingers(GenServer):
    def __init__(self, log: Log) -> None:
        self.log = log

    async def terminate(self, exit: Exit) -> None:
        await trio.sleep(2)


class Counts(GenServer):
    def __init__(self, log: Log) -> None:
        self.log = log

    @cast
    async def add(self) -> None:
        self.log.now()


def tree_of(body: Callable[[Log], Any]) -> Callable[[], Any]:
    def build() -> Any:
        log = Log()
        return supervisor([child(body, log, id="a")], id="r"), log

    return build


async def waits(world: World) -> None:
    try:
        await trio.sleep_forever()
    finally:
        world.app.now()


async def adds(world: World) -> None:
    """Tells the server now and then."""
    while True:
        await trio.sleep(2)
        try:
            world.root.server(Counts, "a").cast(Counts.add)
        except NoProcess:
            return


def handled(world: World) -> int:
    record = world.child("r/a").record
    return int(record.mailbox.handled)


@frozen
class Effect:
    """A fault, a tree made for it, and what is measured of it."""

    fault: Fault
    body: Callable[[Log], Any]
    measured: Callable[[World], object]
    undisturbed: object
    hit: object
    client: Callable[[World], Awaitable[None]] | None = None
    before: tuple[Fault, ...] = ()

    @property
    def name(self) -> str:
        return f"{type(self.fault).__name__} {getattr(self.body, '__name__', '')}"


def ticks(world: World) -> list[float]:
    log: Log = world.app
    return log[:3]


EVEN, LATE = [1.0, 2.0, 3.0], [1.0, 4.5, 5.5]
CRASH, VANISH = Crash("r/a", at=1.0), Vanish("r/a", at=1.0)

EFFECTS = [
    Effect(CRASH, cleans_up, lambda w: w.crashes("r/a"), 0, 1),
    Effect(Crash("r/a", checkpoint=2), sleeps, lambda w: w.restarts("r/a"), 0, 1),
    # The await of a clean-up fails; after a crash it does not.
    Effect(VANISH, cleans_up, lambda w: (w.crashes("r/a"), len(w.app)), (0, 0), (1, 0)),
    Effect(
        FailStart("r/a", life=2, times=2),
        sleeps,
        lambda w: w.lives("r/a"),
        2,
        4,
        before=(CRASH,),
    ),
    *(
        Effect(fault, body, ticks, EVEN, LATE)
        for body in (sleeps, moves_on, gives_up)
        for fault in (
            Slow("r/a", at=1.5, seconds=2.5),
            Slow("r/a", checkpoint=1, seconds=2.5),
        )
    ),
    Effect(
        Slow("r/a", checkpoint=-1, seconds=0.5), sleeps, ticks, EVEN, [1.5, 2.5, 3.5]
    ),
    Effect(Deaf("r/a", at=1.0, seconds=2.5), sleeps, lambda w: w.end, 10.0, 12.5),
    Effect(Flood("r/a", at=1.0, count=7), Counts, handled, 0, 7),
    # Behind the one that takes its time; two calls among them.
    Effect(Rush("r/a", at=1.0, count=6), Counts, handled, 0, 7),
    Effect(
        Suspend("r/a", at=1.0, seconds=2.5),
        Counts,
        lambda w: w.app[:3],
        [2.0, 4.0, 6.0],
        [3.5, 4.0, 6.0],
        adds,
    ),
    Effect(StopServer("r/a", at=1.0), Counts, lambda w: w.lives("r/a"), 1, 2),
    Effect(CancelClient(at=1.0), cleans_up, lambda w: w.app[:1], [10.0], [1.0], waits),
    Effect(
        CutTree(at=1.0),
        sleeps,
        lambda w: (w.outcome, w.end),
        ("stopped", 10),
        ("cut", 1),
    ),
    Effect(CtrlC(at=1.0), sleeps, lambda w: w.outcome, "stopped", "interrupted"),
    # The second one: a clean-up of two seconds is cut off.
    Effect(
        CtrlC(at=1.5),
        Lingers,
        lambda w: w.end,
        3.0,
        1.5,
        before=(CtrlC(at=1.0),),
    ),
    Effect(CutTree(step=12), sleeps, lambda w: w.outcome, "stopped", "cut"),
    Effect(
        Interrupt("r/a", at=1.0), sleeps, lambda w: w.outcome, "stopped", "interrupted"
    ),
    Effect(Terminate("r/a", at=1.5), sleeps, lambda w: len(w.app), 10, 1),
    Effect(
        StartAgain("r/a", at=2.0),
        sleeps,
        lambda w: w.lives("r/a"),
        1,
        2,
        before=(Terminate("r/a", at=1.5),),
    ),
    Effect(
        FailBlock(at=1.0),
        sleeps,
        lambda w: (w.outcome, w.end),
        ("stopped", 10),
        ("failed", 1),
    ),
]


def test_each_kind_of_fault_is_measured() -> None:
    # Visitors have a file of their own.
    here = {type(effect.fault) for effect in EFFECTS}
    assert here == set(EVERYTHING) - set(VISITS)


@pytest.mark.parametrize("effect", EFFECTS, ids=lambda effect: effect.name)
def test_a_fault_has_its_effect_and_counts_as_hit(effect: Effect) -> None:
    has_its_effect(effect, tree_of(effect.body))


def has_its_effect(effect: Effect, build: Callable[[], Any]) -> None:
    without = replay(build, effect.before, client=effect.client)
    assert effect.measured(without) == effect.undisturbed
    world = replay(build, [*effect.before, effect.fault], client=effect.client)
    assert effect.measured(world) == effect.hit
    hits = [hit for hit in world.hits if hit.fault == effect.fault]
    assert hits
    assert not any(hit.missed for hit in hits)


def test_there_is_no_client_to_cancel_where_there_is_none() -> None:
    world = replay(tree_of(sleeps), [CancelClient(at=1.0)])
    assert [hit.missed for hit in world.hits] == [True]
    assert not world.disturbed


def test_a_slow_child_ends_when_it_is_told_to() -> None:
    world = replay(tree_of(sleeps), [Slow("r/a", at=9.5, seconds=30.0)], duration=12.0)
    assert world.end == 12.0


# A fault happens once.


async def visitors(world: World) -> None:
    """Ten visitors one after the other, all under the same path."""
    rooms = world.root.dynamic("rooms")
    for _ in range(10):
        spec = child(trio.sleep, 0.5, id="visitor", restart="temporary")
        visitor = await rooms.start_child(spec)
        await visitor.wait_stopped()


VISITOR = "root/rooms/visitor"


@pytest.mark.parametrize("life", [1, 4])
@pytest.mark.parametrize("kind", [Crash, Vanish, Slow])
def test_a_fault_of_one_life_spares_those_who_have_its_path_later(
    kind: type[Crash | Vanish | Slow], life: int
) -> None:
    fault = kind(VISITOR, life=life, checkpoint=0)
    world = replay(lambda: [dynamic_supervisor(id="rooms")], [fault], client=visitors)
    [hit] = world.hits
    assert world.lives(VISITOR) == 10
    assert hit.at == 0.5 * (life - 1)


# Faults of the user's own.


@frozen(repr=False)
class Unplug(Fault):
    """A message too many arrives."""

    strength: int = 1

    def happen(self, world: World) -> bool:
        try:
            world.child(self.path).record.handle.cast(Counts.add)  # type: ignore[attr-defined]
        except (NoProcess, AttributeError):
            return False
        return True


@frozen(repr=False)
class Undefined(Fault):
    """It cannot happen."""


def server() -> Any:
    return supervisor([child(Counts, Log(), id="a"), child(sleeps, Log())], id="r")


def test_a_fault_of_ones_own_happens_is_drawn_and_printed() -> None:
    world = replay(server, [Unplug("r/a", at=1.0), Unplug("r/sleeps", at=2.0)])
    assert [(hit.at, hit.missed) for hit in world.hits] == [(1.0, False), (2.0, True)]
    drawn: list[Fault] = []
    report = check_supervision(
        server,
        faults=[Unplug],
        invariants=[lambda world: drawn.extend(hit.fault for hit in world.hits)],
        max_examples=40,
        derandomize=True,
    )
    assert report.examples == 40
    assert {type(fault) for fault in drawn} == {Unplug}
    assert (
        repr(Unplug("r/a", strength=2, at=1.0)) == "Unplug('r/a', at=1.0, strength=2)"
    )


def test_a_fault_that_does_not_say_how_it_happens_is_refused() -> None:
    with pytest.raises(TypeError, match="define happen"):
        check_supervision(server, faults=[Undefined])
    with pytest.raises(TypeError, match="does not define happen"):
        replay(server, [Undefined("r/a", at=1.0)])


# Children whose paths are alike.


@pytest.mark.parametrize(
    ("build", "first", "second"),
    [
        (
            lambda: supervisor(
                [child(sleeps, Log(), id=22), child(sleeps, Log(), id="22")], id="r"
            ),
            "r/22",
            "r/22 (2)",
        ),
        (
            lambda: supervisor(
                [
                    child(sleeps, Log(), id="a/b"),
                    supervisor([child(sleeps, Log(), id="b")], id="a"),
                ],
                id="r",
            ),
            "r/a/b",
            "r/a/b (2)",
        ),
    ],
    ids=["22", "a/b"],
)
def test_two_children_whose_paths_are_alike_are_two(
    build: Callable[[], Any], first: str, second: str
) -> None:
    world = replay(build, [Crash(second, at=1.0), Crash(second, at=2.0)])
    assert (world.crashes(first), world.crashes(second)) == (0, 2)
    assert world.child(first) != world.child(second)
    report = check_supervision(build, max_examples=40, derandomize=True)
    assert set(report.targets) == {first, second}


def test_infinity_is_no_time() -> None:
    with pytest.raises(ValueError, match="at must be seconds"):
        Unplug("r/a", at=math.inf)
