"""What servers are told and answer: rows that no other test names."""

from __future__ import annotations

import time

import pytest
import trio
from trio.testing import MockClock

from tests.checklist.told import Idle, Plain, Story, Told
from tests.supervision.stage import quiet
from trio_sup import (
    Down,
    Exit,
    GenServer,
    Mailbox,
    MailboxFull,
    NoProcess,
    ServerRef,
    call,
    child,
    multi_call,
    open_supervisor,
)

pytestmark = pytest.mark.trio


async def test_the_result_of_terminate_is_ignored_gs_065() -> None:
    story = Story()
    async with open_supervisor([child(Told, story)]) as sup:
        told = sup.server(Told, "Told")
        assert await told.stop() == Exit("normal")


async def test_who_casts_is_told_and_who_tries_is_not_gs_029() -> None:
    spec = child(Plain, mailbox=Mailbox(1), restart="temporary")
    async with open_supervisor([spec]) as sup:
        plain = sup.server(Plain, "Plain")
        await plain.suspend()
        assert plain.try_cast(Plain.crash) is True
        with pytest.raises(MailboxFull):
            plain.cast(Plain.crash)
        assert plain.try_cast(Plain.crash) is False
        await plain.resume()
        await plain.wait_stopped()
        with pytest.raises(NoProcess):
            plain.cast(Plain.crash)
        assert plain.try_cast(Plain.crash) is False


async def test_a_handler_answers_continues_or_stops_gs_032_063() -> None:
    story = Story()
    spec = child(Told, story, restart="temporary")
    async with open_supervisor([spec]) as sup:
        told = sup.server(Told, "Told")
        assert await told.call(Told.again) == "answer"
        assert await told.call(Told.finish, "enough") == "bye"
        await told.wait_stopped()
        assert story.lines == [
            "init",
            "continue go",
            "continue again",
            "terminate shutdown (enough)",
        ]


@pytest.mark.parametrize("cause", ["crash", "stop", "terminate_child"])
async def test_terminate_is_told_why_gs_063(cause: str) -> None:
    story = Story()
    async with open_supervisor([child(Told, story, restart="temporary")]) as sup:
        told = sup.server(Told, "Told")
        await quiet()
        if cause == "crash":
            told.cast(Told.crash)
        elif cause == "stop":
            await told.stop()
        else:
            await sup.terminate_child("Told")
        await told.wait_stopped()
        begin = {
            "crash": "terminate crashed: Boom: crash",
            "stop": "terminate normal",
            "terminate_child": "terminate shutdown",
        }
        assert story.lines[-1].startswith(begin[cause])
        assert len([line for line in story.lines if "terminate" in line]) == 1


async def test_handle_info_takes_what_was_sent_and_downs_gs_035() -> None:
    story = Story()
    other = child(Plain, restart="temporary")
    async with open_supervisor([child(Told, story), other]) as sup:
        told, plain = sup.server(Told, "Told"), sup.server(Plain, "Plain")
        await told.call(Told.watch, plain)
        told.send({"any": "object"})
        plain.cast(Plain.crash)
        await quiet()
        assert story.lines[2:] == ["info dict", f"info {Down.__name__}"]


async def test_many_servers_are_asked_at_once_gs_044(
    autojump_clock: MockClock,
) -> None:
    specs = [child(Plain, id=n, restart="temporary") for n in range(3)]
    async with open_supervisor(specs) as sup:
        refs = [sup.server(Plain, n) for n in range(3)]
        await sup.terminate_child(1)
        replies = await multi_call(refs, Plain.ping)
        assert replies.replies == {refs[0]: "pong", refs[2]: "pong"}
        assert list(replies.failed) == [refs[1]]
        assert isinstance(replies.failed[refs[1]], NoProcess)
        slow = await multi_call([refs[0].with_timeout(1), refs[2]], Plain.sleep, 2)
        assert isinstance(slow.failed[refs[0]], trio.TooSlowError)
        assert trio.current_time() == 2


async def test_a_call_costs_the_same_whatever_waits_for_the_caller_gs_046() -> None:
    """The caller is a server; OTP's fault was to search the caller's messages."""
    seconds: list[float] = []

    class Caller(GenServer):
        def __init__(self, target: ServerRef[Plain]) -> None:
            self.target = target

        @call
        async def measure(self, waiting: int) -> None:
            for _ in range(waiting):
                self.ref.send("waits")
            began = time.process_time()
            for _ in range(300):
                await self.target.call(Plain.ping)
            seconds.append(time.process_time() - began)

        async def handle_info(self, message: object) -> None:
            pass

    async with open_supervisor([child(Plain)]) as sup:
        target = sup.server(Plain, "Plain")
        caller = await sup.start_child(child(Caller, target, mailbox=Mailbox(50_000)))
        for waiting in (0, 50_000) * 3:
            await caller.call(Caller.measure, waiting)
    # To search 50,000 messages takes a hundred times as long as a call.
    assert min(seconds[1::2]) < 10 * min(seconds[::2])


async def test_the_idle_message_is_of_ones_own_choice_gs_053(
    autojump_clock: MockClock,
) -> None:
    async with open_supervisor([child(Idle)]) as sup:
        await trio.sleep(20)
        state = await sup.server(Idle, "Idle").get_state()
        assert state["heard"] == [(5.0, "of waiting")]
