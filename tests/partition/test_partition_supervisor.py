"""partition_supervisor(): rows PART-001 to PART-016 of the checklist."""

import math

import pytest
import trio
from trio.testing import wait_all_tasks_blocked

from trio_sup import (
    Backoff,
    ChildSpec,
    ChildSpecError,
    GenServer,
    NoProcess,
    NoSuchChild,
    PartitionSupervisor,
    Registry,
    ServerRef,
    StartFailed,
    Supervisor,
    SupervisorStopping,
    WrongKind,
    call,
    cast,
    child,
    dynamic_supervisor,
    open_supervisor,
    partition_supervisor,
    whereis,
)
from trio_sup._core.words import Restart, Strategy


class Cell(GenServer):
    def __init__(self, label: str = "") -> None:
        self.label = label

    @call
    async def who(self) -> str:
        return f"{self.label}{self.id} life {self.life}"

    @cast
    async def crash(self) -> None:
        raise RuntimeError("boom")


class Other(GenServer):
    pass


@pytest.mark.trio
async def test_part_004_one_child_for_each_partition_with_its_number_as_id(
    autojump_clock: trio.abc.Clock,
) -> None:
    spec = partition_supervisor(child(Cell, id="ignored"), partitions=3, id="p")
    async with open_supervisor([spec]) as sup:
        parts = sup.partition_supervisor("p")
        assert [info.id for info in parts.which_children()] == [0, 1, 2]
        assert parts.partitions == 3
        assert parts.handles() == [sup.server(Cell, "p", n) for n in range(3)]
        assert await sup.server(Cell, "p", 2).call(Cell.who) == "2 life 1"
        assert sup.supervisor("p") == parts


@pytest.mark.trio
async def test_part_004_one_for_one_three_in_five_seconds_unless_told_otherwise(
    autojump_clock: trio.abc.Clock,
) -> None:
    async with open_supervisor(
        [partition_supervisor(child(Cell), partitions=2, id="p")]
    ) as sup:
        parts = sup.partition_supervisor("p")
        assert parts.statistics().max_restarts == 3
        assert parts.statistics().max_seconds == 5.0
        parts.pick(0, Cell).cast(Cell.crash)
        await parts.pick(0).wait_exit(1)
        await parts.pick(0).wait_running()
        assert [handle.life for handle in parts.handles()] == [2, 1]


@pytest.mark.parametrize("count", [0, -1, 1.5, True, "3", None])
def test_part_002_the_number_of_partitions_is_a_whole_number_from_one(
    count: object,
) -> None:
    with pytest.raises(ChildSpecError) as wrong:
        partition_supervisor(child(Cell), partitions=count)  # type: ignore[arg-type]
    assert wrong.value.field == "partitions"
    assert wrong.value.value is count


@pytest.mark.trio
async def test_part_002_there_are_eight_unless_told_otherwise() -> None:
    async with open_supervisor([partition_supervisor(child(Cell), id="p")]) as sup:
        assert sup.partition_supervisor("p").partitions == 8


def test_part_001_003_bad_specs_are_refused_when_described() -> None:
    with pytest.raises(TypeError):
        partition_supervisor()  # type: ignore[call-arg]
    for bad in (None, "Cell", lambda number: None):
        with pytest.raises(ChildSpecError) as wrong:
            partition_supervisor(bad)  # type: ignore[arg-type]
        assert wrong.value.field == "spec"
    with pytest.raises(TypeError):
        partition_supervisor(child(Cell), auto_shutdown="any_significant")  # type: ignore[call-arg]
    with pytest.raises(ChildSpecError, match="significant"):
        partition_supervisor(child(Cell, restart="transient", significant=True))
    with pytest.raises(ChildSpecError, match="max_restarts"):
        partition_supervisor(child(Cell), max_restarts=-1)


def test_several_partitions_cannot_share_one_name() -> None:
    with pytest.raises(ChildSpecError) as wrong:
        partition_supervisor(child(Cell, name="cell"))
    assert wrong.value.field == "name"
    partition_supervisor(child(Cell, name="cell"), partitions=1)


