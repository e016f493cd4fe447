"""Tasks and their results: rows TASK-001 to TASK-008 and TASK-015 to TASK-021."""

import gc
import logging
import weakref

import pytest
import trio
from trio.testing import wait_all_tasks_blocked

from tests.tasks.work import after, fail_after, open_tasks
from trio_sup import (
    Exit,
    GenServer,
    Ok,
    Stop,
    Task,
    TaskExit,
    TaskSupervisor,
    WouldDeadlock,
    await_many,
    call,
    callers,
    child,
    open_supervisor,
    task_supervisor,
    yield_many,
)


@pytest.mark.trio
async def test_task_001_it_runs_at_once_beside_its_caller(
    autojump_clock: trio.abc.Clock,
) -> None:
    async with open_tasks() as tasks:
        began = trio.current_time()
        one: Task[str] = tasks.async_nolink(after, 2, "one")
        two = tasks.async_nolink(after, 2, "two")
        assert not one.done
        assert one.outcome is None
        assert (await one.result(), await two.result()) == ("one", "two")
        assert trio.current_time() - began == 2
        assert one.done
        assert one.child is not None
        assert one.child.status == "gone"
        assert one.path_text == one.child.path_text == "root/t/1"
        assert one.child.record.target_name == "after"


@pytest.mark.trio
async def test_task_004_007_anybody_may_ask_any_number_of_times(
    autojump_clock: trio.abc.Clock,
) -> None:
    got: list[int] = []

    async def ask(task: Task[int]) -> None:
        got.append(await task.result())

    async with open_tasks() as tasks:
        task = tasks.async_nolink(after, 1, 7)
        async with trio.open_nursery() as nursery:
            for _ in range(3):
                nursery.start_soon(ask, task)
        assert got == [7, 7, 7]
        assert await task.result() == 7
        assert task.outcome == Ok(7)


@pytest.mark.trio
async def test_task_005_a_task_without_result_raises_with_its_error_as_cause(
    autojump_clock: trio.abc.Clock,
) -> None:
    async def stop(reason: object) -> None:
        raise Stop(reason)

    async with open_tasks() as tasks:
        error = KeyError("boom")
        crashed = tasks.async_nolink(fail_after, 0, error)
        with pytest.raises(TaskExit) as failed:
            await crashed.result()
        assert failed.value.__cause__ is error
        assert failed.value.exit.kind == "crashed"
        for reason, exit in ((None, Exit("normal")), ("why", Exit("shutdown", "why"))):
            with pytest.raises(TaskExit) as ended:
                await tasks.async_nolink(stop, reason).result()
            assert ended.value.exit == exit
            assert ended.value.__cause__ is None


@pytest.mark.trio
async def test_task_006_a_caller_that_gives_up_leaves_the_task_alone(
    autojump_clock: trio.abc.Clock,
) -> None:
    async with open_tasks() as tasks:
        task = tasks.async_nolink(after, 2, "late")
        with pytest.raises(trio.TooSlowError):
            with trio.fail_after(1):
                await task.result()
        assert await task.result() == "late"


@pytest.mark.trio
async def test_task_008_yield_may_be_repeated_and_none_means_still_running(
    autojump_clock: trio.abc.Clock,
) -> None:
    async with open_tasks() as tasks:
        task = tasks.async_nolink(after, 3, "x")
        began = trio.current_time()
        assert await task.yield_() is None
        assert await task.yield_(1) is None
        assert trio.current_time() - began == 1
        assert await task.yield_(5) == Ok("x")
        assert trio.current_time() - began == 3
        assert await task.yield_(5) == Ok("x")
        broken = tasks.async_nolink(fail_after, 0)
        outcome = await broken.yield_(1)
        assert isinstance(outcome, Exit)
        assert isinstance(outcome.error, KeyError)


@pytest.mark.trio
async def test_task_015_a_completed_task_needs_no_process() -> None:
    task = Task.completed("here")
    assert task.done
    assert task.child is None
    assert await task.result() == "here"
    assert await task.yield_() == await task.shutdown() == task.ignore() == Ok("here")
    assert await await_many([task, task]) == ["here", "here"]
    assert "completed" in repr(task)


