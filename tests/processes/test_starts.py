"""When a program counts as started, and what happens if it does not start."""

from __future__ import annotations

import re
import socket
from typing import Any

import pytest
import trio

from tests.processes.programs import LONG, handle, python, shell, state_of
from trio_sup import (
    NoProcess,
    OnLine,
    OnNotify,
    OnPort,
    Process,
    ProgramExit,
    ProgramNotStarted,
    StartFailed,
    open_supervisor,
    process,
)
from trio_sup._processes.readiness import PortTaken

pytestmark = pytest.mark.trio


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as made:
        port: int = made.getsockname()[1]
        return port


@pytest.mark.parametrize("stream", ["", " >&2"])
async def test_a_line_makes_it_ready_and_is_the_value(stream: str) -> None:
    script = f"echo not yet; sleep 0.1; echo listens on 8080{stream}; sleep {LONG}"
    spec = shell(script, ready=OnLine(r"listens on \d+"))
    async with open_supervisor([spec]) as tree:
        assert handle(tree, "sh").value == "listens on 8080"


async def test_the_value_is_that_of_the_present_life_only(quiet_log: None) -> None:
    script = f"echo life $$; sleep {LONG}"
    async with open_supervisor([shell(script, ready=OnLine("life"))]) as tree:
        made = handle(tree, "sh")
        first = made.value
        made.send_signal("SIGKILL")
        await made.wait_exit(1)
        with pytest.raises(NoProcess):
            print(made.value)
        assert await made.wait_value() != first


LISTEN = """
import socket, sys, time
time.sleep(0.1)
with socket.create_server(("127.0.0.1", int(sys.argv[1]))): time.sleep(60)
"""


async def test_an_open_port_makes_it_ready() -> None:
    port = free_port()
    async with open_supervisor([python(LISTEN, str(port), ready=OnPort(port))]):
        stream = await trio.open_tcp_stream("127.0.0.1", port)
        await stream.aclose()


async def test_a_port_of_somebody_else_is_not_taken_for_that_of_the_program() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        async with open_supervisor([]) as tree:
            with pytest.raises(StartFailed, match="somebody else listens") as caught:
                await tree.start_child(shell("sleep 9", ready=OnPort(port)))
        assert isinstance(caught.value.__cause__, PortTaken)


NOTIFY = """
import os, socket, time
address = os.environ["NOTIFY_SOCKET"].replace("@", chr(0), 1)
with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as to:
    to.sendto(b"STATUS=loading", address)
    to.sendto(b"READY=1\\nSTATUS=42 clients", address)
    time.sleep(60)
"""


async def test_a_word_to_the_socket_makes_it_ready() -> None:
    async with open_supervisor([python(NOTIFY, id="it", ready=OnNotify())]) as tree:
        assert handle(tree, "it").status_text == "42 clients"


async def test_a_function_makes_it_ready_and_gives_the_value() -> None:
    async def ready(made: Process) -> int:
        assert made.pid is not None
        assert made.status == "starting"
        return made.pid

    async with open_supervisor([shell(f"sleep {LONG}", ready=ready)]) as tree:
        made = handle(tree, "sh")
        assert made.value == made.pid


async def test_an_end_before_it_is_ready_is_a_failed_start_even_in_order() -> None:
    spec = shell("echo no luck >&2; exit 0", ready=OnLine("never"))
    async with open_supervisor([]) as tree:
        with pytest.raises(StartFailed, match="before it was ready") as caught:
            await tree.start_child(spec)
        error = caught.value.__cause__
        assert isinstance(error, ProgramExit)
        assert error.stderr == ("no luck",)


async def test_a_start_that_takes_too_long_leaves_no_process() -> None:
    pids: list[int | None] = []

    async def never(made: Process) -> None:
        pids.append(made.pid)
        await trio.sleep_forever()

    spec = shell(f"sleep {LONG}", ready=never, start_timeout=1)
    async with open_supervisor([]) as tree:
        with pytest.raises(StartFailed):
            await tree.start_child(spec)
        assert len(pids) == 1
        assert pids[0] is not None
        assert not state_of(pids[0])


@pytest.mark.parametrize(
    ("program", "options", "says"),
    [
        ("no-such-program", {}, "run 'no-such-program': No such file"),
        ("/", {}, "run '/': Permission denied"),
        ("sh", {"cwd": "/no/such"}, "enter '/no/such': No such file"),
        ("sh", {"user": "nobody-here"}, "become user 'nobody-here'"),
        ("sh", {"limits": {"nofile": (20, 10)}}, "set the limit 'nofile'"),
    ],
)
async def test_what_cannot_be_started_says_why(
    program: str, options: Any, says: str
) -> None:
    async with open_supervisor([]) as tree:
        with pytest.raises(StartFailed, match=re.escape(says)) as caught:
            await tree.start_child(process(program, "-c", "exit", **options))
        assert isinstance(caught.value.__cause__, ProgramNotStarted)
