"""stream() and stream_nolink(): rows TASK-030 to TASK-033, TASK-040 and TASK-042."""

from collections.abc import Iterator

import pytest
import trio
from trio.testing import wait_all_tasks_blocked

from tests.tasks.streaming import Work, open_tasks
from trio_sup import (
    Ok,
    StreamProgress,
)


@pytest.mark.trio
async def test_task_030_nothing_starts_before_the_first_result_is_asked_for(
    autojump_clock: trio.abc.Clock,
) -> None:
    taken: list[int] = []

    def items() -> Iterator[float]:
        for number in range(3):
            taken.append(number)
            yield float(number)

    async with open_tasks() as tasks:
        work = Work()
        async with tasks.stream(work, items()) as stream:
            await trio.sleep(10)
            assert (taken, work.starts) == ([], [])
            assert [result async for result in stream] == [0, 1, 2]


@pytest.mark.trio
async def test_task_030_made_by_one_task_consumed_by_another(
    autojump_clock: trio.abc.Clock,
) -> None:
    results: list[float] = []

    async with open_tasks() as tasks:
        stream = tasks.stream(Work(), [1.0, 2.0])

        async def consume() -> None:
            async with stream:
                results.extend([result async for result in stream])

        async with trio.open_nursery() as nursery:
            nursery.start_soon(consume)
    assert results == [1, 2]


@pytest.mark.trio
async def test_task_031_never_more_than_max_concurrency_at_a_time(
    autojump_clock: trio.abc.Clock,
) -> None:
    async with open_tasks() as tasks:
        work = Work()
        async with tasks.stream(work, [1.0] * 20, max_concurrency=3) as stream:
            assert [result async for result in stream] == [1.0] * 20
        assert work.most == 3
        assert trio.current_time() - work.began == 7


@pytest.mark.trio
async def test_task_032_a_slow_head_does_not_block_starting_others(
    autojump_clock: trio.abc.Clock,
) -> None:
    async with open_tasks() as tasks:
        work = Work()
        items = [200.0, 1.0, 1.5, 2.0]
        async with tasks.stream(work, items, max_concurrency=2) as stream:
            assert [result async for result in stream] == items
        assert sorted(work.starts[:2]) == [(1, 0), (200, 0)]
        assert work.starts[2:] == [(1.5, 1), (2, 2.5)]


@pytest.mark.trio
async def test_task_032_the_buffer_behind_a_slow_head_is_bounded(
    autojump_clock: trio.abc.Clock,
) -> None:
    async with open_tasks() as tasks:
        work = Work()
        items = [100.0, *[1.0] * 20]
        options = {"max_concurrency": 2, "buffer": 3}
        async with tasks.stream(work, items, **options) as stream:  # type: ignore[arg-type]
            first = await anext(stream)
            assert first == 100
            # The head, and three that wait behind it.
            assert len([s for s, at in work.starts if at < 100]) == 4
            assert [result async for result in stream] == items[1:]


@pytest.mark.trio
async def test_task_033_unordered_results_come_as_they_are_done(
    autojump_clock: trio.abc.Clock,
) -> None:
    async with open_tasks() as tasks:
        items = [3.0, 1.0, 2.0, 0.5]
        work = Work()
        async with tasks.stream(
            work, items, max_concurrency=3, ordered=False
        ) as stream:
            got = [
                (result, trio.current_time() - work.began) async for result in stream
            ]
        assert got == [(1, 1), (0.5, 1.5), (2, 2), (3, 3)]


@pytest.mark.trio
@pytest.mark.parametrize(
    "options",
    [
        {"max_concurrency": 0},
        {"max_concurrency": True},
        {"max_concurrency": 1.5},
        {"timeout": -1},
        {"timeout": float("nan")},
        {"buffer": -1},
        {"shutdown": float("inf")},
        {"shutdown": -1},
        {"on_timeout": "ignore"},
    ],
)
async def test_task_040_options_are_checked_when_the_stream_is_made(
    options: dict[str, object],
) -> None:
    async with open_tasks() as tasks:
        with pytest.raises(ValueError, match=next(iter(options))):
            tasks.stream_nolink(Work(), [1.0], **options)  # type: ignore[arg-type]


@pytest.mark.trio
async def test_task_042_streams_compose(autojump_clock: trio.abc.Clock) -> None:
    async def double(number: float) -> float:
        await trio.sleep(1)
        return number * 2

    async with open_tasks() as tasks:
        async with (
            tasks.stream(Work(), [3.0, 1.0, 2.0]) as first,
            tasks.stream(double, first) as second,
        ):
            assert [result async for result in second] == [6, 2, 4]
        assert tasks.children() == []


@pytest.mark.trio
async def test_a_slow_async_source_does_not_hold_back_what_is_done(
    autojump_clock: trio.abc.Clock,
) -> None:
    send, receive = trio.open_memory_channel[float](0)
    async with open_tasks() as tasks, trio.open_nursery() as nursery:

        async def produce() -> None:
            async with send:
                await send.send(1.0)
                await trio.sleep(100)
                await send.send(1.0)

        nursery.start_soon(produce)
        work = Work()
        async with tasks.stream(work, receive) as stream:
            got = [trio.current_time() - work.began async for _ in stream]
        assert got == [1, 101]


@pytest.mark.trio
async def test_progress_counts(autojump_clock: trio.abc.Clock) -> None:
    async with open_tasks() as tasks:
        items = [1.0, -1.0, 5.0, 1.0]
        async with tasks.stream_nolink(Work(), items, max_concurrency=2) as stream:
            assert stream.progress == StreamProgress(4, 0, 0, 0, 0, 0)
            await anext(stream)
            await wait_all_tasks_blocked()
            assert stream.progress.delivered == 1
            assert [outcome async for outcome in stream][-1] == Ok(1.0)
            assert stream.progress == StreamProgress(4, 4, 0, 4, 1, 4)


@pytest.mark.trio
async def test_a_stream_is_used_inside_of_its_block_by_one_task_once(
    autojump_clock: trio.abc.Clock,
) -> None:
    async with open_tasks() as tasks:
        stream = tasks.stream(Work(), [1.0])
        with pytest.raises(RuntimeError, match="async with"):
            await anext(stream)
        async with stream, trio.open_nursery() as nursery:

            async def ask() -> None:
                assert await anext(stream) == 1

            nursery.start_soon(ask)
            await wait_all_tasks_blocked()
            with pytest.raises(trio.BusyResourceError):
                await anext(stream)
        with pytest.raises(RuntimeError):
            await anext(stream)
        with pytest.raises(RuntimeError, match="once"):
            async with stream:
                pass
