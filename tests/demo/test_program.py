"""``trio-sup demo`` as a process: signals, pipes, terminals."""

import fcntl
import os
import pty
import re
import select
import signal
import socket
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DEMO = [sys.executable, "-m", "trio_sup", "demo"]
PATIENT = """\
import sys
from trio_sup.cli import main
from trio_sup.demo import door
door.GRACE = 600.0
raise SystemExit(main(["demo", *sys.argv[1:]]))
"""
WITHOUT_TEXTUAL = """\
import sys
sys.modules["textual"] = None
from trio_sup.cli import main
raise SystemExit(main(["demo", *sys.argv[1:]]))
"""

Program = subprocess.Popen[str]
Start = Callable[..., Program]


@pytest.fixture
def environ(short_dir: Path) -> dict[str, str]:
    return {
        **os.environ,
        "TRIO_SUP_RUNTIME_DIR": str(short_dir),
        "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "inspector")]),
        "PYTHONIOENCODING": "utf-8",
        "TERM": "xterm-256color",
    }


@pytest.fixture
def start(environ: dict[str, str]) -> Generator[Start, None, None]:
    """Start the demonstration without a terminal, until the test is over."""
    with ExitStack() as stack:

        def start(*args: str, command: Sequence[str] = DEMO) -> Program:
            program = stack.enter_context(
                subprocess.Popen(
                    [*command, *args],
                    env=environ,
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.PIPE,
                    text=True,
                )
            )
            stack.callback(program.kill)
            return program

        yield start


def read_until(program: Program, text: str) -> str:
    """Return a program's output up to the line with a text."""
    assert program.stdout is not None
    seen = ""
    for line in program.stdout:
        seen += line
        if text in line:
            return seen
    raise AssertionError(f"{text!r} did not come, only:\n{seen}")


def finish(program: Program) -> tuple[str, str, int]:
    """Return the rest of the output, stderr, and the exit code."""
    out, err = program.communicate(timeout=30)
    return out, err, program.returncode


def port_of(output: str) -> int:
    found = re.search(r"nc 127.0.0.1 (\d+)", output)
    assert found is not None
    return int(found[1])


def top_level(output: str, word: str) -> list[str]:
    """Return the ids of the root's children of which something is told, in order."""
    found: list[str] = re.findall(rf"  demo/([^/ ]+) {word}", output)
    return found


def test_it_runs_its_time_and_shows_restarts(start: Start) -> None:
    demo = start("--plain", "--clients", "2", "--chaos", "0.2", "--for", "2")
    out, err, code = finish(demo)
    assert (err, code) == ("", 0)
    assert re.search(r"  demo/\S+ crashed \(life 1\): ", out)
    assert re.search(r"  demo/\S+ started \(life 2\)", out)
    assert "gave up" not in out
    assert len(re.findall(r"(?m)^[●◌▽] demo ", out)) == 2, (
        "the tree at the start and at the end"
    )
    assert out.endswith("demo has stopped in order\n")


def test_without_a_terminal_it_is_plain(start: Start) -> None:
    out, err, code = finish(start("--clients", "0", "--for", "0.1"))
    assert (err, code) == ("", 0)
    assert "demo/deadline stopped: normal" in out


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_it_in_reverse_start_order(
    start: Start, number: signal.Signals
) -> None:
    demo = start("--clients", "2")
    up = read_until(demo, "  demo started")
    demo.send_signal(number)
    out, err, code = finish(demo)
    assert (err, code) == ("", 0)
    assert f"demo stops its children: {number.name}" in out
    started, stopped = top_level(up, "started"), top_level(out, "stopped:")
    assert len(started) == 6
    # The console tells of all others, and cannot tell of its own end.
    assert ["console", *reversed(stopped)] == started


