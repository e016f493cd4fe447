"""Postponed and inserted events: row STM-001 of the checklist."""

import pytest
import trio
from trio.testing import wait_all_tasks_blocked

from tests.state_machine.machines import Gate, Phase, Recorder, told
from trio_sup import (
    ServerExit,
    call,
    cast,
    child,
    open_supervisor,
)


@pytest.mark.trio
async def test_stm_001_inserted_events_come_before_those_in_the_mailbox(
    autojump_clock: trio.abc.Clock,
) -> None:
    class Inserting(Recorder):
        @cast
        async def insert(self) -> None:
            self.note("insert")
            self.next_event(Inserting.nested)
            self.next_event(Recorder.say, "second")

        @cast
        async def nested(self) -> None:
            self.note("first")
            self.next_event(Recorder.say, "from the first")

    async with open_supervisor([child(Inserting, id="m")]) as sup:
        ref = sup.server(Inserting, "m")
        ref.cast(Inserting.insert)
        ref.cast(Recorder.say, "mailbox")
        assert await told(ref) == [
            "A:insert",
            "A:first",
            "A:from the first",
            "A:second",
            "A:mailbox",
        ]


@pytest.mark.trio
async def test_stm_001_postponed_events_come_back_in_order_after_a_change_only(
    autojump_clock: trio.abc.Clock,
) -> None:
    async with open_supervisor([child(Recorder, id="m")]) as sup:
        ref = sup.server(Recorder, "m")
        ref.cast(Recorder.only_in, Phase.B, 1)
        ref.cast(Recorder.only_in, Phase.B, 2)
        ref.cast(Recorder.go, Phase.A)  # no change: nothing is tried again
        ref.cast(Recorder.say, "x")
        ref.cast(Recorder.go, Phase.B)
        ref.cast(Recorder.say, "newer")
        assert await told(ref) == [
            "A:not yet 1",
            "A:not yet 2",
            "A:go A",
            "A:x",
            "A:go B",
            "B:1",
            "B:2",
            "B:newer",
        ]


@pytest.mark.trio
async def test_stm_001_inserted_events_come_before_postponed_ones(
    autojump_clock: trio.abc.Clock,
) -> None:
    class Both(Recorder):
        @cast
        async def both(self) -> None:
            self.next_event(Recorder.say, "inserted")
            self.state = Phase.B

    async with open_supervisor([child(Both, id="m")]) as sup:
        ref = sup.server(Both, "m")
        ref.cast(Recorder.only_in, Phase.B, "postponed")
        ref.cast(Both.both)
        assert await told(ref) == [
            "A:not yet postponed",
            "B:inserted",
            "B:postponed",
        ]


@pytest.mark.trio
async def test_stm_001_an_event_may_be_postponed_again_and_again(
    autojump_clock: trio.abc.Clock,
) -> None:
    async with open_supervisor([child(Recorder, id="m")]) as sup:
        ref = sup.server(Recorder, "m")
        ref.cast(Recorder.only_in, Phase.C, "c")
        ref.cast(Recorder.only_in, Phase.B, "b")
        ref.cast(Recorder.go, Phase.B)
        ref.cast(Recorder.go, Phase.C)
        assert (await told(ref))[2:] == [
            "A:go B",
            "B:not yet c",
            "B:b",
            "B:go C",
            "C:c",
        ]


@pytest.mark.trio
async def test_postponing_and_changing_the_state_in_one_event_tries_again_at_once(
    autojump_clock: trio.abc.Clock,
) -> None:
    class Both(Recorder):
        @cast
        async def wake(self) -> None:
            self.note("wake")
            if self.state is Phase.A:
                self.state = Phase.B
                self.postpone()

    async with open_supervisor([child(Both, id="m")]) as sup:
        ref = sup.server(Both, "m")
        ref.cast(Both.wake)
        assert await told(ref) == ["A:wake", "B:wake"]


@pytest.mark.trio
async def test_a_postponed_call_is_answered_when_its_time_has_come(
    autojump_clock: trio.abc.Clock,
) -> None:
    answers: list[str] = []

    async def visit(who: str) -> None:
        try:
            answers.append(await ref.call(Gate.enter_through, who))
        except KeyError as error:
            answers.append(f"{error} refused")

    async with open_supervisor([child(Gate, id="g")]) as sup:
        ref = sup.server(Gate, "g")
        async with trio.open_nursery() as nursery:
            for who in ("ann", "nobody", "bob"):
                nursery.start_soon(visit, who)
                await wait_all_tasks_blocked()
            assert answers == []
            ref.cast(Gate.set, "open")
        assert sorted(answers) == ["'nobody' refused", "ann is in", "bob is in"]
        assert ref.life == 1
        assert await ref.call(Gate.wait_for_word, "cy") == "cy: come"


@pytest.mark.trio
async def test_a_postponed_deferred_call_gets_its_caller_again(
    autojump_clock: trio.abc.Clock,
) -> None:
    async with open_supervisor([child(Gate, id="g")]) as sup:
        ref = sup.server(Gate, "g")
        async with trio.open_nursery() as nursery:

            async def ask() -> None:
                assert await ref.call(Gate.wait_for_word, "dee") == "dee: come"

            nursery.start_soon(ask)
            await wait_all_tasks_blocked()
            ref.cast(Gate.set, "open")


@pytest.mark.trio
async def test_a_crash_answers_the_callers_of_postponed_calls(
    autojump_clock: trio.abc.Clock,
) -> None:
    async with open_supervisor([child(Gate, id="g")]) as sup:
        ref = sup.server(Gate, "g")
        async with trio.open_nursery() as nursery:

            async def visit() -> None:
                with pytest.raises(ServerExit) as ended:
                    await ref.call(Gate.enter_through, "ann")
                assert isinstance(ended.value.__cause__, RuntimeError)

            nursery.start_soon(visit)
            await wait_all_tasks_blocked()
            ref.cast(Gate.crash)


@pytest.mark.trio
async def test_a_postponed_call_that_expired_is_not_executed(
    autojump_clock: trio.abc.Clock,
) -> None:
    class Counting(Gate):
        def __init__(self) -> None:
            self.executed = 0

        @call
        async def count(self) -> int:
            if self.state == "shut":
                self.postpone()
            self.executed += 1
            return self.executed

    async with open_supervisor([child(Counting, id="g")]) as sup:
        ref = sup.server(Counting, "g")
        with pytest.raises(trio.TooSlowError):
            await ref.expiring(1).call(Counting.count)
        with pytest.raises(trio.TooSlowError):
            await ref.with_timeout(1).call(Counting.count)  # executed all the same
        ref.cast(Gate.set, "open")
        assert await ref.call(Counting.count) == 2
