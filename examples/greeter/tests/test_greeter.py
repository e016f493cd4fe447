"""Greetings, ends by themselves, guests who misbehave, and what is left of thousands."""

from __future__ import annotations

import io
import logging
import os
import pty
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import trio
from greeter.many import greet_many
from greeter.progress import INTO_A_PIPE, ON_A_TERMINAL, Progress
from greeter.server import GREETERS, Greeter, greet
from greeter.tree import LONGEST, spec

from trio_sup import Child, open_supervisor, whereis
from trio_sup.testing import check_supervision


@pytest.mark.trio
async def test_the_first_greeting_starts_a_greeter_who_leaves_after_the_last(
    autojump_clock: trio.testing.MockClock,
) -> None:
    async with open_supervisor([spec(port=0)]):
        assert await greet("Ada") == "Hello, Ada! (1)"
        assert trio.current_time() == 0.5  # the preparation
        assert await greet("Ada") == "Hello, Ada! (2)"
        await trio.sleep(59)
        assert await greet("Ada") == "Hello, Ada! (3)"
        await trio.sleep(59)
        assert whereis(("greeter", "Ada"), Greeter)
        await trio.sleep(2)
        assert whereis(("greeter", "Ada")) is None
        assert GREETERS.count_children().specs == 0
        assert await greet("Ada") == "Hello, Ada! (1)"


@pytest.mark.trio
async def test_guests_may_be_anything_and_come_at_once(
    autojump_clock: trio.testing.MockClock,
) -> None:
    guests = ["Ada", 7, ("room", 7), frozenset({1, 2}), None]
    answers: list[str] = []

    async def come(guest: object) -> None:
        answers.append(await greet(guest))

    async with open_supervisor([spec(port=0)]):
        async with trio.open_nursery() as nursery:
            for guest in guests * 10:
                nursery.start_soon(come, guest)
        assert GREETERS.count_children().active == len(guests)
    assert sorted(answers) == sorted(
        f"Hello, {guest}! ({n})" for guest in guests for n in range(1, 11)
    )


@pytest.mark.trio
async def test_guests_who_hang_up_or_talk_nonsense_end_nothing_but_their_talk() -> None:
    async with open_supervisor([spec(port=0)]) as sup:
        door: Child = sup.child("greeter", "door")
        port = door.value
        assert isinstance(port, int)

        async def knock() -> trio.SocketStream:
            return await trio.open_tcp_stream("127.0.0.1", port)

        for _ in range(10):
            rude = await knock()
            rude.setsockopt(1, 13, b"\1\0\0\0\0\0\0\0")  # SO_LINGER 0: a reset
            await rude.send_all(b"Ad")
            await rude.aclose()
        endless = await knock()
        await endless.send_all(b"x" * (LONGEST + 1))
        assert await endless.receive_some() == b"that is no name\n"
        await endless.aclose()
        polite = await knock()
        await polite.send_all(b"\n\xff\nAda\nAda\n")
        answer = b""
        while answer.count(b"\n") < 4:
            answer += await polite.receive_some()
        assert answer.decode().splitlines() == [
            "who?",
            "Hello, \N{REPLACEMENT CHARACTER}! (1)",
            "Hello, Ada! (1)",
            "Hello, Ada! (2)",
        ]
        await polite.aclose()
        assert (door.status, door.restarts) == ("running", 0)


def test_the_tree_keeps_the_laws_of_supervision(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.CRITICAL, "trio_sup")
    check_supervision(lambda: spec(port=0))


@pytest.mark.slow
def test_nothing_is_left_of_twenty_thousand_guests() -> None:
    few, all_ = trio.run(greet_many, 20_000)
    assert few.children == all_.children == 0
    # What a node remembers of its last events is full after the first thousands.
    assert all_.objects < few.objects + 10_000


class Terminal(io.StringIO):
    """Says that somebody looks at it."""

    def isatty(self) -> bool:
        return True


def told(out: io.StringIO, guests: int, seconds: float) -> str:
    """What is told of so many guests, who come `seconds` apart, out of a hundred."""
    now = [1000.0]
    progress = Progress(100, out, lambda: now[0])
    for _ in range(guests):
        now[0] += seconds
        progress.one_more()
    progress.end()
    return out.getvalue()


def test_into_a_pipe_a_line_every_so_often_tells_the_rate_and_what_is_left() -> None:
    assert told(io.StringIO(), 10, INTO_A_PIPE / 4) == (
        "4 of 100 guests, 0 a second, 4 min left\n"
        "8 of 100 guests, 0 a second, 4 min left\n"
    )
    assert told(io.StringIO(), 70, INTO_A_PIPE / 64) == (
        "64 of 100 guests, 6 a second, 6 s left\n"
    )
    assert told(io.StringIO(), 100, INTO_A_PIPE / 1000) == ""


def test_on_a_terminal_one_line_is_rewritten_and_gone_at_the_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TERM", "xterm")
    assert told(Terminal(), 2, ON_A_TERMINAL) == (
        "\r\x1b[K1 of 100 guests, 2 a second, 50 s left"
        "\r\x1b[K2 of 100 guests, 2 a second, 49 s left"
        "\r\x1b[K"
    )
    monkeypatch.setenv("TERM", "dumb")
    assert "\x1b" not in told(Terminal(), 2, INTO_A_PIPE)


def test_ctrl_c_ends_with_what_was_seen_so_far() -> None:
    terminal, theirs = pty.openpty()
    command = [sys.executable, "-m", "greeter.many", "1000000"]
    source = Path(__file__).parents[1] / "src"
    environment = {**os.environ, "PYTHONPATH": str(source), "TERM": "xterm"}
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=theirs
    ) as many:
        os.close(theirs)
        seen = b""
        while b"left" not in seen:
            seen += os.read(terminal, 4096)
        many.send_signal(signal.SIGINT)
        assert many.stdout is not None
        said = many.stdout.read().decode().splitlines()
        assert many.wait() == 130
    seen += os.read(terminal, 4096)
    os.close(terminal)
    assert seen.endswith(b"\r\x1b[K"), seen
    assert b"Traceback" not in seen
    assert " of 1000000 guests in " in said[0]
    assert said[-1].startswith("after those: 0 children, ")
