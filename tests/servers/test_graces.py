"""The grace: how long handlers and `terminate` may take."""

from typing import Any

import pytest
import trio
import trio.testing
from trio.testing import MockClock

from tests.servers.ender import Ender, outcome_of, tree
from trio_sup import (
    GenServer,
    Stop,
    call,
    child,
    open_supervisor,
)


@pytest.mark.trio
async def test_the_grace_is_one_deadline_for_handler_and_terminate(
    autojump_clock: MockClock,
) -> None:
    """Rule 5: the handler in hand is cancelled, terminate is still entered once."""
    story: list[Any] = []
    async with tree(story, 9, shutdown=2.0) as sup, trio.open_nursery() as nursery:
        ref = sup.server(Ender, "ender")
        nursery.start_soon(outcome_of, ref, Ender.sleep, 60)
        await trio.testing.wait_all_tasks_blocked()
        await sup.terminate_child("ender")
        assert trio.current_time() == 2
        assert ref.last_exit.kind == "killed"
    assert story == [
        ("handler cancelled at", 2),
        ("terminate", "killed", story[1][2]),
        ("terminate cancelled at", 2),
    ]


@pytest.mark.trio
async def test_terminate_gets_what_is_left_of_the_grace(
    autojump_clock: MockClock,
) -> None:
    story: list[Any] = []
    async with tree(story, 9, shutdown=5.0) as sup, trio.open_nursery() as nursery:
        ref = sup.server(Ender, "ender")
        nursery.start_soon(outcome_of, ref, Ender.sleep, 3)
        await trio.testing.wait_all_tasks_blocked()
        await sup.terminate_child("ender")
    assert story[0] == ("slept until", 3)
    assert story[-1] == ("terminate cancelled at", 5)


@pytest.mark.trio
async def test_the_grace_begins_with_a_crash_too(autojump_clock: MockClock) -> None:
    story: list[Any] = []
    async with tree(story, 9, shutdown=2.0) as sup:
        ref = sup.server(Ender, "ender")
        await outcome_of(ref, Ender.change_then_crash)
        exit = await ref.wait_exit()
        assert exit.kind == "crashed"
        assert isinstance(exit.error, ValueError)
    assert story[-1] == ("terminate cancelled at", 2)


@pytest.mark.trio
async def test_a_later_stop_does_not_lengthen_the_grace(
    autojump_clock: MockClock,
) -> None:
    """Rule 5: later requests may only shorten it."""
    story: list[Any] = []
    async with tree(story, 9, shutdown=4.0) as sup:
        ref = sup.server(Ender, "ender")
        await outcome_of(ref, Ender.change_then_crash)
        await trio.sleep(3)
        await sup.terminate_child("ender")
    assert story[-1] == ("terminate cancelled at", 4)


@pytest.mark.trio
async def test_brutal_kill_skips_terminate(autojump_clock: MockClock) -> None:
    """GS-061."""
    story: list[Any] = []
    async with tree(story, shutdown="brutal_kill") as sup:
        async with trio.open_nursery() as nursery:
            ref = sup.server(Ender, "ender")
            nursery.start_soon(outcome_of, ref, Ender.sleep, 60)
            await trio.testing.wait_all_tasks_blocked()
            ref.cast(Ender.note, "queued")
            await sup.terminate_child("ender")
        assert ref.last_exit.kind == "killed"
    assert story == [("handler cancelled at", 0)]


@pytest.mark.trio
async def test_a_failing_terminate_becomes_the_exit_and_keeps_its_context() -> None:
    """GS-064."""
    async with tree([], LookupError("in terminate")) as sup:
        ref = sup.server(Ender, "ender")
        error = await outcome_of(ref, Ender.change_then_crash)
        assert isinstance(error.__cause__, ValueError)
        exit = await ref.wait_exit()
        assert exit.kind == "crashed"
        assert isinstance(exit.error, LookupError)
        assert isinstance(exit.error.__context__, ValueError)


@pytest.mark.trio
async def test_a_failing_terminate_of_a_requested_stop_is_a_shutdown_with_an_error() -> (
    None
):
    """Intent first: rule of section 3.6."""
    async with tree([], LookupError("in terminate")) as sup:
        ref = sup.server(Ender, "ender")
        await sup.terminate_child("ender")
        assert ref.last_exit.kind == "shutdown"
        assert isinstance(ref.last_exit.error, LookupError)


@pytest.mark.trio
async def test_a_stop_in_terminate_does_not_whitewash_a_crash() -> None:
    async with tree([], Stop("all is well")) as sup:
        ref = sup.server(Ender, "ender")
        await outcome_of(ref, Ender.change_then_crash)
        assert (await ref.wait_exit()).kind == "crashed"


@pytest.mark.trio
async def test_a_handler_that_swallows_its_cancellation_is_still_stopped(
    autojump_clock: MockClock,
) -> None:
    class Stubborn(GenServer):
        @call
        async def work(self) -> Any:
            with trio.CancelScope(shield=True):
                await trio.sleep(7)
            return "done"

    async with open_supervisor([child(Stubborn, shutdown=1.0)]) as sup:
        async with trio.open_nursery() as nursery:
            ref = sup.server(Stubborn, "Stubborn")
            nursery.start_soon(outcome_of, ref, Stubborn.work)
            await trio.testing.wait_all_tasks_blocked()
            await sup.terminate_child("Stubborn")
        assert trio.current_time() == 7
        assert ref.last_exit is not None
        assert ref.last_exit.kind == "killed"
