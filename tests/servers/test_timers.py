"""Timers and the idle timeout."""

import math
from typing import Any

import pytest
import trio
import trio.testing
from trio.testing import MockClock

from trio_sup import (
    GenServer,
    Mailbox,
    Timer,
    call,
    cast,
    child,
    open_supervisor,
)


class Clock(GenServer):
    """Notes when it was told what."""

    def __init__(self, heard: Any) -> None:
        self.heard = heard
        self.timers: list[Timer] = []

    @call
    async def run(self, fn: Any, *args: Any, **kwargs: Any) -> Any:
        """Run a method of this server inside of it."""
        result = getattr(self, fn)(*args, **kwargs)
        if isinstance(result, Timer):
            self.timers.append(result)
            return result
        return None

    @cast
    async def tick(self, word: Any = "tick") -> None:
        self.heard.append((trio.current_time(), word))

    @cast
    async def slow_tick(self, seconds: Any) -> None:
        self.heard.append((trio.current_time(), "slow"))
        await trio.sleep(seconds)

    @call
    async def ping(self) -> Any:
        return "pong"

    @call
    async def hold(self, seconds: Any) -> None:
        await trio.sleep(seconds)

    @cast
    async def crash(self) -> None:
        raise ValueError

    async def handle_info(self, message: Any) -> None:
        self.heard.append((trio.current_time(), message))


def tree(heard: Any, **options: Any) -> Any:
    return open_supervisor([child(Clock, heard, id="clock", **options)])


@pytest.mark.trio
async def test_send_after_sends_once(autojump_clock: MockClock) -> None:
    heard: list[Any] = []
    async with tree(heard) as sup:
        ref = sup.server(Clock, "clock")
        timer = await ref.call(Clock.run, "send_after", 2, Clock.tick, "two")
        assert timer.remaining == 2
        await ref.call(Clock.run, "send_info_after", 3, "three")
        await trio.sleep(1)
        assert timer.remaining == 1
        await trio.sleep(9)
        assert timer.remaining == 0
    assert heard == [(2, "two"), (3, "three")]


@pytest.mark.trio
async def test_a_cancelled_timer_sends_nothing(autojump_clock: MockClock) -> None:
    heard: list[Any] = []
    async with tree(heard) as sup:
        ref = sup.server(Clock, "clock")
        once = await ref.call(Clock.run, "send_after", 2, Clock.tick)
        often = await ref.call(Clock.run, "every", 2, Clock.tick)
        await trio.sleep(1)
        once.cancel()
        once.cancel()
        await trio.sleep(2)
        often.cancel()
        assert once.remaining == often.remaining == 0
        await trio.sleep(9)
    assert heard == [(2, "tick")]


@pytest.mark.trio
async def test_every_ticks_at_multiples_without_drift(
    autojump_clock: MockClock,
) -> None:
    heard: list[Any] = []
    async with tree(heard) as sup:
        await sup.server(Clock, "clock").call(Clock.run, "every", 2, Clock.tick)
        await trio.sleep(7)
    assert heard == [(2, "tick"), (4, "tick"), (6, "tick")]


@pytest.mark.trio
async def test_every_keeps_at_most_one_tick_queued(autojump_clock: MockClock) -> None:
    heard: list[Any] = []
    async with tree(heard) as sup:
        ref = sup.server(Clock, "clock")
        await ref.call(Clock.run, "every", 1, Clock.slow_tick, 3.5)
        await trio.sleep(9)
        # Ticks 2, 3, 4 of the first slow one leave one message, and so on.
        assert [at for at, _ in heard] == [1, 4.5, 8]


@pytest.mark.trio
async def test_timers_end_with_the_life(autojump_clock: MockClock) -> None:
    heard: list[Any] = []
    async with tree(heard) as sup:
        ref = sup.server(Clock, "clock")
        often = await ref.call(Clock.run, "every", 2, Clock.tick)
        once = await ref.call(Clock.run, "send_after", 5, Clock.tick, "once")
        await trio.sleep(3)
        ref.cast(Clock.crash)
        await trio.sleep(9)
        assert ref.life == 2
        assert often.remaining == once.remaining == 0
    assert heard == [(2, "tick")]


@pytest.mark.trio
async def test_a_tick_without_room_is_dropped_and_counted(
    autojump_clock: MockClock,
) -> None:
    heard: list[Any] = []
    async with tree(heard, mailbox=Mailbox(1)) as sup, trio.open_nursery() as nursery:
        ref = sup.server(Clock, "clock")
        await ref.call(Clock.run, "send_after", 1, Clock.tick)
        nursery.start_soon(ref.call, Clock.hold, 2)
        await trio.testing.wait_all_tasks_blocked()
        ref.cast(Clock.tick, "first")
        await trio.sleep(1.5)
        assert ref.statistics().dropped == 1
    assert heard == [(2, "first")]


