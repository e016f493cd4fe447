"""How streams end: failures, timeouts, errors of the source, leaving early."""

from collections.abc import AsyncIterator, Iterator

import pytest
import trio
from hypothesis import given, strategies as st
from trio.testing import MockClock

from tests.tasks.streaming import Work, open_tasks
from trio_sup import (
    Failed,
    MaxChildren,
    Ok,
    TaskExit,
    TaskSupervisor,
)


@pytest.mark.trio
async def test_task_034_by_default_there_is_no_timeout_and_one_is_fatal(
    autojump_clock: trio.abc.Clock,
) -> None:
    async with open_tasks() as tasks:
        work = Work()
        items = [1.0, 9.0, 2.0]
        async with tasks.stream(work, items, timeout=5) as stream:
            assert await anext(stream) == 1
            with pytest.raises(trio.TooSlowError, match="5 s"):
                await anext(stream)
            assert trio.current_time() - work.began == 5
            with pytest.raises(StopAsyncIteration):
                await anext(stream)
        assert tasks.children() == []
        async with tasks.stream(work, [500.0]) as patient:
            assert [result async for result in patient] == [500]


@pytest.mark.trio
async def test_task_034_kill_task_fails_only_the_slow_item(
    autojump_clock: trio.abc.Clock,
) -> None:
    async with open_tasks() as tasks:
        items = [1.0, 9.0, 2.0]
        work = Work()
        async with tasks.stream_nolink(
            work, items, timeout=5, on_timeout="kill_task"
        ) as stream:
            one, slow, two = [outcome async for outcome in stream]
        assert (one, two) == (Ok(1.0), Ok(2.0))
        assert isinstance(slow, Failed)
        assert slow.input == 9
        assert slow.exit.kind == "killed"
        assert isinstance(slow.exit.error, trio.TooSlowError)
        assert trio.current_time() - work.began == 5
        assert stream.progress.failed == 1


@pytest.mark.trio
async def test_task_034_the_time_of_an_item_begins_with_its_own_start(
    autojump_clock: trio.abc.Clock,
) -> None:
    async with open_tasks() as tasks:
        work = Work()
        async with tasks.stream(
            work, [3.0] * 4, timeout=4, max_concurrency=1
        ) as stream:
            assert len([result async for result in stream]) == 4
        assert trio.current_time() - work.began == 12


@pytest.mark.trio
async def test_task_035_a_failure_ends_a_linked_stream(
    autojump_clock: trio.abc.Clock,
) -> None:
    async with open_tasks() as tasks:
        work = Work()
        with pytest.raises(TaskExit) as failed:
            async with tasks.stream(work, [1.0, 9.0, -2.0, 9.0]) as stream:
                async for result in stream:
                    assert result == 1
        assert isinstance(failed.value.__cause__, KeyError)
        assert trio.current_time() - work.began == 2
        assert tasks.children() == []
        assert work.running == 0


@pytest.mark.trio
async def test_task_035_036_a_failure_is_an_element_of_a_nolink_stream(
    autojump_clock: trio.abc.Clock,
) -> None:
    async with open_tasks() as tasks:
        async with tasks.stream_nolink(Work(), [1.0, -2.0, 3.0]) as stream:
            first, second, third = [outcome async for outcome in stream]
        assert (first, third) == (Ok(1.0), Ok(3.0))
        assert isinstance(second, Failed)
        assert second.input == -2
        assert second.exit.kind == "crashed"
        assert isinstance(second.exit.error, KeyError)


@pytest.mark.trio
@pytest.mark.parametrize("how", ["break", "raise", "cancel"])
async def test_task_037_leaving_early_stops_and_joins_the_rest_and_closes_the_source(
    how: str, autojump_clock: trio.abc.Clock
) -> None:
    closed: list[str] = []

    def plain() -> Iterator[float]:
        try:
            while True:
                yield 1.0
                yield 50.0
        finally:
            closed.append("plain")

    async def awaited() -> AsyncIterator[float]:
        try:
            while True:
                await trio.lowlevel.checkpoint()
                yield 1.0
                yield 50.0
        finally:
            closed.append("async")

    async def consume(tasks: TaskSupervisor, source: object) -> None:
        async with tasks.stream(
            work,
            source,  # type: ignore[arg-type]
            max_concurrency=4,
        ) as stream:
            async for _ in stream:
                if how == "raise":
                    raise ValueError("enough")
                if how == "break":
                    break

    async with open_tasks() as tasks:
        for source in (plain(), awaited()):
            work = Work()
            if how == "raise":
                with pytest.raises(ValueError, match="enough"):
                    await consume(tasks, source)
            else:
                with trio.move_on_after(20):
                    await consume(tasks, source)
            assert trio.current_time() - work.began == (20 if how == "cancel" else 1)
            assert work.running == 0
            assert len(work.ended) == len(work.starts)
            assert tasks.children() == []
    assert closed == ["plain", "async"]


