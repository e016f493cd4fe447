"""What goes wrong before a tree runs is said with its place, or with what to write."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.commands.rig import COMMAND, environment
from trio_sup import run
from trio_sup._tree.load import LoadError, load_spec

PROGRAM = """\
from trio_sup import child, supervisor
import trio

def make():
    return helper()

def helper():
    return [child(trio.sleep, 1, restart="often")]

def broken():
    raise KeyError("config")

async def worker():
    pass

one = child(worker, restart="temporary", significant=False)
ends = supervisor(
    [child(worker, restart="temporary", significant=True)],
    auto_shutdown="any_significant",
)
"""

Start = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def start(tmp_path: Path, short_dir: Path) -> Start:
    (tmp_path / "shop.py").write_text(PROGRAM)
    (tmp_path / "typo.py").write_text("spec = [\n")
    (tmp_path / "late.py").write_text("import shop\n\nspec = shop.nothing\n")

    def started(*args: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*COMMAND, *args],
            env=environment(short_dir),
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    return started


@pytest.mark.parametrize(
    ("spec", "places"),
    [
        ("shop:broken", ["shop.py", "in broken", "KeyError: 'config'"]),
        ("shop:make", ["in make", "in helper", "restart must be one of"]),
        ("typo:spec", ["typo.py", "line 1", "SyntaxError"]),
        ("late:spec", ["late.py", "line 3", "has no attribute 'nothing'"]),
    ],
)
def test_the_place_of_a_failing_factory_is_shown_without_our_frames(
    start: Start, spec: str, places: list[str]
) -> None:
    done = start("run", spec)
    assert done.returncode == 2
    for place in places:
        assert place in done.stderr
    assert "load.py" not in done.stderr
    assert "importlib" not in done.stderr
    assert done.stderr.splitlines()[-1].startswith("trio-sup: ")


def test_a_file_and_an_async_factory_have_words_of_their_own(
    start: Start,
) -> None:
    file, factory = start("run", "./shop.py:make"), start("run", "shop:worker")
    assert "names a file: write the module as Python imports it" in file.stderr
    assert "shop:make" in file.stderr
    assert "shop:worker is an async function" in factory.stderr
    assert "child(worker)" in factory.stderr
    for done in (file, factory):
        assert done.returncode == 2
        assert done.stderr.count("\n") == 1


def test_a_single_child_is_run_as_the_command_does(start: Start) -> None:
    assert start("run", "shop:one", "--check").returncode == 0
    from trio_sup import child, current_node

    seen: list[str] = []

    async def worker() -> None:
        seen.append(current_node().trees()[0].path_text)
        current_node().trees()[0].handle.record.shell.request_stop("done")  # type: ignore[union-attr]

    run(child(worker), inspect=False)
    assert seen == ["root"]


def test_verbose_logs_every_start_and_every_stop(start: Start) -> None:
    said = start("run", "--verbose", "shop:ends").stderr
    for line in ("supervisor/worker started", "supervisor/worker stopped"):
        assert line in said
    assert "starting" not in said
    assert "removed" not in said
    assert start("run", "shop:ends").stderr == ""


def test_version_help_and_what_may_have_been_meant(start: Start) -> None:
    assert start("--version").stdout == start("version").stdout
    assert start("help", "ps").stdout == start("ps", "--help").stdout
    assert start("help").stdout == start("--help").stdout
    assert "did you mean 'tree'?" in start("tre").stderr
    assert "did you mean '--columns'?" in start("ps", "--colums", "path").stderr
    assert "did you mean 'status --check'?" in start("healthy").stderr
    assert "did you mean" not in start("xyzzy").stderr


def test_a_place_that_cannot_be_shown_is_left_out() -> None:
    with pytest.raises(LoadError) as failed:
        load_spec("nowhere_at_all:x")
    assert failed.value.place == ""
    assert sys.path  # as it was
