"""The command ``trio-sup`` as a process: what it prints, and how it fails."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from attrs import evolve

from tests.commands.rig import COMMAND, ROOT, Run, in_a_terminal, peer, refusal
from tests.inspect.test_session import HELLO, SNAPSHOT
from trio_sup._commands.table import HELP
from trio_sup.inspect.protocol.wire import Error, Heartbeat, Row, Rows, SnapBegin

# --- what is printed ---------------------------------------------------------


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


# --- failures ----------------------------------------------------------------


@pytest.mark.parametrize(
    "args",
    [
        [],
        ["nonsense"],
        ["tree", "--depth", "0"],
        ["tree", "--dep", "1"],
        ["demo", "--for", "-1"],
        ["demo", "--for", "nan"],
        ["demo", "--clients", "x"],
        ["demo", "--port", "65536"],
        ["inspect", "--rate", "11"],
        ["inspect", "--color", "green"],
        ["run", "x:y", "--name", "a/b"],
    ],
)
def test_wrong_usage_is_2(args: list[str], trio_sup: Run) -> None:
    done = trio_sup(*args)
    assert done.returncode == 2
    assert "usage:" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_bad_filter_is_2(trio_sup: Run) -> None:
    refusal(trio_sup("tree", "shop", "/[/"), 2, "bad filter")


@pytest.mark.parametrize(
    "command", ["tree", "status", "events", "inspect", "ps", "top", "relay"]
)
def test_no_node_is_3(command: str, trio_sup: Run, directory: Path) -> None:
    refusal(trio_sup(command), 3, "no node runs", str(directory))


def test_a_missing_directory_is_no_node(trio_sup: Run) -> None:
    refusal(trio_sup("tree", TRIO_SUP_RUNTIME_DIR="/nowhere/at/all"), 3, "/nowhere")


def test_an_unknown_node_is_3_and_the_others_are_named(
    trio_sup: Run, start: Callable[..., int]
) -> None:
    pid = start("shop")
    refusal(trio_sup("tree", "nope"), 3, "'nope'", f"shop.{pid}")


def test_a_dead_socket_file_is_no_node(trio_sup: Run, directory: Path) -> None:
    path = directory / "shop.4000001.sock"
    left = socket.socket(socket.AF_UNIX)
    left.bind(str(path))
    left.close()
    refusal(trio_sup("tree"), 3)
    refusal(trio_sup("tree", str(path)), 3, "nobody listens")
    refusal(trio_sup("tree", str(path) + "x"), 3, "no socket")


def test_two_nodes_are_4_and_both_are_named(
    trio_sup: Run, start: Callable[..., int]
) -> None:
    titles = [f"shop.{start('shop')}", f"shop.{start('shop')}"]
    refusal(trio_sup("tree"), 4, *titles)
    refusal(trio_sup("tree", "shop"), 4, *titles)
    assert trio_sup("tree", titles[0]).returncode == 0


def test_an_unsafe_directory_is_5(trio_sup: Run, directory: Path) -> None:
    directory.chmod(0o755)
    for command in ("nodes", "tree"):
        refusal(trio_sup(command), 5, "0755", "chmod 700")
    directory.chmod(0o700)


def test_another_protocol_is_6_and_says_who_must_upgrade(
    trio_sup: Run, directory: Path
) -> None:
    with peer(directory, evolve(HELLO, proto_min=7, proto_max=9)):
        refusal(trio_sup("tree"), 6, "upgrade this trio-sup")


@pytest.mark.parametrize(
    "raw",
    [
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        b"\x00\xff" * 600_000,
        b'{"t":"hello"}\n',
        b"[]\n",
        b"[" * 100_000 + b"\n",
    ],
)
def test_garbage_is_7(raw: bytes, trio_sup: Run, directory: Path) -> None:
    with peer(directory, raw=raw):
        refusal(trio_sup("tree"), 7, "no trio-sup node")


def test_rows_that_make_no_sense_are_7(trio_sup: Run, directory: Path) -> None:
    odd = Row(1, 0, *[[] for _ in range(21)])  # type: ignore[arg-type]
    messages = [SNAPSHOT[0], SnapBegin(3, 1), Rows([odd]), SNAPSHOT[-1]]
    with peer(directory, HELLO, *messages, Heartbeat(1.0, 0.0)):
        refusal(trio_sup("tree"), 7, "make no sense")


def test_a_peer_that_accepts_and_says_nothing_is_7_within_seconds(
    trio_sup: Run, directory: Path
) -> None:
    with peer(directory):
        began = time.monotonic()
        refusal(trio_sup("tree"), 7, "said nothing", "py-spy dump --pid 77")
        assert time.monotonic() - began < 15


def test_a_stopped_node_is_7(trio_sup: Run, start: Callable[..., int]) -> None:
    pid = start("shop")
    os.kill(pid, signal.SIGSTOP)
    refusal(trio_sup("tree"), 7, "said nothing", str(pid))


@pytest.mark.parametrize(
    ("code", "exit_code"), [("too_many_clients", 8), ("forbidden", 5), ("new", 8)]
)
def test_what_the_node_refuses_has_its_code(
    code: str, exit_code: int, trio_sup: Run, directory: Path
) -> None:
    with peer(directory, Error(code, "because")):
        refusal(trio_sup("tree"), exit_code, "because", code)


def test_a_closed_pipe_is_quiet(
    start: Callable[..., int], environ: dict[str, str]
) -> None:
    start("shop")
    for args in (["tree", "--json"], ["--help"]):
        read, write = os.pipe()
        os.close(read)
        done = subprocess.run(
            [*COMMAND, *args],
            env=environ,
            stdout=write,
            stderr=subprocess.PIPE,
            check=False,
        )
        os.close(write)
        assert (done.returncode, done.stderr) == (0, b"")


def test_a_full_disk_is_one_line(
    start: Callable[..., int], environ: dict[str, str]
) -> None:
    start("shop")
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [*COMMAND, "tree"],
            env=environ,
            stdout=full,
            stderr=subprocess.PIPE,
            check=False,
        )
    assert done.returncode == 1
    assert done.stderr.startswith(b"trio-sup: [Errno 28]")
    assert done.stderr.count(b"\n") == 1


def test_ctrl_c_is_130_and_one_line(
    start: Callable[..., int], environ: dict[str, str]
) -> None:
    start("shop")
    with subprocess.Popen(
        [*COMMAND, "events", "--follow"],
        env=environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as command:
        assert command.stdout is not None
        assert command.stderr is not None
        command.stdout.readline()
        command.send_signal(signal.SIGINT)
        assert command.wait(20) == 130
        assert command.stderr.read() == "trio-sup: interrupted\n"


def test_inspect_without_its_extra_says_what_to_install(
    start: Callable[..., int], environ: dict[str, str], tmp_path: Path
) -> None:
    start("shop")
    # Python takes this module before the installed one.
    (tmp_path / "textual.py").write_text(
        "raise ModuleNotFoundError(\"No module named 'textual'\", name='textual')"
    )
    path = os.pathsep.join([str(tmp_path), environ["PYTHONPATH"]])
    code, output = in_a_terminal([*COMMAND, "inspect"], {**environ, "PYTHONPATH": path})
    assert code == 2
    assert output.splitlines() == [
        "trio-sup: the terminal inspector is not installed",
        "install the extra `inspector` of trio-sup, in a checkout: "
        "pip install -e '.[inspector]'",
    ]


# --- trio-sup run ------------------------------------------------------------

TREE = """
import trio
from trio_sup import child, supervisor

