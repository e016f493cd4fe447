"""The system lane: state, suspend, trace, status (GS-080..090)."""

from typing import Any

import attrs
import pytest
import trio
import trio.testing
from trio.testing import MockClock

from tests.servers.account import Account, tree
from trio_sup import (
    GenServer,
    NoProcess,
    ServerExit,
    call,
    child,
    open_supervisor,
)


@pytest.mark.trio
async def test_get_state_returns_the_attributes() -> None:
    """GS-080."""
    async with tree() as sup:
        ref = sup.server(Account, "account")
        state = await ref.get_state()
        assert state == {"owner": "ann", "balance": 0, "password": "hunter2"}
        state["balance"] = 99  # a copy
        assert await ref.call(Account.put, 1) == 1


@pytest.mark.trio
async def test_get_state_knows_slots() -> None:
    @attrs.define(eq=False)
    class Slotted(GenServer):
        first: int = 1
        second: str = "two"

        @call
        async def up(self) -> Any:
            self.first += 1
            return self.first

    async with open_supervisor([child(Slotted, 5)]) as sup:
        ref = sup.server(Slotted, "Slotted")
        assert await ref.call(Slotted.up) == 6
        assert await ref.get_state() == {"first": 6, "second": "two"}
        new = await ref.replace_state(lambda state: {**state, "first": 9})
        assert new == {"first": 9, "second": "two"}
        assert await ref.call(Slotted.up) == 10


@pytest.mark.trio
async def test_system_requests_overtake_messages_but_not_the_handler(
    autojump_clock: MockClock,
) -> None:
    """Rule 6."""
    async with tree() as sup, trio.open_nursery() as nursery:
        ref = sup.server(Account, "account")
        nursery.start_soon(ref.call, Account.hold, 2)
        await trio.testing.wait_all_tasks_blocked()
        for _ in range(3):
            ref.cast(Account.note, 1)
        state = await ref.get_state()
        assert trio.current_time() == 2
        assert state["balance"] == 0


@pytest.mark.trio
async def test_replace_state_puts_a_new_state_in_place() -> None:
    """GS-081."""
    async with tree() as sup:
        ref = sup.server(Account, "account")
        new = await ref.replace_state(lambda state: {"owner": "bob", "balance": 7})
        assert new == {"owner": "bob", "balance": 7}
        assert await ref.get_state() == new
        assert await ref.call(Account.put, 1) == 8


@pytest.mark.trio
async def test_a_failing_replace_state_changes_nothing() -> None:
    """GS-081."""
    async with tree() as sup:
        ref = sup.server(Account, "account")
        before = await ref.get_state()
        with pytest.raises(ZeroDivisionError):
            await ref.replace_state(lambda state: {"balance": 1 / 0})
        with pytest.raises(TypeError, match="names to values"):
            await ref.replace_state(lambda state: 5)
        with pytest.raises(TypeError, match="life: reserved"):
            # `life` is the library's own: what was set before it is undone.
            await ref.replace_state(lambda state: {"balance": 5, "life": 3})
        assert await ref.get_state() == before
        assert ref.life == 1


@pytest.mark.trio
async def test_a_suspended_server_lets_messages_wait(autojump_clock: MockClock) -> None:
    """GS-082."""
    async with tree() as sup:
        ref = sup.server(Account, "account")
        await ref.suspend()
        await ref.suspend()
        ref.cast(Account.note, 1)
        with pytest.raises(trio.TooSlowError):
            await ref.with_timeout(3).call(Account.put, 1)
        assert (await ref.get_state())["balance"] == 0
        await ref.replace_state(lambda state: {**state, "balance": 10})
        assert (await ref.get_status()).suspended
        await ref.resume()
        await ref.resume()
        assert await ref.call(Account.put, 0) == 12
        assert not (await ref.get_status()).suspended


@pytest.mark.trio
async def test_a_suspended_server_is_resumed_in_order() -> None:
    """GS-082."""
    async with tree() as sup:
        ref = sup.server(Account, "account")
        await ref.suspend()
        answers: list[Any] = []

        async def ask(amount: Any) -> None:
            answers.append(await ref.call(Account.put, amount))

        async with trio.open_nursery() as nursery:
            for amount in (1, 2, 3):
                nursery.start_soon(ask, amount)
                await trio.testing.wait_all_tasks_blocked()
            await ref.resume()
        # Served in any other order they would be other sums.
        assert sorted(answers) == [1, 3, 6]


