"""What other users of the machine can put into the way, and what comes of it."""

import json
import os
import socket
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import trio
from attrs import evolve

from tests.inspect import attackers
from tests.inspect.attackers import NOBODY, as_root, running_as
from tests.inspect.test_discovery import FILE, leave_behind, listen
from trio_sup import open_inspector
from trio_sup.cli import main
from trio_sup.inspect.client import conversation
from trio_sup.inspect.client.oneshot import EXIT_PERMISSION, AskError, ask
from trio_sup.inspect.finding import peers
from trio_sup.inspect.finding.directory import (
    UnsafeDirectory,
    check_dir,
    make_dir,
    runtime_dir,
)
from trio_sup.inspect.finding.discovery import (
    NoSuchNode,
    find_node,
    list_nodes,
    probe,
    sweep,
)
from trio_sup.inspect.finding.node_file import read_file, write_file


@pytest.fixture
def sockets() -> Iterator[list[socket.socket]]:
    opened: list[socket.socket] = []
    yield opened
    for each in opened:
        each.close()


@pytest.fixture
def theirs(short_dir: Path) -> Iterator[Path]:
    """A private directory of somebody else, which they can get at."""
    short_dir.chmod(0o711)
    directory = short_dir / "theirs"
    directory.mkdir(0o700)
    os.chown(directory, NOBODY, NOBODY)
    yield directory
    short_dir.chmod(0o700)


def names(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir())


async def problem(directory: Path) -> str:
    async with open_inspector("mine", runtime_dir=directory) as found:
        assert found.path is None
        return found.problem


@as_root
@pytest.mark.trio
async def test_a_node_of_root_makes_nothing_in_a_directory_of_somebody_else(
    theirs: Path,
) -> None:
    assert f"belongs to uid {NOBODY}, not to you (uid 0)" in await problem(theirs)
    assert names(theirs) == []
    with pytest.raises(UnsafeDirectory, match="TRIO_SUP_RUNTIME_DIR"):
        make_dir(theirs)
    with pytest.raises(UnsafeDirectory):
        check_dir(theirs, own=True)
    assert check_dir(theirs)  # Looking is another matter.


@as_root
def test_root_sweeps_nothing_in_a_directory_of_somebody_else(theirs: Path) -> None:
    dead = leave_behind(theirs, "dead", 4_000_001)
    assert sweep(theirs) == []
    assert dead.exists()
    assert not (theirs / ".lock").exists()


@as_root
def test_a_session_directory_of_somebody_else_is_passed_over(theirs: Path) -> None:
    found = runtime_dir({"XDG_RUNTIME_DIR": str(theirs)})
    assert found.name == "trio-sup-0"
    os.chown(theirs, 0, 0)
    assert runtime_dir({"XDG_RUNTIME_DIR": str(theirs)}) == theirs / "trio-sup"


@pytest.mark.trio
async def test_a_link_in_the_place_of_the_directory_is_refused(
    short_dir: Path,
) -> None:
    real, link = short_dir / "real", short_dir / "link"
    real.mkdir(0o700)
    link.symlink_to(real)
    assert "symbolic link" in await problem(link)
    assert names(real) == []


@pytest.mark.trio
@pytest.mark.parametrize("umask", [0o000, 0o022, 0o277, 0o777])
async def test_a_socket_is_for_the_user_alone_whatever_the_umask(
    umask: int, short_dir: Path
) -> None:
    directory = short_dir / "run"
    make_dir(directory)
    before = os.umask(umask)
    try:
        async with open_inspector("mine", runtime_dir=directory) as found:
            assert found.path is not None
            assert stat.S_IMODE(found.path.stat().st_mode) == 0o600
            assert probe(found.path) == "listening"
            await trio.lowlevel.checkpoint()
    finally:
        os.umask(before)
    assert names(directory) == [".lock"]


