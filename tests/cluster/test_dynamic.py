"""Children that run somewhere in the cluster: placed once, moved when their node is gone."""

from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager

import pytest
import trio

from tests.cluster.nodes import TTL, nodes
from trio_sup import (
    ChildSpec,
    GenServer,
    ServerRef,
    Stop,
    call,
    child,
    open_supervisor,
)
from trio_sup._core.words import RESTARTS, Restart
from trio_sup.cluster import (
    AlreadyPlaced,
    Cluster,
    ClusterDynamicSupervisor,
    LocalBackend,
    NameTaken,
    NotRegistered,
    PlacementFailed,
    RemoteCrash,
    child_factory,
    fence,
)

RUNNING: Counter[int] = Counter()
STARTS: Counter[int] = Counter()
TWICE: list[int] = []


@pytest.fixture(autouse=True)
def nothing_ran() -> None:
    RUNNING.clear()
    STARTS.clear()
    TWICE.clear()


class Room(GenServer):
    def __init__(self, number: int) -> None:
        self.number = number

    async def init(self) -> None:
        if self.number < 0:
            raise ValueError("rooms count from 0")
        fence().check()
        RUNNING[self.number] += 1
        STARTS[self.number] += 1
        if RUNNING[self.number] > 1:
            TWICE.append(self.number)

    async def terminate(self, exit: object) -> None:
        RUNNING[self.number] -= 1

    @call
    async def life_now(self) -> int:
        return self.life

    @call
    async def crash(self) -> None:
        raise RuntimeError("on purpose")

    @call
    async def finish(self) -> None:
        raise Stop


@child_factory("tests.room")
def room(number: int, restart: Restart = "permanent") -> ChildSpec[ServerRef[Room]]:
    return child(Room, number, restart=restart)


@asynccontextmanager
async def places(
    backend: LocalBackend, *names: str
) -> AsyncGenerator[tuple[list[Cluster], list[ClusterDynamicSupervisor]]]:
    """Nodes that have a place for the supervisor "rooms", each in a tree of its own."""
    async with AsyncExitStack() as stack:
        clusters = await stack.enter_async_context(nodes(backend, *names))
        rooms = [each.dynamic_supervisor("rooms") for each in clusters]
        for each in rooms:
            await stack.enter_async_context(open_supervisor([each.spec()]))
        await trio.sleep(TTL / 2)  # all have heard of all
        yield clusters, rooms


def placed(rooms: ClusterDynamicSupervisor) -> dict[object, str | None]:
    return {each.key: each.node for each in rooms.children()}


@pytest.mark.trio
async def test_a_child_runs_once_and_is_called_from_everywhere(
    autojump_clock: trio.abc.Clock,
) -> None:
    async with places(LocalBackend(), "a", "b", "c") as (clusters, rooms):
        for number in range(30):
            ref = await rooms[number % 3].start_child(("room", number), room, number)
            assert await ref.call(Room.life_now) == 1
        assert Counter(range(30)) == STARTS
        where = placed(rooms[0])
        assert where == placed(rooms[1]) == placed(rooms[2])
        assert set(where.values()) == {"a", "b", "c"}
        for cluster in clusters:
            assert await cluster.ref(("room", 7), Room).call(Room.life_now) == 1
            assert await cluster.whereis(("room", 7)) == where[("room", 7)]


@pytest.mark.trio
async def test_a_key_is_started_once_whoever_asks(
    autojump_clock: trio.abc.Clock,
) -> None:
    outcomes: list[str] = []
    async with places(LocalBackend(), "a", "b", "c") as (_, rooms):

        async def start(own: ClusterDynamicSupervisor) -> None:
            try:
                await own.start_child(1, room, 1)
            except AlreadyPlaced as there:
                outcomes.append(f"{there.key} is in {there.supervisor}")
            else:
                outcomes.append("started")

        async with trio.open_nursery() as nursery:
            for own in rooms * 3:
                nursery.start_soon(start, own)
        assert Counter(outcomes) == {"started": 1, "1 is in rooms": 8}
        ref = await rooms[2].get_or_start(1, room, 1)
        assert await ref.call(Room.life_now) == 1
        assert STARTS == {1: 1}