@pytest.mark.trio
async def test_a_timer_of_a_stopping_server_is_silent(
    autojump_clock: MockClock,
) -> None:
    heard: list[Any] = []
    async with tree(heard) as sup, trio.open_nursery() as nursery:
        ref = sup.server(Clock, "clock")
        await ref.call(Clock.run, "every", 1, Clock.tick)
        nursery.start_soon(ref.call, Clock.hold, 3.5)
        await trio.testing.wait_all_tasks_blocked()
        await sup.terminate_child("clock")
    assert heard == []


@pytest.mark.trio
@pytest.mark.parametrize("seconds", [0, -1, math.nan, math.inf])
async def test_every_refuses_what_is_no_period(seconds: Any) -> None:
    async with tree([]) as sup:

        class Bad(GenServer):
            @call
            async def start(self) -> None:
                with pytest.raises(ValueError, match="seconds > 0"):
                    self.every(seconds, Bad.tick)

            @cast
            async def tick(self) -> None: ...

        ref = await sup.start_child(child(Bad))
        await ref.call(Bad.start)


# The idle timeout: GS-050..053.


@pytest.mark.trio
async def test_an_idle_timeout_runs_when_nothing_comes(
    autojump_clock: MockClock,
) -> None:
    """GS-050."""
    heard: list[Any] = []
    async with tree(heard) as sup:
        ref = sup.server(Clock, "clock")
        await ref.call(Clock.run, "idle_after", 2, Clock.tick, "idle")
        await trio.sleep(9)
    assert heard == [(2, "idle")]


@pytest.mark.trio
async def test_any_message_cancels_the_idle_timeout(autojump_clock: MockClock) -> None:
    """GS-050: it must be asked for again."""
    heard: list[Any] = []
    async with tree(heard) as sup:
        ref = sup.server(Clock, "clock")
        await ref.call(Clock.run, "idle_after", 2, Clock.tick, "idle")
        await trio.sleep(1)
        await ref.call(Clock.ping)
        await trio.sleep(9)
        assert heard == []
        await ref.call(Clock.run, "idle_after", 2, Clock.tick, "again")
        await trio.sleep(9)
    assert heard == [(12, "again")]


@pytest.mark.trio
async def test_a_queued_message_wins_even_against_zero_seconds(
    autojump_clock: MockClock,
) -> None:
    """GS-051, trap 17."""
    heard: list[Any] = []
    async with tree(heard) as sup, trio.open_nursery() as nursery:
        ref = sup.server(Clock, "clock")
        nursery.start_soon(ref.call, Clock.hold, 1)
        await trio.testing.wait_all_tasks_blocked()
        nursery.start_soon(ref.call, Clock.run, "idle_after", 0, Clock.tick, "idle")
        await trio.testing.wait_all_tasks_blocked()
        ref.cast(Clock.tick, "queued")
        await trio.sleep(3)
        assert heard == [(1, "queued")]
        await ref.call(Clock.run, "idle_after", 0, Clock.tick, "idle")
        await trio.sleep(3)
    assert heard == [(1, "queued"), (3, "idle")]


@pytest.mark.trio
async def test_looking_at_a_server_neither_cancels_nor_postpones_its_idle_timeout(
    autojump_clock: MockClock,
) -> None:
    """GS-052, trap 17: better than OTP, where it starts from zero again."""
    heard: list[Any] = []
    async with tree(heard) as sup:
        ref = sup.server(Clock, "clock")
        await ref.call(Clock.run, "idle_after", 2, Clock.tick, "idle")
        for _ in range(5):
            await trio.sleep(0.6)
            await ref.get_state()
    assert heard == [(2, "idle")]


@pytest.mark.trio
async def test_a_suspended_server_keeps_its_idle_timeout_for_later(
    autojump_clock: MockClock,
) -> None:
    heard: list[Any] = []
    async with tree(heard) as sup:
        ref = sup.server(Clock, "clock")
        await ref.call(Clock.run, "idle_after", 2, Clock.tick, "idle")
        await ref.suspend()
        await trio.sleep(5)
        await ref.resume()
        await trio.testing.wait_all_tasks_blocked()
    assert heard == [(5, "idle")]


@pytest.mark.trio
async def test_the_idle_timeout_can_be_taken_back(autojump_clock: MockClock) -> None:
    heard: list[Any] = []

    class Fickle(Clock):
        @call
        async def decide(self) -> None:
            self.idle_after(1, Clock.tick)
            self.idle_after(math.inf, Clock.tick)

    async with open_supervisor([child(Fickle, heard, id="clock")]) as sup:
        await sup.server(Fickle, "clock").call(Fickle.decide)
        await trio.sleep(9)
    assert heard == []


@pytest.mark.trio
async def test_an_idle_timeout_can_be_set_in_init(autojump_clock: MockClock) -> None:
    heard: list[Any] = []

    class Impatient(Clock):
        async def init(self) -> None:
            self.idle_after(3, Clock.tick, "idle")

    async with open_supervisor([child(Impatient, heard, id="clock")]):
        await trio.sleep(9)
    assert heard == [(3, "idle")]
