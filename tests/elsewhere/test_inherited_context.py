"""A Trio run in a child's thread inherits its context, and is nobody's child."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

import pytest
import trio
import trio.testing

import trio_sup
from trio_sup import GenServer, Registry, WrongRun, call, child
from trio_sup._node.inside import calls_to


async def until_told() -> None:
    """Wait for the end, in order."""
    with trio_sup.graceful_stop() as stop:
        await stop.wait()


def test_a_graceful_stop_in_a_run_of_a_childs_thread_is_refused() -> None:
    found: list[BaseException] = []

    async def own_run() -> None:
        try:
            await trio.to_thread.run_sync(trio.run, until_told)
        except RuntimeError as error:
            found.append(error)
        await trio.sleep_forever()

    async def main() -> None:
        with trio.fail_after(10):
            async with trio_sup.open_supervisor([child(own_run)]):
                while not found:
                    await trio.sleep(0.01)

    trio.run(main)
    assert [type(error) for error in found] == [WrongRun]
    assert "graceful_stop" in str(found[0])


def test_a_tree_in_a_childs_thread_is_a_tree_of_its_own() -> None:
    seen: list[object] = []
    names = Registry(name="inner")

    class Asker(GenServer):
        @call
        async def hold(self, other: trio_sup.ServerRef[Asker]) -> None:
            await other.call(Asker.hold, other)

        @call
        async def who(self) -> object:
            return trio_sup.callers()

    async def inner() -> None:
        with pytest.raises(trio_sup.NoProcess):
            names.unregister("x")  # nobody's child here
        spec = [child(Asker, id="a"), trio_sup.task_supervisor(id="tasks")]
        async with trio_sup.open_supervisor(spec) as root:
            ref = root.server(Asker, "a")
            seen.append(await ref.with_timeout(5).call(Asker.who))
            tasks = root.task_supervisor("tasks")

            async def who() -> object:
                return trio_sup.callers()

            seen.append(await tasks.async_nolink(who).result())
            seen.append(trio_sup.current_node().child_of(trio.lowlevel.current_task()))
            await root.stop()

    class Outer(GenServer):
        @call
        async def run_inside(self) -> None:
            await trio.to_thread.run_sync(trio.run, inner)

    async def main() -> None:
        with trio.fail_after(10):
            async with trio_sup.open_supervisor([child(Outer, id="outer")]) as root:
                await root.server(Outer, "outer").call(Outer.run_inside)

    trio.run(main)
    assert seen == [(), (), (0, "")]


def test_a_run_in_a_childs_thread_registers_nothing_for_that_child() -> None:
    registry = Registry()
    refused: list[Exception] = []

    def register() -> None:
        try:
            registry.register("stolen")
        except (trio_sup.NoProcess, WrongRun) as error:
            refused.append(error)

    async def inner() -> None:
        register()

    async def outer() -> None:
        await trio.to_thread.run_sync(register)
        await trio.to_thread.run_sync(trio.run, inner)

    async def main() -> None:
        async with trio_sup.open_supervisor(
            [child(outer, restart="temporary")]
        ) as root:
            await root.child("outer").wait_stopped()

    trio.run(main)
    assert [type(error) for error in refused] == [WrongRun, trio_sup.NoProcess]
    assert registry.count() == 0


@pytest.mark.trio
async def test_a_stop_event_set_from_a_thread_does_not_cost_the_grace(
    autojump_clock: trio.testing.MockClock,
) -> None:
    events: list[trio.Event] = []

    async def careless() -> None:
        with trio_sup.graceful_stop() as stop:
            events.append(stop)
            await stop.wait()

    began = trio.current_time()
    async with trio_sup.open_supervisor([child(careless, shutdown=1000)]):
        await trio.testing.wait_all_tasks_blocked()
        with pytest.raises(RuntimeError):
            await trio.to_thread.run_sync(events[0].set)
    assert trio.current_time() - began < 1000


async def _attaching(names: list[object]) -> AsyncGenerator[int]:
    async with trio_sup.attach(name="socket") as me:
        names.append(me)
        yield 1


@pytest.mark.trio
async def test_an_attachment_closed_in_another_context_frees_its_name() -> None:
    made: list[Any] = []
    agen = _attaching(made)
    await anext(agen)
    assert trio_sup.whereis("socket") is not None
    async with trio.open_nursery() as nursery:
        nursery.start_soon(agen.aclose)
    assert trio_sup.whereis("socket") is None
    assert made[0].status == "gone"
    with pytest.raises(trio_sup.NoProcess):
        trio_sup.current_node().registry.register("further")  # not for the dead
    await _use_it_again()


@pytest.mark.filterwarnings("ignore:Async generator:ResourceWarning")
@pytest.mark.trio
async def test_an_attachment_left_to_the_collector_frees_its_name() -> None:
    made: list[Any] = []
    agen = _attaching(made)
    await anext(agen)
    del agen
    await trio.testing.wait_all_tasks_blocked()
    assert trio_sup.whereis("socket") is None
    await _use_it_again()


async def _use_it_again() -> None:
    async with trio_sup.attach(name="socket") as again:
        assert trio_sup.whereis("socket") == again
        trio_sup.current_node().registry.register("further")
        assert trio_sup.current_node().registry.keys(again) == ["socket", "further"]


@pytest.mark.trio
async def test_inside_of_an_attachment_that_ended_elsewhere_the_outer_one_counts() -> (
    None
):
    registry = trio_sup.current_node().registry
    async with trio_sup.attach(name="outer") as outer:
        agen = _attaching([])
        await anext(agen)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(agen.aclose)
        registry.register("further")
        assert registry.keys(outer) == ["outer", "further"]


def test_a_call_driven_by_another_event_loop_is_refused() -> None:
    async def main() -> None:
        class Echo(GenServer):
            @call
            async def ask(self) -> int:
                return 1

        async with trio_sup.open_supervisor([child(Echo, id="e")]) as root:
            ref = root.server(Echo, "e")
            with pytest.raises(WrongRun, match=r"trio\.from_thread\.run\(ref\.call"):
                await trio.to_thread.run_sync(asyncio.run, ref.call(Echo.ask))
            assert await ref.call(Echo.ask) == 1
            assert list(calls_to(ref.record)) == []

    trio.run(main)
