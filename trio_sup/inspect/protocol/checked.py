"""What a viewer believes: the one place where each field that it reads is checked. Pure.

A node may be hostile, a recording made by hand. Of whatever comes out of here holds:

* Every field has its type; what is missing without a default is refused.
* A string is clean (`trio_sup._core.clean`) and at most `MAX_TEXT` characters; the few
  that have several lines, `BLOCKS`, are clean lines and at most `MAX_BLOCK`.
* A number is finite. What only counts or measures is brought into its range, since a
  program may say 1e300 seconds and mean it; the anchors of a node's clock are refused
  outside of theirs, since every time of day is made of them.
* A row has a serial number from 1 on and is not its own supervisor. Whether the rows
  make a tree is for `TreeModel`: they come one by one.
* A list is a list, of at most `MAX_ITEMS`.

Words such as a status are an open set: an unknown one is text like any other.
"""

from __future__ import annotations

import math
import types
from functools import cache
from typing import TYPE_CHECKING, Final, TypeVar, Union, cast, get_args, get_origin

import attrs

from trio_sup._core.clean import clean_line, clean_lines, dotted
from trio_sup.inspect.protocol.shapes import (
    MAX_SECONDS,
    MAX_SHAPES,
    MAX_TEXT,
    MAX_WHOLE,
    Shape,
    shape_of,
)
from trio_sup.inspect.protocol.wire_details import (
    ARRAYS,
    Metrics,
    NodeInfo,
    StatePart,
    TaskRow,
)
from trio_sup.inspect.protocol.wire_rows import (
    EVENT_COLUMNS,
    ROW_COLUMNS,
    VOL_COLUMNS,
    Event,
    Row,
    Vol,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Mapping

    from trio_sup._core.clean import Clean

    Check = Callable[[object], object]

T = TypeVar("T")

MAX_BLOCK: Final = 20_000
"""Characters of a traceback or a state: a node sends at most 16,384."""
MAX_ITEMS: Final = 20_000
"""Entries of a list: a node sends at most 5,000 in a frame."""

MAX_DEPTH: Final = 100
"""How deep a task stands in the nurseries of others, at most."""

_TIMES: Final = frozenset(
    {"at", "began", "ended", "seen", "since", "op_since", "attached", "deadline"}
)
"""Numbers that may be negative."""
_ANCHORS: Final = frozenset({"wall0", "mono0", "started_wall"})
_OR_MINUS_ONE: Final = frozenset({"mailbox_cap", "budget_max"})
_SERIAL: Final = frozenset({(Row, "id"), (TaskRow, "id")})
_TYPES: Final[Mapping[type, tuple[str, ...]]] = {
    Row: ROW_COLUMNS,
    Vol: VOL_COLUMNS,
    Event: EVENT_COLUMNS,
}
"""The records of which not every field travels."""
_AS_ARRAYS: Final = frozenset({Row, Vol, Event, *ARRAYS})


def read(cls: type[T], data: Mapping[str, object]) -> T:
    """A message of a node, checked.

    Args:
        cls: One of the classes of `wire`.
        data: The JSON object.

    Raises:
        KeyError: a field is missing.
        ValueError: a field does not fit.
    """
    return cast("T", _reader(cast("Hashable", cls))(data))


# --- single values ---------------------------------------------------------------


def text(value: object) -> Clean:
    """A clean line."""
    if type(value) is not str:
        raise ValueError("expected a string")
    return clean_line(value, MAX_TEXT, dotted)


def _block(value: object) -> str:
    if type(value) is not str:
        raise ValueError("expected a string")
    return clean_lines(value, MAX_BLOCK, dotted)


def _frame_of_lines(value: object) -> str:
    """As long as a frame is."""
    if type(value) is not str:
        raise ValueError("expected a string")
    return clean_lines(value, len(value) + 1, dotted)


def _flag(value: object) -> bool:
    if type(value) is not bool:
        raise ValueError("expected true or false")
    return value


def whole(value: object, least: int = 0) -> int:
    """A count in its range."""
    if type(value) is not int:
        raise ValueError("expected a whole number")
    if least <= value <= MAX_WHOLE:
        return value
    return least if value < least else MAX_WHOLE


def _whole_or_minus_one(value: object) -> int:
    return whole(value, -1)


def _depth(value: object) -> int:
    """How deep something stands: views indent by it."""
    return min(whole(value), MAX_DEPTH)


def _serial(value: object) -> int:
    if type(value) is not int or not 1 <= value <= MAX_WHOLE:
        raise ValueError("expected a number from 1 on")
    return value


def _finite(value: object) -> float:
    if type(value) is float:
        if math.isfinite(value):
            return value
    elif type(value) is int:
        return float(max(-MAX_WHOLE, min(value, MAX_WHOLE)))
    raise ValueError("expected a finite number")


def moment(value: object) -> float:
    """A time on a clock, in its range."""
    number = _finite(value)
    return max(-MAX_SECONDS, min(number, MAX_SECONDS))


def amount(value: object) -> float:
    """A duration or a rate, in its range."""
    number = _finite(value)
    return max(0.0, min(number, MAX_SECONDS))


def anchor(value: object) -> float:
    """A time that others are counted from; refused out of its range."""
    number = _finite(value)
    if abs(number) > MAX_SECONDS:
        raise ValueError("expected a time within 317 years of its clock's zero")
    return number


def _facts(value: object) -> list[list[Clean]]:
    pairs = [_list(text)(pair) for pair in _list(lambda each: each)(value)]
    if any(len(pair) < 2 for pair in pairs):
        raise ValueError("expected pairs")
    return cast("list[list[Clean]]", pairs)


_BY_TYPE: Final[Mapping[object, Check]] = {
    str: text,
    bool: _flag,
    int: whole,
    float: amount,
}


# --- records ---------------------------------------------------------------------


def _check_of(cls: type, name: str, hint: object) -> Check:
    """What checks one field of a class."""
    if (cls, name) in _SERIAL:
        return _serial
    if name == "depth":
        return _depth
    if name in _ANCHORS:
        return anchor
    if name in _OR_MINUS_ONE:
        return _or_none(_whole_or_minus_one)
    if name == "facts":
        return _facts if cls is NodeInfo else _or_none(_facts)
    if name == "traceback" or (cls is StatePart and name == "text"):
        return _block
    if cls is Metrics and name == "text":
        return _frame_of_lines
    return _by_hint(hint, moment if name in _TIMES else amount)


def _by_hint(hint: object, number: Check) -> Check:
    origin, args = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        (inner,) = [each for each in args if each is not type(None)]
        return _or_none(_by_hint(inner, number))
    if origin is list:
        return _list(_by_hint(args[0], number))
    if hint is float:
        return number
    known = _BY_TYPE.get(hint)
    return known if known is not None else _reader(cast("type", hint))


def _or_none(check: Check) -> Check:
    return lambda value: None if value is None else check(value)


def _list(check: Check) -> Callable[[object], list[object]]:
    def read_list(value: object) -> list[object]:
        if type(value) is not list:
            raise ValueError("expected a list")
        items = cast("list[object]", value)
        if len(items) > MAX_ITEMS:
            raise ValueError(f"expected a list of at most {MAX_ITEMS}")
        return [check(item) for item in items]

    return read_list


@cache
def _reader(cls: type) -> Check:
    # Some classes name others only for type checkers: their modules know them all.
    attrs.resolve_types(cls)
    hints: dict[str, object] = {each.name: each.type for each in attrs.fields(cls)}
    names = _TYPES.get(cls) or tuple(hints)
    checks = {name: _check_of(cls, name, hints[name]) for name in names}
    if cls in _AS_ARRAYS:
        return _row_reader(checks) if cls is Row else _array_reader(cls, checks)
    required = {
        each.name for each in attrs.fields(cls) if each.default is attrs.NOTHING
    }
    return _object_reader(cls, checks, required)


def _array_reader(cls: Callable[..., object], checks: Mapping[str, Check]) -> Check:
    """Reads a record that travels as an array: the prefix that this version knows."""
    count, each = len(checks), tuple(checks.values())
    known: dict[tuple[type, ...], Shape] = {}

    def read_array(value: object) -> object:
        if type(value) is not list:
            raise ValueError("expected an array")
        columns = cast("list[object]", value)[:count]
        if len(columns) < count:
            raise ValueError(f"expected {count} columns")
        shape = known.get(kinds := tuple(map(type, columns)))
        if shape is not None and shape.fits(columns):
            return cls(*columns)
        try:
            found = [check(v) for check, v in zip(each, columns, strict=True)]
        except ValueError as error:
            raise _named(checks.items(), columns, error) from None
        if len(known) < MAX_SHAPES and kinds == tuple(map(type, found)):
            known[kinds] = shape_of(kinds, [_least_of(check) for check in each])
        return cls(*found)

    return read_array


def _row_reader(checks: Mapping[str, Check]) -> Check:
    read_array = _array_reader(Row, checks)

    def read_row(value: object) -> Row:
        row = cast("Row", read_array(value))
        if row.id == row.parent:
            raise ValueError("parent: expected another row")
        return row

    return read_row


def _object_reader(
    cls: Callable[..., object], checks: Mapping[str, Check], required: set[str]
) -> Check:
    def read_object(value: object) -> object:
        if type(value) is not dict:
            raise ValueError("expected an object")
        data = cast("dict[str, object]", value)
        found: dict[str, object] = {}
        for name, check in checks.items():
            if name in data:
                try:
                    found[name] = check(data[name])
                except ValueError as error:
                    raise ValueError(f"{name}: {error}") from None
            elif name in required:
                raise KeyError(name)
        return cls(**found)

    return read_object


def _least_of(check: Check) -> float:
    """The least number that a column may hold, as its check would leave it."""
    return next((n for n in (-MAX_SECONDS, -1, 0, 1) if _stays(check, n)), 0)


def _stays(check: Check, number: float) -> bool:
    try:
        return check(number) == number
    except ValueError:
        return False


def _named(
    checks: Iterable[tuple[str, Check]], columns: list[object], error: ValueError
) -> ValueError:
    """The error with the name of the column; looked for only once there is one."""
    for (name, check), value in zip(checks, columns, strict=True):
        try:
            check(value)
        except ValueError:
            return ValueError(f"{name}: {error}")
    return error
