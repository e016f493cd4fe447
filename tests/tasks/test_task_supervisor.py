"""task_supervisor(): rows TASK-002 and TASK-050 to TASK-061 of the checklist."""

import math

import pytest
import trio
from trio.testing import wait_all_tasks_blocked

from trio_sup import (
    AlreadyStarted,
    ChildSpecError,
    DynamicSupervisor,
    Exit,
    GenServer,
    MaxChildren,
    NoSuchChild,
    Ok,
    RestartLimitExceeded,
    Stop,
    SupervisorStopping,
    Task,
    TaskExit,
    TaskSupervisor,
    WouldDeadlock,
    WrongKind,
    call,
    child,
    graceful_stop,
    open_supervisor,
    task_supervisor,
    whereis,
)


async def fail_after(seconds: float) -> int:
    await trio.sleep(seconds)
    raise KeyError("boom")


async def after(seconds: float, value: str) -> str:
    await trio.sleep(seconds)
    return value


@pytest.mark.trio
async def test_task_050_it_is_a_supervisor_with_a_name_and_limits(
    autojump_clock: trio.abc.Clock,
) -> None:
    spec = task_supervisor(name="jobs", max_children=1, max_restarts=7, max_seconds=9)
    assert spec.id == "jobs"
    assert task_supervisor().label == "task_supervisor"
    async with open_supervisor([spec]) as sup:
        tasks = sup.task_supervisor("jobs")
        assert whereis("jobs", TaskSupervisor) == tasks
        stats = tasks.statistics()
        assert (stats.max_restarts, stats.max_seconds) == (7, 9)
        with pytest.raises(WrongKind):
            sup.dynamic("jobs")
        with pytest.raises(WrongKind):
            whereis("jobs", DynamicSupervisor)
    with pytest.raises(ChildSpecError, match="max_children"):
        task_supervisor(max_children=-1)


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
async def test_task_053_max_children_is_an_error_for_all_of_them(
    autojump_clock: trio.abc.Clock,
) -> None:
    async with open_supervisor([task_supervisor(id="t", max_children=1)]) as sup:
        tasks = sup.task_supervisor("t")
        task = tasks.async_nolink(trio.sleep_forever)
        with pytest.raises(MaxChildren):
            tasks.async_nolink(trio.sleep_forever)
        with pytest.raises(MaxChildren):
            await tasks.start_child(trio.sleep_forever)
        with pytest.raises(MaxChildren):
            async with tasks.linked() as links:
                links.start(trio.sleep_forever)
        await task.shutdown()
        await tasks.start_child(trio.sleep_forever)


@pytest.mark.trio
async def test_task_054_start_child_restarts_as_told_and_counts(
    autojump_clock: trio.abc.Clock,
) -> None:
    lives: list[str] = []

    async def crash_twice(label: str) -> None:
        lives.append(label)
        if lives.count(label) < 3:
            raise RuntimeError(label)

    async with open_supervisor([task_supervisor(id="t", max_restarts=2)]) as sup:
        tasks = sup.task_supervisor("t")
        temporary = await tasks.start_child(crash_twice, "temporary")
        await temporary.wait_stopped()
        transient = await tasks.start_child(
            crash_twice, "transient", restart="transient"
        )
        await transient.wait_stopped()
        assert lives == ["temporary", *["transient"] * 3]
        assert transient.restarts == 2
        assert tasks.statistics().restarts == 2


@pytest.mark.trio
async def test_task_054_permanent_tasks_exceed_the_limit(
    autojump_clock: trio.abc.Clock,
) -> None:
    async def ends() -> None: ...

    with pytest.raises(RestartLimitExceeded):
        async with open_supervisor(
            [task_supervisor(id="t", max_restarts=1)], max_restarts=0
        ) as sup:
            await sup.task_supervisor("t").start_child(ends, restart="permanent")
            await trio.sleep(math.inf)


@pytest.mark.trio
async def test_start_child_takes_ids_names_and_readiness(
    autojump_clock: trio.abc.Clock,
) -> None:
    async def ready(
        value: str, task_status: trio.TaskStatus[str] = trio.TASK_STATUS_IGNORED
    ) -> None:
        await trio.sleep(1)
        task_status.started(value)
        await trio.sleep_forever()

    async with open_supervisor([task_supervisor(id="t")]) as sup:
        tasks = sup.task_supervisor("t")
        began = trio.current_time()
        handle = await tasks.start_child(ready, "here", id="me", name="worker")
        assert trio.current_time() - began == 1
        assert handle.value == "here"
        assert whereis("worker") == handle == sup.child("t", "me")
        assert handle.record.target_name.endswith("ready")
        with pytest.raises(AlreadyStarted):
            await tasks.start_child(trio.sleep_forever, id="me")
        with pytest.raises(ChildSpecError, match="fit"):
            await tasks.start_child(after, 1)  # type: ignore[arg-type]


