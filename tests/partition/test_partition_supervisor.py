"""partition_supervisor(): rows PART-001 to PART-011, PART-015 and PART-016 of the checklist."""

import math

import pytest
import trio

from tests.partition.cells import Cell
from trio_sup import (
    Backoff,
    ChildSpec,
    ChildSpecError,
    GenServer,
    NoProcess,
    PartitionSupervisor,
    Registry,
    ServerRef,
    Supervisor,
    SupervisorStopping,
    WrongKind,
    child,
    dynamic_supervisor,
    open_supervisor,
    partition_supervisor,
    whereis,
)


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
