"""Readers that go away, streams that were never there, a full disk: every command.

Each runs in the plainest environment. With PYTHONUNBUFFERED, which a CI often sets,
the write itself fails; without it, the interpreter's own end does.
"""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.commands.rig import COMMAND, environment

LOOKING = [
    ("nodes",),
    ("tree",),
    ("tree", "--json"),
    ("ps",),
    ("top", "--count", "1"),
    ("show", "b1"),
    ("status",),
    ("events",),
    ("metrics",),
    ("completion", "bash"),
    ("version",),
    ("demo", "--for", "0.1"),
    ("run", "tests.commands.talkative:spec"),
    ("run", "--check", "tests.commands.talkative:spec"),
]
HELPS = [("--help",), *((name, "--help") for name in ("tree", "inspect", "run"))]
WRONG = [("ps", "nosuch"), ("nosuch",), ("run", "nosuch:spec"), ()]


@contextmanager
def closed_pipe() -> Iterator[int]:
    read, write = os.pipe()
    os.close(read)
    yield write
    os.close(write)


@pytest.fixture
def plain(shop_directory: Path) -> dict[str, str]:
    kept = {"HOME", "PATH", "LANG"} & os.environ.keys()
    ours = {"TRIO_SUP_RUNTIME_DIR", "PYTHONPATH"}
    whole = environment(shop_directory)
    return {name: whole[name] for name in kept | ours}


def leave(
    args: tuple[str, ...],
    env: dict[str, str],
    *,
    stdout: int,
    stderr: int = subprocess.PIPE,
) -> tuple[int, bytes]:
    done = subprocess.run(
        [*COMMAND, *args],
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=stdout,
        stderr=stderr,
        check=False,
        timeout=50,
    )
    return done.returncode, done.stderr


@pytest.mark.parametrize("args", [*HELPS, *LOOKING], ids=" ".join)
def test_a_reader_that_has_gone_is_no_failure(
    args: tuple[str, ...], plain: dict[str, str]
) -> None:
    with closed_pipe() as gone:
        code, said = leave(args, plain, stdout=gone)
    assert (code, said) == (0, b"")


@pytest.mark.parametrize("args", [("--help",), ("tree",), ("version",)], ids=" ".join)
def test_it_is_the_same_where_nothing_is_buffered(
    args: tuple[str, ...], plain: dict[str, str]
) -> None:
    with closed_pipe() as gone:
        code, said = leave(args, {**plain, "PYTHONUNBUFFERED": "1"}, stdout=gone)
    assert (code, said) == (0, b"")


@pytest.mark.parametrize("args", [("--help",), ("ps",), ("version",)], ids=" ".join)
def test_a_full_disk_is_one_line_and_1(
    args: tuple[str, ...], plain: dict[str, str]
) -> None:
    with open("/dev/full", "wb") as full:
        code, said = leave(args, plain, stdout=full.fileno())
    assert code == 1
    assert said.startswith(b"trio-sup: [Errno 28]")
    assert said.count(b"\n") == 1


@pytest.mark.parametrize("args", WRONG, ids=" ".join)
def test_a_failure_keeps_its_exit_code_where_nobody_reads_of_it(
    args: tuple[str, ...], plain: dict[str, str]
) -> None:
    told, _ = leave(args, plain, stdout=subprocess.DEVNULL)
    assert told in (2, 3)
    with closed_pipe() as gone:
        code, _ = leave(args, plain, stdout=gone, stderr=gone)
    assert code == told


@pytest.mark.parametrize("closing", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
@pytest.mark.parametrize(
    "args", [("tree",), ("--help",), ("relay",), ("top", "--count", "1")], ids=" ".join
)
def test_a_process_begun_without_standard_streams_ends_well(
    args: tuple[str, ...], closing: str, plain: dict[str, str]
) -> None:
    done = subprocess.run(
        ["sh", "-c", f'exec "$@" {closing}', "sh", *COMMAND, *args],
        env=plain,
        input=b"",
        capture_output=True,
        check=False,
        timeout=50,
    )
    assert b"Traceback" not in done.stderr
    assert done.returncode == 0
