"""The system lane: state, suspend, trace, status (GS-080..090)."""

import logging
from typing import Any

import attrs
import pytest
import trio
import trio.testing
from trio.testing import MockClock

from trio_sup import (
    GenServer,
    NoProcess,
    ServerExit,
    Stop,
    TraceEvent,
    call,
    cast,
    child,
    open_supervisor,
)


class Account(GenServer):
    def __init__(self, owner: Any = "ann") -> None:
        self.owner = owner
        self.balance = 0
        self.password = "hunter2"

    @call(raises=(ValueError,))
    async def put(self, amount: Any) -> Any:
        if amount < 0:
            raise ValueError("negative")
        self.balance += amount
        return self.balance

    @call
    async def hold(self, seconds: Any) -> None:
        await trio.sleep(seconds)

    @cast
    async def note(self, amount: Any) -> None:
        self.balance += amount

    @cast
    async def crash(self, after: float = 0) -> None:
        await trio.sleep(after)
        raise LookupError("crash")

    @cast
    async def finish(self, after: float) -> None:
        await trio.sleep(after)
        raise Stop

    @call.deferred
    async def later(self, caller: Any) -> None:
        self.caller = caller

    async def handle_info(self, message: Any) -> None:
        self.continue_with(message)

    async def handle_continue(self, message: Any) -> None:
        self.balance += message

    def format_status(self, status: Any) -> Any:
        if isinstance(status["state"], dict):
            status["state"]["password"] = "<hidden>"
        return status


def tree(**options: Any) -> Any:
    return open_supervisor([child(Account, id="account", **options)])


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
        with pytest.raises(AttributeError):
            # `life` has no setter: what was set before it is undone.
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


@pytest.mark.trio
async def test_get_status_shows_what_format_status_lets_out() -> None:
    """GS-089, GS-090."""
    async with tree() as sup:
        ref = sup.server(Account, "account")
        status = await ref.get_status()
        assert status.path == "root/account"
        assert status.state == {"owner": "ann", "balance": 0, "password": "<hidden>"}
        assert (await ref.get_state())["password"] == "hunter2"


@pytest.mark.trio
@pytest.mark.parametrize("broken", ["raises", "returns nonsense"])
async def test_a_broken_format_status_lets_nothing_out(broken: Any) -> None:
    """GS-090."""

    class Broken(Account):
        def format_status(self, status: Any) -> Any:
            if broken == "raises":
                raise LookupError
            return "nonsense"

    async with open_supervisor([child(Broken)]) as sup:
        ref = sup.server(Broken, "Broken")
        text = str(await ref.get_status())
        assert "<format_status" in text
        assert "hunter2" not in text
        assert await ref.call(Broken.put, 1) == 1


@pytest.mark.trio
async def test_a_trace_tells_each_step_with_the_state_after_it() -> None:
    """GS-085, GS-088."""
    events: list[TraceEvent] = []
    async with tree() as sup, trio.open_nursery() as nursery:
        ref = sup.server(Account, "account")
        await ref.trace(events.append)
        await ref.call(Account.put, 5)
        with pytest.raises(ValueError, match="negative"):
            await ref.call(Account.put, -1)
        ref.cast(Account.note, 1)
        ref.send(2)
        with trio.move_on_after(0):
            await ref.call(Account.later)
        nursery.start_soon(ref.call, Account.later)
        await trio.testing.wait_all_tasks_blocked()
        (await ref.get_state())["caller"].reply(None)
    steps = [(event.kind, event.op, event.detail) for event in events]
    assert steps[:9] == [
        ("received", "put", "(5,)"),
        ("replied", "put", "5"),
        ("received", "put", "(-1,)"),
        ("failed", "put", "ValueError('negative')"),
        ("received", "note", "(1,)"),
        ("handled", "note", ""),
        ("received", "handle_info", "2"),
        ("handled", "handle_info", ""),
        ("continued", "handle_continue", "(2,)"),
    ]
    assert ("deferred", "later", "") in steps
    assert "'balance': 8" in events[8].state
    assert not any("hunter2" in event.state for event in events)
    assert events[0].summary == "root/account (life 1) received put (5,)"


@pytest.mark.trio
async def test_a_trace_goes_on_over_a_restart_and_shows_the_crash() -> None:
    events: list[TraceEvent] = []
    async with tree() as sup:
        ref = sup.server(Account, "account").when_running()
        await ref.trace(events.append)
        ref.cast(Account.crash)
        await trio.testing.wait_all_tasks_blocked()
        await ref.call(Account.put, 1)
    assert [(event.life, event.kind) for event in events] == [
        (1, "received"),
        (1, "crashed"),
        (2, "received"),
        (2, "replied"),
    ]
    assert "LookupError" in events[1].detail


@pytest.mark.trio
async def test_a_trace_goes_to_the_log_unless_told_otherwise(caplog: Any) -> None:
    caplog.set_level(logging.INFO, "trio_sup.trace")
    async with tree() as sup:
        ref = sup.server(Account, "account")
        await ref.trace()
        await ref.call(Account.put, 1)
        await ref.trace(False)
        await ref.call(Account.put, 1)
    lines = [r.message for r in caplog.records if r.name == "trio_sup.trace"]
    assert len(lines) == 2
    assert lines[1].startswith("root/account (life 1) replied put 1; state ")


@pytest.mark.trio
async def test_a_trace_hook_that_raises_is_logged_and_removed(caplog: Any) -> None:
    """GS-087."""
    called: list[Any] = []

    def hook(event: Any) -> None:
        called.append(event)
        raise LookupError("in the hook")

    async with tree() as sup:
        ref = sup.server(Account, "account")
        await ref.trace(hook)
        assert await ref.call(Account.put, 1) == 1
        assert await ref.call(Account.put, 1) == 2
    assert len(called) == 1
    assert "in the hook" in caplog.text


@pytest.mark.trio
async def test_what_a_trace_shows_is_bounded() -> None:
    events: list[TraceEvent] = []
    async with tree() as sup:
        ref = sup.server(Account, "account")
        await ref.replace_state(lambda state: {**state, "huge": ["x" * 999] * 999})
        await ref.trace(events.append)
        ref.cast(Account.note, 1)
        await ref.call(Account.put, 1)
    assert max(len(event.state) for event in events) <= 400
