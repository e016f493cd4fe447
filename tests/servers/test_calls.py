"""Calls and casts: order, answers, deadlines, callers that give up."""

import math
from typing import Any

import pytest
import trio
import trio.testing
from trio.testing import MockClock

from trio_sup import (
    Caller,
    ChildSpecError,
    Exit,
    GenServer,
    NoProcess,
    ServerExit,
    SupervisionError,
    WouldDeadlock,
    call,
    cast,
    child,
    open_supervisor,
)


class Refused(Exception):
    pass


class Log(GenServer):
    """Remembers what it served, in order."""

    def __init__(self, log: Any = None) -> None:
        self.log = [] if log is None else log
        self.gate = trio.Event()

    @call
    async def add(self, item: Any) -> Any:
        self.log.append(item)
        return len(self.log)

    @call
    async def items(self) -> Any:
        return list(self.log)

    @call
    async def sleep(self, seconds: Any, item: Any = "slept") -> Any:
        await trio.sleep(seconds)
        self.log.append(item)
        return item

    @call
    async def wait(self) -> None:
        await self.gate.wait()

    @call(raises=(Refused, LookupError))
    async def refuse(self, error: Any) -> None:
        self.log.append("refusing")
        raise error

    @call
    async def crash(self, error: Any) -> None:
        raise error

    @call.deferred
    async def later(self, caller: Caller[Any], item: Any) -> None:
        self.log.append(caller)
        if item is not None:
            caller.reply(item)

    @call.deferred(raises=(Refused,))
    async def later_refused(self, caller: Caller[Any]) -> None:
        raise Refused

    @cast
    async def note(self, item: Any) -> None:
        self.log.append(item)

    async def handle_info(self, message: Any) -> None:
        self.log.append(("info", message))


def notes_of(error: ServerExit) -> list[str]:
    return getattr(error.__cause__, "__notes__", [])


def tree(*args: Any, **options: Any) -> Any:
    return open_supervisor([child(Log, *args, id="log", **options)])


@pytest.mark.trio
async def test_messages_of_one_sender_are_served_in_order_whatever_their_kind() -> None:
    """GS-020."""
    async with tree() as sup:
        ref = sup.server(Log, "log")
        ref.cast(Log.note, 1)
        ref.send(2)
        ref.cast(Log.note, 3)
        assert await ref.call(Log.items) == [1, ("info", 2), 3]


@pytest.mark.trio
async def test_one_message_at_a_time(autojump_clock: MockClock) -> None:
    """GS-021: a handler that waits makes the others wait."""
    async with tree() as sup, trio.open_nursery() as nursery:
        ref = sup.server(Log, "log")
        nursery.start_soon(ref.call, Log.sleep, 2, "slow")
        await trio.testing.wait_all_tasks_blocked()
        assert await ref.call(Log.add, "quick") == 2
        assert trio.current_time() == 2
        assert await ref.call(Log.items) == ["slow", "quick"]


@pytest.mark.trio
async def test_a_declared_error_is_an_answer_and_changes_stay() -> None:
    async with tree() as sup:
        ref = sup.server(Log, "log")
        error = Refused("no")
        with pytest.raises(Refused) as caught:
            await ref.call(Log.refuse, error)
        assert caught.value is error
        with pytest.raises(KeyError):  # a subclass of what is declared
            await ref.call(Log.refuse, KeyError("x"))
        assert ref.life == 1
        assert await ref.call(Log.items) == ["refusing", "refusing"]


@pytest.mark.trio
async def test_an_undeclared_error_is_a_crash_with_its_cause() -> None:
    """GS-026."""
    async with tree() as sup:
        ref = sup.server(Log, "log")
        with pytest.raises(ServerExit) as caught:
            await ref.call(Log.crash, Refused("bad"))
        assert isinstance(caught.value.__cause__, Refused)
        assert caught.value.exit.kind == "crashed"
        await ref.wait_running()
        assert ref.life == 2


@pytest.mark.trio
async def test_a_crash_says_which_message_it_was_at() -> None:
    async with tree() as sup:
        ref = sup.server(Log, "log")
        with pytest.raises(ServerExit) as caught:
            await ref.call(Log.crash, Refused("bad"))
        assert "life 1, while it served 'crash'" in notes_of(caught.value)[0]