@pytest.mark.trio
async def test_links_that_lie_in_wait_are_removed_and_not_followed(
    short_dir: Path,
) -> None:
    directory, bait = short_dir / "run", short_dir / "bait"
    make_dir(directory)
    bait.write_text("untouched")
    bait.chmod(0o644)
    name = f"mine.{os.getpid()}"
    for each in (f"{name}.sock", f"{name}.json", f".{name}.json.new"):
        (directory / each).symlink_to(bait)
    async with open_inspector("mine", runtime_dir=directory) as found:
        assert found.path is not None
        assert stat.S_ISSOCK(found.path.lstat().st_mode)
        assert read_file(found.path.with_suffix(".json")) is not None
    assert (bait.read_text(), stat.S_IMODE(bait.stat().st_mode)) == ("untouched", 0o644)
    assert names(directory) == [".lock"]


def lay_out(parent: Path, bait: Path) -> None:
    parent.parent.chmod(0o711)
    parent.mkdir(0o755)
    bait.mkdir(0o755)
    os.chown(parent, NOBODY, NOBODY)


def sockets_below(top: Path) -> list[Path]:
    return [path for path in top.rglob("*") if stat.S_ISSOCK(path.lstat().st_mode)]


@as_root
@pytest.mark.trio
@pytest.mark.timeout(120)
async def test_swapping_the_directory_in_a_loop_leads_nothing_astray(
    short_dir: Path,
) -> None:
    """The parent is the attacker's: anything in it can become a link at any time."""
    parent, bait = short_dir / "p", short_dir / "bait"
    lay_out(parent, bait)
    place = parent / "run"
    with running_as(NOBODY, attackers.SWAPPER, place, bait):
        for _ in range(100):
            async with open_inspector("mine", runtime_dir=place):
                pass
    assert names(bait) == []
    assert stat.S_IMODE(bait.stat().st_mode) == 0o755
    # Sockets were only ever made in a directory of root's.
    assert {path.parent.stat().st_uid for path in sockets_below(parent)} <= {0}


