"""Clients that misbehave disturb neither the node nor other clients."""

from contextlib import AsyncExitStack
from pathlib import Path

import pytest
import trio
from trio.testing import MockClock

from tests.inspect.fakes import boards, shop
from tests.inspect.peers import attached, connected, serving
from trio_sup.inspect.node.client_view import EVENTS_QUEUED
from trio_sup.inspect.node.hub import MAX_CLIENTS
from trio_sup.inspect.protocol.codec import (
    MAX_REQUEST,
    encode,
)
from trio_sup.inspect.protocol.wire import (
    Attach,
    Bye,
    Delta,
    Error,
    Heartbeat,
    Hello,
    Resync,
    Rows,
    SnapBegin,
    SnapEnd,
)


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
