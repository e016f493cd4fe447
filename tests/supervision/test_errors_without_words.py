"""An exception whose own `__str__` and `__repr__` raise is a crash like any other."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import NoReturn

import pytest
import trio
from trio.testing import MockClock

from tests.inspect.looking import looking
from trio_sup import (
    Child,
    ChildSpec,
    Exit,
    GenServer,
    Registry,
    RestartLimitExceeded,
    ServerExit,
    StartFailed,
    Stop,
    call,
    child,
    current_node,
    open_supervisor,
)
from trio_sup.events import ChildCrashed, LifecycleEvent

pytestmark = pytest.mark.trio


class Mute(Exception):
    def __str__(self) -> NoReturn:
        raise ValueError("no str")

    def __repr__(self) -> NoReturn:
        raise ValueError("no repr")


class MuteHook:
    def __call__(self, event: object) -> None:
        raise Mute

    __repr__ = Mute.__repr__


def crashing(*errors: Exception) -> ChildSpec[Child]:
    left = list(errors)

    async def run() -> None:
        if left:
            raise left.pop()
        await trio.sleep_forever()

    return child(run, id="a")


async def starts_mute(
    *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED
) -> None:
    raise Mute


class Answers(GenServer):
    @call
    async def fail(self) -> None:
        raise Mute

    @call
    async def leave(self) -> None:
        raise Stop(Mute())

    @call
    async def ping(self) -> str:
        return "pong"


def texts(caplog: pytest.LogCaptureFixture) -> list[str]:
    """The records as a handler would write them."""
    return [logging.Formatter().format(record) for record in caplog.records]


@pytest.mark.parametrize(
    "error", [Mute(), ExceptionGroup("g", [Mute(), Mute()])], ids=["alone", "group"]
)
async def test_its_crash_is_logged_told_and_followed_by_a_restart(
    error: Exception, autojump_clock: MockClock, caplog: pytest.LogCaptureFixture
) -> None:
    seen: list[LifecycleEvent] = []
    current_node().add_hook(seen.append)
    async with open_supervisor([crashing(error)]) as root:
        handle = root.child("a")
        exit = await handle.wait_exit(1)
        await handle.wait_running()
        assert handle.life == 2
    assert type(exit.error) is type(error)
    [crash] = [event for event in seen if isinstance(event, ChildCrashed)]
    name = type(error).__name__
    said = f"root/a crashed (life 1): <{name}: repr() raised ValueError>"
    assert crash.summary == said
    assert name in json.dumps(crash.as_json())
    assert name in repr(crash)
    [record] = [text for text in texts(caplog) if "crashed" in text]
    assert record.startswith(said)
    assert "raise left.pop()" in record


async def test_the_inspector_shows_it(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with open_supervisor([crashing(Mute())]) as root:
        await root.child("a").wait_exit(1)
        await root.child("a").wait_running()
        async with looking(tmp_path) as looker:
            row = looker.session.rows[looker.id_of("root/a")]
            assert row.last_exit == "crashed: Mute: <str() raised ValueError>"
            detail = await looker.watch("root/a")
            assert "raise left.pop()" in detail.traceback


async def test_a_start_and_a_give_up_tell_of_it() -> None:
    with pytest.raises(StartFailed, match="Mute: <str"):
        async with open_supervisor([child(starts_mute, id="a")]):
            pass
    with pytest.raises(RestartLimitExceeded, match="Mute: <str") as gave_up:
        async with open_supervisor([crashing(*[Mute()] * 9)]):
            await trio.sleep_forever()
    assert "Mute" in repr(gave_up.value.crashes)


async def test_callers_of_a_server_are_told() -> None:
    async with open_supervisor([child(Answers, id="a")]) as root:
        server = root.server(Answers, "a")
        for ends, text in (
            (Answers.fail, "crashed: Mute: <str"),
            (Answers.leave, "shutdown (<Mute: str"),
        ):
            with pytest.raises(ServerExit) as caught:
                await server.call(ends)
            assert text in str(caught.value)
            await server.wait_running()
        assert await server.call(Answers.ping) == "pong"


async def test_hooks_and_listeners_that_raise_it_disturb_nobody(
    autojump_clock: MockClock, caplog: pytest.LogCaptureFixture
) -> None:
    names = Registry()
    current_node().add_hook(MuteHook())
    names.add_listener(MuteHook())
    async with open_supervisor([child(Answers, id="a", name=names.via("x"))]) as root:
        await trio.sleep(1)
        assert await root.server(Answers, "a").call(Answers.ping) == "pong"
    said = "hook <MuteHook: repr() raised ValueError> raised <Mute: repr() raised"
    found = [text for text in texts(caplog) if "MuteHook" in text]
    assert len(found) == 2
    assert any(said in text for text in found)


async def test_a_message_nobody_takes_is_logged_whatever_it_is(
    autojump_clock: MockClock, caplog: pytest.LogCaptureFixture
) -> None:
    async with open_supervisor([child(Answers, id="a")]) as root:
        server = root.server(Answers, "a")
        server.send(Mute())
        assert await server.call(Answers.ping) == "pong"
    assert any("for: <Mute: repr()" in text for text in texts(caplog))


async def test_an_exit_can_always_be_shown() -> None:
    exit = Exit("crashed", Mute(), Mute())
    assert str(exit).startswith("crashed (<Mute: str() raised ValueError>): Mute: <str")
    assert "<Mute: repr() raised ValueError>" in repr(exit)
