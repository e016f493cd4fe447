"""Servers that ask a program: answers, crashes, bounds, ends."""

from __future__ import annotations

import os
import signal
import sys
from typing import Any

import pytest
import trio
import trio.testing
from attrs import frozen
from hypothesis import given, strategies as st

from tests.processes.programs import is_running, until
from trio_sup import (
    ChildSpec,
    JsonLines,
    LengthPrefixed,
    Lines,
    Port,
    PortError,
    PortOptions,
    ProgramExit,
    ServerExit,
    ServerRef,
    Supervisor,
    UnfitRequest,
    call,
    child,
    command,
    open_supervisor,
)
from trio_sup._processes.framing import MEBIBYTE, Cutter
from trio_sup._processes.port_body import PortBody

LINES = """
import sys, time
for line in sys.stdin:
    word, _, rest = line.strip().partition(" ")
    if word == "exit": print("no luck", file=sys.stderr); sys.exit(int(rest))
    elif word == "bytes": sys.stdout.buffer.write(eval(rest)); sys.stdout.flush()
    elif word == "sleep": time.sleep(float(rest)); print("slept", flush=True)
    elif word == "twice": print("one\\ntwo", flush=True)
    else: print(line.strip().upper(), flush=True)
if len(sys.argv) > 1: open(sys.argv[1], "w").write("bye")
"""


USUAL = PortOptions()


class Shouting(Port[str, str]):
    @call
    async def shout(self, text: str) -> str:
        return await self.exchange(text + "!")

    @call
    async def impatient(self, seconds: float) -> None:
        with trio.move_on_after(seconds):
            await self.exchange("sleep 60")


def shouting(*args: str, options: PortOptions = USUAL, **how: Any) -> ChildSpec[Any]:
    program = command(sys.executable, "-I", "-S", "-c", LINES, *args)
    return child(Shouting, program, Lines(), options, id="it", **how)


def port_of(tree: Supervisor) -> ServerRef[Shouting]:
    return tree.server(Shouting, "it")


def pid_of(port: ServerRef[Any]) -> int:
    body = port.record.body
    assert isinstance(body, PortBody)
    assert body.link is not None
    assert body.link.running is not None
    return body.link.running.pid


@pytest.mark.trio
async def test_it_answers_what_the_program_says() -> None:
    async with open_supervisor([shouting()]) as tree:
        port = port_of(tree)
        assert await port.call(Shouting.shout, "hello") == "HELLO!"
        said: dict[int, str] = {}

        async def ask(number: int) -> None:
            said[number] = await Port.ask(port, f"word {number}")

        async with trio.open_nursery() as nursery:
            for number in range(50):
                nursery.start_soon(ask, number)
        assert said == {number: f"WORD {number}" for number in range(50)}


@pytest.mark.trio
async def test_whoever_waits_is_answered_when_the_program_dies(
    quiet_log: None,
) -> None:
    causes: list[BaseException | None] = []

    async def ask(request: str) -> None:
        try:
            await Port.ask(port, request)
        except ServerExit as error:
            causes.append(error.__cause__)

    async with open_supervisor([shouting()]) as tree:
        port = port_of(tree)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(ask, "exit 7")
            for _ in range(5):
                await trio.testing.wait_all_tasks_blocked(0.01)
                nursery.start_soon(ask, "hello")
        # Some may have come late, and were answered by the next life.
        assert causes
        for error in causes:
            assert isinstance(error, ProgramExit)
            assert (error.exit_code, error.stderr) == (7, ("no luck",))
        await port.wait_running()
        assert port.life == 2
        assert await port.call(Shouting.shout, "again") == "AGAIN!"


@pytest.mark.trio
async def test_an_idle_server_crashes_with_its_program(quiet_log: None) -> None:
    async with open_supervisor([shouting()]) as tree:
        port = port_of(tree)
        os.kill(pid_of(port), signal.SIGKILL)
        exit = await port.wait_exit(1)
        assert isinstance(exit.error, ProgramExit)
        assert exit.error.signal == "SIGKILL"
        await port.wait_running()
        assert await port.call(Shouting.shout, "a") == "A!"


@pytest.mark.trio
@pytest.mark.parametrize(
    ("request_", "says"),
    [
        (r"bytes b'\377\n'", "which is no text"),
        (f"bytes b'x' * {MEBIBYTE + 2}", "a line of more than"),
    ],
)
async def test_garbage_is_a_crash_that_shows_it(
    request_: str, says: str, quiet_log: None
) -> None:
    async with open_supervisor([shouting()]) as tree:
        with pytest.raises(ServerExit, match=says) as caught:
            await Port.ask(port_of(tree), request_)
        assert isinstance(caught.value.__cause__, PortError)
        await port_of(tree).wait_running()


@pytest.mark.trio
async def test_what_comes_unasked_is_never_taken_for_an_answer(
    quiet_log: None,
) -> None:
    async with open_supervisor([shouting()]) as tree:
        port = port_of(tree)
        assert await Port.ask(port, "twice") == "one"
        body = port.record.body
        assert isinstance(body, PortBody)
        link: Any = body.link
        await until(lambda: link._came.statistics().current_buffer_used)
        with pytest.raises(ServerExit, match="b'two' without a question"):
            await Port.ask(port, "hello")


@pytest.mark.trio
async def test_an_exchange_that_was_cut_short_is_not_followed_by_another(
    quiet_log: None,
) -> None:
    async with open_supervisor([shouting(shutdown=0.1)]) as tree:
        port = port_of(tree)
        await port.call(Shouting.impatient, 0.01)
        with pytest.raises(ServerExit, match="still owes an answer"):
            await Port.ask(port, "hello")
        await port.wait_running()
        assert await Port.ask(port, "hello") == "HELLO"


