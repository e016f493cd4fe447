"""Timeouts of events, of states and by name: rows STM-002 to STM-005 of the checklist."""

import math

import pytest
import trio
from trio.testing import wait_all_tasks_blocked

from tests.state_machine.machines import Phase, Recorder, Timed, told
from trio_sup import (
    Mailbox,
    cast,
    child,
    open_supervisor,
)


@pytest.mark.trio
async def test_stm_002_any_event_cancels_the_event_timeout(
    autojump_clock: trio.abc.Clock,
) -> None:
    async with open_supervisor([child(Timed, id="m")]) as sup:
        ref = sup.server(Timed, "m")
        ref.cast(Timed.unless, 2)
        await trio.sleep(1)
        ref.cast(Timed.unless, 2, "second")
        await trio.sleep(1)
        ref.cast(Timed.unless, 2, "third")
        await trio.sleep(1.5)
        ref.send("hello")
        await trio.sleep(5)
        ref.cast(Timed.unless, 2, "fourth")
        await trio.sleep(5)
        assert await told(ref) == ["A:info hello", "A:event fourth"]


@pytest.mark.trio
async def test_stm_002_inserted_postponed_and_zero_timeouts_cancel_it_too(
    autojump_clock: trio.abc.Clock,
) -> None:
    class More(Timed):
        @cast
        async def with_insert(self) -> None:
            self.event_timeout(1, Recorder.say, "never")
            self.next_event(Recorder.say, "inserted")

        @cast
        async def with_zero(self) -> None:
            self.state_timeout(0, Recorder.say, "zero state")
            self.event_timeout(0, Recorder.say, "never")

        @cast
        async def with_change(self) -> None:
            self.event_timeout(1, Recorder.say, "never")
            self.state = Phase.B

    async with open_supervisor([child(More, id="m")]) as sup:
        ref = sup.server(More, "m")
        ref.cast(More.with_insert)
        await trio.sleep(2)
        ref.cast(More.with_zero)
        await trio.sleep(2)
        ref.cast(Recorder.only_in, Phase.B, "postponed")
        ref.cast(More.with_change)
        await trio.sleep(2)
        assert await told(ref) == [
            "A:inserted",
            "A:zero state",
            "A:not yet postponed",
            "B:postponed",
        ]


@pytest.mark.trio
async def test_stm_002_an_event_that_waits_already_beats_a_due_event_timeout(
    autojump_clock: trio.abc.Clock,
) -> None:
    class Busy(Timed):
        @cast
        async def be_busy(self) -> None:
            self.event_timeout(1, Recorder.say, "never")
            await trio.sleep(2)

    async with open_supervisor([child(Busy, id="m")]) as sup:
        ref = sup.server(Busy, "m")
        ref.cast(Busy.be_busy)
        ref.cast(Recorder.say, "first")
        await trio.sleep(5)
        assert await told(ref) == ["A:first"]


@pytest.mark.trio
async def test_stm_003_only_a_change_of_state_cancels_the_state_timeout(
    autojump_clock: trio.abc.Clock,
) -> None:
    async with open_supervisor([child(Timed, id="m")]) as sup:
        ref = sup.server(Timed, "m")
        ref.cast(Timed.in_state, 3)
        await trio.sleep(1)
        ref.cast(Recorder.say, "x")
        ref.cast(Recorder.go, Phase.A)
        await trio.sleep(3)
        assert await told(ref) == ["A:x", "A:go A", "A:state late"]
        ref.cast(Timed.in_state, 3)
        await trio.sleep(1)
        ref.cast(Recorder.go, Phase.B)
        await trio.sleep(5)
        assert (await told(ref))[3:] == ["A:go B"]


@pytest.mark.trio
async def test_stm_003_one_that_is_due_but_not_handled_is_cancelled_too(
    autojump_clock: trio.abc.Clock,
) -> None:
    class Busy(Timed):
        @cast
        async def be_busy(self) -> None:
            self.state_timeout(1, Recorder.say, "never")
            await trio.sleep(2)

        @cast
        async def move(self) -> None:
            await trio.sleep(2)  # the timeout is in the mailbox by now
            self.state = Phase.B

    async with open_supervisor([child(Busy, id="m")]) as sup:
        ref = sup.server(Busy, "m")
        ref.cast(Busy.be_busy)
        ref.cast(Busy.move)
        await trio.sleep(9)
        assert await told(ref) == []