@pytest.mark.trio
async def test_task_016_await_many_answers_in_the_order_of_the_tasks(
    autojump_clock: trio.abc.Clock,
) -> None:
    async with open_tasks() as tasks:
        began = trio.current_time()
        started = [tasks.async_nolink(after, s, s) for s in (3.0, 1.0, 2.0)]
        assert await await_many(started) == [3.0, 1.0, 2.0]
        assert trio.current_time() - began == 3
        assert await await_many(list[Task[int]]()) == []
        assert all(not task._run.watchers for task in started)


@pytest.mark.trio
async def test_task_016_the_first_failure_ends_the_wait_at_once(
    autojump_clock: trio.abc.Clock,
) -> None:
    async with open_tasks() as tasks:
        began = trio.current_time()
        slow = tasks.async_nolink(after, 9, 1)
        with pytest.raises(TaskExit) as failed:
            await await_many([slow, tasks.async_nolink(fail_after, 2)])
        assert isinstance(failed.value.__cause__, KeyError)
        assert trio.current_time() - began == 2
        assert not slow.done
        assert not slow._run.watchers
        with pytest.raises(trio.TooSlowError):
            with trio.fail_after(1):
                await await_many([slow])
        assert not slow._run.watchers


@pytest.mark.trio
async def test_task_017_yield_many_tells_what_is_known_in_order(
    autojump_clock: trio.abc.Clock,
) -> None:
    async with open_tasks() as tasks:
        slow = tasks.async_nolink(after, 9, "slow")
        fast = tasks.async_nolink(after, 1, "fast")
        bad = tasks.async_nolink(fail_after, 2)
        began = trio.current_time()
        found = await yield_many([slow, fast, bad], 3)
        assert trio.current_time() - began == 3
        assert [task for task, _ in found] == [slow, fast, bad]
        assert found[0][1] is None
        assert found[1][1] == Ok("fast")
        assert isinstance(found[2][1], Exit)
        assert await yield_many([], 3) == []


@pytest.mark.trio
async def test_task_017_a_limit_answers_early_and_does_nothing_to_the_rest(
    autojump_clock: trio.abc.Clock,
) -> None:
    async with open_tasks() as tasks:
        started = [tasks.async_nolink(after, s, s) for s in (1.0, 2.0, 9.0)]
        began = trio.current_time()
        found = await yield_many(started, 5, limit=2, on_timeout="kill_task")
        assert trio.current_time() - began == 2
        assert [outcome for _, outcome in found] == [Ok(1.0), Ok(2.0), None]
        assert not started[2].done
        # More than there are: capped, not waited for in vain.
        found = await yield_many(started[:2], 5, limit=99)
        assert trio.current_time() - began == 2


@pytest.mark.trio
async def test_task_017_what_happens_to_the_late_ones(
    autojump_clock: trio.abc.Clock,
) -> None:
    async with open_tasks() as tasks:
        late = tasks.async_nolink(after, 9, "late")
        assert await yield_many([late], 1) == [(late, None)]
        assert await yield_many([late], 1, on_timeout="ignore") == [(late, None)]
        assert not late.done
        assert await yield_many([late], 1, on_timeout="kill_task") == [(late, None)]
        assert late.done
        for wrong in ({"limit": 0}, {"on_timeout": "wait"}):
            with pytest.raises(ValueError, match="must be"):
                await yield_many([late], **wrong)


@pytest.mark.trio
async def test_task_019_as_a_static_child_the_supervisor_does_not_wait_for_its_end(
    autojump_clock: trio.abc.Clock,
) -> None:
    spec = child(after, 100, "x", restart="temporary")
    began = trio.current_time()
    async with open_supervisor([spec]) as sup:
        assert trio.current_time() == began
        assert sup.child("after").status == "running"


