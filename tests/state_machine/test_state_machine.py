"""StateMachine: rows STM-001 to STM-008 of the checklist."""

import math
from enum import Enum, auto

import pytest
import trio
from trio.testing import wait_all_tasks_blocked

from trio_sup import (
    Caller,
    Exit,
    Mailbox,
    ServerExit,
    ServerRef,
    StartFailed,
    StateMachine,
    Stop,
    Timeout,
    call,
    cast,
    child,
    open_supervisor,
)


class Phase(Enum):
    A = auto()
    B = auto()
    C = auto()


class Recorder(StateMachine[Phase]):
    """Notes what it is told, and in which state."""

    state = Phase.A

    def __init__(self) -> None:
        self.record: list[str] = []

    def note(self, what: object) -> None:
        self.record.append(f"{self.state.name}:{what}")

    @cast
    async def say(self, what: object) -> None:
        self.note(what)

    @cast
    async def go(self, to: Phase) -> None:
        self.note(f"go {to.name}")
        self.state = to

    @cast
    async def only_in(self, phase: Phase, what: object) -> None:
        if self.state is not phase:
            self.note(f"not yet {what}")
            self.postpone()
        self.note(what)

    @cast
    async def crash(self) -> None:
        raise RuntimeError("boom")

    @call
    async def told(self) -> list[str]:
        return list(self.record)

    async def handle_event(self, message: object) -> None:
        self.note(f"info {message}")


async def told(ref: ServerRef[Recorder]) -> list[str]:
    return await ref.call(Recorder.told)


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


class Gate(StateMachine[str]):
    """Answers in order, but only when open."""

    state = "shut"

    @call(raises=(KeyError,))
    async def enter_through(self, who: str) -> str:
        if self.state == "shut":
            self.postpone()
        if who == "nobody":
            raise KeyError(who)
        if who == "last":
            raise Stop("full", reply="the last one")
        return f"{who} is in"

    @call.deferred
    async def wait_for_word(self, caller: Caller[str], who: str) -> None:
        if self.state == "shut":
            self.postpone()
        caller.reply(f"{who}: come")

    @cast
    async def set(self, state: str) -> None:
        self.state = state

    @cast
    async def crash(self) -> None:
        raise RuntimeError("boom")


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


class Timed(Recorder):
    @cast
    async def in_state(self, seconds: float, what: object = "late") -> None:
        self.timer = self.state_timeout(seconds, Recorder.say, f"state {what}")

    @cast
    async def unless(self, seconds: float, what: object = "idle") -> None:
        self.timer = self.event_timeout(seconds, Recorder.say, f"event {what}")

    @cast
    async def at(self, name: str, seconds: float) -> None:
        self.timer = self.named_timeout(name, seconds, Recorder.say, f"named {name}")

    @cast
    async def cancel(self) -> None:
        self.timer.cancel()

    @cast
    async def update(self, what: str) -> None:
        self.timer.update(Recorder.say, what)

    @call
    async def get_timer(self) -> Timeout:
        return self.timer


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


class Entering(Timed):
    async def enter(self, old: Phase | None) -> None:
        self.note(f"enter from {old.name if old else None}")
        if self.state is Phase.B:
            self.state_timeout(1, Recorder.go, Phase.C)

    @cast
    async def again(self) -> None:
        self.repeat_state()


@pytest.mark.trio
async def test_stm_006_enter_runs_for_the_start_state_changes_and_repeats(
    autojump_clock: trio.abc.Clock,
) -> None:
    async with open_supervisor([child(Entering, id="m")]) as sup:
        ref = sup.server(Entering, "m")
        ref.cast(Recorder.only_in, Phase.B, "postponed")
        ref.cast(Recorder.go, Phase.A)
        ref.cast(Entering.again)
        ref.cast(Recorder.go, Phase.B)
        await trio.sleep(3)
        assert await told(ref) == [
            "A:enter from None",
            "A:not yet postponed",
            "A:go A",
            "A:enter from A",
            "A:go B",
            "B:enter from A",
            "B:postponed",
            "B:go C",
            "C:enter from B",
        ]