@pytest.mark.trio
async def test_task_055_crashes_of_temporary_tasks_never_count(
    autojump_clock: trio.abc.Clock,
) -> None:
    async with open_supervisor([task_supervisor(id="t", max_restarts=0)]) as sup:
        tasks = sup.task_supervisor("t")
        for _ in range(10):
            tasks.async_nolink(fail_after, 0)
            await tasks.start_child(fail_after, 0)
        await wait_all_tasks_blocked()
        assert tasks.life == 1
        assert tasks.statistics().restarts == 0
        assert tasks.count_children().specs == 0


@pytest.mark.trio
async def test_task_056_the_end_of_the_supervisor_gives_each_its_grace_and_answers(
    autojump_clock: trio.abc.Clock,
) -> None:
    async def graceful() -> str:
        with graceful_stop() as stopping:
            await stopping.wait()
            await trio.sleep(2)
        return "finished"

    outcomes: list[object] = []

    async def ask(task: Task[str]) -> None:
        outcomes.append(await task.wait())

    async with trio.open_nursery() as nursery:
        async with open_supervisor([task_supervisor(id="t")]) as sup:
            tasks = sup.task_supervisor("t")
            for task in (
                tasks.async_nolink(graceful),
                tasks.async_nolink(graceful, shutdown=1),
                tasks.async_nolink(after, 99, "x"),
            ):
                nursery.start_soon(ask, task)
            await wait_all_tasks_blocked()
            began = trio.current_time()
        assert trio.current_time() - began == 2
    cut, killed, done = outcomes
    assert done == Ok("finished")
    assert isinstance(killed, Exit)
    assert killed.kind == "killed"
    assert isinstance(cut, Exit)
    assert cut.kind == "shutdown"
    with pytest.raises(SupervisorStopping):
        tasks.async_nolink(after, 1, "x")


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
async def test_task_057_children_lists_those_that_live(
    autojump_clock: trio.abc.Clock,
) -> None:
    async with open_supervisor([task_supervisor(id="t")]) as sup:
        tasks = sup.task_supervisor("t")
        one = tasks.async_nolink(trio.sleep_forever)
        two = await tasks.start_child(trio.sleep_forever)
        assert tasks.children() == [one.child, two]
        assert [info.handle for info in tasks.which_children()] == [one.child, two]
        await one.shutdown()
        assert tasks.children() == [two]
        assert tasks.count_children().active == 1


@pytest.mark.trio
async def test_task_058_terminate_child_by_task_handle_or_id(
    autojump_clock: trio.abc.Clock,
) -> None:
    async def suicide(tasks: TaskSupervisor) -> None:
        (me,) = tasks.children()
        with pytest.raises(WouldDeadlock):
            await tasks.terminate_child(me)

    async with open_supervisor([task_supervisor(id="t")]) as sup:
        tasks = sup.task_supervisor("t")
        await tasks.async_nolink(suicide, tasks).result()
        task = tasks.async_nolink(trio.sleep_forever)
        await tasks.terminate_child(task)
        assert task.done
        handle = await tasks.start_child(trio.sleep_forever)
        await tasks.terminate_child(handle)
        named = await tasks.start_child(trio.sleep_forever, id="x")
        await tasks.terminate_child("x")
        for gone in (task, handle, named, "x", "never", Task.completed(1)):
            with pytest.raises(NoSuchChild):
                await tasks.terminate_child(gone)


@pytest.mark.trio
async def test_a_coroutine_object_is_refused_with_a_hint(
    autojump_clock: trio.abc.Clock,
) -> None:
    async with open_supervisor([task_supervisor(id="t")]) as sup:
        tasks = sup.task_supervisor("t")
        wrong = after(1, "x")
        with pytest.raises(ChildSpecError, match="async function"):
            tasks.async_nolink(wrong)  # type: ignore[arg-type]
        wrong.close()
        assert tasks.count_children().specs == 0


@pytest.mark.trio
async def test_ctrl_c_in_a_task_passes_through(autojump_clock: trio.abc.Clock) -> None:
    async def interrupted() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        async with open_supervisor([task_supervisor(id="t")]) as sup:
            task = sup.task_supervisor("t").async_nolink(interrupted)
            await task.wait()
            await trio.sleep_forever()
    assert task.done


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