@pytest.mark.trio
async def test_of_400_children_only_those_of_the_dead_node_move_and_in_time(
    autojump_clock: trio.abc.Clock,
) -> None:
    backend = LocalBackend()
    async with places(backend, "a", "b", "c") as (_, rooms):
        async with trio.open_nursery() as nursery:
            for number in range(400):
                nursery.start_soon(rooms[0].start_child, number, room, number)
        before = placed(rooms[0])
        await trio.sleep(TTL * 0.77)
        died = trio.current_time()
        backend.cut("c")
        orphans = {key for key, node in before.items() if node == "c"}
        assert 90 < len(orphans) < 180
        while {None, "c"} & set(placed(rooms[0]).values()):
            await trio.sleep(0.05)
        assert trio.current_time() - died <= 1.2 * TTL
        after = placed(rooms[0])
        assert {key for key in before if after[key] != before[key]} == orphans
        assert not TWICE
        assert Counter(dict.fromkeys(range(400), 1)) == +RUNNING
        # It comes back, and nothing moves.
        backend.heal("c")
        await trio.sleep(3 * TTL)
        assert placed(rooms[2]) == after
        assert {key: STARTS[key] for key in range(400)} == {
            key: 1 + (key in orphans) for key in range(400)
        }


@pytest.mark.trio
async def test_draining_hands_children_over_at_once(
    autojump_clock: trio.abc.Clock,
) -> None:
    async with places(LocalBackend(), "a", "b", "c") as (clusters, rooms):
        for number in range(30):
            await rooms[0].start_child(number, room, number)
        before = placed(rooms[0])
        now = trio.current_time()
        await clusters[0].drain()
        await trio.testing.wait_all_tasks_blocked()
        assert trio.current_time() == now
        after = placed(rooms[1])
        assert all(after[key] == node for key, node in before.items() if node != "a")
        assert set(after.values()) == {"b", "c"}
        assert not TWICE
        assert Counter(range(30)) == +RUNNING
        await rooms[0].start_child(99, room, 99)
        assert placed(rooms[0])[99] != "a"


@pytest.mark.trio
async def test_a_place_that_goes_down_hands_over_and_its_node_may_go_on(
    autojump_clock: trio.abc.Clock,
) -> None:
    backend = LocalBackend()
    async with places(backend, "a"), nodes(backend, "b") as (b,):
        rooms = b.dynamic_supervisor("rooms")
        async with open_supervisor([rooms.spec()]):
            await trio.sleep(TTL)
            for number in range(20):
                await rooms.start_child(number, room, number)
            before = placed(rooms)
            assert set(before.values()) == {"a", "b"}
        await trio.sleep(0.1)
        assert set(placed(rooms).values()) == {"a"}
        assert not TWICE
        assert Counter(range(20)) == +RUNNING
        moved = {key for key, node in before.items() if node == "b"}
        assert {key for key in range(20) if STARTS[key] == 2} == moved
        assert await b.ref(3, Room).call(Room.life_now) == 1


@pytest.mark.trio
async def test_children_outlive_all_nodes_in_the_engine(
    autojump_clock: trio.abc.Clock,
) -> None:
    backend = LocalBackend()
    async with places(backend, "a") as (_, (rooms,)):
        await rooms.start_child(1, room, 1)
    assert not +RUNNING
    async with places(backend, "b") as (_, (rooms,)):
        assert placed(rooms) == {1: "b"}
        assert Counter([1]) == +RUNNING


@pytest.mark.trio
async def test_crashes_are_restarted_in_place_and_too_many_are_a_failure_there(
    autojump_clock: trio.abc.Clock, quiet_log: None
) -> None:
    async with places(LocalBackend(), "a", "b") as (_, rooms):
        ref = await rooms[0].start_child(1, room, 1)
        node = placed(rooms[0])[1]
        for life in (1, 2, 3):
            assert await ref.call(Room.life_now) == life
            with pytest.raises(Exception, match="on purpose"):
                await ref.call(Room.crash)
        assert placed(rooms[0]) == {1: node}
        with pytest.raises(Exception, match="on purpose"):
            await ref.call(Room.crash)
        await trio.sleep(1)
        for own in rooms:
            (failed,) = own.children()
            assert (failed.state, failed.node) == ("failed", None)
            assert "on purpose" in failed.why
        with pytest.raises(NotRegistered):
            await ref.call(Room.life_now)
        with pytest.raises(PlacementFailed, match="on purpose"):
            await rooms[1].get_or_start(1, room, 1)
        await rooms[1].restart_child(1)
        assert await ref.call(Room.life_now) == 1