@pytest.mark.trio
@pytest.mark.parametrize("wrong", ["change", "postpone", "insert"])
async def test_stm_006_enter_may_not_change_the_state_postpone_or_insert(
    wrong: str, autojump_clock: trio.abc.Clock
) -> None:
    class Wrong(Recorder):
        async def enter(self, old: Phase | None) -> None:
            if old is None:
                return
            if wrong == "change":
                self.state = Phase.C
            elif wrong == "postpone":
                self.postpone()
            else:
                self.next_event(Recorder.say, "x")

    async with open_supervisor([child(Wrong, id="m")]) as sup:
        ref = sup.server(Wrong, "m")
        ref.cast(Recorder.go, Phase.B)
        exit = await ref.wait_exit(1)
        assert isinstance(exit.error, RuntimeError)


@pytest.mark.trio
async def test_stm_006_a_failing_enter_of_the_start_state_is_a_failed_start(
    autojump_clock: trio.abc.Clock,
) -> None:
    class Broken(Recorder):
        async def enter(self, old: Phase | None) -> None:
            raise KeyError("enter")

    class Stateless(StateMachine[int]):
        pass

    async with open_supervisor([]) as sup:
        with pytest.raises(StartFailed) as failed:
            await sup.start_child(child(Broken))
        assert isinstance(failed.value.__cause__, KeyError)
        with pytest.raises(StartFailed, match="no state"):
            await sup.start_child(child(Stateless))


@pytest.mark.trio
async def test_init_may_set_the_state_and_insert_events_and_timeouts(
    autojump_clock: trio.abc.Clock,
) -> None:
    class Prepared(Entering):
        async def init(self) -> None:
            self.state = Phase.C
            self.next_event(Recorder.say, "inserted")
            self.state_timeout(0, Recorder.say, "zero")

    async with open_supervisor([child(Prepared, id="m")]) as sup:
        ref = sup.server(Prepared, "m")
        assert await told(ref) == ["C:enter from None", "C:inserted", "C:zero"]


@pytest.mark.trio
async def test_stm_007_replies_are_sent_before_the_end(
    autojump_clock: trio.abc.Clock,
) -> None:
    order: list[str] = []

    class Closing(Gate):
        def __init__(self) -> None:
            self.callers: list[Caller[str]] = []

        @call.deferred
        async def queue_up(self, caller: Caller[str]) -> None:
            self.callers.append(caller)
            if len(self.callers) == 2:
                for number, waiting in enumerate(self.callers):
                    waiting.reply(f"sorry {number}")
                raise Stop("closed")

        async def terminate(self, exit: Exit) -> None:
            await trio.sleep(1)
            order.append("terminated")

    async def ask(ref: ServerRef[Closing]) -> None:
        order.append(await ref.call(Closing.queue_up))

    spec = child(Closing, id="g", restart="temporary")
    async with open_supervisor([spec]) as sup:
        ref = sup.server(Closing, "g")
        async with trio.open_nursery() as nursery:
            for _ in range(2):
                nursery.start_soon(ask, ref)
                await wait_all_tasks_blocked()
        assert await ref.wait_exit() == Exit("shutdown", "closed")
    assert sorted(order[:2]) == ["sorry 0", "sorry 1"]
    assert order[2:] == ["terminated"]


@pytest.mark.trio
async def test_stm_007_stop_with_a_reply_answers_the_right_one_of_postponed_callers(
    autojump_clock: trio.abc.Clock,
) -> None:
    answers: dict[str, object] = {}

    async def visit(who: str) -> None:
        try:
            answers[who] = await ref.call(Gate.enter_through, who)
        except ServerExit as error:
            answers[who] = error.exit

    async with open_supervisor([child(Gate, id="g", restart="temporary")]) as sup:
        ref = sup.server(Gate, "g")
        async with trio.open_nursery() as nursery:
            for who in ("ann", "last", "bob"):
                nursery.start_soon(visit, who)
                await wait_all_tasks_blocked()
            ref.cast(Gate.set, "open")
    full = Exit("shutdown", "full")
    assert answers == {"ann": "ann is in", "last": "the last one", "bob": full}


@pytest.mark.trio
async def test_stm_007_the_reply_of_a_retried_call_is_not_given_to_the_call_in_hand(
    autojump_clock: trio.abc.Clock,
) -> None:
    class Opened(Gate):
        @call.deferred
        async def open_up(self, caller: Caller[str]) -> None:
            self.state = "open"

    spec = child(Opened, id="g", restart="temporary")
    async with open_supervisor([spec]) as sup:
        ref = sup.server(Opened, "g")
        async with trio.open_nursery() as nursery:

            async def visit() -> None:
                assert await ref.call(Gate.enter_through, "last") == "the last one"

            nursery.start_soon(visit)
            await wait_all_tasks_blocked()
            with pytest.raises(ServerExit):
                await ref.call(Opened.open_up)


