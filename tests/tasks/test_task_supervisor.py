"""task_supervisor(): rows TASK-002, TASK-050 and TASK-053 to TASK-061 of the checklist."""

import math

import pytest
import trio
from trio.testing import wait_all_tasks_blocked

from tests.tasks.work import after, fail_after
from trio_sup import (
    AlreadyStarted,
    ChildSpecError,
    DynamicSupervisor,
    Exit,
    MaxChildren,
    NoSuchChild,
    Ok,
    RestartLimitExceeded,
    SupervisorStopping,
    Task,
    TaskSupervisor,
    WouldDeadlock,
    WrongKind,
    address,
    graceful_stop,
    open_supervisor,
    task_supervisor,
    whereis,
)


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
async def test_an_address_as_name_gives_its_key_as_id() -> None:
    jobs = address("jobs", TaskSupervisor)
    async with open_supervisor([task_supervisor(name=jobs)]) as sup:
        assert sup.task_supervisor("jobs") == jobs.record.handle
