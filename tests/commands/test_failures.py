"""The command ``trio-sup`` fails with one line and a code of its own."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from attrs import evolve

from tests.commands.rig import COMMAND, Run, in_a_terminal, peer, refusal
from tests.inspect.scripted import HELLO, SNAPSHOT
from trio_sup._core.extras import how_to_install
from trio_sup.inspect.protocol.wire import Error, Heartbeat, Row, Rows, SnapBegin


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
        refusal(trio_sup("tree"), 7, "said nothing", "trio-sup show shop.77 --stacks")
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
        how_to_install("inspector"),
    ]
