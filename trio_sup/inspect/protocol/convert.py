"""JSON objects to messages and back.

What a viewer reads is checked field by field (`checked`): a node may be hostile. What
comes *into* a node goes through a strict converter, cattrs', that coerces nothing.
"""

from __future__ import annotations

import math
from operator import attrgetter
from typing import TYPE_CHECKING, Final, TypeVar, cast

import attrs
from cattrs.gen import make_dict_unstructure_fn
from cattrs.preconf.json import make_converter

from trio_sup._core.clean import clean_line
from trio_sup.inspect.protocol.checked import read
from trio_sup.inspect.protocol.wire import (
    CLIENT_TAGS,
    EVENT_COLUMNS,
    ROW_COLUMNS,
    SERVER_TAGS,
    TAG_OF,
    VOL_COLUMNS,
    ClientMessage,
    Delta,
    Detail,
    Event,
    Hello,
    Message,
    Row,
    ServerMessage,
    Unknown,
    Vol,
    Watch,
)
from trio_sup.inspect.protocol.wire_actions import Planned
from trio_sup.inspect.protocol.wire_details import ARRAYS, Follow

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from cattrs import Converter

T = TypeVar("T")

FIRST_FIELDS: Final[Mapping[type, frozenset[str]]] = {
    Hello: frozenset(
        {
            *("proto_min", "proto_max", "node", "epoch", "pid", "python", "trio"),
            *("trio_sup", "started_wall", "wall0", "mono0", "caps", "readonly", "cols"),
        }
    ),
    Detail: frozenset({"id", "at", "row", "traceback", "clipped"}),
    Watch: frozenset({"id"}),
    Follow: frozenset({"topic"}),
    Planned: frozenset({"req", "code", "why", "lines", "affected", "confirm"}),
    Delta: frozenset(each.name for each in attrs.fields(Delta)) - {"causes"},
}
"""The fields that messages had at first, and that are always sent."""
MAX_REQUEST_STRING: Final = 200
MAX_REQUEST_LIST: Final = 16


def _writing_converter() -> Converter:
    converter = make_converter(detailed_validation=False)
    # Registered before any message class is written: generated functions capture
    # the hooks that exist when they are made.
    converter.register_unstructure_hook(Row, attrgetter(*ROW_COLUMNS))
    converter.register_unstructure_hook(Vol, attrgetter(*VOL_COLUMNS))
    converter.register_unstructure_hook(Event, attrgetter(*EVENT_COLUMNS))
    for cls in ARRAYS:
        columns = [each.name for each in attrs.fields(cls)]
        converter.register_unstructure_hook(cls, attrgetter(*columns))
    for message in FIRST_FIELDS:
        _without_defaults(converter, message)
    return converter


def _without_defaults(converter: Converter, cls: type) -> None:
    """Leave out the fields that came after version 1 where they say nothing."""
    first = FIRST_FIELDS[cls]
    empty: tuple[object, ...] = (None, False, [], "")
    plain: Callable[[object], dict[str, object]] = make_dict_unstructure_fn(
        cls, converter
    )

    def hook(message: object) -> dict[str, object]:
        data = plain(message)
        return {k: v for k, v in data.items() if k in first or v not in empty}

    converter.register_unstructure_hook(cls, hook)


def _strict_converter() -> Converter:
    """Coerces nothing, and bounds every string and list."""
    converter = make_converter(detailed_validation=False)

    def integer(value: object, _: object) -> int:
        if type(value) is not int or not -(2**63) <= value < 2**63:
            raise ValueError("expected a 64-bit integer")
        return value

    def flag(value: object, _: object) -> bool:
        if type(value) is not bool:
            raise ValueError("expected true or false")
        return value

    def number(value: object, _: object) -> float:
        if type(value) is int and abs(value) < 2**53:
            return float(value)
        if type(value) is not float or not math.isfinite(value):
            raise ValueError("expected a finite number")
        return value

    def text(value: object, _: object) -> str:
        if not isinstance(value, str) or len(value) > MAX_REQUEST_STRING:
            raise ValueError(
                f"expected a string of at most {MAX_REQUEST_STRING} characters"
            )
        return value

    def texts(value: object, _: object) -> list[str]:
        if not isinstance(value, list) or len(value) > MAX_REQUEST_LIST:  # pyright: ignore[reportUnknownArgumentType]
            raise ValueError(f"expected a list of at most {MAX_REQUEST_LIST} strings")
        return [text(item, str) for item in cast("list[object]", value)]

    converter.register_structure_hook(bool, flag)
    converter.register_structure_hook(int, integer)
    converter.register_structure_hook(float, number)
    converter.register_structure_hook(str, text)
    converter.register_structure_hook_func(lambda cls: cls == list[str], texts)
    return converter


_writing: Final = _writing_converter()
_strict: Final = _strict_converter()


def to_data(message: Message) -> dict[str, object]:
    """The JSON object of a message, tag first.

    Raises:
        KeyError: for `Unknown`, which nobody sends.
    """
    data: dict[str, object] = {"t": TAG_OF[type(message)]}
    data.update(_writing.unstructure(message))
    return data


def server_message(data: Mapping[str, object]) -> ServerMessage:
    """What a node's JSON object means, checked; `Unknown` for a tag from the future.

    Raises:
        KeyError | ValueError: the object does not fit its tag.
    """
    return _message(data, SERVER_TAGS, read)


def client_message(data: Mapping[str, object]) -> ClientMessage:
    """What a client's JSON object means, checked strictly.

    Raises:
        KeyError | TypeError | ValueError | AttributeError: the object does not
            fit its tag.
    """
    return _message(data, CLIENT_TAGS, _structure)


def _structure(cls: type[T], data: Mapping[str, object]) -> T:
    return _strict.structure(data, cls)


def _message(
    data: Mapping[str, object],
    tags: Mapping[str, type[T]],
    make: Callable[[type[T], Mapping[str, object]], T],
) -> T | Unknown:
    tag = data.get("t")
    # A plain look-up: cattrs' own tagged unions remember every unknown tag in
    # a defaultdict, which a peer could make grow.
    cls = tags.get(tag) if isinstance(tag, str) else None
    if cls is None:
        return Unknown(clean_line(str(tag)[:MAX_REQUEST_STRING], MAX_REQUEST_STRING))
    return make(cls, data)
