"""How a server ends: what is served, who is answered, when `terminate` runs."""

from typing import Any

import pytest
import trio
import trio.testing
from trio.testing import MockClock

from tests.servers.ender import Ender, outcome_of, tree
from trio_sup import (
    GenServer,
    NoProcess,
    RestartLimitExceeded,
    ServerExit,
    Stop,
    call,
    child,
    current_node,
    open_supervisor,
)


@pytest.mark.trio
async def test_stop_without_a_reason_is_a_normal_end() -> None:
    """GS-041."""
    story: list[Any] = []
    async with tree(story) as sup:
        ref = sup.server(Ender, "ender")
        error = await outcome_of(ref, Ender.stop_with)
        assert isinstance(error, ServerExit)
        assert error.exit.kind == "normal"
        assert (await ref.wait_exit()).kind == "normal"
    assert story[0] == ("terminate", "normal", None)


@pytest.mark.trio
async def test_stop_with_a_reason_is_a_shutdown() -> None:
    story: list[Any] = []
    async with tree(story) as sup:
        ref = sup.server(Ender, "ender")
        error = await outcome_of(ref, Ender.stop_with, "done")
        assert (error.exit.kind, error.exit.reason) == ("shutdown", "done")
    assert story[0] == ("terminate", "shutdown", "done")


@pytest.mark.trio
async def test_the_reply_of_stop_comes_after_terminate(
    autojump_clock: MockClock,
) -> None:
    """GS-033, trap 17."""
    story: list[Any] = []
    async with tree(story, 3) as sup:
        ref = sup.server(Ender, "ender")
        assert await ref.call(Ender.stop_with, reply="bye") == "bye"
        assert trio.current_time() == 3
        assert story[-1] == ("clean at", 3)


@pytest.mark.trio
async def test_the_reply_of_stop_comes_even_if_terminate_raises() -> None:
    """GS-033, GS-064: and the exit becomes the error."""
    async with tree([], ValueError("in terminate")) as sup:
        ref = sup.server(Ender, "ender")
        assert await ref.call(Ender.stop_with, reply=None) is None
        exit = await ref.wait_exit()
        assert exit.kind == "crashed"
        assert "in terminate" in str(exit.error)


@pytest.mark.trio
async def test_an_early_reply_followed_by_stop() -> None:
    """GS-034."""
    async with tree([]) as sup:
        ref = sup.server(Ender, "ender")
        assert await ref.call(Ender.reply_then_stop) == "early"
        assert (await ref.wait_exit()).kind == "normal"


@pytest.mark.trio
async def test_a_stop_among_declared_errors_is_still_a_stop() -> None:
    class Generous(GenServer):
        @call(raises=(Exception,))
        async def end(self) -> None:
            raise Stop("done")

    async with open_supervisor([child(Generous, restart="temporary")]) as sup:
        ref = sup.server(Generous, "Generous")
        with pytest.raises(ServerExit):
            await ref.call(Generous.end)


@pytest.mark.trio
async def test_a_crash_answers_everybody_before_terminate_has_run(
    autojump_clock: MockClock,
) -> None:
    """GS-026, GS-072: nobody waits for the clean-up of a dead server."""
    ends: list[Any] = []
    async with tree([], 3) as sup:
        ref = sup.server(Ender, "ender")

        async def ask(op: Any, *args: Any) -> None:
            error = await outcome_of(ref, op, *args)
            ends.append((type(error.__cause__), trio.current_time()))

        async with trio.open_nursery() as nursery:
            nursery.start_soon(ref.call, Ender.sleep, 1)
            await trio.testing.wait_all_tasks_blocked()
            nursery.start_soon(ask, Ender.change_then_crash)
            await trio.testing.wait_all_tasks_blocked()
            for _ in range(3):
                nursery.start_soon(ask, Ender.sleep, 9)
        await ref.wait_stopped()
        assert trio.current_time() == 4
    assert ends == [(ValueError, 1)] * 4


@pytest.mark.trio
async def test_terminate_runs_once_on_a_crash_with_the_state_as_it_is() -> None:
    """Peer trap 22, GS-060, GS-062 (in Python the object has changed)."""
    story: list[Any] = []
    async with tree(story) as sup:
        ref = sup.server(Ender, "ender")
        await outcome_of(ref, Ender.change_then_crash)
        await ref.wait_stopped()
    assert [entry[:2] for entry in story] == [
        ("terminate", "crashed"),
        ("clean at", story[1][1]),
    ]


@pytest.mark.trio
async def test_terminate_runs_once_when_the_supervisor_stops_the_child() -> None:
    """Peer trap 22, GS-060: without asking for it (GS-061 deviates)."""
    story: list[Any] = []
    async with tree(story) as sup:
        await sup.terminate_child("ender")
        assert story[0][:2] == ("terminate", "shutdown")
        assert len([e for e in story if e[0] == "terminate"]) == 1


