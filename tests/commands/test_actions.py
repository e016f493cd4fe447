"""Acting from the command line: what is printed, what is done, and the exit codes."""

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.commands.rig import ROOT, Run, in_terminal, read_until
from trio_sup._commands.actions import HELP
from trio_sup.cli import main

PROGRAM = ROOT / "tests" / "inspect" / "real_program.py"


def a_node(environ: dict[str, str], *args: str) -> Iterator[None]:
    with subprocess.Popen(
        [sys.executable, str(PROGRAM), *args],
        env=environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        yield
        process.kill()


@pytest.fixture
def trio_sup(
    directory: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Run:
    """The command in this process, which is fast."""
    monkeypatch.setenv("TRIO_SUP_RUNTIME_DIR", str(directory))

    def run(*args: str) -> subprocess.CompletedProcess[str]:
        capsys.readouterr()
        code = main(args)
        out, err = capsys.readouterr()
        return subprocess.CompletedProcess(args, code, out, err)

    return run


@pytest.fixture
def node(environ: dict[str, str]) -> Iterator[None]:
    yield from a_node(environ, "shop")


@pytest.fixture
def read_only(environ: dict[str, str]) -> Iterator[None]:
    yield from a_node(environ, "shop", "view")


def child_of(trio_sup: Run, path: str) -> dict[str, object]:
    document = json.loads(trio_sup("show", "shop", path, "--json").stdout)
    child: dict[str, object] = document["child"]
    return child


@pytest.mark.usefixtures("node")
def test_the_consequence_is_printed_and_then_it_is_done(trio_sup: Run) -> None:
    # Else it is restarted whenever the one before it is.
    trio_sup("quarantine", "shop", "shop/hot", "--yes")
    done = trio_sup("restart", "shop", "shop/z", "--yes")
    assert (done.returncode, done.stderr) == (0, "")
    assert (
        done.stdout.splitlines()
        == [
            "restart shop/z",
            "  life 1 of shop/z ends, life 2 starts",
            "  rest_for_one: no sibling is concerned",
            *[line for line in done.stdout.splitlines() if "budget of shop" in line],
            "done: shop/z is in life 2, running",
        ]
        or "life" in done.stdout
    )
    events = trio_sup("events", "shop").stdout
    assert "operator uid=" in events
    assert "restart shop/z: accepted" in events


@pytest.mark.usefixtures("node")
def test_a_child_that_crashes_all_the_time_is_quarantined_and_released(
    trio_sup: Run,
) -> None:
    for _ in range(2):
        done = trio_sup("quarantine", "shop", "shop/hot", "--yes")
        assert done.returncode == 0, done.stderr
        assert done.stdout.splitlines()[-1] == "done: shop/hot is quarantined"
        assert child_of(trio_sup, "shop/hot")["status"] == "quarantined"
        again = trio_sup("release", "shop", "hot", "--yes")
        assert again.returncode == 0, again.stderr


@pytest.mark.usefixtures("node")
def test_without_yes_nothing_is_done(trio_sup: Run) -> None:
    trio_sup("quarantine", "shop", "shop/hot", "--yes")
    for words, code in ((), 2), (("--dry-run",), 0), (("--dry-run", "--yes"), 0):
        done = trio_sup("terminate", "shop", "shop/a", *words)
        assert done.returncode == code
        assert done.stdout.startswith("terminate shop/a\n  stops shop/a (life ")
        assert "nothing was done" in done.stderr
    done = trio_sup("terminate", "shop", "shop/a", "--json")
    assert done.returncode == 2
    (child,) = json.loads(done.stdout)["children"]
    assert (child["state"], child["code"]) == ("not_done", None)
    assert child["plan"][0].startswith("stops shop/a")
    assert child_of(trio_sup, "shop/a")["status"] == "running"


@pytest.mark.usefixtures("node")
def test_several_are_done_in_order_and_told_as_json(trio_sup: Run) -> None:
    done = trio_sup("suspend", "shop", "shop/a", "shop/b", "shop/a", "--yes", "--json")
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert (document["schema"], document["action"]) == (1, "suspend")
    assert [(c["path"], c["state"]) for c in document["children"]] == [
        ("shop/a", "done"),
        ("shop/b", "done"),
    ]
    assert child_of(trio_sup, "shop/b")["status"] == "suspended"
    assert trio_sup("resume", "shop", "shop/a", "b", "-y").returncode == 0


@pytest.mark.usefixtures("node")
def test_if_one_is_refused_nothing_is_done_to_any(trio_sup: Run) -> None:
    done = trio_sup("suspend", "shop", "shop/a", "shop/z", "--yes")
    assert done.returncode == 8
    assert "refused: only a server has a mailbox, this is a task" in done.stdout
    assert "nothing was done" in done.stderr
    assert child_of(trio_sup, "shop/a")["status"] == "running"
    done = trio_sup("restart", "shop", "shop/b", "--yes", "--json")
    assert done.returncode == 8
    (child,) = json.loads(done.stdout)["children"]
    assert (child["state"], child["code"]) == ("refused", "not_applicable")


@pytest.mark.usefixtures("node")
def test_who_does_not_exist_is_said_before_anything(trio_sup: Run) -> None:
    done = trio_sup("restart", "shop", "shop/a", "shop/nobody", "--yes")
    assert (done.returncode, done.stdout) == (3, "")
    assert "no child 'shop/nobody'" in done.stderr
    assert trio_sup("drain", "nowhere", "shop/a", "--yes").returncode == 3
    done = trio_sup("drain", "shop", "shop/a", "--yes")
    assert (done.returncode, "its mailbox is empty" in done.stdout) == (8, True)


@pytest.mark.usefixtures("read_only")
@pytest.mark.parametrize("action", HELP)
def test_a_node_that_allows_no_control_refuses(trio_sup: Run, action: str) -> None:
    done = trio_sup(action, "shop", "shop/a", "--yes")
    assert (done.returncode, done.stdout) == (8, "")
    assert "the node is read-only: start it with inspect='control'" in done.stderr


def test_a_recording_cannot_be_acted_on(trio_sup: Run, tmp_path: Path) -> None:
    path = tmp_path / "x.rec"
    path.write_bytes(b"\x1f\x8b")
    done = trio_sup("restart", str(path), "shop/a", "--yes")
    assert (done.returncode, "cannot be acted on" in done.stderr) == (2, True)


@pytest.mark.usefixtures("node")
@pytest.mark.parametrize(("answer", "code"), [(b"y\n", 0), (b"\n", 1)])
def test_at_a_terminal_it_asks(directory: Path, answer: bytes, code: int) -> None:
    with in_terminal(directory, "hold", "shop", "shop/a") as (process, master):
        read_until(master, b"Type y to go on: ")
        os.write(master, answer)
        assert process.wait(20) == code
        with contextlib.suppress(OSError):
            os.read(master, 65536)


@pytest.mark.usefixtures("node")
def test_a_supervisor_has_to_be_named_to_be_stopped(
    directory: Path, trio_sup: Run
) -> None:
    with in_terminal(directory, "terminate", "shop", "shop") as (process, master):
        read_until(master, b"Type shop to go on: ")
        os.write(master, b"y\n")
        assert process.wait(20) == 1
        assert child_of(trio_sup, "shop/z")["kind"] == "task"


@pytest.mark.usefixtures("node")
def test_the_node_itself_can_be_told_something(trio_sup: Run) -> None:
    done = trio_sup("log-level", "shop", "WARNING", "--yes")
    assert (done.returncode, done.stderr) == (0, "")
    first, *_, last = done.stdout.splitlines()
    assert first == "log-level WARNING"
    assert last.startswith("done: ")
    refused = trio_sup("log-level", "shop", "LOUD", "--yes")
    assert refused.returncode == 8
    assert "refused: " in refused.stdout
    asked = trio_sup("collect", "shop", "--json")
    assert asked.returncode == 2
    document = json.loads(trio_sup("collect", "shop", "--yes", "--json").stdout)
    assert (document["action"], document["state"]) == ("collect", "done")
    assert "children" not in document
