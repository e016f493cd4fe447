"""The hub and its listener over real unix sockets, with a fake node."""

import math
import os
import socket
import stat
import sys
from collections.abc import AsyncGenerator, Callable, Iterable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import TypeVar

import pytest
import trio
from trio.testing import MockClock

from tests.inspect.fakes import FakeChild, FakeMailbox, FakeNode, boards, shop
from trio_sup.inspect.client.session import Session
from trio_sup.inspect.finding.directory import directory_lock, make_dir
from trio_sup.inspect.finding.discovery import list_nodes
from trio_sup.inspect.node.client_view import EVENTS_QUEUED
from trio_sup.inspect.node.hub import MAX_CLIENTS, RESUME_SECONDS
from trio_sup.inspect.node.listener import InspectorUnavailable, serve_inspector
from trio_sup.inspect.node.watching import LEASE
from trio_sup.inspect.protocol.codec import (
    MAX_REQUEST,
    Malformed,
    encode,
    server_decoder,
)
from trio_sup.inspect.protocol.wire import (
    ROW_COLUMNS,
    Attach,
    Bye,
    Delta,
    Detail,
    Error,
    Heartbeat,
    Hello,
    Ready,
    Resume,
    Resync,
    Rows,
    ServerMessage,
    SnapBegin,
    SnapEnd,
    Watch,
)


class BrokenChild(FakeChild):
    def observed_children(self) -> Iterable[FakeChild]:
        raise RuntimeError("odd")

    @property
    def path_text(self) -> str:
        raise RuntimeError("odd")


class BrokenNode(FakeNode):
    def roots(self) -> Sequence[FakeChild]:
        raise RuntimeError("broken")


@asynccontextmanager
async def serving(node: FakeNode, directory: Path) -> AsyncGenerator[Path]:
    async with trio.open_nursery() as nursery:

        async def serve(*, task_status: trio.TaskStatus[Path]) -> None:
            await serve_inspector(
                node, name=node.name, runtime_dir=directory, task_status=task_status
            )

        path: Path = await nursery.start(serve)
        yield path
        nursery.cancel_scope.cancel()


M = TypeVar("M")


class Peer:
    """A client that sends and receives by hand."""

    def __init__(self, stream: trio.SocketStream) -> None:
        self.stream = stream
        self.decoder = server_decoder()
        self.waiting: list[ServerMessage] = []

    async def send(self, data: bytes) -> None:
        await self.stream.send_all(data)

    async def receive(self) -> ServerMessage | None:
        """The next message, None at the end."""
        with trio.fail_after(20):
            while not self.waiting:
                try:
                    data = await self.stream.receive_some(65536)
                except trio.BrokenResourceError:
                    return None
                if not data:
                    return None
                for message in self.decoder.feed(bytes(data)):
                    assert not isinstance(message, Malformed)
                    self.waiting.append(message)
        return self.waiting.pop(0)

    async def until(self, kind: type[M]) -> M:
        while (message := await self.receive()) is not None:
            if isinstance(message, kind):
                return message
        raise AssertionError(f"closed before any {kind.__name__}")


@asynccontextmanager
async def connected(path: Path) -> AsyncGenerator[Peer]:
    async with await trio.open_unix_socket(path) as stream:
        yield Peer(stream)


@asynccontextmanager
async def attached(path: Path, **fields: object) -> AsyncGenerator[Peer]:
    async with connected(path) as peer:
        await peer.until(Hello)
        await peer.send(encode(Attach(1, "test", **fields)))  # type: ignore[arg-type]
        yield peer


def begun(**options: object) -> Session:
    session = Session(client="test", **options)  # type: ignore[arg-type]
    session.connecting(0.0)
    session.connected(0.0)
    return session


async def pump(peer: Peer, session: Session, until: Callable[[], object]) -> None:
    """Drive a session until something holds."""
    with trio.fail_after(20):
        while not until():
            if out := session.outgoing():
                await peer.send(out)
            if until():
                break
            data = await peer.stream.receive_some(65536)
            session.receive(bytes(data), trio.current_time())
            assert session.bad_frames == 0


# --- what a client sees ------------------------------------------------------