@pytest.mark.trio
async def test_what_was_queued_before_the_stop_is_served_what_comes_later_is_not(
    autojump_clock: MockClock,
) -> None:
    """GS-073, rule 6."""
    story: list[Any] = []
    async with tree(story) as sup, trio.open_nursery() as nursery:
        ref = sup.server(Ender, "ender")
        nursery.start_soon(ref.call, Ender.sleep, 2)
        await trio.testing.wait_all_tasks_blocked()
        ref.cast(Ender.note, "before")
        nursery.start_soon(sup.terminate_child, "ender")
        await trio.testing.wait_all_tasks_blocked()
        with pytest.raises(NoProcess, match="stopping"):
            ref.cast(Ender.note, "after")
        with pytest.raises(NoProcess):
            await ref.call(Ender.sleep, 0)
    assert [e if isinstance(e, str) else e[0] for e in story] == [
        "slept until",
        "before",
        "terminate",
        "clean at",
    ]


@pytest.mark.trio
async def test_stop_is_queued_behind_what_was_sent_before() -> None:
    """GS-069."""
    story: list[Any] = []
    async with tree(story) as sup:
        ref = sup.server(Ender, "ender")
        ref.cast(Ender.note, 1)
        ref.cast(Ender.note, 2)
        exit = await ref.stop("enough")
        assert (exit.kind, exit.reason) == ("shutdown", "enough")
    assert story[:3] == [1, 2, ("terminate", "shutdown", "enough")]


@pytest.mark.trio
async def test_a_name_is_free_when_stop_returns() -> None:
    """GS-070."""
    registry = current_node().registry
    async with tree([], name="it") as sup:
        ref = sup.server(Ender, "ender")
        assert registry.get("it", Ender) == ref
        await ref.stop()
        assert registry.get("it") is None


@pytest.mark.trio
async def test_stop_of_a_permanent_server_is_followed_by_a_restart() -> None:
    async with tree([], restart="permanent") as sup:
        ref = sup.server(Ender, "ender")
        await ref.stop()
        await ref.wait_running()
        assert ref.life == 2


@pytest.mark.trio
async def test_a_caller_of_stop_that_gives_up_does_not_stop_the_stopping(
    autojump_clock: MockClock,
) -> None:
    """GS-068."""
    async with tree([], 3) as sup:
        ref = sup.server(Ender, "ender")
        with trio.move_on_after(1) as scope:
            await ref.stop()
        assert scope.cancelled_caught
        await ref.wait_stopped()
        assert trio.current_time() == 3


@pytest.mark.trio
async def test_a_cancelled_of_a_foreign_scope_is_a_crash() -> None:
    """Peer trap 16."""

    class Leaky(GenServer):
        @call
        async def leak(self) -> None:
            with trio.CancelScope() as scope:
                scope.cancel()
                try:
                    await trio.lowlevel.checkpoint()
                except trio.Cancelled as error:
                    self.kept = error
            raise self.kept

    async with open_supervisor([child(Leaky, restart="temporary")]) as sup:
        ref = sup.server(Leaky, "Leaky")
        error = await outcome_of(ref, Leaky.leak)
        assert error.exit.kind == "crashed"
        assert (await ref.wait_exit()).kind == "crashed"


@pytest.mark.trio
async def test_a_crash_in_a_nursery_of_a_handler_is_a_crash_of_the_server() -> None:
    """MON-013."""

    class Spreading(GenServer):
        @call
        async def spread(self) -> None:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self.fail)
                nursery.start_soon(trio.sleep_forever)

        async def fail(self) -> None:
            raise ValueError

    async with open_supervisor([child(Spreading, restart="temporary")]) as sup:
        error = await outcome_of(sup.server(Spreading, "Spreading"), Spreading.spread)
        assert isinstance(error.__cause__, ExceptionGroup)


@pytest.mark.trio
async def test_a_keyboard_interrupt_in_a_handler_ends_the_program_in_order() -> None:
    """Peer trap 1, for servers; and the callers are answered."""
    story: list[Any] = []
    with pytest.raises(KeyboardInterrupt):
        async with tree(story, restart="permanent") as sup:
            sup.server(Ender, "ender").send(KeyboardInterrupt())
            await trio.sleep_forever()
    assert story[0][0] == "terminate"


@pytest.mark.trio
async def test_a_crash_loop_of_a_server_gives_up_with_its_story() -> None:
    with pytest.raises(RestartLimitExceeded, match="ender"):
        async with tree([], restart="permanent") as sup:
            ref = sup.server(Ender, "ender").when_running()
            while True:
                await outcome_of(ref, Ender.change_then_crash)


@pytest.mark.trio
async def test_an_unhandled_info_is_logged_and_the_server_goes_on(caplog: Any) -> None:
    """GS-036."""

    class Plain(GenServer):
        @call
        async def ping(self) -> Any:
            return "pong"

    async with open_supervisor([child(Plain)]) as sup:
        ref = sup.server(Plain, "Plain")
        ref.send({"odd": 1})
        assert await ref.call(Plain.ping) == "pong"
    assert "no handle_info for: {'odd': 1}" in caplog.text
