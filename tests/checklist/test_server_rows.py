"""Starts, ends and names of servers, agents and tasks: rows that no other test names."""

from __future__ import annotations

import logging
from typing import Any

import pytest
import trio
from trio.lowlevel import current_task
from trio.testing import MockClock

from tests.checklist.told import Idle, Plain, Story, Told, answer
from tests.supervision.stage import Boom, quiet
from trio_sup import (
    Agent,
    AlreadyRegistered,
    ChildSpecError,
    Exit,
    GenServer,
    Registry,
    ServerExit,
    StartFailed,
    TaskSupervisor,
    child,
    current_node,
    open_supervisor,
    task_supervisor,
    whereis,
)

pytestmark = pytest.mark.trio


class Failing(GenServer):
    """Takes its time to fail to start."""

    def __init__(self, story: Story) -> None:
        self.story = story

    async def init(self) -> None:
        self.story.lines.append("init")
        try:
            raise Boom("no")
        finally:
            with trio.CancelScope(shield=True):
                await trio.sleep(3)
                self.story.lines.append("gone")


async def test_a_starter_hears_once_after_the_failed_server_is_gone_gs_005(
    autojump_clock: MockClock, caplog: pytest.LogCaptureFixture
) -> None:
    story = Story()
    async with open_supervisor([]) as sup:
        with pytest.raises(StartFailed):
            await sup.start_child(child(Failing, story))
        assert story.lines == ["init", "gone"]
        assert trio.current_time() == 3
        await trio.sleep(100)
    errors = [r for r in caplog.records if r.levelno >= logging.ERROR]
    assert len(errors) == 1


async def test_init_does_not_run_under_a_taken_name_gs_007() -> None:
    story = Story()
    async with open_supervisor([child(Plain, name="n")]) as sup:
        with pytest.raises(AlreadyRegistered) as info:
            await sup.start_child(child(Told, story, name="n"))
        assert info.value.handle == sup.server(Plain, "Plain")
        assert story.lines == []


async def test_a_servers_name_is_any_hashable_or_a_registrys_key_gs_009() -> None:
    registry = Registry()
    specs = [
        child(Plain, id=1, name=("room", 7)),
        child(Plain, id=2, name=registry.via("x")),
        child(Plain, id=3),
    ]
    async with open_supervisor(specs) as sup:
        assert whereis(("room", 7), Plain) == sup.server(Plain, 1)
        assert registry.get("x", Plain) == sup.server(Plain, 2)
        assert current_node().registry.keys(sup.child(3)) == []
    unhashable: Any = []
    with pytest.raises(ChildSpecError) as info:
        child(Plain, name=unhashable)
    assert info.value.field == "name"


async def test_all_callbacks_are_optional_gs_013_065() -> None:
    async with open_supervisor([child(Plain)]) as sup:
        plain = sup.server(Plain, "Plain")
        assert await plain.call(Plain.ping) == "pong"
        await sup.terminate_child("Plain")
        assert plain.last_exit == Exit("shutdown", plain.last_exit.reason)  # type: ignore[union-attr]


async def test_a_servers_specification_has_defaults_that_give_way_gs_014() -> None:
    spec = child(Plain)
    assert (spec.label, spec.restart, spec.shutdown) == ("Plain", "permanent", 5.0)
    other = child(Plain, id="p", restart="temporary", shutdown=1)
    async with open_supervisor([spec, other]) as sup:
        assert sup.server(Plain, "Plain").id == "Plain"
        assert sup.get_childspec("p").restart == "temporary"


async def test_ends_in_order_are_silent_and_crashes_are_reported_gs_067(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.WARNING)
    specs = [child(Told, Story(), id=n, restart="temporary") for n in range(4)]
    async with open_supervisor(specs) as sup:
        for n, end in enumerate([None, "reason"]):
            await sup.server(Told, n).stop(end)
        await sup.terminate_child(2)
        assert caplog.records == []
        last = sup.server(Told, 3)
        last.cast(Told.crash)
        with pytest.raises(ServerExit):
            await last.call(Told.ping)
    (record,) = caplog.records
    assert record.levelno == logging.ERROR
    assert "root/3 crashed (life 1)" in record.getMessage()
    assert record.exc_info is not None
    assert isinstance(record.exc_info[1], Boom)


async def test_functions_run_in_the_agent_one_at_a_time_ag_007() -> None:
    tasks: list[trio.lowlevel.Task] = []

    def note(value: int) -> int:
        tasks.append(current_task())
        return value + 1

    async with open_supervisor([child(Agent[int], lambda: 0)]) as sup:
        agent = sup.server(Agent[int], "Agent")
        async with trio.open_nursery() as nursery:
            for _ in range(10):
                nursery.start_soon(Agent.update, agent, note)
        assert await Agent.get(agent, lambda value: value) == 10
    assert len(tasks) == 10
    assert len(set(tasks)) == 1
    assert current_task() not in tasks


async def test_a_result_is_kept_in_the_handle_task_003() -> None:
    async with open_supervisor([task_supervisor(id="t")]) as sup:
        task = sup.task_supervisor("t").async_nolink(answer)
        await quiet()
        assert task.done
        assert [await task.result() for _ in range(2)] == [42, 42]


async def test_fire_and_forget_gives_no_result_task_018() -> None:
    ran: list[str] = []

    async def job(text: str) -> str:
        ran.append(text)
        return "lost"

    async with open_supervisor([task_supervisor(id="t")]) as sup:
        tasks: TaskSupervisor = sup.task_supervisor("t")
        handle = await tasks.start_child(job, "x")
        await quiet()
        assert ran == ["x"]
        assert handle.status == "gone"
        assert handle.value is None
        assert not hasattr(handle, "result")


class Opening(Plain):
    """Takes its time to start, and looks itself up meanwhile."""

    async def init(self) -> None:
        self.found = whereis("n")
        await trio.sleep(3)


async def test_a_name_is_reserved_during_init_and_visible_after_it_gs_008(
    autojump_clock: MockClock,
) -> None:
    async with open_supervisor([]) as sup, trio.open_nursery() as nursery:
        nursery.start_soon(sup.start_child, child(Opening, name="n"))
        await trio.sleep(1)
        assert whereis("n") is None
        with pytest.raises(AlreadyRegistered):
            async with open_supervisor([], name="n", id="other"):
                raise AssertionError("entered")
        await trio.sleep(3)
        opening = whereis("n", Opening)
        assert opening is not None
        assert (await opening.get_state())["found"] is None


async def test_an_operation_of_another_class_is_an_error_gs_036() -> None:
    async with open_supervisor([child(Plain)]) as sup:
        plain: Any = sup.server(Plain, "Plain")
        with pytest.raises(TypeError):
            await plain.call(Told.finish, "reason")
        with pytest.raises(TypeError):
            plain.cast(Idle.bored, "why")
        assert (await plain.call(Plain.ping), plain.life) == ("pong", 1)


async def test_a_second_trace_hook_replaces_the_first_gs_087() -> None:
    seen: dict[str, int] = {"first": 0, "second": 0}

    def first(event: object) -> None:
        seen["first"] += 1

    def second(event: object) -> None:
        seen["second"] += 1

    async with open_supervisor([child(Plain)]) as sup:
        plain = sup.server(Plain, "Plain")
        await plain.trace(first)
        await plain.call(Plain.ping)
        once = seen["first"]
        await plain.trace(second)
        await plain.call(Plain.ping)
        assert seen == {"first": once, "second": once}
        await plain.trace(False)
        await plain.call(Plain.ping)
        assert seen == {"first": once, "second": once}
        assert once > 0
