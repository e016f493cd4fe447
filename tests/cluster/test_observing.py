"""An observer: what it says of a cluster while nodes freeze and the engine goes and comes."""

import json
import os
from typing import Any

import pytest
import trio

from tests.cluster.nodes import KEY, TTL, Board, board, nodes
from tests.cluster.test_dynamic import Room, places, room
from trio_sup import child, open_supervisor
from trio_sup._commands.observing import Observer
from trio_sup.cluster import LocalBackend, backend_at
from trio_sup.cluster.redis import RedisBackend
from trio_sup.inspect.model.cluster_look import names_seen, read_look
from trio_sup.inspect.node.clusters import clusters
from trio_sup.inspect.protocol.wire_cluster import ClusterOf

URL = "redis://:hunter2@db"


def read(document: dict[str, Any]) -> Any:
    """A document as whoever reads the observer's output gets it."""
    text = json.dumps(document, allow_nan=False)
    assert "hunter2" not in text
    return read_look(json.loads(text))


@pytest.mark.trio
async def test_it_tells_names_singletons_who_stands_by_children_calls_and_topics(
    autojump_clock: trio.abc.Clock,
) -> None:
    backend = LocalBackend()
    async with places(backend, "a", "b") as ((a, b), (rooms, _)):
        sweep = child(Board, id="sweep")
        async with (
            open_supervisor([board(a), a.singleton("sweep", sweep)]),
            open_supervisor([b.singleton("sweep", sweep)]),
            a.topic("news", str).subscribe() as news,
        ):
            await rooms.start_child(1, room, 1)
            a.topic("news", str).publish("hello")
            await trio.testing.wait_all_tasks_blocked()
            look = read(await Observer(backend, URL, 1.0).once())
            assert look.engine.answers
            assert look.engine.url == "redis://:***@db"
            assert [each.node for each in look.nodes] == ["a", "b"]
            assert len({each.generation for each in look.nodes}) == 1
            assert all(each.version for each in look.nodes)
            told = {each.key: each for each in names_seen(look.nodes)}
            assert told[repr(KEY)].kind == "name"
            assert (told["'sweep'"].kind, told["'sweep'"].waiters) == (
                "singleton",
                ("b",),
            )
            assert told["1"].what == "child of rooms"
            (topic,) = look.nodes[0].topics
            assert (topic.key, topic.listeners, topic.waiting) == ("'news'", 1, 1)
            assert news.missed == 0
        assert [info.name for info in a.nodes().values()] == ["a", "b"]


@pytest.mark.trio
async def test_a_child_that_was_given_up_is_told_with_its_reason_by_all_that_know_it(
    autojump_clock: trio.abc.Clock, quiet_log: None
) -> None:
    backend = LocalBackend()
    async with places(backend, "a", "b") as (_, (rooms, _)):
        ref = await rooms.start_child("lobby", room, 1)
        for _ in range(4):
            with pytest.raises(Exception, match="on purpose"):
                await ref.call(Room.crash)
        await trio.sleep(1)
        look = read(await Observer(backend, URL, 1.0).once())
        assert [len(each.unplaced) for each in look.nodes] == [1, 1]
        (lobby,) = names_seen(look.nodes)
        assert (lobby.key, lobby.what, lobby.node) == ("'lobby'", "child of rooms", "")
        assert lobby.status == "failed"
        assert "on purpose" in lobby.why


@pytest.mark.trio
async def test_who_follows_is_told_that_the_engine_is_away_and_when_it_is_back(
    autojump_clock: trio.abc.Clock,
) -> None:
    backend = LocalBackend()
    looks: list[tuple[float, Any]] = []

    def show(document: dict[str, Any]) -> None:
        looks.append((trio.current_time(), read(document)))

    async with nodes(backend, "a", "b"):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(Observer(backend, URL, 0.5).follow, show, 1.0)
            await trio.sleep(2.5)
            assert [len(look.nodes) for _, look in looks] == [2, 2, 2]
            backend.pause("b")
            await trio.sleep(1.2)
            at, look = looks[-1]
            assert [each.answers for each in look.nodes] == [True, False]
            assert at == pytest.approx(3.5)  # its own time-out, and no more
            observer = f"observer-{os.getpid()}"
            backend.cut(observer)
            await trio.sleep(3 * TTL + 30)
            assert not looks[-1][1].engine.answers
            assert looks[-1][1].engine.why
            assert looks[-1][1].nodes == []
            backend.heal(observer)
            await trio.sleep(10)
            assert looks[-1][1].engine.answers
            nursery.cancel_scope.cancel()


@pytest.mark.trio
async def test_a_program_tells_which_clusters_it_is_in_for_as_long_as_it_is(
    autojump_clock: trio.abc.Clock,
) -> None:
    backend = LocalBackend()
    async with nodes(backend, "a", "b"):
        assert clusters() == [ClusterOf("a")]  # one engine, of which nobody has a URL
    assert clusters() == []


def test_where_an_engine_is_is_told_without_its_password() -> None:
    assert RedisBackend("redis://db").place == ("redis://db", "trio-sup", False)
    kept = RedisBackend("redis://:hunter2@db", prefix="boards")
    assert kept.place == ("redis://:***@db", "boards", True)


def test_what_is_wrong_with_a_url_is_said_without_its_password() -> None:
    for url in (
        "http://me:hunter2@db",
        "redis://:hunter2/@db",
        "redis://:hunter2@db:x",
    ):
        with pytest.raises(ValueError, match=r"redis|Redis|password") as wrong:
            backend_at(url)
        assert "hunter" not in str(wrong.value)