@pytest.mark.trio
async def test_task_020_only_crashes_are_logged_as_errors(
    autojump_clock: trio.abc.Clock, caplog: pytest.LogCaptureFixture
) -> None:
    async def stop() -> None:
        raise Stop("enough")

    with caplog.at_level(logging.ERROR, "trio_sup"):
        async with open_tasks() as tasks:
            started = [
                tasks.async_nolink(after, 0, 1),
                tasks.async_nolink(stop),
                tasks.async_nolink(trio.sleep_forever),
            ]
            await wait_all_tasks_blocked()
            await started[2].shutdown()
            assert caplog.records == []
            tasks.async_nolink(fail_after, 0)
            await wait_all_tasks_blocked()
    (record,) = caplog.records
    assert "root/t/4 crashed" in record.getMessage()
    assert "boom" in record.getMessage()


@pytest.mark.trio
async def test_task_021_callers_tells_who_had_it_started(
    autojump_clock: trio.abc.Clock,
) -> None:
    async def inner() -> list[object]:
        return [handle.id for handle in callers()]

    async def outer(tasks: TaskSupervisor) -> tuple[list[object], list[object]]:
        here: list[object] = [handle.id for handle in callers()]
        return here, await tasks.async_nolink(inner).result()

    class Boss(GenServer):
        @call
        async def go(self, tasks: TaskSupervisor) -> tuple[list[object], list[object]]:
            return await tasks.async_nolink(outer, tasks).result()

    specs = [task_supervisor(id="t"), child(Boss)]
    async with open_supervisor(specs) as sup:
        tasks = sup.task_supervisor("t")
        assert await sup.server(Boss, "Boss").call(Boss.go, tasks) == (
            ["Boss"],
            [1, "Boss"],
        )
        assert await tasks.async_nolink(inner).result() == []


@pytest.mark.trio
async def test_a_task_cannot_wait_for_itself(autojump_clock: trio.abc.Clock) -> None:
    box: list[Task[None]] = []

    async def waits() -> None:
        for use in (box[0].result, box[0].shutdown):
            with pytest.raises(WouldDeadlock, match="itself"):
                await use()

    async with open_tasks() as tasks:
        box.append(tasks.async_nolink(waits))
        await box[0].result()


@pytest.mark.trio
async def test_waiting_for_a_task_is_a_checkpoint_even_if_it_is_over(
    autojump_clock: trio.abc.Clock,
) -> None:
    async with open_tasks() as tasks:
        task = tasks.async_nolink(after, 0, 1)
        await task.result()
        for use in (
            task.result,
            task.yield_,
            task.shutdown,
            lambda: await_many([task]),
        ):
            with trio.testing.assert_checkpoints():
                await use()


@pytest.mark.trio
async def test_task_060_nobody_keeps_the_function_of_a_task(
    autojump_clock: trio.abc.Clock,
) -> None:
    class Payload:
        async def run(self) -> int:
            return 1

    async with open_tasks() as tasks:
        payload = Payload()
        watch = weakref.ref(payload)
        kept = tasks.async_nolink(payload.run)
        await kept.result()
        await tasks.start_child(payload.run)
        await wait_all_tasks_blocked()
        del payload
        gc.collect()
        assert watch() is None
        assert await kept.result() == 1


@pytest.mark.trio
async def test_task_061_a_deadline_ends_a_task_as_a_crash(
    autojump_clock: trio.abc.Clock,
) -> None:
    spec = task_supervisor(id="t", deadline=2.0)
    async with open_supervisor([spec]) as sup:
        tasks = sup.task_supervisor("t")
        began = trio.current_time()
        with pytest.raises(TaskExit) as failed:
            await tasks.async_nolink(after, 9, "x").result()
        assert isinstance(failed.value.__cause__, trio.TooSlowError)
        assert trio.current_time() - began == 2
        assert await tasks.async_nolink(after, 3, "x", deadline=4).result() == "x"
        handle = await tasks.start_child(trio.sleep, 9)
        assert isinstance((await handle.wait_exit()).error, trio.TooSlowError)
        for bad in (0, -1, float("nan"), True):
            with pytest.raises(ValueError, match="deadline"):
                tasks.async_nolink(after, 1, "x", deadline=bad)
            with pytest.raises(ValueError, match="deadline"):
                task_supervisor(deadline=bad)
