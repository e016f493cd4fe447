"""Boards on three nodes behind one page: a node dies while people are connected."""

from __future__ import annotations

import json
import logging
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import pytest
import trio
from boards.front import spec as front
from boards.server import Board, name_of
from boards.several import SharedBoard, tree
from trio_websocket import ConnectionClosed, WebSocketConnection, open_websocket

from trio_sup import open_supervisor
from trio_sup.cluster import Cluster, LocalBackend, open_cluster

pytestmark = pytest.mark.trio
TTL = 0.6
NODES = ("a", "b", "c")


@pytest.fixture(autouse=True)
def quiet(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL, "trio_sup")


class Nodes:
    """Three nodes, and a front before their doors."""

    def __init__(self) -> None:
        self.engine = LocalBackend()
        self.clusters: dict[str, Cluster] = {}
        self.scopes: dict[str, trio.CancelScope] = {}
        self.doors: dict[str, int] = {}
        self.port = 0

    async def run(
        self, node: str, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED
    ) -> None:
        with trio.CancelScope() as self.scopes[node]:
            async with open_cluster(self.engine, node=node, ttl=TTL) as own:
                self.clusters[node] = own
                async with open_supervisor([tree(own, 0)]) as root:
                    value: Any = root.child(node, "door").value
                    self.doors[node] = value
                    task_status.started()
                    await trio.sleep_forever()

    def kill(self, node: str) -> None:
        """Its sockets close, and nobody hears a last word of it."""
        self.engine.cut(node)
        self.scopes[node].cancel()


@asynccontextmanager
async def three() -> AsyncIterator[Nodes]:
    nodes = Nodes()
    with trio.fail_after(30):
        async with trio.open_nursery() as nursery:
            for node in NODES:
                await nursery.start(nodes.run, node)
            await trio.sleep(TTL / 2)
            async with open_supervisor([front(0, list(nodes.doors.values()))]) as root:
                port: Any = root.child("front").value
                nodes.port = port
                yield nodes
            nursery.cancel_scope.cancel()


KEPT: dict[WebSocketConnection, list[dict[str, Any]]] = {}


async def hear(socket: WebSocketConnection, wanted: str) -> Any:
    """Wait for an answer, or for a post; keep what else comes."""
    kept = KEPT.setdefault(socket, [])
    words = ("ok", "error") if wanted == "ok" else (wanted,)
    while True:
        for got in kept:
            for word in words:
                if word in got:
                    kept.remove(got)
                    return got[word]
        kept.append(json.loads(await socket.get_message()))


async def say(socket: WebSocketConnection, **message: object) -> Any:
    await socket.send_message(json.dumps(message))
    return await hear(socket, "ok")


async def test_people_on_all_nodes_share_boards_that_outlive_a_node() -> None:
    async with three() as nodes, AsyncExitStack() as stack:
        people = {
            node: await stack.enter_async_context(
                open_websocket("127.0.0.1", port, "/", use_ssl=False)
            )
            for node, port in nodes.doors.items()
        }
        titles = [f"board {number}" for number in range(9)]
        for title in titles:
            assert await say(people["a"], create=title) == title
        assert await say(people["b"], create=titles[0]) == "that board exists already"
        assert await say(people["b"], join="none", name="x") == "there is no such board"
        places = {t: await nodes.clusters["a"].whereis(name_of(t)) for t in titles}
        assert set(places.values()) == set(NODES)
        title = next(title for title, node in places.items() if node == "c")
        for node in ("a", "b"):
            assert await say(people[node], join=title, name=node) == []
        assert await say(people["a"], post="rain") == 1
        assert await hear(people["b"], "text") == "rain"
        assert await hear(people["a"], "text") == "rain"
        nodes.kill("c")
        with pytest.raises(ConnectionClosed):
            await say(people["c"], join=title, name="c")
        assert "your post" in await say(people["a"], post="lost")
        while await say(people["a"], post="again") != 1:  # noqa: ASYNC110 - real time
            await trio.sleep(0.02)
        assert await hear(people["b"], "text") == "again"
        after = {t: await nodes.clusters["a"].whereis(name_of(t)) for t in titles}
        assert all(after[t] == places[t] for t in titles if places[t] != "c")
        assert "c" not in after.values()


async def test_the_page_is_let_in_by_whoever_lives() -> None:
    async with three() as nodes:
        async with await trio.open_tcp_stream("127.0.0.1", nodes.port) as browser:
            await browser.send_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            answer = b"".join([data async for data in browser])
            assert answer.startswith(b"HTTP/1.1 200")
            assert b"<title>Boards" in answer
        nodes.kill("a")
        nodes.kill("b")
        await trio.sleep(2 * TTL)
        for _ in range(3):
            async with open_websocket(
                "127.0.0.1", nodes.port, "/", use_ssl=False
            ) as person:
                await say(person, create="news")
                assert await say(person, join="news", name="ada") == []
        ref = nodes.clusters["c"].ref(name_of("news"), SharedBoard)
        assert await ref.call(Board.read) == []
        nodes.kill("c")
        async with await trio.open_tcp_stream("127.0.0.1", nodes.port) as browser:
            await browser.send_all(b"GET / HTTP/1.1\r\nUpgrade: websocket\r\n\r\n")
            answer = b"".join([data async for data in browser])
            assert answer.startswith((b"HTTP/1.1 503", b""))
