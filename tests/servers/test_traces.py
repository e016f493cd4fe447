"""Traces, and what people may see (GS-085..090)."""

import logging
from typing import Any

import pytest
import trio
import trio.testing

from tests.servers.account import Account, tree
from trio_sup import (
    TraceEvent,
    child,
    open_supervisor,
)


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