@pytest.mark.trio
async def test_part_005_a_function_makes_each_specification_once(
    autojump_clock: trio.abc.Clock,
) -> None:
    asked: list[int] = []
    registry = Registry()

    def for_number(number: int) -> ChildSpec[ServerRef[Cell]]:
        asked.append(number)
        return child(Cell, f"cell-{number}: ", name=registry.via(("cell", number)))

    spec = partition_supervisor(for_number, partitions=3, id="p")
    async with open_supervisor([spec]) as sup:
        parts = sup.partition_supervisor("p")
        parts.pick(1, Cell).cast(Cell.crash)
        await parts.pick(1).wait_exit(1)
        ref = registry.ref(("cell", 1), Cell).when_running()
        assert await ref.call(Cell.who) == "cell-1: 1 life 2"
        await sup.terminate_child("p")
        await sup.restart_child("p")
    assert asked == [0, 1, 2]


@pytest.mark.trio
async def test_part_006_007_a_key_picks_the_same_partition_every_time(
    autojump_clock: trio.abc.Clock,
) -> None:
    spec = partition_supervisor(child(Cell), partitions=3, id="p")
    async with open_supervisor([spec]) as sup:
        parts = sup.partition_supervisor("p")
        assert [parts.pick(n).id for n in (-1, 0, 1, 5)] == [1, 0, 1, 2]
        for key in ("alice", ("room", 7), None):
            assert len({parts.pick(key).id for _ in range(9)}) == 1
        assert len({parts.pick(f"user-{n}").id for n in range(100)}) == 3


@pytest.mark.trio
async def test_part_008_pick_is_typed_and_works_with_supervisors_too(
    autojump_clock: trio.abc.Clock,
) -> None:
    cells = partition_supervisor(child(Cell), partitions=2, id="cells", name="cells")
    pools = partition_supervisor(dynamic_supervisor(), partitions=2, id="pools")
    async with open_supervisor([]) as sup:
        parts = await sup.start_child(cells)
        ref: ServerRef[Cell] = parts.pick("alice")
        assert (await ref.call(Cell.who)).endswith("life 1")
        spread = await sup.start_child(pools)
        for number in range(4):
            await spread.pick(number).start_child(child(Cell))
        assert [pool.count_children().active for pool in spread.handles()] == [2, 2]
        found = whereis("cells", PartitionSupervisor)
        assert found is not None
        assert found.pick("alice", Cell) == ref
        with pytest.raises(WrongKind):
            found.pick("alice", Other)
        with pytest.raises(WrongKind):
            sup.partition_supervisor("cells", 0)


@pytest.mark.trio
async def test_part_009_between_two_lives_a_pick_says_no_process_or_waits(
    autojump_clock: trio.abc.Clock,
) -> None:
    backoff = Backoff(initial=2, jitter=0, immediate_first=False)
    spec = partition_supervisor(child(Cell, backoff=backoff), partitions=2, id="p")
    async with open_supervisor([spec]) as sup:
        parts = sup.partition_supervisor("p")
        parts.pick(1, Cell).cast(Cell.crash)
        await parts.pick(1).wait_exit(1)
        with pytest.raises(NoProcess):
            await parts.pick(1, Cell).call(Cell.who)
        began = trio.current_time()
        assert await parts.pick(1, Cell).when_running().call(Cell.who) == "1 life 2"
        assert trio.current_time() - began == 2


@pytest.mark.trio
async def test_part_010_an_unknown_name_or_one_that_is_down(
    autojump_clock: trio.abc.Clock,
) -> None:
    spec = partition_supervisor(child(Cell), partitions=2, name="cells")
    async with open_supervisor([spec]) as sup:
        assert whereis("nothing", PartitionSupervisor) is None
        parts = sup.partition_supervisor("cells")
        await sup.terminate_child("cells")
        assert whereis("cells", PartitionSupervisor) is None
        with pytest.raises(NoProcess):
            await parts.pick("k", Cell).call(Cell.who)
        with pytest.raises(SupervisorStopping):
            await parts.resize(1)


@pytest.mark.trio
async def test_part_010_not_started_yet(autojump_clock: trio.abc.Clock) -> None:
    class Early(GenServer):
        async def init(self) -> None:
            assert isinstance(self.supervisor, Supervisor)
            with pytest.raises(NoProcess, match="started"):
                self.supervisor.partition_supervisor("p").pick(1)

    specs = [child(Early), partition_supervisor(child(Cell), id="p")]
    async with open_supervisor(specs) as sup:
        assert sup.child("Early").life == 1


@pytest.mark.trio
async def test_part_011_specs_is_the_maximum_active_the_present_number(
    autojump_clock: trio.abc.Clock,
) -> None:
    spec = partition_supervisor(child(Cell), partitions=4, id="p")
    async with open_supervisor([spec]) as sup:
        parts = sup.partition_supervisor("p")
        await parts.resize(1)
        counts = parts.count_children()
        assert (counts.specs, counts.active, counts.workers) == (4, 1, 4)
        statuses = [info.status for info in parts.which_children()]
        assert statuses == ["running", "stopped", "stopped", "stopped"]