@pytest.mark.trio
async def test_stm_003_set_with_the_change_it_belongs_to_the_new_state(
    autojump_clock: trio.abc.Clock,
) -> None:
    class Mover(Timed):
        @cast
        async def move(self) -> None:
            self.state_timeout(1, Recorder.say, "in the new state")
            self.state = Phase.B

    async with open_supervisor([child(Mover, id="m")]) as sup:
        ref = sup.server(Mover, "m")
        ref.cast(Timed.in_state, 0.5)
        ref.cast(Mover.move)
        await trio.sleep(2)
        assert await told(ref) == ["B:in the new state"]


@pytest.mark.trio
async def test_stm_003_restart_cancel_and_update(
    autojump_clock: trio.abc.Clock,
) -> None:
    async with open_supervisor([child(Timed, id="m")]) as sup:
        ref = sup.server(Timed, "m")
        ref.cast(Timed.in_state, 1, "first")
        ref.cast(Timed.in_state, 3, "second")
        timer = await ref.call(Timed.get_timer)
        assert timer.pending
        await trio.sleep(2)
        assert timer.remaining == 1
        ref.cast(Timed.update, "updated")
        await trio.sleep(2)
        assert await told(ref) == ["A:updated"]
        assert (timer.pending, timer.remaining) == (False, 0)
        ref.cast(Timed.in_state, 1)
        ref.cast(Timed.cancel)
        ref.cast(Timed.in_state, 1)
        ref.cast(Timed.in_state, math.inf)
        await trio.sleep(5)
        ref.cast(Timed.update, "too late")
        assert await told(ref) == ["A:updated"]


@pytest.mark.trio
async def test_stm_004_named_timeouts_survive_changes_and_run_side_by_side(
    autojump_clock: trio.abc.Clock,
) -> None:
    async with open_supervisor([child(Timed, id="m")]) as sup:
        ref = sup.server(Timed, "m")
        ref.cast(Timed.at, "x", 3)
        ref.cast(Timed.at, "y", 2)
        ref.cast(Timed.at, "z", 1)
        ref.cast(Timed.at, "z", 4)  # anew
        ref.cast(Recorder.go, Phase.B)
        await trio.sleep(9)
        assert await told(ref) == ["A:go B", "B:named y", "B:named x", "B:named z"]


@pytest.mark.trio
async def test_stm_005_zero_timeouts_come_after_inserted_events_before_the_mailbox(
    autojump_clock: trio.abc.Clock,
) -> None:
    class Zero(Timed):
        @cast
        async def all_at_once(self) -> None:
            self.named_timeout("a", 0, Recorder.say, "zero named")
            self.state_timeout(0, Recorder.say, "zero state")
            self.next_event(Recorder.say, "inserted 1")
            self.next_event(Recorder.say, "inserted 2")

    async with open_supervisor([child(Zero, id="m")]) as sup:
        ref = sup.server(Zero, "m")
        ref.cast(Zero.all_at_once)
        ref.cast(Recorder.say, "mailbox")
        assert await told(ref) == [
            "A:inserted 1",
            "A:inserted 2",
            "A:zero named",
            "A:zero state",
            "A:mailbox",
        ]


@pytest.mark.trio
async def test_timeouts_never_find_the_mailbox_full(
    autojump_clock: trio.abc.Clock,
) -> None:
    class Busy(Timed):
        @cast
        async def be_busy(self) -> None:
            self.named_timeout("n", 1, Recorder.say, "in time")
            await trio.sleep(2)

    spec = child(Busy, id="m", mailbox=Mailbox(1))
    async with open_supervisor([spec]) as sup:
        ref = sup.server(Busy, "m")
        ref.cast(Busy.be_busy)
        await wait_all_tasks_blocked()
        ref.cast(Recorder.say, "fills it")
        await trio.sleep(5)
        assert await told(ref) == ["A:fills it", "A:in time"]


@pytest.mark.trio
async def test_timeouts_end_with_the_life_even_in_a_kept_mailbox(
    autojump_clock: trio.abc.Clock,
) -> None:
    class Busy(Timed):
        @cast
        async def be_busy(self) -> None:
            self.named_timeout("n", 1, Recorder.say, "never")
            self.named_timeout("later", 9, Recorder.say, "never")
            await trio.sleep(2)
            raise RuntimeError("boom")

    spec = child(Busy, id="m", mailbox=Mailbox(on_crash="keep"))
    async with open_supervisor([spec]) as sup:
        ref = sup.server(Busy, "m")
        ref.cast(Busy.be_busy)
        ref.cast(Recorder.say, "kept")
        await trio.sleep(20)
        assert ref.life == 2
        assert await told(ref) == ["A:kept"]