@pytest.mark.trio
async def test_an_error_raised_again_and_again_does_not_collect_notes() -> None:
    error = Refused("the same object every time")
    async with tree() as sup:
        ref = sup.server(Log, "log").when_running()
        for _ in range(3):
            with pytest.raises(ServerExit):
                await ref.call(Log.crash, error)
    assert len(error.__notes__) == 1


@pytest.mark.trio
async def test_an_error_of_supervision_is_never_forwarded_as_the_servers_answer() -> (
    None
):
    class Proxy(GenServer):
        def __init__(self, behind: Any) -> None:
            self.behind = behind

        @call(raises=(Exception,))
        async def ask(self) -> Any:
            return await self.behind().call(Log.items)

    refs: list[Any] = []
    specs = [child(Log, id="log"), child(Proxy, lambda: refs[0])]
    async with open_supervisor(specs) as sup:
        refs.append(sup.server(Log, "log"))
        await sup.terminate_child("log")
        with pytest.raises(ServerExit) as caught:
            await sup.server(Proxy, "Proxy").call(Proxy.ask)
        assert isinstance(caught.value.__cause__, NoProcess)


@pytest.mark.trio
async def test_deferred_answer_from_inside_from_outside_and_from_another_task() -> None:
    """GS-030."""
    async with tree() as sup, trio.open_nursery() as nursery:
        ref = sup.server(Log, "log")
        assert await ref.call(Log.later, "at once") == "at once"
        answers: list[Any] = []

        async def ask() -> None:
            answers.append(await ref.call(Log.later, None))

        nursery.start_soon(ask)
        await trio.testing.wait_all_tasks_blocked()
        caller = (await ref.call(Log.items))[-1]
        assert caller.waiting
        assert answers == []
        caller.reply("from outside")
        await trio.testing.wait_all_tasks_blocked()
        assert answers == ["from outside"]


@pytest.mark.trio
async def test_the_first_answer_wins() -> None:
    """GS-031."""
    async with tree() as sup, trio.open_nursery() as nursery:
        ref = sup.server(Log, "log")
        answers: list[Any] = []

        async def ask() -> None:
            answers.append(await ref.call(Log.later, None))

        nursery.start_soon(ask)
        await trio.testing.wait_all_tasks_blocked()
        (caller,) = await ref.call(Log.items)
        caller.reply(1)
        caller.reply(2)
        caller.fail(Refused())
        assert not caller.waiting
        await trio.testing.wait_all_tasks_blocked()
        assert answers == [1]


@pytest.mark.trio
async def test_a_deferred_caller_can_be_refused() -> None:
    async with tree() as sup, trio.open_nursery() as nursery:
        ref = sup.server(Log, "log")
        with pytest.raises(Refused):
            await ref.call(Log.later_refused)

        async def ask() -> None:
            with pytest.raises(Refused, match="later"):
                await ref.call(Log.later, None)

        nursery.start_soon(ask)
        await trio.testing.wait_all_tasks_blocked()
        (caller,) = await ref.call(Log.items)
        caller.fail(Refused("later"))


@pytest.mark.trio
async def test_a_deferred_caller_gets_the_servers_end() -> None:
    """GS-074."""
    async with tree(restart="temporary") as sup, trio.open_nursery() as nursery:
        ref = sup.server(Log, "log")
        ends = []

        async def ask() -> None:
            try:
                await ref.call(Log.later, None)
            except ServerExit as error:
                ends.append(error.exit.kind)

        nursery.start_soon(ask)
        await trio.testing.wait_all_tasks_blocked()
        await ref.stop()
        await trio.testing.wait_all_tasks_blocked()
        assert ends == ["normal"]