@pytest.mark.trio
async def test_part_012_resize_returns_the_former_number(
    autojump_clock: trio.abc.Clock,
) -> None:
    spec = partition_supervisor(child(Cell), partitions=3, id="p")
    async with open_supervisor([spec]) as sup:
        parts = sup.partition_supervisor("p")
        assert await parts.resize(3) == 3
        assert await parts.resize(1) == 3
        assert {parts.pick(key).id for key in range(10)} == {0}
        assert await parts.resize(2) == 1
        assert await parts.resize(3) == 2
        assert [handle.life for handle in parts.handles()] == [1, 2, 2]
        assert parts.statistics().restarts == 0


@pytest.mark.trio
@pytest.mark.parametrize("count", [-1, 4, 1.0, True, "2"])
async def test_part_012_resize_accepts_zero_to_the_initial_number(
    count: object, autojump_clock: trio.abc.Clock
) -> None:
    spec = partition_supervisor(child(Cell), partitions=3, id="p")
    async with open_supervisor([spec]) as sup:
        parts = sup.partition_supervisor("p")
        with pytest.raises(ValueError, match="from 0 to 3"):
            await parts.resize(count)  # type: ignore[arg-type]
        assert parts.partitions == 3


@pytest.mark.trio
async def test_part_012_growing_starts_and_shrinking_stops_in_order(
    autojump_clock: trio.abc.Clock,
) -> None:
    record: list[str] = []

    class Loud(Cell):
        async def init(self) -> None:
            await trio.sleep(1)
            record.append(f"+{self.id}")

        async def terminate(self, exit: object) -> None:
            assert isinstance(self.supervisor, PartitionSupervisor)
            record.append(f"-{self.id} of {self.supervisor.partitions}")

    spec = partition_supervisor(child(Loud), partitions=3, id="p")
    async with open_supervisor([spec]) as sup:
        parts = sup.partition_supervisor("p")
        record.clear()
        await parts.resize(0)
        assert record == ["-0 of 0", "-1 of 0", "-2 of 0"]
        record.clear()
        await parts.resize(3)
        assert record == ["+0", "+1", "+2"]


@pytest.mark.trio
async def test_part_012_concurrent_resizes_come_one_after_the_other(
    autojump_clock: trio.abc.Clock,
) -> None:
    class Slow(Cell):
        async def init(self) -> None:
            await trio.sleep(1)

    results: list[tuple[int, int]] = []
    spec = partition_supervisor(child(Slow), partitions=4, id="p")
    async with open_supervisor([spec]) as sup:
        parts = sup.partition_supervisor("p")

        async def resize(count: int) -> None:
            results.append((count, await parts.resize(count)))

        async with trio.open_nursery() as nursery:
            for count in (1, 4, 2):
                nursery.start_soon(resize, count)
                await wait_all_tasks_blocked()
        assert results == [(1, 4), (4, 1), (2, 4)]
        assert [info.status for info in parts.which_children()] == [
            "running",
            "running",
            "stopped",
            "stopped",
        ]


@pytest.mark.trio
async def test_part_012_a_partition_that_does_not_start_ends_the_growing_there(
    autojump_clock: trio.abc.Clock,
) -> None:
    class Fragile(Cell):
        async def init(self) -> None:
            if self.id == 2 and self.life == 2:
                raise RuntimeError("no")

    spec = partition_supervisor(child(Fragile), partitions=4, id="p")
    async with open_supervisor([spec]) as sup:
        parts = sup.partition_supervisor("p")
        await parts.resize(0)
        with pytest.raises(StartFailed):
            await parts.resize(4)
        assert parts.partitions == 2
        assert {parts.pick(key).id for key in range(10)} == {0, 1}
        assert await parts.resize(4) == 2


@pytest.mark.trio
async def test_part_013_zero_partitions(autojump_clock: trio.abc.Clock) -> None:
    spec = partition_supervisor(child(Cell), partitions=2, id="p")
    async with open_supervisor([spec]) as sup:
        parts = sup.partition_supervisor("p")
        await parts.resize(0)
        assert parts.handles() == []
        with pytest.raises(NoProcess, match="zero partitions"):
            parts.pick("k")
        await parts.resize(1)
        assert parts.pick("k").id == 0


