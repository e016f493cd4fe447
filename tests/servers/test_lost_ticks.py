"""A tick of `every` that leaves the mailbox unserved: the next one comes all the same."""

import pytest
import trio
from trio.testing import MockClock

from trio_sup import GenServer, Mailbox, call, cast, child, open_supervisor
from trio_sup._core.policies import WhenFull


class Clock(GenServer):
    """Ticks every second, and sleeps when it is told to."""

    def __init__(self, heard: list[float]) -> None:
        self.heard = heard

    async def init(self) -> None:
        self.every(1, Clock.tick)

    @cast
    async def tick(self) -> None:
        self.heard.append(trio.current_time())

    @cast
    async def sleep(self, seconds: float) -> None:
        await trio.sleep(seconds)

    @cast
    async def crash(self) -> None:
        raise ValueError

    @call
    async def ask(self) -> None:
        """Answer."""


@pytest.mark.trio
async def test_a_tick_that_was_drained_is_followed_by_the_next(
    autojump_clock: MockClock,
) -> None:
    heard: list[float] = []
    async with open_supervisor([child(Clock, heard)]) as sup:
        ref = sup.server(Clock, "Clock")
        ref.cast(Clock.sleep, 2.5)
        await trio.sleep(1.5)
        assert ref.mailbox.drain() == (0, 1)
        await trio.sleep(3)
        assert heard == [2.5, 3, 4]


@pytest.mark.parametrize(
    ("when_full", "ticks"),
    [("drop_oldest", [3, 4]), ("drop_newest", [3, 4]), ("reject", [3, 4])],
)
@pytest.mark.trio
async def test_a_tick_that_found_no_room_or_was_dropped_is_followed_by_the_next(
    when_full: WhenFull, ticks: list[float], autojump_clock: MockClock
) -> None:
    heard: list[float] = []
    mailbox = Mailbox(1, when_full=when_full)
    async with open_supervisor([child(Clock, heard, mailbox=mailbox)]) as sup:
        ref = sup.server(Clock, "Clock")
        ref.cast(Clock.sleep, 2.7)
        await trio.sleep(0.5)
        if when_full != "drop_oldest":
            ref.cast(Clock.sleep, 0)
        await trio.sleep(1)
        if when_full == "drop_oldest":
            ref.cast(Clock.sleep, 0)  # the tick goes
            await trio.sleep(0.6)
            ref.cast(Clock.sleep, 0)  # and once more
        await trio.sleep(4.2 - trio.current_time())
        assert heard == ticks


@pytest.mark.trio
async def test_a_tick_that_ended_with_a_life_does_not_hold_back_those_of_the_next(
    autojump_clock: MockClock,
) -> None:
    heard: list[float] = []
    mailbox = Mailbox(on_crash="keep")
    async with open_supervisor([child(Clock, heard, mailbox=mailbox)]) as sup:
        ref = sup.server(Clock, "Clock")
        ref.cast(Clock.sleep, 1.5)
        ref.cast(Clock.crash)
        await trio.sleep(4)
        assert ref.life == 2
        assert heard == [2.5, 3.5]