@pytest.mark.trio
async def test_an_answer_that_does_not_come_in_time_is_a_crash(
    quiet_log: None,
) -> None:
    spec = shouting(options=PortOptions(reply_timeout=0.05), shutdown=0.1)
    async with open_supervisor([spec]) as tree:
        with pytest.raises(ServerExit) as caught:
            await Port.ask(port_of(tree), "sleep 60")
        assert isinstance(caught.value.__cause__, trio.TooSlowError)


@pytest.mark.trio
async def test_a_request_that_cannot_be_written_is_its_callers_mistake() -> None:
    async with open_supervisor([shouting()]) as tree:
        port = port_of(tree)
        with pytest.raises(UnfitRequest, match="one line"):
            await Port.ask(port, "a\nb")
        assert (await Port.ask(port, "hello"), port.life) == ("HELLO", 1)


@pytest.mark.trio
async def test_a_stop_closes_stdin_so_that_it_ends_by_itself(tmp_path: Any) -> None:
    async with open_supervisor([shouting(str(tmp_path / "told"))]) as tree:
        port, pid = port_of(tree), pid_of(port_of(tree))
        await tree.terminate_child("it")
        assert port.last_exit is not None
        assert port.last_exit.kind == "shutdown"
        assert not is_running(pid)
    assert (tmp_path / "told").read_text() == "bye"


@pytest.mark.trio
async def test_who_does_not_look_at_its_stdin_is_signalled_then_killed() -> None:
    deaf = "import signal, time\nsignal.signal(15, signal.SIG_IGN)\nprint('up', flush=True)\ntime.sleep(60)"
    program = command(sys.executable, "-I", "-S", "-c", deaf)

    class Greeted(Port[str, str]):
        async def init(self) -> None:
            self.greeting = await self.receive()

    spec = child(Greeted, program, Lines(), id="it", shutdown=0.2)
    async with open_supervisor([spec]) as tree:
        port = tree.server(Greeted, "it")
        assert (await port.get_state())["greeting"] == "up"
        pid = pid_of(port)
        await tree.terminate_child("it")
        assert port.last_exit is not None
        assert port.last_exit.kind == "killed"
        assert not is_running(pid)


class Failing(Port[str, str]):
    @call
    async def fail(self) -> None:
        raise LookupError("mine")


@pytest.mark.trio
async def test_a_crash_of_the_server_is_the_story_though_the_program_is_killed(
    quiet_log: None,
) -> None:
    program = command("sh", "-c", "trap '' TERM; while :; do sleep 1; done")
    spec = child(Failing, program, Lines(), id="it", shutdown=0.1)
    async with open_supervisor([spec]) as tree:
        port = tree.server(Failing, "it")
        with pytest.raises(ServerExit, match="mine"):
            await port.call(Failing.fail)
        exit = await port.wait_exit(1)
        assert isinstance(exit.error, LookupError)


@frozen
class Question:
    a: int


@frozen
class Answer:
    b: int


JSON = """
import json, sys
for line in sys.stdin:
    value = json.loads(line)
    print(json.dumps({"b": value["a"] * 2} if value["a"] else "none"), flush=True)
"""


@pytest.mark.trio
async def test_json_travels_as_classes_and_what_does_not_fit_is_a_crash(
    quiet_log: None,
) -> None:
    program = command(sys.executable, "-I", "-S", "-c", JSON)
    spec = child(Port, program, JsonLines(Question, Answer), id="it")
    async with open_supervisor([]) as tree:
        port = await tree.start_child(spec)
        assert await Port.ask(port, Question(21)) == Answer(42)
        with pytest.raises(ServerExit, match="no Answer"):
            await Port.ask(port, Question(0))


@pytest.mark.trio
async def test_bytes_of_any_kind_travel_with_their_length() -> None:
    spec = child(Port, command("cat"), LengthPrefixed(4), id="it")
    async with open_supervisor([]) as tree:
        port = await tree.start_child(spec)
        for data in (b"", b"\n\0\xff", os.urandom(300_000)):
            assert await Port.ask(port, data) == data


@given(
    st.lists(st.binary(max_size=40), max_size=8),
    st.lists(st.integers(1, 30), min_size=1, max_size=20),
    st.sampled_from([1, 2, 4]),
)
def test_messages_are_cut_wherever_the_pieces_end(
    messages: list[bytes], sizes: list[int], prefix: int
) -> None:
    framing = LengthPrefixed(prefix)
    assert (
        cut(framing.cutter(), b"".join(map(framing.encode, messages)), sizes)
        == messages
    )
    texts = [m.hex() for m in messages]
    lines = Lines()
    came = cut(lines.cutter(), b"".join(map(lines.encode, texts)), sizes)
    assert [lines.decode(message) for message in came] == texts


def cut(cutter: Cutter, data: bytes, sizes: list[int]) -> list[bytes]:
    found: list[bytes] = []
    number = 0
    while data:
        size = sizes[number % len(sizes)]
        found += cutter.feed(data[:size])
        data, number = data[size:], number + 1
    return found


def test_a_message_that_is_announced_too_long_is_refused() -> None:
    with pytest.raises(PortError, match="4294967295 bytes was announced"):
        LengthPrefixed().cutter().feed(b"\xff" * 4)
    with pytest.raises(UnfitRequest, match="less than 256 bytes"):
        LengthPrefixed(1).encode(b"x" * 256)
    with pytest.raises(UnfitRequest, match="JSON"):
        JsonLines[Any, Any]().encode(object())