@pytest.mark.trio
async def test_task_037_the_rest_has_its_grace(autojump_clock: trio.abc.Clock) -> None:
    async def shielded(item: int) -> int:
        with trio.CancelScope(shield=bool(item)):
            await trio.sleep(3)
        return item

    async with open_tasks() as tasks:
        began = trio.current_time()
        async with tasks.stream(shielded, [0, 1], ordered=False) as stream:
            with trio.move_on_after(1):
                await anext(stream)
        assert trio.current_time() - began == 3


@pytest.mark.trio
async def test_task_038_at_most_max_concurrency_more_items_are_started(
    autojump_clock: trio.abc.Clock,
) -> None:
    async with open_tasks() as tasks:
        work = Work()
        async with tasks.stream(work, [1.0] * 100, max_concurrency=4) as stream:
            for _ in range(3):
                await anext(stream)
            await trio.sleep(50)  # a slow consumer: nothing goes on behind its back
            assert len(work.starts) <= 3 + 4
            progress = stream.progress
            assert progress.delivered == 3
            assert progress.started - progress.delivered <= 4


@pytest.mark.trio
async def test_task_039_an_error_of_the_source_ends_the_stream(
    autojump_clock: trio.abc.Clock,
) -> None:
    def items() -> Iterator[float]:
        yield 50.0
        raise LookupError("source")

    async with open_tasks() as tasks:
        work = Work()
        with pytest.raises(LookupError, match="source"):
            async with tasks.stream(work, items()) as stream:
                await anext(stream)
        assert trio.current_time() == work.began
        assert work.running == 0
        assert tasks.children() == []


@pytest.mark.trio
async def test_task_039_an_error_of_the_source_after_the_last_step_is_not_lost(
    autojump_clock: trio.abc.Clock,
) -> None:
    async def items() -> AsyncIterator[float]:
        yield 1.0
        try:
            await trio.sleep_forever()
        finally:
            raise LookupError("source")

    async with open_tasks() as tasks:
        with pytest.raises(LookupError, match="source"):
            async with tasks.stream(Work(), items()) as stream:
                await anext(stream)
        with pytest.raises(ExceptionGroup) as caught:
            async with tasks.stream(Work(), items()) as stream:
                await anext(stream)
                raise ValueError("block")
        assert caught.group_contains(LookupError, match="source")
        assert caught.group_contains(ValueError, match="block")
        assert tasks.children() == []


@pytest.mark.trio
async def test_task_041_too_many_children_end_the_stream_cleanly(
    autojump_clock: trio.abc.Clock,
) -> None:
    async with open_tasks(max_children=2) as tasks:
        work = Work()
        with pytest.raises(MaxChildren):
            async with tasks.stream(work, [5.0] * 4, max_concurrency=3) as stream:
                await anext(stream)
        assert tasks.children() == []
        assert work.running == 0


@pytest.mark.trio
async def test_ctrl_c_in_the_source_is_raised_bare(
    autojump_clock: trio.abc.Clock,
) -> None:
    def items() -> Iterator[float]:
        yield 1.0
        raise KeyboardInterrupt

    async with open_tasks() as tasks:
        with pytest.raises(KeyboardInterrupt):
            async with tasks.stream(Work(), items()) as stream:
                async for _ in stream:
                    pass
        assert tasks.children() == []


@pytest.mark.trio
async def test_a_cancelled_step_of_the_iteration_loses_nothing(
    autojump_clock: trio.abc.Clock,
) -> None:
    async with open_tasks() as tasks:
        async with tasks.stream(Work(), [5.0, 1.0]) as stream:
            with trio.move_on_after(2):
                await anext(stream)
            assert [result async for result in stream] == [5, 1]


@given(
    items=st.lists(st.sampled_from([0.0, 1.0, 2.0, 3.0, -1.0]), max_size=12),
    slots=st.integers(1, 4),
    ordered=st.booleans(),
    buffer=st.sampled_from([0, 1, 1024]),
)
def test_every_item_has_exactly_one_outcome(
    items: list[float], slots: int, ordered: bool, buffer: int
) -> None:
    async def main() -> None:
        async with open_tasks() as tasks:
            work = Work()
            async with tasks.stream_nolink(
                work, items, max_concurrency=slots, ordered=ordered, buffer=buffer
            ) as stream:
                found = [outcome async for outcome in stream]
            inputs = [one.value if isinstance(one, Ok) else one.input for one in found]
            assert (inputs if ordered else sorted(inputs)) == (
                items if ordered else sorted(items)
            )
            failed = [isinstance(outcome, Failed) for outcome in found]
            assert failed == [item < 0 for item in inputs]
            assert work.most <= slots
            assert tasks.children() == []

    trio.run(main, clock=MockClock(autojump_threshold=0))
