"""What a viewer reads is in range and clean, whatever a node says."""

import json
import math
from collections.abc import Iterator
from typing import Any

import attrs
import pytest
from hypothesis import given, strategies as st

from trio_sup._core.clean import clean, is_clean
from trio_sup.inspect.protocol.checked import MAX_BLOCK
from trio_sup.inspect.protocol.codec import Malformed, encode, server_decoder
from trio_sup.inspect.protocol.shapes import MAX_SECONDS, MAX_TEXT, MAX_WHOLE
from trio_sup.inspect.protocol.wire import (
    ROW_COLUMNS,
    SERVER_TAGS,
    Delta,
    Heartbeat,
    Hello,
    Row,
    Rows,
    ServerMessage,
    Unknown,
)
from trio_sup.inspect.protocol.wire_details import ARRAYS, Metrics, NodeInfo, Tasks

EVIL = (
    "a\x1b]0;title\x07\x9b31m\nforged\r\u202etxt\ud800\u200b\u2066\x7f\x85\u2028\u3164"
)
ROW: list[Any] = [
    *[3, 2, "w", "shop/w", "server", "shop.W", "permanent", "", "running", 1, 0, 1.5],
    *[0, -1, 4, 9, None, None, "", None, None, None, 5],
]


def heard(**data: object) -> ServerMessage | Malformed:
    line = json.dumps(data).encode() + b"\n"
    (message,) = server_decoder().feed(line)
    return message


def a_row(**changes: object) -> ServerMessage | Malformed:
    row = dict(zip(ROW_COLUMNS, ROW, strict=True)) | changes
    return heard(t="rows", rows=[list(row.values())])


def the_row(**changes: object) -> Row:
    message = a_row(**changes)
    assert isinstance(message, Rows), message
    return message.rows[0]


def names_of(value: object) -> list[str]:
    cls: Any = type(value)
    return [each.name for each in attrs.fields(cls)] if attrs.has(cls) else []


def strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for item in value:
            yield from strings(item)
    else:
        for name in names_of(value):
            yield from strings(getattr(value, name))


def numbers(value: object) -> Iterator[float]:
    if isinstance(value, int | float):
        yield value
    elif isinstance(value, list):
        for item in value:
            yield from numbers(item)
    else:
        for name in names_of(value):
            yield from numbers(getattr(value, name))


def test_no_row_is_its_own_supervisor_nor_has_the_number_of_the_root() -> None:
    for wrong in ({"id": 0}, {"id": -1}, {"id": 2}, {"id": 0, "parent": 0}):
        assert isinstance(a_row(**wrong), Malformed)


@pytest.mark.parametrize("wrong", [[], {}, "1", True, None, 1.5])
def test_a_count_is_a_whole_number(wrong: object) -> None:
    assert isinstance(a_row(restarts=wrong), Malformed)


@pytest.mark.parametrize("wrong", [[], "1", True])
def test_a_time_is_a_number(wrong: object) -> None:
    assert isinstance(a_row(began=wrong), Malformed)
    assert the_row(began=None).began is None
    assert the_row(began=12).began == 12.0


def test_an_infinite_time_is_refused_and_a_long_one_shortened() -> None:
    line = json.dumps({"t": "rows", "rows": [ROW]}).replace("1.5", "1e999")
    (message,) = server_decoder().feed(line.encode() + b"\n")
    assert isinstance(message, Malformed)
    assert the_row(began=1e308).began == MAX_SECONDS
    assert the_row(budget_seconds=1e300).budget_seconds == MAX_SECONDS


def test_counts_are_brought_into_their_range() -> None:
    row = the_row(restarts=-5, mailbox_cap=-9, handled=10**300)
    assert (row.restarts, row.mailbox_cap, row.handled) == (0, -1, MAX_WHOLE)


@pytest.mark.parametrize("anchor", ["wall0", "mono0", "started_wall"])
def test_a_node_whose_clock_makes_no_dates_is_refused(anchor: str) -> None:
    hello = json.loads(encode(Hello(1, 1, "n", "e", 1, "3", "0", "0", 1.0, 2.0, 3.0)))
    assert isinstance(heard(**hello), Hello)
    assert isinstance(heard(**hello | {anchor: 1e308}), Malformed)


