"""Bytes to messages and back, however they are cut and whatever they hold."""

import itertools
import json
import math
from pathlib import Path

import pytest
from hypothesis import given, strategies as st

from trio_sup.inspect.node.bounds import CLIP_MARK, MAX_TRACEBACK, clip, clip_block
from trio_sup.inspect.protocol.codec import (
    MAX_FRAME,
    MAX_REQUEST,
    FrameTooLarge,
    Malformed,
    encode,
    request_decoder,
    server_decoder,
)
from trio_sup.inspect.protocol.wire import (
    ROW_COLUMNS,
    Attach,
    Bye,
    Delta,
    Detail,
    Error,
    Event,
    Heartbeat,
    Hello,
    Message,
    Rate,
    Ready,
    Resume,
    Resync,
    Row,
    Rows,
    SnapBegin,
    SnapEnd,
    Unknown,
    Unwatch,
    Vol,
    Watch,
)

GOLDEN = Path(__file__).parent / "golden" / "protocol-1.ndjson"

text = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
number = st.floats(allow_nan=False, allow_infinity=False)
integer = st.integers(-(2**53), 2**53)
rows = st.builds(
    Row,
    **dict.fromkeys(ROW_COLUMNS, text)
    | dict.fromkeys(["id", "parent", "life", "restarts", "version"], integer)
    | dict.fromkeys(["began", "op_since", "budget_seconds"], st.none() | number)
    | dict.fromkeys(
        ["mailbox_len", "mailbox_cap", "mailbox_peak", "handled"], st.none() | integer
    )
    | dict.fromkeys(["budget_used", "budget_max"], st.none() | integer),
)
vols = st.builds(Vol, integer, integer, integer, integer, text, number, st.none())
events = st.builds(Event, integer, number, text, text, text)
server_messages = st.one_of(
    st.builds(SnapEnd, integer, number),
    st.builds(Rows, st.lists(rows, max_size=3)),
    st.builds(
        Delta,
        integer,
        integer,
        number,
        st.lists(rows, max_size=2),
        st.lists(vols, max_size=2),
        st.lists(integer, max_size=3),
        st.lists(events, max_size=2),
        integer,
    ),
    st.builds(Heartbeat, number, number, number, integer),
    st.builds(Detail, integer, number, st.none() | rows, text, st.booleans()),
    st.builds(Error, text, text),
)


def cut(data: bytes, cuts: list[int]) -> list[bytes]:
    edges = sorted({0, len(data), *(at % (len(data) + 1) for at in cuts)})
    return [data[a:b] for a, b in itertools.pairwise(edges)]


@given(st.lists(server_messages, max_size=5), st.lists(st.integers(0), max_size=20))
def test_any_cut_gives_the_same_messages(
    messages: list[Message], cuts: list[int]
) -> None:
    data = b"".join(map(encode, messages))
    decoder = server_decoder()
    whole = server_decoder().feed(data)
    assert [m for part in cut(data, cuts) for m in decoder.feed(part)] == whole
    assert len(whole) == len(messages)
    assert decoder.pending == 0


SAMPLE = Row(
    3,
    2,
    "b0",
    "shop/boards/b0",
    "server",
    "app.Board",
    "permanent",
    "b0",
    "running",
    2,
    1,
    12.5,
    4,
    -1,
    9,
    100,
    "add",
    99.5,
    "crashed: ValueError",
    None,
    None,
    None,
    7,
)
EVERY_KIND: list[Message] = [
    Hello(
        1, 1, "shop", "e1", 42, "3", "0.35", "1", 1.0, 2.0, 3.0, ["watch"], True, ["id"]
    ),
    Ready(1, 4.0),
    Error("version", "no"),
    SnapBegin(5, 1),
    Rows([SAMPLE]),
    SnapEnd(5, 100.0),
    Delta(
        6,
        5,
        101.0,
        [SAMPLE],
        [Vol(3, 5, 9, 101, None, None, None)],
        [9],
        [Event(1, 100.5, "shop/boards/b0", "child_crashed", "b0 crashed")],
        2,
    ),
    Heartbeat(102.0, 0.001, 0.0005, 1),
    Detail(3, 103.0, SAMPLE, "Traceback\n  boom", False),
    Attach(1, "trio-sup 1.0", ["tree"], 4.0, Resume("e1", 5, 1)),
    Resync(),
    Watch(3),
    Unwatch(3),
    Rate(10.0),
    Bye(),
]


def test_the_bytes_of_protocol_1_do_not_change() -> None:
    assert b"".join(map(encode, EVERY_KIND)) == GOLDEN.read_bytes()


def test_the_bytes_of_protocol_1_are_still_understood() -> None:
    lines = GOLDEN.read_bytes()
    requests = [
        m
        for m in EVERY_KIND
        if isinstance(m, Attach | Resync | Watch | Unwatch | Rate | Bye)
    ]
    answers = EVERY_KIND[: -len(requests)]
    head = b"".join(lines.splitlines(keepends=True)[: len(answers)])
    assert server_decoder().feed(head) == answers
    assert request_decoder().feed(lines[len(head) :]) == requests


