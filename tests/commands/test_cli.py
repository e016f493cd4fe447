"""The command ``trio-sup`` as a process: what it prints, and what it loads."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.commands.rig import COMMAND, ROOT, Run
from trio_sup._commands.table import HELP


def test_nodes_lists_what_runs_and_removes_what_does_not(
    trio_sup: Run, start: Callable[..., int], directory: Path
) -> None:
    dead = directory / "dead.4000001.sock"
    left = socket.socket(socket.AF_UNIX)
    left.bind(str(dead))
    left.close()
    pid = start("shop")
    done = trio_sup("nodes")
    assert done.returncode == 0
    heading, line = done.stdout.splitlines()
    assert heading.split() == ["NODE", "PID", "UP", "PYTHON", "PROGRAM"]
    assert line.split()[:2] == ["shop", str(pid)]
    assert not dead.exists()


def test_nodes_as_json(trio_sup: Run, start: Callable[..., int]) -> None:
    pid = start("shop")
    document = json.loads(trio_sup("nodes", "--json").stdout)
    assert document["schema"] == 1
    (node,) = document["nodes"]
    assert (node["name"], node["pid"], node["process"]) == ("shop", pid, "alive")
    assert node["program"].endswith("program.py")


def test_no_nodes_is_an_empty_list_and_no_failure(trio_sup: Run) -> None:
    done = trio_sup("nodes")
    assert (done.returncode, done.stdout) == (0, "")
    assert "no node runs" in done.stderr
    assert json.loads(trio_sup("nodes", "--json").stdout)["nodes"] == []


def test_the_tree_has_a_line_for_each_child(
    trio_sup: Run, start: Callable[..., int]
) -> None:
    start("shop")
    done = trio_sup("tree")
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    labels = ["shop", "boards", "b0", "b1", "b2"]
    assert [label in line for label, line in zip(labels, lines, strict=True)] == [
        True
    ] * 5
    assert "crashed: boom" in lines[3]


def test_the_tree_can_be_cut_filtered_and_plain(
    trio_sup: Run, start: Callable[..., int]
) -> None:
    start("shop")
    plain = trio_sup("tree", "shop", "--ascii").stdout
    assert plain.isascii()
    assert len(trio_sup("tree", "--depth", "2").stdout.splitlines()) == 2
    filtered = trio_sup("tree", "shop", "b1").stdout
    assert "b1" in filtered
    assert "b2" not in filtered
    # A first word that cannot name a node belongs to the filter.
    assert trio_sup("tree", "restarts>0").stdout == filtered
    assert trio_sup("tree", "/b1$/").stdout == filtered


def test_a_stdout_without_unicode_gets_the_plain_tree(
    trio_sup: Run, start: Callable[..., int]
) -> None:
    start("shop")
    done = trio_sup("tree", PYTHONIOENCODING="ascii")
    assert done.returncode == 0
    assert done.stdout.isascii()


def test_the_tree_as_json_nests_children_and_other_programs_can_read_it(
    trio_sup: Run, start: Callable[..., int], environ: dict[str, str]
) -> None:
    start("shop")
    text = trio_sup("tree", "--json").stdout
    subprocess.run(
        [sys.executable, "-m", "json.tool"],
        input=text,
        text=True,
        check=True,
        stdout=subprocess.DEVNULL,
    )
    document = json.loads(text)
    assert document["schema"] == 1
    assert document["node"]["name"] == "shop"
    assert document["rows"] == 5
    (root,) = document["children"]
    (boards,) = root["children"]
    assert [child["label"] for child in boards["children"]] == ["b0", "b1", "b2"]
    crashed = boards["children"][1]
    assert (crashed["restarts"], crashed["last_exit"]) == (1, "crashed: boom")
    assert crashed["mailbox"]["capacity"] == 1024
    cut = json.loads(trio_sup("tree", "--json", "--depth", "1").stdout)
    assert cut["children"][0]["children"] == []
    assert cut["children"][0]["child_count"] == 1
    one = json.loads(trio_sup("tree", "--json", "shop", "b2").stdout)
    assert len(one["children"][0]["children"][0]["children"]) == 1


def test_status_is_a_health_check(trio_sup: Run, start: Callable[..., int]) -> None:
    start("good")
    start("bad", "odd")
    good = trio_sup("status", "good", "--check")
    assert good.returncode == 0
    assert good.stdout.startswith("good.")
    bad = trio_sup("status", "bad", "--check")
    assert bad.returncode == 1
    assert "shop/boards/b2" in bad.stdout
    assert trio_sup("status", "bad").returncode == 0
    document = json.loads(trio_sup("status", "bad", "--json").stdout)
    assert document["schema"] == 1
    assert [each["path"] for each in document["problems"]] == ["shop/boards/b2"]


def test_events_are_those_that_the_node_remembers(
    trio_sup: Run, start: Callable[..., int]
) -> None:
    start("shop")
    (line,) = trio_sup("events").stdout.splitlines()
    assert "child_crashed" in line
    event = json.loads(trio_sup("events", "--json").stdout)
    assert (event["schema"], event["path"]) == (1, "shop/boards/b1")


def test_following_events_ends_with_the_node(
    start: Callable[..., int], environ: dict[str, str]
) -> None:
    pid = start("shop")
    with subprocess.Popen(
        [*COMMAND, "events", "--follow"], env=environ, stdout=subprocess.PIPE, text=True
    ) as command:
        assert command.stdout is not None
        assert "child_crashed" in command.stdout.readline()
        os.kill(pid, signal.SIGKILL)
        assert command.wait(20) == 0


def test_inspect_without_a_terminal_prints_the_tree_and_a_hint(
    trio_sup: Run, start: Callable[..., int]
) -> None:
    start("shop")
    done = trio_sup("inspect", "shop")
    assert done.returncode == 0
    assert "boards" in done.stdout
    assert "no terminal" in done.stderr


def test_version_names_the_protocol(trio_sup: Run) -> None:
    assert "inspector protocol 1" in trio_sup("version").stdout


@pytest.mark.parametrize("command", HELP)
def test_every_command_has_help(
    command: str, here: Callable[..., tuple[int, str, str]]
) -> None:
    code, out, err = here(command, "--help")
    assert (code, err) == (0, "")
    assert out.startswith(f"usage: trio-sup {command}")


def test_the_exit_codes_are_in_the_help(trio_sup: Run) -> None:
    assert "130  interrupted" in trio_sup("--help").stdout


LOADED = """
import contextlib, io, sys, types
package = types.ModuleType("trio_sup")
package.__path__ = [{path!r}]
sys.modules["trio_sup"] = package  # Whatever the package itself imports.
from trio_sup.cli import main
with contextlib.redirect_stdout(io.StringIO()):
    assert main({args!r}) == 0
heavy = {{"trio", "textual", "rich", "asyncio", "hypothesis"}} & set(sys.modules)
assert not heavy, heavy
"""


@pytest.mark.parametrize(
    "args",
    [
        ["nodes"],
        ["tree"],
        ["tree", "--json"],
        ["status"],
        ["events"],
        ["ps"],
        ["top", "--once", "-i", "0.1"],
        ["show", "b1"],
        ["version"],
    ],
)
def test_one_shot_commands_load_no_event_loop_and_no_textual(
    args: list[str], start: Callable[..., int], environ: dict[str, str]
) -> None:
    start("shop")
    script = LOADED.format(path=str(ROOT / "trio_sup"), args=args)
    done = subprocess.run(
        [sys.executable, "-c", script],
        env=environ,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
