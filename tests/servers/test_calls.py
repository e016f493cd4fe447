"""Calls and casts: order, answers, deadlines, callers that give up."""

from typing import Any

import pytest
import trio
import trio.testing
from trio.testing import MockClock

from tests.servers.log_server import Log, Refused, notes_of, tree
from trio_sup import (
    ChildSpecError,
    GenServer,
    NoProcess,
    ServerExit,
    SupervisionError,
    WouldDeadlock,
    call,
    child,
    open_supervisor,
)


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