@pytest.mark.trio
async def test_a_cancelled_caller_is_harmless_and_its_request_is_still_served(
    autojump_clock: MockClock,
) -> None:
    """GS-023, trap 16, peer trap 20."""
    async with tree() as sup, trio.open_nursery() as nursery:
        ref = sup.server(Log, "log")
        nursery.start_soon(ref.call, Log.sleep, 2, "first")
        await trio.testing.wait_all_tasks_blocked()
        with trio.move_on_after(1) as scope:
            await ref.call(Log.add, "mine")
        assert scope.cancelled_caught
        assert await ref.call(Log.items) == ["first", "mine"]


@pytest.mark.trio
async def test_a_late_answer_vanishes(autojump_clock: MockClock) -> None:
    """GS-024, peer trap 20: the next answer is not the one of the late request."""
    async with tree() as sup:
        ref = sup.server(Log, "log")
        with pytest.raises(trio.TooSlowError):
            with trio.fail_after(1):
                await ref.call(Log.sleep, 3, "late")
        assert await ref.call(Log.add, "next") == 2
        assert await ref.call(Log.items) == ["late", "next"]


@pytest.mark.trio
async def test_a_view_with_a_timeout_raises_too_slow_and_the_request_is_still_served(
    autojump_clock: MockClock,
) -> None:
    """GS-022, GS-023."""
    async with tree() as sup:
        ref = sup.server(Log, "log")
        with pytest.raises(trio.TooSlowError):
            await ref.with_timeout(1).call(Log.sleep, 3, "late")
        assert trio.current_time() == 1
        assert await ref.with_timeout(5).call(Log.items) == ["late"]
        assert trio.current_time() == 3
        assert await ref.with_timeout(math.inf).call(Log.sleep, 9) == "slept"


@pytest.mark.trio
async def test_an_answer_at_the_very_deadline_is_an_answer(
    autojump_clock: MockClock,
) -> None:
    """GS-025: whichever comes first in that instant, it is exactly one of the two."""
    async with tree() as sup:
        ref = sup.server(Log, "log")
        outcomes = set()
        for _ in range(20):
            try:
                outcomes.add(await ref.with_timeout(1).call(Log.sleep, 1))
            except trio.TooSlowError:
                outcomes.add("too slow")
        assert outcomes <= {"slept", "too slow"}
        assert len(await ref.call(Log.items)) == 20


@pytest.mark.trio
@pytest.mark.parametrize("seconds", [-1, math.nan])
async def test_a_bad_timeout_raises_in_the_caller(seconds: Any) -> None:
    """GS-022."""
    async with tree() as sup:
        ref = sup.server(Log, "log")
        with pytest.raises(ValueError, match="timeout"):
            ref.with_timeout(seconds)
        with pytest.raises(ValueError, match="timeout"):
            ref.expiring(seconds)


@pytest.mark.trio
async def test_an_expired_request_is_not_served(autojump_clock: MockClock) -> None:
    async with tree() as sup, trio.open_nursery() as nursery:
        ref = sup.server(Log, "log")
        nursery.start_soon(ref.call, Log.sleep, 3, "first")
        await trio.testing.wait_all_tasks_blocked()
        with pytest.raises(trio.TooSlowError):
            await ref.expiring(1).call(Log.add, "expired")
        with trio.move_on_after(1):
            await ref.expiring(5).call(Log.add, "cancelled")
        with pytest.raises(trio.TooSlowError):
            await ref.with_timeout(0.5).call(Log.add, "only late")
        assert await ref.call(Log.items) == ["first", "only late"]


@pytest.mark.trio
async def test_an_expiring_request_in_hand_is_served_to_its_end(
    autojump_clock: MockClock,
) -> None:
    async with tree() as sup:
        ref = sup.server(Log, "log")
        with pytest.raises(trio.TooSlowError):
            await ref.expiring(1).call(Log.sleep, 3)
        assert await ref.call(Log.items) == ["slept"]


@pytest.mark.trio
async def test_a_call_to_a_server_that_is_down_raises_at_once() -> None:
    """GS-027: and it was not executed."""
    async with tree() as sup:
        ref = sup.server(Log, "log")
        await sup.terminate_child("log")
        with pytest.raises(NoProcess, match="root/log"):
            await ref.call(Log.add, 1)
        with pytest.raises(NoProcess):
            ref.cast(Log.note, 1)
        with pytest.raises(NoProcess):
            ref.send(1)
        with pytest.raises(NoProcess):
            await ref.cast_wait(Log.note, 1)
        with pytest.raises(NoProcess):
            await ref.stop()
        with pytest.raises(NoProcess):
            await ref.get_state()
        assert not ref.try_cast(Log.note, 1)


