"""Timers beside a long mailbox, and many of them."""

from functools import partial

import pytest
import trio
from trio.testing import MockClock

from tests.growth.steps import LINEAR, Measured, Steps, grows, name_of
from trio_sup import GenServer, Timer, call, cast, child, open_supervisor
from trio_sup._trio.alarms import TURN, alarm_clock

TIMERS = 20


class Clock(GenServer):
    """Is busy, and has timers."""

    def __init__(self) -> None:
        self.ticks = 0
        self.timers: list[Timer] = []

    @call
    async def start(self, timers: int) -> None:
        for _ in range(timers):
            self.timers.append(self.every(1, Clock.tick))

    @call
    async def later(self, timers: int) -> None:
        for number in range(timers):
            self.timers.append(self.send_after(1 + number, Clock.tick))

    @call
    async def cancel(self) -> None:
        for timer in self.timers:
            timer.cancel()

    @cast
    async def tick(self) -> None:
        self.ticks += 1

    @cast
    async def sleep(self, seconds: float) -> None:
        await trio.sleep(seconds)

    @cast
    async def note(self) -> None:
        pass


async def ticks_beside_messages(n: int, steps: Steps) -> None:
    """The same ticks, beside n messages: that must not cost more at all."""
    async with open_supervisor([child(Clock)]) as sup:
        ref = sup.server(Clock, "Clock")
        await ref.call(Clock.start, TIMERS)
        ref.cast(Clock.sleep, 100.5)
        await trio.lowlevel.checkpoint()
        for _ in range(n):
            ref.cast(Clock.note)
        with steps:
            await trio.sleep(50)
        await trio.sleep(52)
        # One of each was in line all the time, one came when that was taken.
        assert (await ref.get_state())["ticks"] in range(TIMERS, 3 * TIMERS)


async def timers_are_set_and_cancelled(n: int, steps: Steps) -> None:
    async with open_supervisor([child(Clock)]) as sup:
        ref = sup.server(Clock, "Clock")
        with steps:
            await ref.call(Clock.later, n)
            await ref.call(Clock.cancel)
            await trio.sleep(n + 2)
        assert (await ref.get_state())["ticks"] == 0


async def timers_ring(n: int, steps: Steps) -> None:
    async with open_supervisor([child(Clock)]) as sup:
        ref = sup.server(Clock, "Clock")
        with steps:
            await ref.call(Clock.later, n)
            await trio.sleep(n + 2)
        assert (await ref.get_state())["ticks"] == n


@pytest.mark.trio
async def test_a_tick_costs_the_same_whatever_waits_in_the_mailbox(
    autojump_clock: MockClock,
) -> None:
    assert await grows(ticks_beside_messages, small=10, times=50) < 1.1


@pytest.mark.parametrize(
    "work", [timers_are_set_and_cancelled, timers_ring], ids=name_of
)
@pytest.mark.trio
async def test_a_timer_costs_the_same_however_many_there_are(
    work: Measured, autojump_clock: MockClock
) -> None:
    assert await grows(work) < 1.1 * LINEAR  # a heap adds its logarithm


@pytest.mark.trio
async def test_alarms_that_are_due_at_once_ring_in_turns_and_in_order(
    autojump_clock: MockClock,
) -> None:
    rung: list[int] = []
    passes: list[int] = []

    async def look() -> None:
        await trio.sleep(1)
        while len(rung) < 3 * TURN:
            await trio.lowlevel.checkpoint()
            passes.append(len(rung))

    clock = alarm_clock()
    for number in range(3 * TURN):
        clock.at(1.0 + trio.current_time(), partial(rung.append, number))
    late = clock.at(1.5 + trio.current_time(), partial(rung.append, -1))
    await look()
    assert rung == list(range(3 * TURN))
    # Who comes first in a pass is drawn anew each time, so it may see T or 2 T there.
    assert {TURN, 2 * TURN} & set(passes)
    assert passes[-1] == 3 * TURN
    assert late.pending
    await trio.sleep(1)
    assert rung[-1] == -1