@as_root
def test_root_looks_at_a_node_of_somebody_else_and_is_told(
    theirs: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("TRIO_SUP_RUNTIME_DIR", str(theirs))
    with running_as(NOBODY, attackers.NODE, theirs):
        (node,) = list_nodes(theirs)
        assert (node.name, node.uid) == ("theirs", NOBODY)
        assert f"uid {NOBODY}" in node.owner
        assert ask(node).node.node == "theirs"
        assert main(["status", "theirs"]) == 0
        said = capsys.readouterr()
        assert f"(uid {NOBODY})" in said.err
        assert main(["nodes"]) == 0
        assert f"uid {NOBODY}" in capsys.readouterr().out
        assert main(["nodes", "--json"]) == 0
        assert json.loads(capsys.readouterr().out)["nodes"][0]["uid"] == NOBODY


@as_root
def test_root_is_led_nowhere_by_what_lies_in_a_foreign_directory(
    theirs: Path, short_dir: Path, sockets: list[socket.socket]
) -> None:
    mine = listen(short_dir, "mine", 1, sockets)
    (theirs / "link.1.sock").symlink_to(mine)
    (theirs / "link.1.json").symlink_to(mine.with_suffix(".json"))
    pipe = listen(theirs, "pipe", 2, sockets).with_suffix(".json")
    pipe.unlink()
    os.mkfifo(pipe)
    (theirs / "dir.3.sock").mkdir()
    found = {node.name: node for node in list_nodes(theirs)}
    assert not found["link"].running
    assert found["link"].file is None
    assert (found["pipe"].running, found["pipe"].file) == (True, None)
    assert not found["dir"].running
    with pytest.raises(AskError), socket.socket(socket.AF_UNIX) as sock:
        conversation.connect(sock, found["link"])


IMPOSTOR = """
sock = socket.socket(socket.AF_UNIX)
sock.bind(sys.argv[1])
os.chmod(sys.argv[1], 0o777)
sock.listen(5)
print("ready", flush=True)
heard = []
while True:
    connection = sock.accept()[0]
    connection.settimeout(20)
    print(repr(connection.recv(100)), flush=True)
"""


ASK = """
from pathlib import Path
from trio_sup.inspect.finding.discovery import find_node
from trio_sup.inspect.client.oneshot import AskError, ask
try:
    ask(find_node(Path("/nowhere"), sys.argv[1]))
except AskError as error:
    print("ready", flush=True)
    print(error.code, error, flush=True)
"""


@as_root
def test_a_user_believes_and_tells_nothing_to_what_another_user_listens_on(
    short_dir: Path,
) -> None:
    short_dir.chmod(0o777)
    path = short_dir / "shop.1.sock"
    with running_as(NOBODY, IMPOSTOR, path) as impostor:
        with running_as(65533, ASK, path) as asking:
            assert asking.stdout is not None
            said = asking.stdout.readline()
        assert impostor.stdout is not None
        # Looked at, then connected to; both times it was left without a word.
        assert [impostor.stdout.readline() for _ in range(2)] == ["b''\n"] * 2
    short_dir.chmod(0o700)
    assert said.startswith(f"{EXIT_PERMISSION} ")
    assert f"uid {NOBODY}" in said
    assert "nothing was sent" in said


@as_root
def test_root_refuses_a_node_that_changed_hands_since_it_was_found(
    short_dir: Path, sockets: list[socket.socket]
) -> None:
    short_dir.chmod(0o777)
    path = listen(short_dir, "shop", 1, sockets)
    found = evolve(find_node(Path("/nowhere"), str(path)), uid=65533)
    assert found.running
    path.unlink()
    with running_as(NOBODY, IMPOSTOR, path):
        with pytest.raises(AskError, match="nothing was sent"):
            ask(found)
    short_dir.chmod(0o700)


def test_a_link_to_a_socket_is_no_node(
    short_dir: Path, sockets: list[socket.socket]
) -> None:
    path = listen(short_dir, "shop", 77, sockets)
    link = short_dir / "link.77.sock"
    link.symlink_to(path)
    assert probe(link) == "refused"
    with pytest.raises(NoSuchNode, match="symbolic link"):
        find_node(short_dir, str(link))


def test_a_listener_without_room_is_no_proof_of_who_listens(short_dir: Path) -> None:
    with socket.socket(socket.AF_UNIX) as sock:
        with pytest.raises(OSError, match="does not accept"):
            peers.peer_ids(sock)


def test_the_user_in_what_the_bsds_say_of_a_peer() -> None:
    packed = b"\0\0\0\0" + (501).to_bytes(4, sys.byteorder) + b"\1\0" + bytes(66)
    assert peers.uid_of_xucred(packed) == 501
    with pytest.raises(OSError, match="version 7"):
        peers.uid_of_xucred((7).to_bytes(4, sys.byteorder) + bytes(72))


@pytest.mark.parametrize(
    "change",
    [
        {"started_wall": float("inf")},
        {"started_wall": float("nan")},
        {"started_wall": 1e308},
        {"pid": 10**400},
        {"process_start": -(10**400)},
    ],
)
def test_numbers_without_sense_are_no_description(
    change: dict[str, float], short_dir: Path
) -> None:
    path = short_dir / "x.1.json"
    write_file(path, evolve(FILE, **change))  # type: ignore[arg-type]
    assert read_file(path) is None


def test_what_a_node_file_says_comes_out_printable_and_short(short_dir: Path) -> None:
    path = short_dir / "x.1.json"
    write_file(path, evolve(FILE, python="\x1b]0;owned\x07" * 100, cwd="a\nb"))
    file = read_file(path)
    assert file is not None
    assert file.python.isprintable()
    assert len(file.python) <= 200
    assert file.cwd == r"a\nb"
    path.write_bytes(path.read_bytes() + b" " * 100_000)
    assert read_file(path) == file
