"""Messages between nodes: what is no message is refused and counted, and harms nobody."""

import json

import pytest
import trio
from hypothesis import Phase, given, settings, strategies as st

from tests.cluster.nodes import KEY, Board, board_on_a
from trio_sup.cluster import LocalBackend
from trio_sup.cluster._rules.frames import (
    Again,
    Answer,
    Ask,
    BadFrame,
    LifeEnded,
    Look,
    Message,
    Post,
    Seen,
    Unwatch,
    Watch,
    decode,
    encode,
)
from trio_sup.cluster._rules.keys import encode_key
from trio_sup.cluster._rules.sequence import Incoming, Outgoing
from trio_sup.cluster._rules.words import Frame, Name, NodeId, Token

# To explain a failure costs a trace of every line.
QUICK = settings(max_examples=50, phases=[Phase.generate, Phase.shrink])

A, B = NodeId("a.1"), NodeId("b.1")
ALL: list[Message] = [
    Ask(1, A, B, 7, Name("n"), Token(5), "op", [1, None], {"k": "ä"}),
    Answer(2, A, B, 7, "value", {"deep": [1.5, True]}),
    Watch(3, A, B, 1, Name("n"), "life"),
    Unwatch(4, A, B, 1),
    LifeEnded(5, A, B, 1, 3, "crashed", "why", True),
    Again(6, A, B),
    Post(7, A, NodeId("topic"), {"x": None}),
    Look(8, A, B, 3),
    Seen(9, A, B, 3, [1]),
]


@pytest.mark.parametrize("message", ALL, ids=lambda each: type(each).__name__)
def test_a_message_is_read_as_it_was_written(message: Message) -> None:
    assert decode(encode(message)) == message


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff",
        b"{}",
        b"[]",
        b"1",
        b"[" * 100_000,
        b'[2,"again",1,"a","b"]',
        b'[true,"again",1,"a","b"]',
        b"[1]",
        b'[1,"unknown"]',
        b"[1,[],1]",
        b'[1,"again",1,"a"]',
        b'[1,"again","1","a","b"]',
        b'[1,"again",true,"a","b"]',
        b'[1,"again",1,2,"b"]',
        b'[1,"answer",1,"a","b",1,"wrong",null]',
        b'[1,"ask",1,"a","b",1,"n",1,"op",{},{}]',
        b'[1,"again",' + b"1" * 10_000 + b',"a","b"]',
    ],
)
def test_what_is_no_message_is_refused(data: bytes) -> None:
    with pytest.raises(BadFrame):
        decode(data)


@QUICK
@given(st.binary(max_size=200))
def test_no_bytes_whatever_do_anything_else(data: bytes) -> None:
    try:
        decode(data)
    except BadFrame:
        pass


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=8) | st.dictionaries(st.text(), inner),
    max_leaves=12,
)


@QUICK
@given(st.sampled_from(ALL), st.data())
def test_a_message_with_another_field_is_refused_or_is_a_message(
    message: Message, data: st.DataObject
) -> None:
    items = json.loads(encode(message))
    items[data.draw(st.integers(0, len(items) - 1))] = data.draw(JSON)
    try:
        decode(json.dumps(items).encode())
    except BadFrame:
        pass


@QUICK
@given(st.lists(st.integers(1, 30)))
def test_each_number_is_admitted_once_and_in_order(numbers: list[int]) -> None:
    incoming = Incoming()
    admitted = [number for number in numbers if incoming.admit(A, number)]
    assert admitted == sorted(set(admitted))
    assert incoming.repeated == len(numbers) - len(admitted)
    assert incoming.missing == (max(numbers) if numbers else 0) - len(admitted)


def test_each_receiver_has_numbers_of_its_own() -> None:
    outgoing = Outgoing()
    assert [outgoing.number(to) for to in (A, A, B, A, B)] == [1, 2, 1, 3, 2]
    outgoing.forget(A)
    assert outgoing.number(A) == 1


@pytest.mark.trio
async def test_a_node_bears_hostile_and_old_peers(
    autojump_clock: trio.abc.Clock,
) -> None:
    async with board_on_a(LocalBackend()) as (a, b, root):
        me, name = a.id, encode_key(KEY)
        assert me is not None
        held = a._membership.names.held(name)
        assert held is not None

        def send(message: Message | bytes) -> None:
            data = message if isinstance(message, bytes) else encode(message)
            a._membership.take(Frame(data))

        evil, token = NodeId("evil.1"), held.token
        see = Ask(1, evil, me, 0, name, token, "see", [1], {})
        for _ in range(3):
            send(see)  # a replay
        for bad in (b"no", b"[9]", b'[1,"again",1,2,3]'):
            send(bad)
        forged = Token(token + 1)
        send(Ask(2, evil, me, 0, name, forged, "see", [2], {}))
        send(Ask(3, evil, me, 0, name, token, "see", ["x"], {}))
        send(Ask(4, evil, me, 0, name, token, "__init__", [2], {}))
        send(Ask(5, evil, me, 0, name, token, "join", [2], {}))
        send(Ask(6, evil, me, 9, name, token, "see", [2], {}))
        send(Ask(7, evil, me, 0, Name("nobody"), token, "see", [2], {}))
        send(Ask(8, evil, NodeId("other.1"), 0, name, token, "see", [2], {}))
        send(Ask(8, evil, me, 0, name, token, "see", [1, 2, 3], {}))
        send(Answer(9, evil, me, 12, "value", 1))
        send(Answer(10, evil, me, 1, "declared", {"not": "an error"}))
        send(LifeEnded(11, evil, me, 1, 1, "no kind", "", True))
        send(Unwatch(12, evil, me, 5))
        send(Again(13, evil, me))
        assert await b.ref(KEY, Board).call(Board.numbers) == [1]
        counted = a.statistics()
        assert (counted.malformed, counted.repeated) == (3, 2)
        assert (counted.refused, counted.unexpected) == (8, 4)
        assert root.which_children()[0].handle is not None
        assert root.which_children()[0].handle.life == 1
