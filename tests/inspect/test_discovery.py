"""Which nodes are there, and which files are only left over."""

import os
import socket
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from attrs import evolve

from trio_sup.inspect.finding.directory import (
    UnsafeDirectory,
    check_dir,
    directory_lock,
    make_dir,
    runtime_dir,
    runtime_dirs,
)
from trio_sup.inspect.finding.discovery import (
    AmbiguousNode,
    NoSuchNode,
    find_node,
    list_nodes,
    process_start,
    process_state,
    sweep,
)
from trio_sup.inspect.finding.found_node import NodeFile
from trio_sup.inspect.finding.node_file import read_file, write_file

FILE = NodeFile("shop", 1, "e1", 1.5, None, "app.py", "/", "3.13", "1.0", 1, 1)


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    made = tmp_path / "d"
    make_dir(made)
    return made


@pytest.fixture
def sockets() -> Iterator[list[socket.socket]]:
    opened: list[socket.socket] = []
    yield opened
    for each in opened:
        each.close()


def listen(directory: Path, name: str, pid: int, opened: list[socket.socket]) -> Path:
    path = directory / f"{name}.{pid}.sock"
    sock = socket.socket(socket.AF_UNIX)
    opened.append(sock)
    sock.bind(str(path))
    sock.listen(1)
    write_file(path.with_suffix(".json"), evolve(FILE, name=name, pid=pid))
    return path


def leave_behind(directory: Path, name: str, pid: int) -> Path:
    """The files of a node that was killed."""
    opened: list[socket.socket] = []
    path = listen(directory, name, pid, opened)
    opened[0].close()
    return path


def test_the_directory_comes_from_the_environment() -> None:
    both = {"TRIO_SUP_RUNTIME_DIR": "/a", "XDG_RUNTIME_DIR": "/run/user/7"}
    assert runtime_dir(both) == Path("/a")
    assert runtime_dir({"XDG_RUNTIME_DIR": "/run/user/7"}) == Path(
        "/run/user/7/trio-sup"
    )
    assert runtime_dir({}).name == f"trio-sup-{os.getuid()}"


def test_a_directory_is_made_for_the_user_alone_whatever_the_umask(
    tmp_path: Path,
) -> None:
    before = os.umask(0)
    try:
        make_dir(tmp_path / "d")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "d").stat().st_mode) == 0o700
    make_dir(tmp_path / "d")


def test_a_missing_directory_holds_no_nodes(tmp_path: Path) -> None:
    assert not check_dir(tmp_path / "none")
    assert list_nodes(tmp_path / "none") == []
    assert sweep(tmp_path / "none") == []


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give files away")
def test_a_directory_of_somebody_else_is_not_looked_at(short_dir: Path) -> None:
    os.chown(short_dir, 65534, 65534)
    assert check_dir(short_dir)  # Root may.
    script = f"""
import os
from pathlib import Path
from trio_sup.inspect.finding.directory import UnsafeDirectory, check_dir
os.setuid(65533)
try:
    check_dir(Path({str(short_dir)!r}))
except UnsafeDirectory as error:
    print(error)
"""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert "belongs to uid 65534" in done.stdout


def test_others_in_the_group_make_a_directory_unsafe(directory: Path) -> None:
    directory.chmod(0o750)
    with pytest.raises(UnsafeDirectory, match="0750"):
        list_nodes(directory)


def test_nodes_are_listed_with_what_their_files_say(
    directory: Path, sockets: list[socket.socket]
) -> None:
    listen(directory, "shop", os.getpid(), sockets)
    leave_behind(directory, "dead", 4_000_001)
    (directory / "unrelated.txt").touch()
    found = list_nodes(directory)
    assert [(n.name, n.probe, n.running) for n in found] == [
        ("dead", "refused", False),
        ("shop", "listening", True),
    ]
    assert found[0].process == "gone"
    assert found[1].file == evolve(FILE, pid=os.getpid())


def test_a_process_is_known_by_its_start_and_not_only_by_its_number() -> None:
    started = process_start(os.getpid())
    assert started is not None
    assert process_state(os.getpid(), started) == "alive"
    assert process_state(os.getpid(), started - 1) == "recycled"
    assert process_state(os.getpid(), None) == "unknown"
    assert process_state(4_000_001, started) == "gone"


@pytest.mark.parametrize(
    "content",
    [b"", b"[]", b"{}", b"\xff", b"[" * 100_000, b'{"name": 7, "pid": "x"}', b"null"],
)
def test_a_strange_describing_file_is_no_description(
    content: bytes, directory: Path, sockets: list[socket.socket]
) -> None:
    path = listen(directory, "shop", os.getpid(), sockets)
    path.with_suffix(".json").write_bytes(content)
    (found,) = list_nodes(directory)
    assert found.file is None
    assert found.running


def test_a_field_from_the_future_is_passed_over(directory: Path) -> None:
    path = directory / "x.1.json"
    write_file(path, FILE)
    path.write_text(path.read_text().replace("{", '{"new": [], ', 1))
    assert read_file(path) == FILE