def test_strings_are_clean_and_no_longer_than_their_limit() -> None:
    for name in ("label", "path", "status", "op", "last_exit", "kind"):
        row = the_row(**{name: EVIL})
        assert is_clean(getattr(row, name))
        assert getattr(row, name).startswith("a·]0;title··31m·forged·")
        assert len(getattr(the_row(**{name: "é" * 5000}), name)) == MAX_TEXT


def test_texts_of_several_lines_keep_nothing_but_their_newlines() -> None:
    message = heard(t="metrics", text=f"one\n{EVIL}\r\n")
    assert isinstance(message, Metrics)
    assert all(map(is_clean, message.text.split("\n")))
    assert message.text.split("\n")[0] == "one"


def test_facts_are_pairs() -> None:
    info = {"t": "node", "at": 1.0}
    assert isinstance(heard(**info, facts=[["pid", "1"]]), NodeInfo)
    assert isinstance(heard(**info, facts=[["pid"]]), Malformed)
    assert isinstance(heard(**info, facts=["ab"]), Malformed)


def test_a_task_has_a_number_of_its_own() -> None:
    task = [1, 0, "task", "main", "", "", 0, False]
    assert isinstance(heard(t="tasks", at=1.0, up=[task]), Tasks)
    assert isinstance(heard(t="tasks", at=1.0, up=[[0, *task[1:]]]), Malformed)


def test_a_list_is_a_list_of_bounded_length() -> None:
    assert isinstance(heard(t="delta", seq=1, prev=0, at=1.0, gone="12"), Malformed)
    assert isinstance(heard(t="delta", seq=1, prev=0, at=1.0, gone={"1": 1}), Malformed)
    many = [1] * 20_001
    assert isinstance(heard(t="delta", seq=1, prev=0, at=1.0, gone=many), Malformed)


def test_a_shape_that_was_seen_before_is_checked_no_less() -> None:
    row = ROW.copy()
    for column, wrong in ((0, 0), (9, -1), (11, 1e11), (3, "x\x1b")):
        bad = row.copy()
        bad[column] = wrong
        data = {"t": "rows", "rows": [row, row, bad]}
        message = heard(**data)
        if column == 0:
            assert isinstance(message, Malformed)
            continue
        assert isinstance(message, Rows)
        assert getattr(message.rows[2], ROW_COLUMNS[column]) != wrong


anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters(), max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=20,
)
fields = sorted(
    {each.name for cls in SERVER_TAGS.values() for each in attrs.fields(cls)}
)
columns = st.lists(anything, min_size=4, max_size=25)


@given(
    st.sampled_from(sorted(SERVER_TAGS)),
    st.dictionaries(
        st.sampled_from(fields), anything | st.lists(columns, max_size=2), max_size=8
    ),
)
def test_whatever_comes_out_is_in_range_and_clean(
    tag: str, data: dict[str, object]
) -> None:
    line = json.dumps(data | {"t": tag}).encode() + b"\n"
    for message in server_decoder().feed(line):
        if isinstance(message, Malformed | Unknown):
            continue
        for text in strings(message):
            assert all(map(is_clean, text.split("\n")))
            assert len(text) <= MAX_BLOCK or isinstance(message, Metrics)
        for number in numbers(message):
            assert math.isfinite(number)
            assert abs(number) <= MAX_WHOLE


def test_the_check_knows_every_record_that_travels() -> None:
    for tag, cls in SERVER_TAGS.items():
        required = [e.name for e in attrs.fields(cls) if e.default is attrs.NOTHING]
        found = heard(t=tag, **{key: {"no": "such value"} for key in required})
        assert isinstance(found, Malformed) or not required
    assert len(ARRAYS) == 17


@given(st.text(st.characters()))
def test_clean_is_idempotent_and_prints_on_one_line(text: str) -> None:
    shown = clean(text)
    assert clean(shown) == shown
    assert len(f"x{shown}".splitlines()) == 1
    shown.encode()
    assert heard(t="heartbeat", at=1.0, lag=0.5) == Heartbeat(1.0, 0.5)


def test_a_string_that_lies_about_itself_is_cleaned_all_the_same() -> None:
    class Liar(str):
        __slots__ = ()

        def isprintable(self) -> bool:
            return True

    assert clean(Liar("a\nb")) == "a\\nb"
    assert type(clean(Liar("ab"))) is str


def test_a_delta_that_says_too_little_is_no_delta() -> None:
    assert isinstance(heard(t="delta", seq=1), Malformed)
    assert isinstance(heard(t="delta", seq=1, prev=1, at=2.0), Delta)