def test_columns_and_fields_from_the_future_are_passed_over() -> None:
    frame = json.loads(encode(Rows([SAMPLE])))
    frame["rows"][0] += ["new column", 1]
    frame["new field"] = {}
    assert server_decoder().feed(json.dumps(frame).encode() + b"\n") == [Rows([SAMPLE])]


def test_a_tag_from_the_future_is_unknown_and_not_an_error() -> None:
    assert server_decoder().feed(b'{"t":"sparkles","x":1}\n') == [Unknown("sparkles")]


@pytest.mark.parametrize(
    "line",
    [
        b"hello",
        b"[]",
        b"17",
        b"null",
        b"\xff\xfe",
        b"[" * 50_000,
        b'{"t":"watch"}',
        b'{"t":"watch","id":"3"}',
        b'{"t":"watch","id":true}',
        b'{"t":"watch","id":3.0}',
        b'{"t":"watch","id":99999999999999999999}',
        b'{"t":"rate","hz":NaN}',
        b'{"t":"rate","hz":1e999}',
        b'{"t":"rate","hz":"4"}',
        b'{"t":"attach","proto":1,"client":7}',
        b'{"t":"attach","proto":1,"client":"' + b"x" * 201 + b'"}',
        b'{"t":"attach","proto":1,"client":"x","want":"tree"}',
        b'{"t":"attach","proto":1,"client":"x","want":[1]}',
        b'{"t":"attach","proto":1,"client":"x","resume":7}',
        b'{"t":"attach","proto":1,"client":"x","resume":{"epoch":1,"seq":1}}',
    ],
)
def test_a_request_is_coerced_to_nothing(line: bytes) -> None:
    (message,) = request_decoder().feed(line + b"\n")
    assert isinstance(message, Malformed)


@given(st.binary(max_size=300), st.lists(st.integers(0), max_size=5))
def test_no_bytes_make_the_request_decoder_raise(data: bytes, cuts: list[int]) -> None:
    decoder = request_decoder()
    for part in cut(data + b"\n", cuts):
        decoder.feed(part)
    assert decoder.feed(encode(Watch(1))) == [Watch(1)]


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner)
    ),
    max_leaves=6,
)


@given(
    st.sampled_from(["attach", "watch", "rate", "resync", "bye", "unwatch"]),
    st.dictionaries(
        st.sampled_from(["proto", "client", "want", "rate_hz", "resume", "id", "hz"]),
        json_values,
    ),
)
def test_no_json_makes_the_request_decoder_raise(
    tag: str, fields: dict[str, object]
) -> None:
    line = json.dumps({"t": tag, **fields}).encode() + b"\n"
    (message,) = request_decoder().feed(line)
    if isinstance(message, Rate):
        assert math.isfinite(message.hz)


def test_an_endless_line_is_refused_at_the_limit_and_not_before() -> None:
    decoder = request_decoder()
    assert decoder.feed(b" " * (MAX_REQUEST - 1)) == []
    with pytest.raises(FrameTooLarge, match=str(MAX_REQUEST)):
        decoder.feed(b" ")


def test_a_whole_line_over_the_limit_is_refused_too() -> None:
    with pytest.raises(FrameTooLarge):
        request_decoder().feed(b"x" * MAX_REQUEST + b"\n")


def test_a_long_frame_is_not_searched_again_for_each_piece() -> None:
    decoder = server_decoder()
    piece = b" " * 64
    for _ in range((MAX_FRAME - 100) // 64):
        decoder.feed(piece)
    # Every byte was looked at once: the scan stands at the end.
    assert decoder._scanned == decoder.pending
    assert decoder.feed(encode(Bye())[:-1] + b"\n") == [Unknown("bye")]


def test_a_number_that_json_has_not_is_never_sent() -> None:
    with pytest.raises(ValueError, match="JSON compliant"):
        encode(Heartbeat(math.nan, 0.0))


def test_half_a_surrogate_pair_does_not_stop_a_frame() -> None:
    assert server_decoder().feed(encode(Error("x", "a\ud800b"))) == [Error("x", "a?b")]


@given(st.text(max_size=40), st.integers(12, 30))
def test_clipped_text_is_one_short_printable_line(value: str, limit: int) -> None:
    clipped = clip(value, limit)
    assert len(clipped) <= limit
    assert clipped.isprintable()
    if value.isprintable() and len(value) <= limit:
        assert clipped == value
    if value.isprintable() and len(value) > limit:
        assert clipped.endswith(CLIP_MARK)


def test_no_text_can_move_a_terminals_cursor() -> None:
    assert clip("a\x1b[2J\nb", 50) == "a\\x1b[2J\\nb"
    assert clip_block("a\x1b[2J\n\tb", 50) == ("a\\x1b[2J\n    b", False)


def test_of_a_long_traceback_the_end_is_kept() -> None:
    block, clipped = clip_block("x\n" * MAX_TRACEBACK + "the end", MAX_TRACEBACK)
    assert clipped
    assert len(block) == MAX_TRACEBACK
    assert block.startswith(CLIP_MARK)
    assert block.endswith("the end")