@pytest.mark.parametrize("number", [None, signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_nothing_of_it_is_left_on_the_disk(
    start: Start, environ: dict[str, str], tmp_path: Path, number: signal.Signals | None
) -> None:
    environ["TMPDIR"] = str(tmp_path)
    meeting = Path(environ["TRIO_SUP_RUNTIME_DIR"])
    demo = start("--clients", "2", *([] if number else ["--for", "0.5"]))
    read_until(demo, "  demo started")
    if number is not None:
        demo.send_signal(number)
    _, err, code = finish(demo)
    assert (err, code) == ("", 0)
    assert list(tmp_path.iterdir()) == []
    assert [file.name for file in meeting.iterdir()] == [".lock"]


def stuff(port: int) -> socket.socket:
    """Connect, and ask for much more than is read, so that the server waits."""
    client = socket.create_connection(("127.0.0.1", port))
    client.sendall(b"".join(b"POST a " + b"x" * 900 + b"\n" for _ in range(100)))
    client.sendall(b"READ a 100\n" * 200)
    client.settimeout(0.5)
    return client


def wait_until_stuffed(client: socket.socket) -> None:
    """Wait until nothing arrives any more that could have been sent.

    How much fits in depends on how the kernel cut it into pieces, so only a pause
    tells: 1.2 seconds without a byte.
    """
    arrived: list[int] = []
    while len(arrived) < 5 or len(set(arrived[-5:])) > 1 or arrived[-1] < 10_000:
        packed = fcntl.ioctl(client.fileno(), termios.FIONREAD, struct.pack("i", 0))
        arrived += struct.unpack("i", packed)
        time.sleep(0.3)


def test_a_signal_leaves_those_who_do_not_listen_their_grace(start: Start) -> None:
    demo = start("--clients", "0")
    port = port_of(read_until(demo, "  demo started"))
    with closing(stuff(port)) as client:
        wait_until_stuffed(client)
        began = time.monotonic()
        demo.send_signal(signal.SIGINT)
        out, err, code = finish(demo)
        took = time.monotonic() - began
    assert (err, code) == ("", 0)
    assert re.search(r"connections/\S+ stopped: killed", out)
    assert took >= 1.0, "the grace of a connection is 1 s"


def test_a_second_signal_does_not_wait_for_those_who_do_not_listen(
    start: Start,
) -> None:
    demo = start("--clients", "0", command=[sys.executable, "-c", PATIENT])
    port = port_of(read_until(demo, "  demo started"))
    with closing(stuff(port)) as client:
        wait_until_stuffed(client)
        demo.send_signal(signal.SIGINT)
        read_until(demo, "demo stops its children")
        demo.send_signal(signal.SIGINT)
        out, err, code = finish(demo)  # long before the grace of ten minutes is over
    assert (err, code) == ("", 0)
    assert re.search(r"connections/\S+ stopped: killed", out)


def test_a_reader_that_has_seen_enough_ends_it_quietly(start: Start) -> None:
    demo = start("--clients", "2", "--chaos", "0.1")
    read_until(demo, "listens")
    assert demo.stdout is not None
    demo.stdout.close()
    demo.stdout = None
    _, err, code = finish(demo)
    assert (err, code) == ("", 0)


def test_output_that_cannot_be_written_ends_it_with_one_line(
    environ: dict[str, str],
) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [*DEMO, "--clients", "0"],
            env=environ,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
            timeout=30,
        )
    assert done.returncode == 1
    assert done.stderr == "trio-sup demo: stdout: No space left on device\n"


def test_a_port_in_use_is_said_in_one_line(start: Start) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        _, port = taken.getsockname()
        out, err, code = finish(start("--port", str(port)))
    assert (out, code) == ("", 1)
    assert err == (
        f"trio-sup demo: port {port} is in use; without --port a free one is taken\n"
    )


@pytest.mark.parametrize(
    "args",
    [
        ("--clients", "-1"),
        ("--clients=401",),
        ("--chaos", "0"),
        ("--for", "-2"),
        ("--port", "99999"),
        ("--name", "two words"),
    ],
)
def test_a_bad_option_is_refused_with_what_is_accepted(
    start: Start, args: tuple[str, ...]
) -> None:
    out, err, code = finish(start(*args))
    assert (out, code) == ("", 2)
    assert "Traceback" not in err
    assert re.search(r"error: argument --\w+: .*not '", err)


# --- on a terminal ------------------------------------------------------------


class Terminal:
    """A program on a terminal of its own."""

    def __init__(self, command: list[str], environ: dict[str, str]) -> None:
        self.screen = ""
        self._main, program_side = pty.openpty()
        self.program = subprocess.Popen(
            command,
            env={**environ, "COLUMNS": "120", "LINES": "40"},
            stdin=program_side,
            stdout=program_side,
            stderr=program_side,
            start_new_session=True,
        )
        os.close(program_side)

    def until(self, text: str, seconds: float = 30) -> None:
        """Read what is drawn until a text comes."""
        deadline = time.monotonic() + seconds
        while text not in self.screen:
            assert self._read(deadline), f"{text!r} did not come:\n{self.screen}"

    def press(self, keys: bytes) -> None:
        os.write(self._main, keys)

    def finish(self, seconds: float = 30) -> int:
        """Read to the end and return the exit code."""
        deadline = time.monotonic() + seconds
        while self._read(deadline):
            pass
        return self.program.wait(10)

    def close(self) -> None:
        self.program.kill()
        self.program.wait()
        os.close(self._main)

    def _read(self, deadline: float) -> bool:
        left = deadline - time.monotonic()
        ready, _, _ = select.select([self._main], [], [], max(left, 0))
        assert ready, f"nothing came in time:\n{self.screen}"
        try:
            data = os.read(self._main, 65536)
        except OSError:  # Linux: nobody has the other side open.
            return False
        self.screen += data.decode(errors="replace")
        return bool(data)


def nodes(environ: dict[str, str]) -> list[str]:
    directory = Path(environ["TRIO_SUP_RUNTIME_DIR"])
    return sorted(path.name for path in directory.glob("*.sock"))


@pytest.fixture
def terminal(environ: dict[str, str]) -> Generator[Callable[..., Terminal], None, None]:
    pytest.importorskip("textual")
    with ExitStack() as stack:

        def open_terminal(*command: str) -> Terminal:
            return stack.enter_context(closing(Terminal([*command], environ)))

        yield open_terminal


def test_on_a_terminal_the_inspector_opens_and_quitting_stops_the_service(
    terminal: Callable[..., Terminal], environ: dict[str, str]
) -> None:
    demo = terminal(*DEMO, "--chaos", "1", "--name", "shown")
    demo.until("door")
    [name] = nodes(environ)
    assert name.startswith("shown.")
    assert f".{demo.program.pid}." not in name, "another process"
    demo.press(b"\x03")
    assert demo.finish() == 0
    assert nodes(environ) == []


def test_on_a_terminal_too_it_ends_after_its_time(
    terminal: Callable[..., Terminal], environ: dict[str, str]
) -> None:
    demo = terminal(*DEMO, "--for", "2")
    # On a busy machine the time is over before the first picture.
    assert demo.finish() == 0
    assert nodes(environ) == []
    assert "Traceback" not in demo.screen
    assert "\x1b[?1049l" in demo.screen, "the screen was given back"


def test_the_service_never_outlives_its_inspector(
    terminal: Callable[..., Terminal], environ: dict[str, str]
) -> None:
    demo = terminal(*DEMO)
    demo.until("door")
    assert len(nodes(environ)) == 1
    demo.program.kill()
    deadline = time.monotonic() + 20
    while nodes(environ):
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_service_that_cannot_start_is_explained(
    terminal: Callable[..., Terminal],
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        _, port = taken.getsockname()
        demo = terminal(*DEMO, "--port", str(port))
        assert demo.finish() == 1
    assert f"trio-sup demo: port {port} is in use" in demo.screen
    assert "\x1b[?1049h" not in demo.screen, "the screen was taken all the same"


def test_without_the_extra_it_is_plain_and_says_what_to_install(
    terminal: Callable[..., Terminal],
) -> None:
    demo = terminal(
        sys.executable, "-c", WITHOUT_TEXTUAL, "--clients", "0", "--for", "0.2"
    )
    assert demo.finish() == 0
    assert "install the extra `inspector`" in demo.screen
    assert "demo has stopped in order" in demo.screen
