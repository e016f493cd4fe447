"""A machine enters states, answers and ends: rows STM-006 to STM-008 of the checklist."""

import pytest
import trio
from trio.testing import wait_all_tasks_blocked

from tests.state_machine.machines import Gate, Phase, Recorder, Timed, told
from trio_sup import (
    Caller,
    Exit,
    ServerExit,
    ServerRef,
    StartFailed,
    StateMachine,
    Stop,
    call,
    cast,
    child,
    open_supervisor,
)
from trio_sup._children.stopping import ask_stop


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
        ask_stop(sup.child("m").record, "test", 0)
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