@pytest.mark.trio
async def test_stm_008_get_state_and_replace_state_see_state_and_data(
    autojump_clock: trio.abc.Clock,
) -> None:
    async with open_supervisor([child(Entering, id="m")]) as sup:
        ref = sup.server(Entering, "m")
        ref.cast(Recorder.only_in, Phase.B, "postponed")
        assert await ref.get_state() == {
            "state": Phase.A,
            "record": ["A:enter from None", "A:not yet postponed"],
        }
        await ref.replace_state(lambda old: {**old, "state": Phase.B, "record": []})
        # Replaced behind the machine's back: no enter, nothing is tried again.
        assert await told(ref) == []
        ref.cast(Recorder.go, Phase.C)
        ref.cast(Recorder.go, Phase.B)
        await wait_all_tasks_blocked()
        assert "B:postponed" in await told(ref)


@pytest.mark.trio
async def test_other_timers_and_monitors_of_a_server_make_events_too(
    autojump_clock: trio.abc.Clock,
) -> None:
    class Watching(Recorder):
        async def init(self) -> None:
            self.send_after(1, Recorder.go, Phase.B)

        @cast
        async def watch(self, other: ServerRef[Recorder]) -> None:
            self.monitor(other)

        async def handle_event(self, message: object) -> None:
            if self.state is not Phase.B:
                self.postpone()
            self.note(type(message).__name__)

    specs = [child(Watching, id="m"), child(Recorder, id="other")]
    async with open_supervisor(specs) as sup:
        ref = sup.server(Watching, "m")
        ref.cast(Watching.watch, sup.server(Recorder, "other"))
        await wait_all_tasks_blocked()
        sup.server(Recorder, "other").cast(Recorder.crash)
        await trio.sleep(2)
        assert await told(ref) == ["A:go B", "B:Down"]


@pytest.mark.trio
async def test_each_life_starts_in_the_start_state_with_nothing_postponed(
    autojump_clock: trio.abc.Clock,
) -> None:
    async with open_supervisor([child(Recorder, id="m")]) as sup:
        ref = sup.server(Recorder, "m")
        ref.cast(Recorder.only_in, Phase.C, "c")
        ref.cast(Recorder.go, Phase.B)
        ref.cast(Recorder.crash)
        await ref.wait_exit(1)
        await ref.wait_running()
        ref.cast(Recorder.go, Phase.C)
        assert await told(ref) == ["A:go C"]


@pytest.mark.trio
async def test_endless_insertion_does_not_starve_others(
    autojump_clock: trio.abc.Clock,
) -> None:
    class Endless(Recorder):
        @cast
        async def spin(self) -> None:
            self.next_event(Endless.spin)

    async with open_supervisor([child(Endless, id="m", shutdown=1)]) as sup:
        sup.server(Endless, "m").cast(Endless.spin)
        for _ in range(100):
            await trio.lowlevel.checkpoint()
        # As in OTP it never gets to its mailbox; only the grace ends it.
        sup.child("m").record.ask_stop("test", 0)
        assert (await sup.child("m").wait_exit(1)).kind == "killed"


@pytest.mark.parametrize("name", ["handle_info", "handle_continue", "postpone"])
def test_what_the_machine_has_of_its_own_cannot_be_defined(name: str) -> None:
    with pytest.raises(TypeError, match="handle_event"):
        type("Wrong", (Recorder,), {name: None})


@pytest.mark.trio
async def test_next_event_outside_of_a_handler_is_an_error(
    autojump_clock: trio.abc.Clock,
) -> None:
    class Leaky(Recorder):
        @call
        async def me(self) -> "Leaky":
            return self

    async with open_supervisor([child(Leaky, id="m")]) as sup:
        me = await sup.server(Leaky, "m").call(Leaky.me)
        with pytest.raises(RuntimeError, match="handlers"):
            me.next_event(Recorder.say, "x")
        # A timeout of 0 from outside goes through the mailbox.
        me.named_timeout("n", 0, Recorder.say, "zero")
        assert await told(sup.server(Leaky, "m")) == ["A:zero"]
