"""Handles: waiting for a child, whatever becomes of it (rule 15 of how it is built)."""

from __future__ import annotations

import pytest
import trio
from trio.testing import MockClock

from tests.supervision.stage import Boom, Stage, quiet
from trio_sup import (
    Child,
    Exit,
    GenServer,
    NoProcess,
    call,
    child,
    open_supervisor,
    supervisor,
)

pytestmark = pytest.mark.trio


@pytest.mark.parametrize("strategy", ["one_for_one", "one_for_all", "rest_for_one"])
async def test_waiting_for_a_child_right_after_its_crash(strategy: str) -> None:
    """Its exit may still wait its turn: that is no end for good."""
    stage = Stage()
    async with open_supervisor(
        stage.specs("a b"),
        strategy=strategy,  # type: ignore[arg-type]
        max_restarts=100,
    ) as sup:
        for n in range(20):
            stage.crash("a")
            await trio.lowlevel.checkpoint()
            await sup.child("a").wait_running()
            await sup.child("b").wait_running()
            await quiet()
            assert sup.child("a").life == n + 2


async def test_waiting_through_the_restart_of_the_supervisor(
    autojump_clock: MockClock,
) -> None:
    for _ in range(8):
        stage = Stage(stop_seconds={"a": 2.0})
        tree = [stage.spec("z"), supervisor(stage.specs("a b"), id="s")]
        async with open_supervisor(tree, strategy="one_for_all") as sup:
            b = sup.child("s", "b")
            async with trio.open_nursery() as nursery:
                stage.crash("z")
                await trio.sleep(0.5)  # b is down, a is being stopped
                nursery.start_soon(b.wait_running)
            assert b.life == 2
            stage.stop_seconds.clear()


async def test_wait_running_ends_when_no_restart_can_come() -> None:
    stage = Stage()
    async with open_supervisor(stage.specs("a", restart="transient")) as sup:
        handle = sup.child("a")
        stage.finish("a")
        await quiet()
        with pytest.raises(NoProcess):
            await handle.wait_running()
        await sup.restart_child("a")
        await handle.wait_running()
    with pytest.raises(NoProcess):
        await handle.wait_running()


async def test_wait_running_of_a_grandchild_ends_when_its_supervisor_stays_down(
    autojump_clock: MockClock,
) -> None:
    stage = Stage(stop_seconds={"a": 2.0})
    inner = supervisor(stage.specs("a b"), id="s", restart="transient", max_restarts=0)
    ended: list[float] = []
    async with open_supervisor([inner]) as sup:
        handle = sup.child("s", "b")

        async def wait() -> None:
            with pytest.raises(NoProcess):
                await handle.wait_running()
            ended.append(trio.current_time())

        async with trio.open_nursery() as nursery:
            stage.crash("b")
            await trio.sleep(1)
            nursery.start_soon(wait)
    assert ended == [2]


async def test_wait_stopped_waits_through_restarts() -> None:
    stage = Stage()
    async with open_supervisor(stage.specs("a")) as sup:
        handle = sup.child("a")
        done: list[str] = []

        async def wait() -> None:
            await handle.wait_stopped()
            done.append("stopped")

        async with trio.open_nursery() as nursery:
            nursery.start_soon(wait)
            stage.crash("a")
            await quiet()
            assert done == []
            await sup.terminate_child("a")
    assert done == ["stopped"]
    await handle.wait_stopped()  # gone: at once


async def test_wait_exit_answers_past_and_future_lives() -> None:
    stage = Stage()
    async with open_supervisor(stage.specs("a"), max_restarts=100) as sup:
        handle = sup.child("a")
        exits: list[str] = []

        async def wait() -> None:
            exits.append(str(await handle.wait_exit(3)))

        async with trio.open_nursery() as nursery:
            nursery.start_soon(wait)
            for n in range(3):
                await quiet()
                stage.crash("a", Boom(str(n)))
        assert exits == ["crashed: Boom: 2"]
        assert str(await handle.wait_exit(1)) == "crashed: Boom: 0"
        for _ in range(16):
            await quiet()
            stage.crash("a")
        await quiet()
        with pytest.raises(LookupError, match="forgotten"):
            await handle.wait_exit(1)
    with pytest.raises(LookupError, match="never come"):
        await handle.wait_exit(99)
    assert (await handle.wait_exit()).kind == "shutdown"


async def test_wait_exit_without_a_number_is_about_the_present_life() -> None:
    stage = Stage()
    async with open_supervisor(stage.specs("a")) as sup:
        handle = sup.child("a")
        stage.crash("a")
        await quiet()
        with trio.move_on_after(0.01) as scope:
            await handle.wait_exit()
        assert scope.cancelled_caught


async def test_a_cancelled_waiter_leaves_nothing_behind() -> None:
    stage = Stage()
    async with open_supervisor(stage.specs("a")) as sup:
        handle = sup.child("a")
        with trio.move_on_after(0.01):
            await handle.wait_stopped()
        assert not handle.record.waiters
        stage.crash("a")
        await handle.wait_running()


async def test_trap_12_an_old_handle_stands_for_the_new_life() -> None:
    stage = Stage()
    async with open_supervisor(stage.specs("a")) as sup:
        handle = sup.child("a")
        stage.crash("a")
        await quiet()
        assert (handle.life, handle.restarts, handle.status) == (2, 1, "running")
        assert handle == sup.child("a")
        await sup.terminate_child(handle.id)
        assert stage.up == []


async def test_handles_have_no_public_constructor() -> None:
    with pytest.raises(TypeError):
        Child()


async def test_each_life_starts_in_the_context_of_the_supervisors_start() -> None:
    from contextvars import ContextVar

    who: ContextVar[str] = ContextVar("who", default="nobody")
    seen: list[str] = []

    async def look() -> None:
        seen.append(who.get())
        who.set("an earlier life")
        if len(seen) == 1:
            raise Boom
        await trio.sleep_forever()

    who.set("the opener")
    async with open_supervisor([]) as sup:
        who.set("a caller")
        await sup.start_child(child(look))
        await quiet()
        await sup.terminate_child("look")
        who.set("another caller")
        await sup.restart_child("look")
        await quiet()
    assert seen == ["the opener"] * 3


async def test_wait_running_during_a_supervisors_own_stop_waits_for_the_next_life(
    autojump_clock: MockClock,
) -> None:
    stage = Stage(stop_seconds={"a": 2.0})
    async with open_supervisor([supervisor(stage.specs("a"), id="s")]) as sup:
        inner = sup.supervisor("s")
        async with trio.open_nursery() as nursery:
            nursery.start_soon(inner.stop)
            await trio.sleep(1)  # `a` takes its time
            assert inner.status == "stopping"
            await inner.wait_running()
            assert (inner.life, trio.current_time()) == (2, 2.0)
            stage.stop_seconds.clear()


class Slow(GenServer):
    """Takes two seconds to clean up."""

    async def terminate(self, exit: Exit) -> None:
        await trio.sleep(2)

    @call
    async def ping(self) -> int:
        return self.life


async def test_a_server_that_ends_by_itself_is_waited_for_until_its_next_life(
    autojump_clock: MockClock,
) -> None:
    async with open_supervisor([child(Slow)]) as sup:
        slow = sup.server(Slow, "Slow")
        async with trio.open_nursery() as nursery:
            nursery.start_soon(slow.stop)
            await trio.sleep(1)
            assert slow.status == "stopping"
            with pytest.raises(NoProcess, match="is stopping"):
                await slow.call(Slow.ping)
            assert await slow.when_running().call(Slow.ping) == 2
            assert trio.current_time() == 2.0