@pytest.mark.trio
async def test_a_patient_view_waits_through_a_restart_but_not_for_ever(
    autojump_clock: MockClock,
) -> None:
    async with tree() as sup:
        ref = sup.server(Log, "log").when_running()
        with pytest.raises(ServerExit):
            await ref.call(Log.crash, Refused())
        assert await ref.call(Log.add, 1) == 1
        assert ref.life == 2
        await sup.terminate_child("log")
        with pytest.raises(NoProcess):
            await ref.call(Log.add, 1)


@pytest.mark.trio
async def test_a_patient_view_with_a_timeout_counts_the_wait(
    autojump_clock: MockClock,
) -> None:
    class Slow(Log):
        async def init(self) -> None:
            await trio.sleep(5 if self.life > 1 else 0)

    async with open_supervisor([child(Slow, id="log")]) as sup:
        ref = sup.server(Slow, "log")
        await ref.stop()
        with pytest.raises(trio.TooSlowError):
            await ref.when_running().with_timeout(2).call(Slow.items)
        assert trio.current_time() == 2
        assert await ref.when_running().with_timeout(4).call(Slow.items) == []


@pytest.mark.trio
async def test_a_server_that_dies_before_during_and_after_answers_every_caller() -> (
    None
):
    """Peer trap 20: dead before, in hand, queued; GS-072."""
    async with tree(restart="temporary") as sup:
        ref = sup.server(Log, "log")
        ends = []

        async def ask(op: Any, *args: Any) -> None:
            try:
                await ref.call(op, *args)
            except (ServerExit, NoProcess) as error:
                ends.append(type(error))

        async with trio.open_nursery() as nursery:
            nursery.start_soon(ask, Log.wait)
            await trio.testing.wait_all_tasks_blocked()
            for number in range(3):
                nursery.start_soon(ask, Log.add, number)
            await trio.testing.wait_all_tasks_blocked()
            ref.kid.scope.cancel("a bug in somebody's code")
        await ref.wait_stopped()
        assert ends == [ServerExit] * 4
        await ask(Log.items)
        assert ends[-1] is NoProcess


@pytest.mark.trio
async def test_a_call_to_oneself_is_an_error_at_once() -> None:
    """GS-028, peer trap 20."""

    class Narcissus(GenServer):
        @call(raises=())
        async def look(self) -> Any:
            with pytest.raises(WouldDeadlock, match="calls itself"):
                await self.ref.call(Narcissus.look)
            with pytest.raises(WouldDeadlock):
                await self.ref.get_state()
            with pytest.raises(WouldDeadlock):
                await self.ref.stop()
            async with trio.open_nursery() as nursery:
                # So is one from a task that the handler waits for.
                nursery.start_soon(self.look_from_below)
            return "alive"

        async def look_from_below(self) -> None:
            with pytest.raises(WouldDeadlock):
                await self.ref.call(Narcissus.look)

    async with open_supervisor([child(Narcissus)]) as sup:
        assert await sup.server(Narcissus, "Narcissus").call(Narcissus.look) == "alive"


@pytest.mark.trio
async def test_a_task_that_outlives_the_handler_may_call_its_server() -> None:
    class Delegating(GenServer):
        def __init__(self, nursery: Any) -> None:
            self.nursery = nursery
            self.answers: list[str] = []

        @call
        async def delegate(self) -> None:
            self.nursery.start_soon(self.ask)

        async def ask(self) -> None:
            self.answers.append(await self.ref.call(Delegating.ping))

        @call
        async def ping(self) -> Any:
            return "pong"

        @call
        async def result(self) -> Any:
            return self.answers

    async with trio.open_nursery() as nursery:
        async with open_supervisor([child(Delegating, nursery)]) as sup:
            ref = sup.server(Delegating, "Delegating")
            await ref.call(Delegating.delegate)
            await trio.testing.wait_all_tasks_blocked()
            assert await ref.call(Delegating.result) == ["pong"]


