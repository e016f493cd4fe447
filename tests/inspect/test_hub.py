"""What a client sees of a node, odd ones included, over real unix sockets."""

import math
import os
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path

import pytest
import trio
from trio.testing import MockClock

from tests.inspect.fakes import FakeChild, FakeMailbox, FakeNode, boards, shop
from tests.inspect.peers import Peer, attached, connected, serving
from trio_sup.inspect.client.session import Session
from trio_sup.inspect.node.client_view import EVENTS_QUEUED
from trio_sup.inspect.node.hub import RESUME_SECONDS
from trio_sup.inspect.node.watching import LEASE
from trio_sup.inspect.protocol.codec import (
    encode,
)
from trio_sup.inspect.protocol.wire import (
    ROW_COLUMNS,
    Attach,
    Delta,
    Detail,
    Heartbeat,
    Hello,
    Ready,
    Resume,
    Rows,
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


@pytest.mark.trio
async def test_a_healthy_node_that_started_603_children_has_no_missed_events(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    node = shop(603)
    for child in boards(node):
        node.happened("child_starting", child)
        node.happened("child_started", child)
    node.remembers = 1024
    async with serving(node, tmp_path / "d") as path, connected(path) as peer:
        session = begun()
        await pump(peer, session, lambda: session.heartbeat)
        assert [event.n for event in session.events] == list(range(183, 1207))
        assert session.events_dropped == 0


@pytest.mark.trio
async def test_what_a_supervisor_went_through_comes_though_others_have_a_storm(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    node = shop(2)
    node.happened("child_crashed", boards(node)[0], at=0.0)
    node.kept = [(1, node.log[0])]
    for _ in range(5000):
        node.happened("restart_decided", boards(node)[1], at=0.0)
    node.remembers = 1024
    async with serving(node, tmp_path / "d") as path:
        for _ in range(2):  # whoever comes later is told, too
            async with connected(path) as peer:
                session = begun()
                await pump(peer, session, partial(getattr, session, "heartbeat"))
                assert [event.n for event in session.events][:2] == [1, 3978]
                assert session.events[0].kind == "child_crashed"
                assert session.events_dropped == 0
                pace = session.rows[4].pace
                assert pace is not None
                assert pace.per_minute(1.0) > 1000