@pytest.mark.trio
async def test_a_child_that_does_not_start_is_told_and_leaves_nothing(
    autojump_clock: trio.abc.Clock, quiet_log: None
) -> None:
    async with places(LocalBackend(), "a", "b") as (_, rooms):
        with pytest.raises(PlacementFailed, match="rooms count from 0"):
            await rooms[0].start_child(1, room, -1)
        assert rooms[0].children() == []
        await rooms[0].start_child(1, room, 1)
        with pytest.raises(TypeError):
            await rooms[0].start_child(2, room, "two")  # type: ignore[arg-type]
        with pytest.raises(TypeError):
            await rooms[0].start_child(2, room)  # type: ignore[call-arg]


@pytest.mark.trio
async def test_a_child_that_ends_by_itself_is_forgotten_if_it_may_end(
    autojump_clock: trio.abc.Clock,
) -> None:
    async with places(LocalBackend(), "a", "b") as (_, rooms):
        for number, restart in enumerate(RESTARTS):
            ref = await rooms[0].start_child(number, room, number, restart)
            with pytest.raises(RemoteCrash, match="normal"):
                await ref.call(Room.finish)
        await trio.sleep(1)
        assert [each.key for each in rooms[1].children()] == [0]


@pytest.mark.trio
async def test_a_child_is_ended_from_any_node(autojump_clock: trio.abc.Clock) -> None:
    async with places(LocalBackend(), "a", "b", "c") as (clusters, rooms):
        for number in range(6):
            await rooms[0].start_child(number, room, number)
            await rooms[1].terminate_child(number)
            assert RUNNING[number] == 0
            await trio.testing.wait_all_tasks_blocked()
            assert await clusters[2].whereis(number) is None
            with pytest.raises(NotRegistered):
                await rooms[2].terminate_child(number)
        assert rooms[2].children() == []


@pytest.mark.trio
async def test_a_name_that_something_else_has_is_taken(
    autojump_clock: trio.abc.Clock,
) -> None:
    async with places(LocalBackend(), "a", "b") as (clusters, rooms):
        async with open_supervisor([child(Room, 5, name=clusters[1].name("x"))]):
            with pytest.raises(NameTaken, match="'b'"):
                await rooms[0].start_child("x", room, 1)


@pytest.mark.trio
async def test_a_node_without_a_place_starts_children_and_runs_none(
    autojump_clock: trio.abc.Clock,
) -> None:
    backend = LocalBackend()
    async with places(backend, "a"), nodes(backend, "door") as (door,):
        rooms = door.dynamic_supervisor("rooms")
        for number in range(5):
            ref = await rooms.start_child(number, room, number)
            assert await ref.call(Room.life_now) == 1
        assert set(placed(rooms).values()) == {"a"}


@pytest.mark.trio
async def test_an_engine_that_forgets_is_told_which_children_there_are(
    autojump_clock: trio.abc.Clock, quiet_log: None
) -> None:
    backend = LocalBackend()
    async with places(backend, "a", "b") as (_, rooms):
        for number in range(10):
            await rooms[0].start_child(number, room, number)
        with pytest.raises(PlacementFailed):
            await rooms[0].restart_child(await failed(rooms[0]))
        before = placed(rooms[0])
        backend.forget()
        await trio.sleep(2 * TTL)
        assert placed(rooms[0]) == placed(rooms[1]) == before
        assert Counter(range(10)) == STARTS
        backend.cut("b")
        await trio.sleep(1.2 * TTL)
        assert set(placed(rooms[0]).values()) == {"a", None}
        assert sum(node is None for node in placed(rooms[0]).values()) == 1


async def failed(rooms: ClusterDynamicSupervisor) -> object:
    """Leave a child behind that was given up."""
    ref = await rooms.start_child("bad", room, -1 + 100)
    del ref
    name = next(n for n, r in rooms._shelf.records.items() if r.key == "'bad'")
    record = rooms._shelf.records[name]
    bad = type(record)(record.key, record.factory, [-1], {}, "failed", None, 1, "bad")
    await rooms._swap(name, rooms._shelf.texts[name], bad)
    await trio.sleep(1)
    STARTS.pop(99)
    return "bad"


def test_a_factory_has_one_function() -> None:
    with pytest.raises(ValueError, match=r"'tests.room' is .*\.room already"):

        @child_factory("tests.room")
        def other() -> ChildSpec[ServerRef[Room]]:
            return child(Room, 1)
