"""Timeouts, callers that give up, servers that are down."""

import math
from typing import Any

import pytest
import trio
import trio.testing
from trio.testing import MockClock

from tests.servers.log_server import Log, Refused, tree
from trio_sup import (
    NoProcess,
    ServerExit,
    child,
    open_supervisor,
)


@pytest.mark.trio
async def test_a_cancelled_caller_is_harmless_and_its_request_is_still_served(
    autojump_clock: MockClock,
) -> None:
    """GS-023, trap 16, peer trap 20."""
    async with tree() as sup, trio.open_nursery() as nursery:
        ref = sup.server(Log, "log")
        nursery.start_soon(ref.call, Log.sleep, 2, "first")
        await trio.testing.wait_all_tasks_blocked()
        with trio.move_on_after(1) as scope:
            await ref.call(Log.add, "mine")
        assert scope.cancelled_caught
        assert await ref.call(Log.items) == ["first", "mine"]


@pytest.mark.trio
async def test_a_late_answer_vanishes(autojump_clock: MockClock) -> None:
    """GS-024, peer trap 20: the next answer is not the one of the late request."""
    async with tree() as sup:
        ref = sup.server(Log, "log")
        with pytest.raises(trio.TooSlowError):
            with trio.fail_after(1):
                await ref.call(Log.sleep, 3, "late")
        assert await ref.call(Log.add, "next") == 2
        assert await ref.call(Log.items) == ["late", "next"]


@pytest.mark.trio
async def test_a_view_with_a_timeout_raises_too_slow_and_the_request_is_still_served(
    autojump_clock: MockClock,
) -> None:
    """GS-022, GS-023."""
    async with tree() as sup:
        ref = sup.server(Log, "log")
        with pytest.raises(trio.TooSlowError):
            await ref.with_timeout(1).call(Log.sleep, 3, "late")
        assert trio.current_time() == 1
        assert await ref.with_timeout(5).call(Log.items) == ["late"]
        assert trio.current_time() == 3
        assert await ref.with_timeout(math.inf).call(Log.sleep, 9) == "slept"


@pytest.mark.trio
async def test_an_answer_at_the_very_deadline_is_an_answer(
    autojump_clock: MockClock,
) -> None:
    """GS-025: whichever comes first in that instant, it is exactly one of the two."""
    async with tree() as sup:
        ref = sup.server(Log, "log")
        outcomes = set()
        for _ in range(20):
            try:
                outcomes.add(await ref.with_timeout(1).call(Log.sleep, 1))
            except trio.TooSlowError:
                outcomes.add("too slow")
        assert outcomes <= {"slept", "too slow"}
        assert len(await ref.call(Log.items)) == 20


@pytest.mark.trio
@pytest.mark.parametrize("seconds", [-1, math.nan])
async def test_a_bad_timeout_raises_in_the_caller(seconds: Any) -> None:
    """GS-022."""
    async with tree() as sup:
        ref = sup.server(Log, "log")
        with pytest.raises(ValueError, match="timeout"):
            ref.with_timeout(seconds)
        with pytest.raises(ValueError, match="timeout"):
            ref.expiring(seconds)


@pytest.mark.trio
async def test_an_expired_request_is_not_served(autojump_clock: MockClock) -> None:
    async with tree() as sup, trio.open_nursery() as nursery:
        ref = sup.server(Log, "log")
        nursery.start_soon(ref.call, Log.sleep, 3, "first")
        await trio.testing.wait_all_tasks_blocked()
        with pytest.raises(trio.TooSlowError):
            await ref.expiring(1).call(Log.add, "expired")
        with trio.move_on_after(1):
            await ref.expiring(5).call(Log.add, "cancelled")
        with pytest.raises(trio.TooSlowError):
            await ref.with_timeout(0.5).call(Log.add, "only late")
        assert await ref.call(Log.items) == ["first", "only late"]


@pytest.mark.trio
async def test_an_expiring_request_in_hand_is_served_to_its_end(
    autojump_clock: MockClock,
) -> None:
    async with tree() as sup:
        ref = sup.server(Log, "log")
        with pytest.raises(trio.TooSlowError):
            await ref.expiring(1).call(Log.sleep, 3)
        assert await ref.call(Log.items) == ["slept"]


@pytest.mark.trio
async def test_a_call_to_a_server_that_is_down_raises_at_once() -> None:
    """GS-027: and it was not executed."""
    async with tree() as sup:
        ref = sup.server(Log, "log")
        await sup.terminate_child("log")
        with pytest.raises(NoProcess, match="root/log"):
            await ref.call(Log.add, 1)
        with pytest.raises(NoProcess):
            ref.cast(Log.note, 1)
        with pytest.raises(NoProcess):
            ref.send(1)
        with pytest.raises(NoProcess):
            await ref.cast_wait(Log.note, 1)
        with pytest.raises(NoProcess):
            await ref.stop()
        with pytest.raises(NoProcess):
            await ref.get_state()
        assert not ref.try_cast(Log.note, 1)


@pytest.mark.trio
async def test_a_patient_view_waits_through_a_restart_but_not_for_ever(
    autojump_clock: MockClock,
) -> None:
    async with tree() as sup:
        ref = sup.server(Log, "log").when_running()
        with pytest.raises(ServerExit):
            await ref.call(Log.crash, Refused())
        assert await ref.call(Log.add, 1) == 1
        assert ref.life == 2
        await sup.terminate_child("log")
        with pytest.raises(NoProcess):
            await ref.call(Log.add, 1)


@pytest.mark.trio
async def test_a_patient_view_with_a_timeout_counts_the_wait(
    autojump_clock: MockClock,
) -> None:
    class Slow(Log):
        async def init(self) -> None:
            await trio.sleep(5 if self.life > 1 else 0)

    async with open_supervisor([child(Slow, id="log")]) as sup:
        ref = sup.server(Slow, "log")
        await ref.stop()
        with pytest.raises(trio.TooSlowError):
            await ref.when_running().with_timeout(2).call(Slow.items)
        assert trio.current_time() == 2
        assert await ref.when_running().with_timeout(4).call(Slow.items) == []


@pytest.mark.trio
async def test_a_server_that_dies_before_during_and_after_answers_every_caller() -> (
    None
):
    """Peer trap 20: dead before, in hand, queued; GS-072."""
    async with tree(restart="temporary") as sup:
        ref = sup.server(Log, "log")
        ends = []

        async def ask(op: Any, *args: Any) -> None:
            try:
                await ref.call(op, *args)
            except (ServerExit, NoProcess) as error:
                ends.append(type(error))

        async with trio.open_nursery() as nursery:
            nursery.start_soon(ask, Log.wait)
            await trio.testing.wait_all_tasks_blocked()
            for number in range(3):
                nursery.start_soon(ask, Log.add, number)
            await trio.testing.wait_all_tasks_blocked()
            ref.record.scope.cancel("a bug in somebody's code")
        await ref.wait_stopped()
        assert ends == [ServerExit] * 4
        await ask(Log.items)
        assert ends[-1] is NoProcess