@pytest.mark.trio
@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("who", ["supervisor", "stop"])
async def test_a_suspended_server_stops_at_once(
    who: Any, when: Any, autojump_clock: MockClock
) -> None:
    """GS-071, GS-083, rule 6: whether the stop or the suspension came first."""
    async with tree(restart="temporary") as sup, trio.open_nursery() as nursery:
        ref = sup.server(Account, "account")

        async def stop() -> None:
            if who == "stop":
                await ref.stop()
            else:
                await sup.terminate_child("account")

        async def ask() -> None:
            with pytest.raises(ServerExit):
                await ref.call(Account.put, 1)

        nursery.start_soon(ref.call, Account.hold, 1)
        await trio.testing.wait_all_tasks_blocked()
        nursery.start_soon(ask)
        await trio.testing.wait_all_tasks_blocked()
        if when == "before":
            nursery.start_soon(ref.suspend)
            await trio.testing.wait_all_tasks_blocked()
            nursery.start_soon(stop)
        elif who == "stop":
            nursery.start_soon(stop)
            await trio.testing.wait_all_tasks_blocked()
            nursery.start_soon(ref.suspend)
        else:
            nursery.start_soon(ref.suspend)
            await trio.sleep(2)
            nursery.start_soon(stop)
        await ref.wait_stopped()
        assert trio.current_time() <= 2


@pytest.mark.trio
async def test_suspension_ends_with_the_life() -> None:
    async with tree() as sup:
        ref = sup.server(Account, "account")
        await ref.suspend()
        await ref.stop()
        assert await ref.when_running().call(Account.put, 1) == 1


@pytest.mark.trio
async def test_system_requests_to_a_server_that_ends_are_answered(
    autojump_clock: MockClock,
) -> None:
    async with tree(restart="temporary") as sup, trio.open_nursery() as nursery:
        ref = sup.server(Account, "account")
        ref.cast(Account.crash, 1)
        await trio.testing.wait_all_tasks_blocked()

        async def ask() -> None:
            with pytest.raises(ServerExit):
                await ref.get_state()
            assert trio.current_time() == 1

        nursery.start_soon(ask)
        await ref.wait_stopped()
        with pytest.raises(NoProcess):
            await ref.get_state()


@pytest.mark.trio
async def test_a_system_request_behind_a_handler_that_stops_is_answered(
    autojump_clock: MockClock,
) -> None:
    async with tree(restart="temporary") as sup, trio.open_nursery() as nursery:
        ref = sup.server(Account, "account")
        ref.cast(Account.finish, 1)
        await trio.testing.wait_all_tasks_blocked()

        async def ask() -> None:
            with trio.fail_after(5), pytest.raises(ServerExit) as caught:
                await ref.get_state()
            assert caught.value.exit.kind == "normal"

        nursery.start_soon(ask)


@pytest.mark.trio
async def test_a_system_request_waits_for_init(autojump_clock: MockClock) -> None:
    class Slow(Account):
        async def init(self) -> None:
            await trio.sleep(3)

    async with open_supervisor([]) as sup, trio.open_nursery() as nursery:
        nursery.start_soon(sup.start_child, child(Slow, id="slow"))
        await trio.testing.wait_all_tasks_blocked()
        assert (await sup.server(Slow, "slow").get_state())["balance"] == 0
        assert trio.current_time() == 3


@pytest.mark.trio
async def test_a_system_request_during_the_last_turn_of_a_flood_is_not_lost() -> None:
    """The server yields between messages; what comes then must be seen."""
    async with tree() as sup:
        ref = sup.server(Account, "account")
        for fewer in range(3):
            for _ in range(64 - fewer):
                ref.cast(Account.note, 1)
            with trio.fail_after(5):
                for _ in range(5):
                    await ref.get_state()


@pytest.mark.trio
async def test_views_count_for_system_requests(autojump_clock: MockClock) -> None:
    async with tree() as sup, trio.open_nursery() as nursery:
        ref = sup.server(Account, "account")
        nursery.start_soon(ref.call, Account.hold, 5)
        await trio.testing.wait_all_tasks_blocked()
        with pytest.raises(trio.TooSlowError):
            await ref.with_timeout(2).get_state()
        assert trio.current_time() == 2
