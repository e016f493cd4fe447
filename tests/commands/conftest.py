"""Nodes to look at, and the command, as a process and in this one."""

import contextlib
import subprocess
import sys
from collections.abc import Callable, Generator, Iterator
from pathlib import Path

import pytest

from tests.commands.rig import COMMAND, PROGRAM, Run, environment
from tests.directories import short_directory
from trio_sup.cli import main

Here = Callable[..., tuple[int, str, str]]


@pytest.fixture
def directory(short_dir: Path) -> Path:
    return short_dir


@pytest.fixture
def environ(directory: Path) -> dict[str, str]:
    return environment(directory)


@pytest.fixture
def trio_sup(environ: dict[str, str]) -> Run:
    def run(*args: str, **changes: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*COMMAND, *args],
            env={**environ, **changes},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=30,
        )

    return run


@pytest.fixture
def start(environ: dict[str, str]) -> Iterator[Callable[..., int]]:
    with contextlib.ExitStack() as stack:

        def start(*args: str) -> int:
            process = subprocess.Popen(
                [sys.executable, str(PROGRAM), *args],
                env=environ,
                stdout=subprocess.PIPE,
                text=True,
            )
            stack.callback(process.wait)
            stack.callback(process.kill)
            assert process.stdout is not None
            stack.callback(process.stdout.close)
            assert process.stdout.readline() == "ready\n"
            return process.pid

        yield start


@contextlib.contextmanager
def program(
    environ: dict[str, str], *args: str
) -> Generator[subprocess.Popen[str], None, None]:
    """A node in a process of its own, ready to be looked at."""
    with subprocess.Popen(
        [sys.executable, str(PROGRAM), *args],
        env=environ,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
            yield process
        finally:
            process.kill()


@pytest.fixture(scope="session")
def shop_directory() -> Iterator[Path]:
    """The runtime directory of `shop`, a node that is there for all tests."""
    with short_directory() as directory:
        with program(environment(directory), "shop"):
            yield directory


@pytest.fixture
def here(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    shop_directory: Path,
) -> Here:
    """Runs the command in this process, which is fast: exit code, stdout, stderr."""
    monkeypatch.setenv("TRIO_SUP_RUNTIME_DIR", str(shop_directory))

    def run(*args: str) -> tuple[int, str, str]:
        capsys.readouterr()
        try:
            code = main(args)
        except SystemExit as error:
            code = error.code if isinstance(error.code, int) else 1
        out, err = capsys.readouterr()
        return code, out, err

    return run
