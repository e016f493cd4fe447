"""Linked tasks: who ends with whom, rows TASK-051 and TASK-052 of the checklist."""

import pytest
import trio

from tests.tasks.work import after, fail_after
from trio_sup import (
    Exit,
    GenServer,
    Ok,
    Stop,
    Task,
    TaskExit,
    TaskSupervisor,
    call,
    child,
    graceful_stop,
    open_supervisor,
    task_supervisor,
)


@pytest.mark.trio
async def test_task_051_the_failure_of_a_nolink_task_stays_in_its_handle(
    autojump_clock: trio.abc.Clock,
) -> None:
    async with open_supervisor([task_supervisor(id="t")]) as sup:
        task = sup.task_supervisor("t").async_nolink(fail_after, 1)
        await trio.sleep(5)
        assert isinstance(task.outcome, Exit)
        assert sup.child("t").life == 1


@pytest.mark.trio
async def test_task_051_the_failure_of_a_linked_task_cancels_its_block(
    autojump_clock: trio.abc.Clock,
) -> None:
    async with open_supervisor([task_supervisor(id="t")]) as sup:
        tasks = sup.task_supervisor("t")
        began = trio.current_time()
        reached = False
        with pytest.raises(TaskExit) as failed:
            async with tasks.linked() as links:
                other = links.start(after, 9, "x")
                links.start(fail_after, 1)
                await trio.sleep(100)
                reached = True
        assert isinstance(failed.value.__cause__, KeyError)
        assert not reached
        assert trio.current_time() - began == 1
        # The other one was stopped and waited for.
        assert isinstance(other.outcome, Exit)
        assert tasks.children() == []


@pytest.mark.trio
async def test_a_failed_link_is_reported_once_if_its_result_was_asked_for(
    autojump_clock: trio.abc.Clock,
) -> None:
    async with open_supervisor([task_supervisor(id="t")]) as sup:
        with pytest.raises(TaskExit, match="KeyError"):
            async with sup.task_supervisor("t").linked() as links:
                await links.start(fail_after, 1).result()


@pytest.mark.trio
async def test_an_error_of_the_block_and_of_a_link_make_one_group(
    autojump_clock: trio.abc.Clock,
) -> None:
    async with open_supervisor([task_supervisor(id="t")]) as sup:
        with pytest.raises(ExceptionGroup) as both:
            async with sup.task_supervisor("t").linked() as links:
                links.start(fail_after, 1)
                try:
                    await trio.sleep_forever()
                finally:
                    raise ValueError("clean-up")
        kinds = {type(error) for error in both.value.exceptions}
        assert kinds == {ValueError, TaskExit}


@pytest.mark.trio
async def test_an_error_of_the_block_alone_stays_bare(
    autojump_clock: trio.abc.Clock,
) -> None:
    async with open_supervisor([task_supervisor(id="t")]) as sup:
        tasks = sup.task_supervisor("t")
        with pytest.raises(ValueError, match="mine"):
            async with tasks.linked() as links:
                task = links.start(trio.sleep_forever)
                raise ValueError("mine")
        assert task.done
        assert tasks.children() == []


@pytest.mark.trio
async def test_a_failure_in_the_last_moment_is_not_lost(
    autojump_clock: trio.abc.Clock,
) -> None:
    """The block is left without another checkpoint after the failure."""
    async with open_supervisor([task_supervisor(id="t")]) as sup:
        with pytest.raises(TaskExit):
            async with sup.task_supervisor("t").linked() as links:
                links.start(fail_after, 0)
                with trio.CancelScope(shield=True):
                    await trio.sleep(1)


@pytest.mark.trio
async def test_task_002_052_leaving_the_block_stops_linked_tasks_only(
    autojump_clock: trio.abc.Clock,
) -> None:
    """In OTP the normal end of an owner leaves them running; here they end with it."""
    async with open_supervisor([task_supervisor(id="t")]) as sup:
        tasks = sup.task_supervisor("t")
        free = tasks.async_nolink(after, 5, "free")
        async with tasks.linked() as links:
            linked = links.start(after, 5, "linked")
            quick = links.start(after, 0, "quick")
            assert await quick.result() == "quick"
        assert isinstance(linked.outcome, Exit)
        assert linked.outcome.kind == "shutdown"
        assert await free.result() == "free"
        with pytest.raises(RuntimeError, match="inside"):
            links.start(after, 1, "too late")


