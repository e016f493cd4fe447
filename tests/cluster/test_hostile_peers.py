"""Frames as they really were sent, changed by somebody: refused and counted, no crash."""

import json
from random import Random
from typing import Any

import pytest
import trio

from tests.cluster.nodes import KEY, TTL, Board, User, board, nodes
from trio_sup import open_supervisor
from trio_sup.cluster import Cluster, LocalBackend, RemoteCrash
from trio_sup.cluster._backends.infos import info_of
from trio_sup.cluster._backends.local import LocalLink
from trio_sup.cluster._rules.frames import BadFrame, Message, decode, encode
from trio_sup.cluster._rules.sequence import MOST_GONE, Incoming
from trio_sup.cluster._rules.words import Frame, NodeId, NodeInfo

ROUNDS = 40
"""How many changes are tried of each frame."""

ODD: list[Any] = [
    *(None, True, -1, 0, 1, 2, 1 << 53, 1 << 200, 1.5, 1e308, "", "x", "\ud800"),
    *("a.1", "[]", [], {}, [[[]]], {"": {}}, [None] * 100, "stopped", "value"),
    "n" * 5000,
]


class Recorder:
    """Notes what the nodes of an embedded engine send to one of them."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
        self.frames: list[bytes] = []
        take = LocalLink.take

        def noted(link: LocalLink, data: bytes) -> None:
            if link.name == name:
                self.frames.append(data)
            take(link, data)

        monkeypatch.setattr(LocalLink, "take", noted)


async def talk(node: Cluster, *, quick: bool = False) -> None:
    """Say one of each kind."""
    ref = node.ref(KEY, Board)
    async with ref.monitor():
        ref.cast(Board.see, 1)
        await ref.call(Board.join, User("x", 3))
        if not quick:
            with pytest.raises(RemoteCrash):
                await ref.call(Board.crash)
            await trio.sleep(0.1)


def changed(frame: bytes, random: Random) -> bytes:
    """Return a frame with one thing in it that its sender did not write."""
    how = random.randrange(5)
    if how == 0:  # bytes turn over
        data = bytearray(frame)
        for _ in range(random.randint(1, 4)):
            data[random.randrange(len(data))] = random.randrange(256)
        return bytes(data)
    if how == 1:
        return frame[: random.randrange(len(frame))]
    items = json.loads(frame)
    place = random.randrange(len(items))
    if how == 2:
        del items[place]
    elif how == 3:
        items.insert(place, random.choice(ODD))
    else:
        items[place] = random.choice(ODD)
    return json.dumps(items).encode()


def counted(node: Cluster) -> int:
    """All that a node noted of what was wrong."""
    now = node.statistics()
    return now.malformed + now.repeated + now.unexpected + now.refused


@pytest.mark.trio
@pytest.mark.parametrize("seed", range(3))
async def test_a_node_bears_every_change_of_what_is_really_sent(
    seed: int, monkeypatch: pytest.MonkeyPatch, autojump_clock: trio.abc.Clock
) -> None:
    random, backend = Random(seed), LocalBackend()
    to_a, to_b = Recorder(monkeypatch, "a"), Recorder(monkeypatch, "b")
    async with nodes(backend, "a", "b", "c") as (a, b, c):
        async with open_supervisor([board(a)], max_restarts=10**6) as root:
            await talk(b)
            tried = 0
            for node, frames in ((a, list(to_a.frames)), (b, list(to_b.frames))):
                for frame in frames * ROUNDS:
                    node._membership.take(Frame(changed(frame, random)))
                    tried += 1
                    if tried % 50 == 0:
                        await trio.sleep(0.01)
            assert tried > 300
            assert counted(a) + counted(b) > tried / 2
            await talk(c, quick=True)
            assert await c.ref(KEY, Board).with_timeout(1).call(Board.numbers)
            assert (a.statistics().incarnations, root.status) == (1, "running")


@pytest.mark.trio
async def test_what_was_really_sent_and_comes_again_is_counted_and_not_served(
    monkeypatch: pytest.MonkeyPatch, autojump_clock: trio.abc.Clock
) -> None:
    backend = LocalBackend()
    to_a = Recorder(monkeypatch, "a")
    async with nodes(backend, "a", "c") as (a, c), open_supervisor([board(a)]):
        async with nodes(backend, "b") as (b,):
            await trio.sleep(TTL)  # all know all
            for number in range(3):
                b.ref(KEY, Board).cast(Board.see, number)
            await b.ref(KEY, Board).call(Board.numbers)
        frames = list(to_a.frames)
        for _ in range(2):  # at once, and when its sender is long gone
            for frame in frames:
                a._membership.take(Frame(frame))
            await trio.sleep(TTL)
        assert await c.ref(KEY, Board).call(Board.numbers) == [0, 1, 2]
        assert a.statistics().repeated == 2 * len(frames)


@pytest.mark.trio
async def test_a_message_that_is_too_long_is_neither_sent_nor_read(
    monkeypatch: pytest.MonkeyPatch, autojump_clock: trio.abc.Clock
) -> None:
    async with nodes(LocalBackend(), "a", "b") as (a, b), open_supervisor([board(a)]):
        ref = b.ref(KEY, Board)
        with pytest.raises(ValueError, match="bytes is too long"):
            await ref.call(Board.echo, "x" * (1 << 24))
        before = a.statistics().malformed
        long = encode_echo(a, "x" * (1 << 24))
        a._membership.take(Frame(long))
        assert a.statistics().malformed == before + 1
        # An answer that is too long is the crash of the one call.
        ref.cast(Board.see, 1)
        assert await ref.call(Board.numbers) == [1]


def encode_echo(to: Cluster, text: str) -> bytes:
    return json.dumps([1, "again", 1, "b.1", to.id, text]).encode()


@pytest.mark.trio
async def test_a_token_that_somebody_made_up_is_refused(
    monkeypatch: pytest.MonkeyPatch, autojump_clock: trio.abc.Clock
) -> None:
    to_a = Recorder(monkeypatch, "a")
    async with nodes(LocalBackend(), "a", "b", "c") as (a, b, c):
        async with open_supervisor([board(a)]):
            await b.ref(KEY, Board).call(Board.join, User("x"))
            items = json.loads(to_a.frames[-1])
            place = 7
            held = a._membership.names.held(items[6])
            assert held is not None
            assert items[place] == held.token
            for number, wrong in enumerate((-1, 0, items[place] - 1, items[place] + 1)):
                items[place], items[2] = wrong, 100 + number
                a._membership.take(Frame(json.dumps(items).encode()))
            assert a.statistics().refused == 4
            users = await c.ref(KEY, Board).call(Board.join, User("y"))
            assert users == [User("x"), User("y")]


@pytest.mark.trio
async def test_a_peer_of_another_version_is_refused_and_counted(
    monkeypatch: pytest.MonkeyPatch, autojump_clock: trio.abc.Clock
) -> None:
    to_a = Recorder(monkeypatch, "a")
    async with nodes(LocalBackend(), "a", "b") as (a, b), open_supervisor([board(a)]):
        await talk(b)
        for frame in list(to_a.frames):
            items = json.loads(frame)
            for version in (0, 2, 1.0, "1", None, True):
                with pytest.raises(BadFrame, match="another version"):
                    decode(json.dumps([version, *items[1:]]).encode())
            with pytest.raises(BadFrame, match="an unknown kind"):
                decode(json.dumps([1, "later", *items[2:]]).encode())
            with pytest.raises(BadFrame, match="fields, not"):
                decode(json.dumps([*items, "more"]).encode())
            a._membership.take(Frame(json.dumps([2, *items[1:]]).encode()))
        assert a.statistics().malformed == len(to_a.frames)


def test_of_a_node_that_is_gone_nothing_is_served_any_more() -> None:
    incoming = Incoming()
    assert incoming.admit(NodeId("b.1"), 1)
    incoming.forget(NodeId("b.1"))
    assert not incoming.admit(NodeId("b.1"), 1)
    assert not incoming.admit(NodeId("b.1"), 2)
    for number in range(MOST_GONE):
        incoming.forget(NodeId(f"c.{number}"))
    assert len(incoming._gone) == MOST_GONE
    assert incoming.admit(NodeId("b.1"), 3), "forgotten in the end"
    incoming.forget_all()
    assert not incoming._gone


def test_half_of_a_character_is_no_name() -> None:
    for field in (3, 4):
        items: list[Any] = [1, "again", 1, "a.1", "b.1"]
        items[field] = "\ud83d"
        with pytest.raises(BadFrame, match="is no text"):
            decode(json.dumps(items).encode())
    whole: Message = decode(json.dumps([1, "again", 1, "a.\U0001f600", "b"]).encode())
    assert decode(encode(whole)) == whole


def test_what_a_node_of_another_version_tells_of_itself_ends_nobody() -> None:
    known = NodeInfo(NodeId("a.1"), "a", accepts_children=True, factories=("x",))
    assert info_of(b'["a.1","a",true,["x"]]') == known
    assert info_of('["a.1","a",true,["x"],[],{"later":1}]') == known
    for odd in (None, b"", b"no", b"[]", b'["a"]', b"{}", b"1", b'["a","b",1,null]'):
        assert info_of(odd) is None