def test_a_sweep_removes_the_dead_and_leaves_the_living(
    directory: Path, sockets: list[socket.socket]
) -> None:
    alive = listen(directory, "shop", 4_000_002, sockets)
    dead = leave_behind(directory, "shop", 4_000_001)
    assert [node.pid for node in sweep(directory)] == [4_000_001]
    assert alive.exists()
    assert alive.with_suffix(".json").exists()
    assert not dead.exists()
    assert not dead.with_suffix(".json").exists()


def test_a_node_with_a_full_queue_of_connections_is_not_swept(
    directory: Path, sockets: list[socket.socket]
) -> None:
    path = directory / "busy.4000001.sock"
    server = socket.socket(socket.AF_UNIX)
    sockets.append(server)
    server.bind(str(path))
    server.listen(0)
    while True:
        client = socket.socket(socket.AF_UNIX)
        sockets.append(client)
        client.setblocking(False)
        try:
            client.connect(str(path))
        except BlockingIOError:
            break
    assert sweep(directory) == []
    assert [node.running for node in list_nodes(directory)] == [True]


def test_while_a_node_holds_the_lock_nothing_is_swept(directory: Path) -> None:
    leave_behind(directory, "shop", 4_000_001)
    with directory_lock(directory) as held:
        assert held
        assert sweep(directory) == []
    assert len(sweep(directory)) == 1


@pytest.mark.parametrize("wanted", [None, "shop", "77", "shop.77"])
def test_the_only_fitting_node_is_found(
    wanted: str | None, directory: Path, sockets: list[socket.socket]
) -> None:
    listen(directory, "shop", 77, sockets)
    leave_behind(directory, "shop", 4_000_001)
    assert find_node(directory, wanted).pid == 77


def test_a_node_is_found_by_the_path_of_its_socket(
    directory: Path, sockets: list[socket.socket]
) -> None:
    path = listen(directory, "shop", 77, sockets)
    assert find_node(Path("/nowhere"), str(path)).title == "shop.77"
    with pytest.raises(NoSuchNode, match="no socket"):
        find_node(directory, str(path) + "x")
    with pytest.raises(NoSuchNode, match="nobody listens"):
        find_node(directory, str(leave_behind(directory, "dead", 4_000_001)))


def test_several_nodes_have_to_be_told_apart(
    directory: Path, sockets: list[socket.socket]
) -> None:
    listen(directory, "shop", 77, sockets)
    listen(directory, "shop", 78, sockets)
    listen(directory, "mail", 79, sockets)
    with pytest.raises(AmbiguousNode, match=r"mail\.79, shop\.77, shop\.78"):
        find_node(directory)
    with pytest.raises(AmbiguousNode) as caught:
        find_node(directory, "shop")
    assert [node.pid for node in caught.value.found] == [77, 78]
    assert find_node(directory, "mail").pid == 79
    assert find_node(directory, "shop.78").pid == 78
    with pytest.raises(NoSuchNode, match="'nope'"):
        find_node(directory, "nope")


def test_a_node_that_had_no_xdg_runtime_dir_is_found_by_one_who_has_and_back(
    short_dir: Path,
    sockets: list[socket.socket],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    session, temporary = short_dir / "s", short_dir / "t"
    session.mkdir(mode=0o700)
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "gettempdir", lambda: str(temporary))
    with_session = {"XDG_RUNTIME_DIR": str(session)}
    homes = [runtime_dir({}), runtime_dir(with_session)]
    assert homes[0] != homes[1]
    for home, looking in zip(homes, (with_session, {}), strict=True):
        places = runtime_dirs(looking)
        assert places[0] == runtime_dir(looking)
        assert homes[0] in places
        home.mkdir(mode=0o700, exist_ok=True)
        # What one process cannot know is another's session; it knows the usual one.
        places = (*places, home)
        listen(home, "shop", 7, sockets)
        assert find_node(places, "shop").socket.parent == home
        sockets.pop().close()
    with pytest.raises(NoSuchNode, match=str(homes[0])) as none:
        find_node(runtime_dirs(with_session), "nobody")
    assert str(homes[1]) in str(none.value)
    assert f"/run/user/{os.geteuid()}/trio-sup" in str(none.value)


def test_an_explicit_directory_is_the_only_one_that_is_looked_in() -> None:
    environ = {"TRIO_SUP_RUNTIME_DIR": "/x", "XDG_RUNTIME_DIR": "/y"}
    assert runtime_dirs(environ) == (Path("/x"),)


def test_a_place_that_is_not_safe_hides_no_node_elsewhere(
    short_dir: Path, sockets: list[socket.socket]
) -> None:
    unsafe = short_dir / "u"
    unsafe.mkdir(mode=0o777)
    unsafe.chmod(0o777)
    home = short_dir / "h"
    home.mkdir(mode=0o700)
    listen(home, "shop", 7, sockets)
    assert [node.name for node in list_nodes((home, unsafe))] == ["shop"]
    with pytest.raises(UnsafeDirectory):
        list_nodes((unsafe, home))