@pytest.mark.trio
async def test_the_node_speaks_first_and_says_what_it_is(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with serving(shop(), tmp_path / "d") as path, connected(path) as peer:
        hello = await peer.until(Hello)
    assert (hello.node, hello.pid, hello.readonly) == ("shop", os.getpid(), True)
    assert (hello.proto_min, hello.proto_max) == (1, 1)
    assert hello.cols == list(ROW_COLUMNS)
    assert hello.mono0 == 0.0


@pytest.mark.trio
async def test_a_client_gets_all_rows_then_what_changes(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    node = shop(1200)
    node.happened("child_started", boards(node)[0])
    async with serving(node, tmp_path / "d") as path, connected(path) as peer:
        session = begun()
        await pump(peer, session, lambda: session.heartbeat)
        assert len(session.rows) == 1202
        assert [event.kind for event in session.events] == ["child_started"]
        assert session.rows[3].path == "shop/boards/b0"
        session.take_changes()

        box = boards(node)[0].mailbox
        assert box is not None
        box.depth, box.peak, box.handled, box.in_progress = 7, 9, 3, ("add", 1.5)
        boards(node)[1].crash("boom")
        gone = boards(node).pop()
        born = node.server("new", node.tree[0].children[0])
        node.tree[0].budget = (1, 3, 5.0)
        node.happened("child_crashed", boards(node)[1])
        await pump(peer, session, lambda: len(session.events) == 2)

        changes = session.take_changes()
        assert not changes.reset
        assert [row.id for row in changes.gone] == [gone.uid]
        assert set(changes.changed) == {1, 3, 4, born.uid}
        row = session.rows[3]
        assert (row.mailbox_len, row.mailbox_peak, row.handled) == (7, 9, 3)
        assert (row.op, row.op_since) == ("add", 1.5)
        assert session.rows[4].last_exit == "crashed: boom"
        assert session.rows[1].budget_used == 1


@pytest.mark.trio
async def test_an_idle_node_sends_only_a_heartbeat_a_second(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with serving(shop(), tmp_path / "d") as path, attached(path) as peer:
        await peer.until(SnapEnd)
        beats = [await peer.receive() for _ in range(5)]
    assert all(isinstance(beat, Heartbeat) for beat in beats)
    times = [beat.at for beat in beats if isinstance(beat, Heartbeat)]
    assert times == [0.0, 1.0, 2.0, 3.0, 4.0]


@pytest.mark.trio
@pytest.mark.parametrize(("asked", "granted"), [(4, 4), (0.01, 1), (1000, 10)])
async def test_deltas_come_at_the_granted_rate(
    asked: float, granted: float, tmp_path: Path, autojump_clock: MockClock
) -> None:
    node = shop()

    async def busy() -> None:
        while True:
            boards(node)[0].crash("again")
            await trio.sleep(0.01)

    async with (
        trio.open_nursery() as nursery,
        serving(node, tmp_path / "d") as path,
        attached(path, rate_hz=asked) as peer,
    ):
        nursery.start_soon(busy)
        assert (await peer.until(Ready)).rate_hz == granted
        await peer.until(Delta)
        began = (await peer.until(Delta)).at
        for _ in range(9):
            await peer.until(Delta)
        ended = (await peer.until(Delta)).at
        assert 10 / (ended - began) == pytest.approx(granted, rel=0.15)
        nursery.cancel_scope.cancel()


@pytest.mark.trio
async def test_a_watch_tells_the_traceback_again_when_it_changes_and_ends_by_itself(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    node = shop()
    child = boards(node)[0]
    child.crash("first")
    async with serving(node, tmp_path / "d") as path, attached(path) as peer:
        await peer.until(SnapEnd)
        await peer.send(encode(Watch(child.uid)))
        detail = await peer.until(Detail)
        assert detail.row is not None
        assert detail.row.restarts == 1
        assert detail.traceback.endswith("first")
        child.crash("second")
        assert (await peer.until(Detail)).traceback.endswith("second")
        await trio.sleep(LEASE + 1)
        child.crash("third")
        while (message := await peer.receive()) is not None:
            assert not isinstance(message, Detail)
            if isinstance(message, Heartbeat) and message.at > LEASE + 3:
                break


@pytest.mark.trio
async def test_a_watch_of_a_child_that_is_not_there_says_so(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with serving(shop(), tmp_path / "d") as path, attached(path) as peer:
        await peer.send(encode(Watch(999)))
        assert (await peer.until(Detail)).row is None


@pytest.mark.trio
async def test_a_client_that_comes_back_gets_only_what_it_missed(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    node = shop(3)
    async with serving(node, tmp_path / "d") as path:
        session = Session(client="test")
        async with connected(path) as peer:
            session.connecting(0)
            session.connected(0)
            await pump(peer, session, lambda: session.heartbeat)
        session.lost(trio.current_time(), "cut")
        await trio.sleep(5)
        boards(node)[0].crash("while away")
        gone = boards(node).pop()
        session.take_changes()
        async with connected(path) as peer:
            session.connecting(trio.current_time())
            session.connected(trio.current_time())
            await pump(peer, session, lambda: gone.uid not in session.rows)
        changes = session.take_changes()
        assert not changes.reset
        assert list(changes.changed) == [boards(node)[0].uid]


@pytest.mark.trio
async def test_a_client_that_comes_back_late_gets_a_snapshot(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with serving(shop(), tmp_path / "d") as path:
        async with attached(path) as peer:
            hello_epoch = (await peer.until(Ready)).proto
            end = await peer.until(SnapEnd)
        assert hello_epoch == 1
        await trio.sleep(RESUME_SECONDS + 1)
        async with connected(path) as peer:
            hello = await peer.until(Hello)
            await peer.send(encode(Attach(1, "x", resume=Resume(hello.epoch, end.seq))))
            assert not (await peer.until(Ready)).resumed
            await peer.until(SnapEnd)


@pytest.mark.trio
async def test_nobody_looks_at_the_tree_while_nobody_is_attached(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    node = shop()
    async with serving(node, tmp_path / "d") as path:
        await trio.sleep(1000)
        assert node.looks == 0
        async with attached(path) as peer:
            await peer.until(SnapEnd)
        await trio.sleep(1)
        seen = node.looks
        await trio.sleep(1000)
        assert node.looks == seen


# --- clients that misbehave --------------------------------------------------


@pytest.mark.trio
@pytest.mark.parametrize(
    ("bytes_sent", "code"),
    [
        (b"GET / HTTP/1.1\r\n\r\n", "bad_request"),
        (b"[]\n", "bad_request"),
        (encode(Resync()), "bad_request"),
        (b'{"t":"from the future"}\n', "bad_request"),
        (encode(Attach(2, "x")), "version"),
        (encode(Attach(0, "x")), "version"),
        (b"x" * (MAX_REQUEST + 10), "frame_too_large"),
    ],
)
async def test_a_bad_handshake_is_answered_and_closed(
    bytes_sent: bytes, code: str, tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with serving(shop(), tmp_path / "d") as path, connected(path) as peer:
        await peer.until(Hello)
        await peer.send(bytes_sent)
        assert (await peer.until(Error)).code == code
        assert await peer.receive() is None


@pytest.mark.trio
async def test_a_client_that_dribbles_its_handshake_is_closed_in_five_seconds(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with serving(shop(), tmp_path / "d") as path, connected(path) as peer:

        async def dribble() -> None:
            for byte in b'{"t":"attach"' * 100:
                await peer.send(bytes([byte]))
                await trio.sleep(0.5)

        await peer.until(Hello)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(dribble)
            assert (await peer.until(Error)).code == "handshake_timeout"
            assert trio.current_time() == 5.0
            assert await peer.receive() is None
            nursery.cancel_scope.cancel()


@pytest.mark.trio
async def test_the_third_bad_request_ends_a_client_and_only_that_one(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    node = shop()
    async with (
        serving(node, tmp_path / "d") as path,
        attached(path) as good,
        attached(path) as bad,
    ):
        await good.until(SnapEnd)
        await bad.until(SnapEnd)
        for _ in range(3):
            await bad.send(b"garbage\n")
            assert (await bad.until(Error)).code == "bad_request"
        assert await bad.receive() is None
        boards(node)[0].crash("x")
        assert len((await good.until(Delta)).up) == 1


@pytest.mark.trio
async def test_a_client_killed_in_the_middle_of_a_frame_disturbs_nobody(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, autojump_clock: MockClock
) -> None:
    node = shop(5000)
    async with serving(node, tmp_path / "d") as path, attached(path) as good:
        async with attached(path) as victim:
            await victim.until(SnapBegin)
            await victim.send(b'{"t":"wat')
        await good.until(SnapEnd)
        boards(node)[0].crash("x")
        assert len((await good.until(Delta)).up) == 1
    assert caplog.records == []


@pytest.mark.trio
async def test_a_client_that_does_not_read_costs_no_queue_and_delays_nobody(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    node = shop(3000)
    async with serving(node, tmp_path / "d") as path, attached(path) as stalled:
        async with attached(path, rate_hz=10) as good:
            await good.until(SnapEnd)
            for _ in range(50):
                for child in boards(node):
                    child.crash("again")
                node.happened("child_crashed", boards(node)[0])
                await good.until(Delta)
        # It reads at last: what the kernel held, then the newest state, once.
        count = 0
        lives: dict[int, int] = {}
        while lives.get(boards(node)[-1].uid) != boards(node)[-1].life:
            message = await stalled.receive()
            rows = (
                message.rows
                if isinstance(message, Rows)
                else message.up
                if isinstance(message, Delta)
                else []
            )
            count += len(rows)
            lives |= {row.id: row.life for row in rows}
        # 50 times every row went by. The client gets the snapshot, a delta that was
        # on its way, and one that catches up.
        assert count <= 3 * 3002


@pytest.mark.trio
async def test_a_slow_client_loses_its_oldest_events_and_is_told_how_many(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    node = shop(1)
    async with serving(node, tmp_path / "d") as path, attached(path) as peer:
        await peer.until(SnapEnd)
        await peer.until(Heartbeat)
        for _ in range(EVENTS_QUEUED + 88):
            node.happened("child_crashed", boards(node)[0])
        delta = await peer.until(Delta)
    assert len(delta.events) == EVENTS_QUEUED
    assert delta.dropped == 88
    assert delta.events[-1].n == EVENTS_QUEUED + 88


@pytest.mark.trio
async def test_the_seventeenth_client_is_refused_and_the_next_one_after_a_leave(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with serving(shop(), tmp_path / "d") as path, AsyncExitStack() as stack:
        peers = [
            await stack.enter_async_context(attached(path)) for _ in range(MAX_CLIENTS)
        ]
        for peer in peers:
            await peer.until(SnapEnd)
        async with connected(path) as late:
            assert (await late.until(Error)).code == "too_many_clients"
            assert await late.receive() is None
        await peers[0].send(encode(Bye()))
        while await peers[0].receive() is not None:
            pass
        async with attached(path) as next_one:
            await next_one.until(SnapEnd)


# --- odd nodes ---------------------------------------------------------------


@pytest.mark.trio
async def test_what_json_cannot_say_is_said_otherwise(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    node = shop(1)
    child = boards(node)[0]
    child.label = "a\nb\x1b[2J" + "x" * 500
    child.life_began = -math.inf
    child.mailbox = FakeMailbox(capacity=math.inf)
    child.budget = (0, 3, math.inf)
    async with serving(node, tmp_path / "d") as path, attached(path) as peer:
        rows = (await peer.until(Rows)).rows
    assert rows[2].label.startswith("a\\nb\\x1b[2Jxx")
    assert rows[2].label.endswith("[clipped]")
    assert len(rows[2].label) == 200
    assert rows[2].began is None
    assert rows[2].mailbox_cap == -1
    assert rows[2].budget_seconds is None


@pytest.mark.trio
async def test_enormous_rows_stay_under_the_frame_limit(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    node = shop(1500)
    wide = "\N{GRINNING FACE}" * 1000
    for child in boards(node):
        child.label = child.target_name = child.name_text = child.last_exit_text = wide
    async with serving(node, tmp_path / "d") as path, connected(path) as peer:
        session = begun()
        await pump(peer, session, lambda: session.heartbeat)
        assert len(session.rows) == 1502
        for child in boards(node):
            child.crash(wide)
            node.happened(wide, child)
        uids = [child.uid for child in boards(node)]
        await pump(
            peer, session, lambda: all(session.rows[uid].life == 2 for uid in uids)
        )
        assert len(session.events) == EVENTS_QUEUED


@pytest.mark.trio
async def test_a_child_that_cannot_be_read_hides_only_itself_and_is_logged_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, autojump_clock: MockClock
) -> None:
    node = shop(3)
    boards(node)[1] = BrokenChild(99, "odd", node.tree[0])
    async with serving(node, tmp_path / "d") as path, attached(path) as peer:
        rows = (await peer.until(Rows)).rows
        await trio.sleep(5)
    assert [row.label for row in rows] == ["shop", "boards", "b0", "b2"]
    assert len(caplog.records) == 1
    assert "RuntimeError" in caplog.text


@pytest.mark.trio
async def test_a_node_that_cannot_be_read_at_all_is_logged_once_and_goes_on(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, autojump_clock: MockClock
) -> None:
    async with serving(BrokenNode(), tmp_path / "d") as path, attached(path) as peer:
        await peer.until(SnapEnd)
        await trio.sleep(5)
        await peer.until(Heartbeat)
    assert len(caplog.records) == 1


# --- the socket --------------------------------------------------------------


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