async def work():
    await trio.sleep_forever()

async def fail():
    raise ValueError("always")

spec = supervisor([child(work)], id="app")
bad = supervisor([child(fail)], id="app", max_restarts=0)
number = 7
"""


@pytest.fixture
def tree_path(tmp_path: Path, environ: dict[str, str]) -> str:
    (tmp_path / "mytree.py").write_text(TREE)
    return os.pathsep.join([str(tmp_path), environ["PYTHONPATH"]])


def test_a_tree_runs_can_be_inspected_and_ends_with_sigterm(
    trio_sup: Run, tree_path: str, environ: dict[str, str]
) -> None:
    with subprocess.Popen(
        [*COMMAND, "run", "mytree:spec", "--name", "mine"],
        env={**environ, "PYTHONPATH": tree_path},
    ) as program:
        deadline = time.monotonic() + 20
        while "mine" not in trio_sup("nodes").stdout:
            assert time.monotonic() < deadline
        assert "app" in trio_sup("tree", "mine").stdout
        program.send_signal(signal.SIGTERM)
        assert program.wait(20) == 0
    refusal(trio_sup("tree", "mine"), 3)


def test_a_tree_that_gives_up_is_1_and_tells_its_story(
    trio_sup: Run, tree_path: str
) -> None:
    done = trio_sup("run", "mytree:bad", PYTHONPATH=tree_path)
    assert done.returncode == 1
    last = [line for line in done.stderr.splitlines() if line.startswith("trio-sup: ")]
    assert len(last) == 1
    assert "app" in last[0]


def test_check_prints_the_tree_and_starts_nothing(
    trio_sup: Run, tree_path: str
) -> None:
    done = trio_sup("run", "mytree:spec", "--check", PYTHONPATH=tree_path)
    assert done.returncode == 0
    assert done.stdout.splitlines()[0].startswith("app: one_for_one")


@pytest.mark.parametrize(
    "spec", ["mytree", "nowhere:spec", "mytree:nope", "mytree:number"]
)
def test_what_is_no_specification_is_2(
    spec: str, trio_sup: Run, tree_path: str
) -> None:
    refusal(trio_sup("run", spec, PYTHONPATH=tree_path), 2, spec.partition(":")[0])


# --- what is loaded ----------------------------------------------------------

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
