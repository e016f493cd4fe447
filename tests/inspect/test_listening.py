"""The socket of a node: who reaches it, and whose files lie at its path."""

import os
import socket
import stat
import sys
from pathlib import Path

import pytest
import trio
from trio.testing import MockClock

from tests.inspect.fakes import shop
from tests.inspect.peers import attached, serving
from trio_sup.inspect.finding.directory import directory_lock, make_dir
from trio_sup.inspect.finding.discovery import list_nodes
from trio_sup.inspect.node.listener import InspectorUnavailable, serve_inspector
from trio_sup.inspect.protocol.wire import (
    SnapEnd,
)


@pytest.mark.trio
async def test_only_the_user_can_reach_the_socket(tmp_path: Path) -> None:
    directory = tmp_path / "d"
    async with serving(shop(), directory) as path:
        assert stat.S_IMODE(directory.stat().st_mode) == 0o700
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert stat.S_IMODE(path.with_suffix(".json").stat().st_mode) == 0o600
        (found,) = list_nodes(directory)
        assert (found.name, found.pid) == ("shop", os.getpid())
        assert (found.probe, found.process) == ("listening", "alive")
    assert list_nodes(directory) == []
    assert not path.with_suffix(".json").exists()


@pytest.mark.trio
async def test_files_of_somebody_else_at_the_same_path_are_left(tmp_path: Path) -> None:
    async with serving(shop(), tmp_path / "d") as path:
        path.unlink()
        path.write_text("not mine")
    assert path.read_text() == "not mine"


@pytest.mark.trio
@pytest.mark.skipif(os.getuid() != 0, reason="only root can become somebody else")
async def test_another_user_is_refused_by_the_kernels_word(short_dir: Path) -> None:
    async with serving(shop(), short_dir) as path:
        for each in (path.parent, path):
            each.chmod(0o777)  # As if somebody had opened it by mistake.
        script = f"""
import os, socket
os.setuid(65534)
s = socket.socket(socket.AF_UNIX)
s.connect({str(path)!r})
print(s.makefile().read())
"""
        done = await trio.run_process(
            [sys.executable, "-c", script], capture_stdout=True
        )
        path.parent.chmod(0o700)
    assert b'"t":"error","code":"forbidden"' in done.stdout
    assert b"hello" not in done.stdout


async def unavailable(directory: Path, name: str = "shop") -> str:
    with pytest.raises(InspectorUnavailable) as caught:
        await serve_inspector(shop(), name=name, runtime_dir=directory)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.trio
async def test_a_directory_that_others_can_enter_is_refused(tmp_path: Path) -> None:
    (tmp_path / "open").mkdir(mode=0o755)
    assert "0755" in await unavailable(tmp_path / "open")
    (tmp_path / "safe").mkdir(mode=0o700)
    (tmp_path / "link").symlink_to(tmp_path / "safe")
    assert "symbolic link" in await unavailable(tmp_path / "link")
    (tmp_path / "file").touch()
    assert "not a directory" in await unavailable(tmp_path / "file")
    assert "No such file" in await unavailable(tmp_path / "no" / "such")


@pytest.mark.trio
@pytest.mark.parametrize(
    "name", ["", "a/b", "x" * 33, "caf\N{LATIN SMALL LETTER E WITH ACUTE}", "a b"]
)
async def test_a_name_that_makes_no_file_is_refused(name: str, tmp_path: Path) -> None:
    assert repr(name) in await unavailable(tmp_path / "d", name)


@pytest.mark.trio
async def test_a_directory_with_too_long_a_path_is_refused(tmp_path: Path) -> None:
    directory = tmp_path / ("x" * 100)
    assert "TRIO_SUP_RUNTIME_DIR" in await unavailable(directory)


@pytest.mark.trio
async def test_a_second_node_of_the_same_name_in_one_process_is_refused(
    tmp_path: Path,
) -> None:
    async with serving(shop(), tmp_path / "d") as path:
        assert "another name" in await unavailable(tmp_path / "d")
        async with attached(path) as peer:
            await peer.until(SnapEnd)


@pytest.mark.trio
async def test_what_an_earlier_process_with_the_same_id_left_is_replaced(
    tmp_path: Path,
) -> None:
    (tmp_path / "d").mkdir(mode=0o700)
    stale = socket.socket(socket.AF_UNIX)
    stale.bind(str(tmp_path / "d" / f"shop.{os.getpid()}.sock"))
    stale.close()
    async with serving(shop(), tmp_path / "d") as path, attached(path) as peer:
        await peer.until(SnapEnd)


@pytest.mark.trio
async def test_a_sweep_in_progress_is_waited_for_but_not_for_ever(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    directory = tmp_path / "d"
    make_dir(directory)
    with directory_lock(directory) as held:
        assert held
        async with serving(shop(), directory) as path:
            assert path.exists()
            assert 0.1 < trio.current_time() < 1.0