@pytest.mark.trio
async def test_a_task_of_the_servers_own_nursery_may_call_it() -> None:
    """The nursery is older than the handler: nobody waits for anybody."""

    class Owner(GenServer):
        async def init(self) -> None:
            self.manager = trio.open_nursery()
            nursery = await self.manager.__aenter__()
            nursery.start_soon(self.ask)

        async def ask(self) -> None:
            self.answer = await self.ref.call(Owner.ping)

        @call
        async def ping(self) -> Any:
            return "pong"

        async def terminate(self, exit: Exit) -> None:
            await self.manager.__aexit__(None, None, None)

    async with open_supervisor([child(Owner)]) as sup:
        ref = sup.server(Owner, "Owner")
        await trio.testing.wait_all_tasks_blocked()
        assert (await ref.get_state())["answer"] == "pong"


@pytest.mark.trio
async def test_a_call_is_a_checkpoint_and_a_cast_is_not() -> None:
    async with tree() as sup:
        ref = sup.server(Log, "log")
        with trio.testing.assert_checkpoints():
            await ref.call(Log.add, 1)
        with trio.testing.assert_checkpoints():
            await ref.cast_wait(Log.note, 1)
        with trio.testing.assert_no_checkpoints():
            ref.cast(Log.note, 1)
            ref.send(1)
            ref.try_cast(Log.note, 1)


@pytest.mark.trio
async def test_an_operation_runs_the_servers_own_override() -> None:
    class Loud(Log):
        @call
        async def add(self, item: Any) -> Any:
            return await super().add(item.upper())

    async with open_supervisor([child(Loud, id="log")]) as sup:
        ref = sup.server(Log, "log")
        await ref.call(Log.add, "x")
        await sup.server(Loud, "log").call(Loud.add, "y")
        assert await ref.call(Log.items) == ["X", "Y"]


@pytest.mark.trio
async def test_what_is_no_operation_of_the_server_is_refused_in_the_caller() -> None:
    class Other(GenServer):
        @call
        async def ping(self) -> None: ...

    async with tree() as sup:
        ref = sup.server(Log, "log")
        for wrong in (Other.ping, "add", None, Log.handle_info):
            with pytest.raises(TypeError, match="has no operation"):
                await ref.call(wrong)
        with pytest.raises(TypeError, match="use cast for it"):
            await ref.call(Log.note, 1)
        with pytest.raises(TypeError, match="use call for it"):
            ref.cast(Log.add, 1)
        assert await ref.call(Log.items) == []


@pytest.mark.trio
async def test_the_wrong_arguments_crash_the_server_not_the_caller_alone() -> None:
    """As in OTP, where no clause matches; checkers see it before that."""
    async with tree() as sup:
        ref = sup.server(Log, "log")
        with pytest.raises(ServerExit) as caught:
            await ref.call(Log.add)
        assert isinstance(caught.value.__cause__, TypeError)


def test_arguments_of_the_constructor_are_checked_when_the_spec_is_built() -> None:
    with pytest.raises(ChildSpecError, match="args"):
        child(Log, 1, 2, 3)  # type: ignore[arg-type, call-arg]


@pytest.mark.trio
async def test_the_loop_gets_a_turn_during_a_flood_of_messages() -> None:
    """Peer trap 25: handlers that never wait do not starve other tasks."""
    async with tree() as sup:
        ref = sup.server(Log, "log")
        turns = 0

        async def watch() -> None:
            nonlocal turns
            while True:
                await trio.lowlevel.checkpoint()
                turns += 1

        async with trio.open_nursery() as nursery:
            nursery.start_soon(watch)
            for number in range(1000):
                ref.cast(Log.note, number)
            assert len(await ref.call(Log.items)) == 1000
            nursery.cancel_scope.cancel()
        assert turns >= 10


def test_all_these_errors_have_one_root() -> None:
    for kind in (NoProcess, ServerExit, WouldDeadlock):
        assert issubclass(kind, SupervisionError)
