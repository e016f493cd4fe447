"""Commands against nodes that mean harm: one line, an exit code, and an end."""

import contextlib
import socket
import stat
import threading
import time
from collections.abc import Callable, Generator, Iterator
from pathlib import Path

import pytest

from tests.commands.rig import peer
from tests.directories import short_directory
from tests.hostile.viewer import GREETING, RAW
from tests.hostile.words import HELLO, ROWS, dumped
from trio_sup import cli
from trio_sup.inspect.client import conversation, store
from trio_sup.inspect.client.conversation import AskError
from trio_sup.inspect.client.oneshot import ask
from trio_sup.inspect.finding.discovery import find_node
from trio_sup.inspect.recording.recording import create

READY = b'{"t":"ready","proto":1,"rate_hz":4.0}\n'
BEGIN = dumped(HELLO) + b"\n" + READY + b'{"t":"snap_begin","seq":1,"total":9}\n'
ESCAPE = "\x1b]0;owned\x07\x9b31m\nforged\u202e"


@contextlib.contextmanager
def saying(pieces: Callable[[], Iterator[bytes]]) -> Generator[Path, None, None]:
    """A node that says these one after the other, until nobody listens any more."""
    with short_directory() as directory, socket.socket(socket.AF_UNIX) as server:
        path = directory / "shop.77.sock"
        server.bind(str(path))
        server.listen(5)

        def serve() -> None:
            with contextlib.suppress(OSError):
                while True:
                    client = server.accept()[0]
                    with client, contextlib.suppress(OSError):
                        for piece in pieces():
                            client.sendall(piece)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield path
        server.shutdown(socket.SHUT_RDWR)
        thread.join(10)


def refused(path: Path, *words: str) -> None:
    with pytest.raises(AskError) as caught:
        ask(find_node(path.parent, str(path)))
    assert caught.value.code == 7
    assert not RAW.search(str(caught.value))
    for word in words:
        assert word in str(caught.value)


def test_a_node_that_speaks_steadily_and_is_never_ready_is_left(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def trickle() -> Iterator[bytes]:
        yield dumped(HELLO) + b"\n"
        while True:
            time.sleep(0.02)
            yield b'{"t":"later"}\n'

    monkeypatch.setattr(conversation, "WITHIN", 0.5)
    with saying(trickle) as path:
        refused(path, "was not done within 0.5 s")


def test_a_node_that_sends_a_byte_at_a_time_is_left(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def trickle() -> Iterator[bytes]:
        yield b'{"t":"'
        while True:
            time.sleep(0.02)
            yield b"x"

    monkeypatch.setattr(conversation, "WITHIN", 0.5)
    with saying(trickle) as path:
        refused(path, "was not done within 0.5 s")


def endless() -> Iterator[bytes]:
    yield BEGIN
    first = 0
    while True:
        first += 500
        rows = [[first + n, 0, *ROWS[4][2:]] for n in range(500)]
        yield dumped({"t": "rows", "rows": rows}) + b"\n"


def test_a_snapshot_without_end_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "MAX_ROWS", 3000)
    with saying(endless) as path:
        refused(path, "more than can be held", "3000 rows")


def test_endless_bytes_are_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conversation, "MAX_BYTES", 300_000)
    with saying(endless) as path:
        refused(path, "300000 bytes")


def test_rows_of_enormous_texts_are_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "MAX_CHARS", 10_000)
    with saying(endless) as path:
        refused(path, "over 10000 characters")


def test_what_an_error_says_reaches_no_terminal_raw(
    capsys: pytest.CaptureFixture[str],
) -> None:
    error = {"t": "error", "code": f"forbidden{ESCAPE}", "message": ESCAPE}
    with short_directory() as directory:
        with peer(directory, raw=dumped(HELLO) + b"\n" + dumped(error) + b"\n") as path:
            for words in (["tree"], ["status"], ["metrics"], ["events"], ["top"]):
                assert cli.main([words[0], str(path)]) == 8
                out, err = capsys.readouterr()
                assert out == ""
                assert not RAW.search(err)
                assert err.count("\n") == 1
                assert "owned" in err


def test_every_word_of_a_node_is_printed_clean(
    capsys: pytest.CaptureFixture[str],
) -> None:
    row = [*ROWS[2]]
    for column in (2, 3, 4, 5, 6, 7, 8, 16, 18):
        row[column] = ESCAPE
    event = [1, 90.0, ESCAPE, ESCAPE, ESCAPE]
    said = GREETING.replace(b'"node": "shop"', dumped({"node": ESCAPE})[1:-1])
    said += dumped({"t": "delta", "seq": 6, "prev": 5, "at": 101.0, "up": [row]})
    said += b"\n" + dumped({"t": "heartbeat", "at": 101.0, "lag": 0.0}) + b"\n"
    del event
    with short_directory() as directory, peer(directory, raw=said) as path:
        for words in (
            ["tree"],
            ["tree", "--ascii"],
            ["tree", "--json"],
            ["ps", "--columns", "id,state,kind,op,name,exit,path"],
            ["ps", "--json"],
            ["status"],
            ["status", "--json"],
            ["top", "--once"],
            ["top", "--once", "--json"],
        ):
            assert cli.main([words[0], str(path), *words[1:]]) == 0, words
            out, err = capsys.readouterr()
            assert out
            assert not RAW.search(out), words
            assert not RAW.search(err)


def test_arguments_that_are_quoted_are_clean(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    with pytest.raises(SystemExit):
        cli.main(["tree", f"--{ESCAPE}"])
    path = tmp_path / "a\x1b[2Jb.rec"
    path.write_bytes(b"no recording")
    assert cli.main(["tree", str(path)]) == 2
    assert not RAW.search(capsys.readouterr().err)


def test_a_recording_is_for_its_user_alone_also_over_an_existing_file(
    tmp_path: Path,
) -> None:
    path, link = tmp_path / "night.rec", tmp_path / "link.rec"
    path.write_text("old")
    path.chmod(0o644)
    link.symlink_to(path)
    with path.open() as early:
        for name in (path, link):
            with create(name, force=True) as file:
                file.write(b"secret")
        assert early.read() == "old"  # who has the old file open sees nothing new
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.read_bytes() == b"secret"
    assert link.is_symlink()


def test_a_recording_over_a_pipe_or_a_device_leaves_it_there() -> None:
    with create(Path("/dev/null"), force=True) as file:
        file.write(b"gone")
    assert stat.S_ISCHR(Path("/dev/null").stat().st_mode)