@pytest.mark.trio
@pytest.mark.parametrize("strategy", ["one_for_all", "rest_for_one"])
async def test_part_014_a_group_restart_leaves_disabled_partitions_down(
    strategy: Strategy, autojump_clock: trio.abc.Clock
) -> None:
    """Elixir resurrects them."""
    spec = partition_supervisor(child(Cell), partitions=4, strategy=strategy, id="p")
    async with open_supervisor([spec]) as sup:
        parts = sup.partition_supervisor("p")
        await parts.resize(2)
        parts.pick(0, Cell).cast(Cell.crash)
        await parts.pick(0).wait_exit(1)
        await parts.pick(1).wait_running()
        await wait_all_tasks_blocked()
        assert [info.handle.life for info in parts.which_children()] == [2, 2, 1, 1]
        assert [info.status for info in parts.which_children()] == [
            "running",
            "running",
            "stopped",
            "stopped",
        ]
        await parts.resize(4)
        assert [info.handle.life for info in parts.which_children()] == [2, 2, 2, 2]


@pytest.mark.trio
async def test_part_014_shrinking_away_the_pivot_of_a_pending_group_restart(
    autojump_clock: trio.abc.Clock,
) -> None:
    backoff = Backoff(initial=5, jitter=0, immediate_first=False)
    spec = partition_supervisor(
        child(Cell, backoff=backoff), partitions=3, strategy="one_for_all", id="p"
    )
    async with open_supervisor([spec]) as sup:
        parts = sup.partition_supervisor("p")
        began = trio.current_time()
        parts.pick(2, Cell).cast(Cell.crash)
        await wait_all_tasks_blocked()
        assert await parts.resize(2) == 3
        for number in range(2):
            await parts.pick(number).wait_running()
        assert trio.current_time() - began == 5
        assert [info.handle.life for info in parts.which_children()] == [2, 2, 1]


@pytest.mark.trio
async def test_part_014_a_disabled_partition_is_not_restarted_by_hand(
    autojump_clock: trio.abc.Clock,
) -> None:
    spec = partition_supervisor(child(Cell), partitions=2, id="p")
    async with open_supervisor([spec]) as sup:
        parts = sup.partition_supervisor("p")
        await parts.terminate_child(0)
        await parts.restart_child(0)
        await parts.resize(1)
        with pytest.raises(NoSuchChild, match="disabled"):
            await parts.restart_child(1)
        with pytest.raises(ChildSpecError, match="resize"):
            await parts.delete_child(1)
        with pytest.raises(ChildSpecError, match="resize"):
            await parts.start_child(child(Cell))


@pytest.mark.trio
@pytest.mark.parametrize("restart", ["permanent", "transient", "temporary"])
async def test_growing_brings_back_partitions_of_every_restart_type(
    restart: Restart, autojump_clock: trio.abc.Clock
) -> None:
    spec = partition_supervisor(child(Cell, restart=restart), partitions=2, id="p")
    async with open_supervisor([spec]) as sup:
        parts = sup.partition_supervisor("p")
        for _ in range(2):
            await parts.resize(0)
            await parts.resize(2)
        for number in range(2):
            assert await parts.pick(number, Cell).call(Cell.who)


@pytest.mark.trio
async def test_a_restart_of_the_supervisor_uses_all_partitions_again(
    autojump_clock: trio.abc.Clock,
) -> None:
    spec = partition_supervisor(child(Cell), partitions=3, id="p")
    async with open_supervisor([spec]) as sup:
        parts = sup.partition_supervisor("p")
        await parts.resize(1)
        await parts.stop()
        await parts.wait_running()
        assert parts.life == 2
        assert parts.partitions == 3
        assert len(parts.handles()) == 3


def test_part_015_the_default_id_is_the_name() -> None:
    registry = Registry()
    cell = child(Cell)
    assert partition_supervisor(cell).label == "partition_supervisor"
    assert partition_supervisor(cell, name="cells").id == "cells"
    assert partition_supervisor(cell, name=registry.via("cells")).id == "cells"
    assert partition_supervisor(cell, name="cells", id="mine").id == "mine"


@pytest.mark.trio
async def test_part_016_stop_is_over_when_it_returns(
    autojump_clock: trio.abc.Clock,
) -> None:
    spec = partition_supervisor(
        child(Cell), partitions=2, id="p", restart="temporary", shutdown=math.inf
    )
    async with open_supervisor([spec]) as sup:
        parts = sup.partition_supervisor("p")
        handles = parts.handles()
        await parts.stop()
        assert [handle.record.alive for handle in [*handles, parts]] == [False] * 3
