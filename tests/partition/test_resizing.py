"""Partitions are switched off and on while others work: rows PART-012 to PART-014."""

import pytest
import trio
from trio.testing import wait_all_tasks_blocked

from tests.partition.cells import Cell
from trio_sup import (
    Backoff,
    ChildSpecError,
    NoProcess,
    NoSuchChild,
    PartitionSupervisor,
    StartFailed,
    child,
    open_supervisor,
    partition_supervisor,
)
from trio_sup._core.words import Restart, Strategy


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
async def test_part_014_shrinking_away_who_failed_in_a_group_restart_spares_the_others(
    autojump_clock: trio.abc.Clock,
) -> None:
    """Those that had come up already go on; none is shown as waiting."""
    fails = trio.Event()
    crashes, lives = trio.Event(), [0] * 4

    async def part(
        number: int, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED
    ) -> None:
        lives[number] += 1
        await trio.sleep(1)
        if number == 2 and fails.is_set():
            raise RuntimeError("boom")
        task_status.started()
        if lives[number] > 1:
            await trio.sleep_forever()
        await crashes.wait()
        raise RuntimeError("boom")

    spec = partition_supervisor(
        lambda number: child(part, number),
        partitions=4,
        strategy="one_for_all",
        id="p",
    )
    async with open_supervisor([spec]) as sup:
        parts = sup.partition_supervisor("p")
        fails.set()
        crashes.set()
        await trio.sleep(2.5)
        assert lives == [2, 2, 2, 1]
        assert await parts.resize(2) == 4
        assert await parts.resize(2) == 2
        await trio.sleep(10)
        assert [info.handle.life for info in parts.which_children()] == [2, 2, 2, 1]
        statuses = [info.status for info in parts.which_children()]
        assert statuses == ["running", "running", "stopped", "stopped"]


@pytest.mark.trio
async def test_part_014_who_was_started_by_hand_is_not_taken_for_one_that_waits(
    autojump_clock: trio.abc.Clock,
) -> None:
    backoff = Backoff(initial=5, jitter=0, immediate_first=False)
    spec = partition_supervisor(
        child(Cell, backoff=backoff), partitions=3, strategy="one_for_all", id="p"
    )
    async with open_supervisor([spec]) as sup:
        parts = sup.partition_supervisor("p")
        parts.pick(2, Cell).cast(Cell.crash)
        await wait_all_tasks_blocked()
        await parts.restart_child(0)
        assert await parts.resize(2) == 3
        statuses = [info.status for info in parts.which_children()]
        assert statuses == ["running", "backing_off", "stopped"]
        await trio.sleep(6)
        statuses = [info.status for info in parts.which_children()]
        assert statuses == ["running", "running", "stopped"]


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