@pytest.mark.trio
async def test_task_052_a_crash_of_the_owner_ends_linked_tasks_not_others(
    autojump_clock: trio.abc.Clock,
) -> None:
    started: list[Task[str]] = []

    class Owner(GenServer):
        @call
        async def work(self, tasks: TaskSupervisor) -> None:
            started.append(tasks.async_nolink(after, 5, "free"))
            async with tasks.linked() as links:
                started.append(links.start(after, 5, "linked"))
                await trio.sleep(1)
                raise RuntimeError("owner")

    specs = [task_supervisor(id="t"), child(Owner)]
    async with open_supervisor(specs) as sup:
        ref = sup.server(Owner, "Owner")
        with pytest.raises(Exception, match="owner"):
            await ref.call(Owner.work, sup.task_supervisor("t"))
        free, linked = started
        assert linked.done
        assert not free.done
        assert await free.result() == "free"


@pytest.mark.trio
async def test_leaving_a_block_grants_each_task_its_grace(
    autojump_clock: trio.abc.Clock,
) -> None:
    async def graceful(seconds: float) -> str:
        with graceful_stop() as stopping:
            await stopping.wait()
            await trio.sleep(seconds)
        return "finished"

    async with open_supervisor([task_supervisor(id="t")]) as sup:
        began = trio.current_time()
        with trio.move_on_after(1):
            async with sup.task_supervisor("t").linked() as links:
                quick = links.start(graceful, 2)
                slow = links.start(graceful, 9, shutdown=4)
                await trio.sleep_forever()
        assert trio.current_time() - began == 5
        assert quick.outcome == Ok("finished")
        assert isinstance(slow.outcome, Exit)
        assert slow.outcome.kind == "killed"


@pytest.mark.trio
async def test_a_normal_end_without_result_does_not_fail_the_block(
    autojump_clock: trio.abc.Clock,
) -> None:
    async def leave() -> None:
        raise Stop

    async with open_supervisor([task_supervisor(id="t")]) as sup:
        async with sup.task_supervisor("t").linked() as links:
            task = links.start(leave)
            await trio.sleep(1)
        assert task.outcome == Exit("normal")


@pytest.mark.trio
async def test_a_task_that_its_owner_shuts_down_does_not_fail_the_block(
    autojump_clock: trio.abc.Clock,
) -> None:
    async with open_supervisor([task_supervisor(id="t")]) as sup:
        async with sup.task_supervisor("t").linked() as links:
            task = links.start(trio.sleep_forever)
            assert await task.shutdown() is None
            await trio.sleep(1)


@pytest.mark.trio
async def test_a_linked_block_ends_with_the_supervisor_of_its_tasks(
    autojump_clock: trio.abc.Clock,
) -> None:
    async with open_supervisor([task_supervisor(id="t")]) as sup:
        tasks = sup.task_supervisor("t")
        async with trio.open_nursery() as nursery:
            with pytest.raises(TaskExit) as failed:
                async with tasks.linked() as links:
                    links.start(trio.sleep_forever)
                    nursery.start_soon(sup.terminate_child, "t")
                    await trio.sleep_forever()
        assert failed.value.exit.kind == "shutdown"


@pytest.mark.trio
async def test_a_linked_block_is_entered_once_only(
    autojump_clock: trio.abc.Clock,
) -> None:
    async with open_supervisor([task_supervisor(id="t")]) as sup:
        links = sup.task_supervisor("t").linked()
        with pytest.raises(RuntimeError, match="inside"):
            links.start(after, 1, "x")
        async with links:
            pass
        with pytest.raises(RuntimeError, match="once"):
            async with links:
                pass
