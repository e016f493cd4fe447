"""Any value as text: bounded, and without a line of the program's own code."""

import collections
import datetime
import decimal
import enum
from typing import Any, NoReturn

import attrs
import pytest
from hypothesis import given, strategies as st

from trio_sup.inspect.node.render import (
    REDACTED,
    render,
    render_attributes,
    render_call,
)
from trio_sup.inspect.node.render_leaves import MAX_STRING


class Ran(BaseException):
    """The program's code was run."""


def ran(*_: object, **__: object) -> NoReturn:
    raise Ran


HOOKS = dict.fromkeys(
    [
        *("__repr__", "__str__", "__len__", "__iter__", "__hash__", "__eq__"),
        *("__getattr__", "__getattribute__", "__bool__", "__dir__", "__format__"),
        *("__getitem__", "__contains__", "items", "keys", "values", "__reduce__"),
    ],
    ran,
) | {"__class__": property(ran)}


class Meta(type):
    __repr__ = __getattribute__ = __instancecheck__ = __subclasscheck__ = ran


def hostile(base: type, *args: object) -> object:
    """An object of a subclass that raises whatever it is asked."""
    return type(base)("Hostile", (base,), dict(HOOKS))(*args)


class Plain:
    def __init__(self) -> None:
        self.number = 7
        self.api_key = "hunter2"


class Slotted:
    __slots__ = ("left", "unset")

    def __init__(self) -> None:
        self.left = [1]


@attrs.define
class Point:
    x: int
    password: str


class Colour(enum.Enum):
    RED = 1


class Level(enum.IntEnum):
    HIGH = 3


@pytest.mark.parametrize(
    ("base", "args", "shown"),
    [
        (object, (), "<Hostile>"),
        (list, ([1, 2],), "Hostile([1, 2])"),
        (dict, ({"a": 1},), "Hostile({'a': 1})"),
        (str, ("x",), "Hostile('x')"),
        (int, (5,), "Hostile(5)"),
        (float, (0.5,), "Hostile(0.5)"),
        (bytes, (b"x",), "b'x'"),
        (tuple, ([1, 2],), "Hostile((1, 2))"),
        (collections.deque, ([1],), "Hostile(deque([1]))"),
        (ValueError, ("no",), "Hostile('no')"),
        (Plain, (), f"Hostile(number=7, api_key={REDACTED})"),
        (decimal.Decimal, ("1",), "<Hostile of 1 digits>"),
    ],
)
def test_nothing_of_a_hostile_object_is_run(
    base: type, args: tuple[object, ...], shown: str
) -> None:
    value = hostile(base, *args)
    assert render(value) == shown
    assert shown in render_call((value,), {"k": value})


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, "None"),
        (True, "True"),
        ("a\x1b[2J", r"'a\x1b[2J'"),
        ((1,), "(1,)"),
        ({1: {"token": "x"}}, f"{{1: {{'token': {REDACTED}}}}}"),
        (Slotted(), "Slotted(left=[1])"),
        (Point(1, "x"), f"Point(x=1, password={REDACTED})"),
        (Colour.RED, "Colour.RED"),
        (Level.HIGH, "Level.HIGH"),
        (Plain, "<class Plain>"),
        (len, "<built-in len>"),
        (datetime.date(2024, 2, 3), "datetime.date(2024, 2, 3)"),
        (frozenset({3}), "frozenset({3})"),
        (memoryview(b"abc"), "<memoryview of 3 bytes>"),
    ],
)
def test_values_are_shown_as_one_would_write_them(value: object, shown: str) -> None:
    assert render(value) == shown


def test_a_hostile_metaclass_is_not_asked() -> None:
    # Not a global: whoever collects the tests would ask it.
    kind: Any = Meta("OfMeta", (), {"__slots__": ("x",)})
    assert render([kind, object.__new__(kind)]) == "[<class OfMeta>, <OfMeta>]"


def test_an_object_that_holds_itself_ends() -> None:
    inner: list[object] = [1]
    inner.append(inner)
    assert render(inner) == "[1, <list: itself>]"


def test_what_is_enormous_becomes_short() -> None:
    deep: list[object] = []
    for _ in range(100_000):
        deep = [deep]
    wide = [[[dict.fromkeys(range(1000), "x" * 10**6)] * 100] * 100] * 100
    assert render(10**5000) == "<int of 16610 bits>"
    assert len(render(deep)) < 100
    assert len(render(wide)) < 400_000
    assert len(render("x" * 10**8)) < MAX_STRING + 40
    assert render("x" * 10**8).endswith("… (100000000 characters)")


def test_attributes_stand_a_line_each_and_long_ones_are_broken() -> None:
    text, missing = render_attributes(
        {"n": 1, "secret": "x", "many": list(range(1000)), "point": Point(1, "x")}
    )
    lines = text.split("\n")
    assert lines[:3] == ["n = 1", f"secret = {REDACTED}", "many = ["]
    assert "39, … (1000 in all)," in text
    assert max(map(len, lines)) <= 88
    assert not missing


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(),
    lambda inner: (
        st.lists(inner) | st.dictionaries(st.text(), inner) | st.tuples(inner, inner)
    ),
    max_leaves=30,
)


@given(values)
def test_any_plain_value_becomes_printable_text(value: Any) -> None:
    assert render(value).replace("\n", "").isprintable()
