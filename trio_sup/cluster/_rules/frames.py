"""What stands in a message between nodes.

A message is a JSON array: version, kind, and the fields of the kind, in order. What does
not fit is refused by `decode`, whoever wrote it: an old node, or a hostile one.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from operator import attrgetter
from typing import Any, Final, Literal, TypeAlias, cast, get_args

import attrs
from attrs import frozen

from trio_sup.cluster._rules.words import Name, NodeId, Token

VERSION: Final = 1

Ended: TypeAlias = Literal["value", "declared", "refused", "stale", "crash", "exit"]
"""How a call came out: its answer; an error that the operation declares; not executed;
not executed, as its holder is another; the server crashed; it ended otherwise."""


class BadFrame(ValueError):
    """A message that says nothing: it is counted, and dropped."""


@frozen
class Ask:
    """A call, or a cast if its number is 0."""

    sequence: int
    sender: NodeId
    to: NodeId
    call: int
    name: Name
    token: Token
    op: str
    args: list[Any]
    kwargs: dict[str, Any]


@frozen
class Answer:
    """The outcome of a call."""

    sequence: int
    sender: NodeId
    to: NodeId
    call: int
    how: Ended
    what: Any
    """The value; or the name of a type with a text, or with what an error consists of."""


@frozen
class Watch:
    """Tell me how the holder of a name ends."""

    sequence: int
    sender: NodeId
    to: NodeId
    watch: int
    name: Name
    until: str


@frozen
class Unwatch:
    """Tell me no more."""

    sequence: int
    sender: NodeId
    to: NodeId
    watch: int


@frozen
class LifeEnded:
    """A life that was watched has ended."""

    sequence: int
    sender: NodeId
    to: NodeId
    watch: int
    life: int
    kind: str
    text: str
    last: bool
    """Whether no further one will come."""


@frozen
class Again:
    """My link was broken: what was on its way to me may be lost."""

    sequence: int
    sender: NodeId
    to: NodeId


@frozen
class Post:
    """A message on a topic, which is its receiver."""

    sequence: int
    sender: NodeId
    to: NodeId
    what: Any


@frozen
class Look:
    """Tell me what you are doing."""

    sequence: int
    sender: NodeId
    to: NodeId
    look: int


@frozen
class Seen:
    """What I am doing."""

    sequence: int
    sender: NodeId
    to: NodeId
    look: int
    what: Any


Message: TypeAlias = (
    Ask | Answer | Watch | Unwatch | LifeEnded | Again | Post | Look | Seen
)

_TAGS: Final[dict[str, type[Message]]] = {
    "ask": Ask,
    "answer": Answer,
    "watch": Watch,
    "unwatch": Unwatch,
    "ended": LifeEnded,
    "again": Again,
    "post": Post,
    "look": Look,
    "seen": Seen,
}
_TAG_OF: Final = {kind: tag for tag, kind in _TAGS.items()}
_KINDS: Final[dict[type[Message], tuple[tuple[str, type | None], ...]]] = {}
_PLAIN: Final[dict[str, type]] = {
    "int": int,
    "Token": int,
    "str": str,
    "NodeId": str,
    "Name": str,
    "bool": bool,
    "Ended": str,
    "list[Any]": list,
    "dict[str, Any]": dict,
}
for _kind in _TAG_OF:
    _KINDS[_kind] = tuple(
        (field.name, _PLAIN.get(str(field.type))) for field in attrs.fields(_kind)
    )
_encode: Final = json.JSONEncoder(
    separators=(",", ":"), allow_nan=False, check_circular=False
).encode
_decode: Final = json.JSONDecoder().decode
_Fields: TypeAlias = Callable[[Message], tuple[Any, ...]]
_FIELDS: Final[dict[type[Message], tuple[str, _Fields]]] = {
    kind: (tag, attrgetter(*(name for name, _ in _KINDS[kind])))
    for tag, kind in _TAGS.items()
}
_ENDED: Final = frozenset(get_args(Ended))


def encode(message: Message) -> bytes:
    """Return a message as it travels.

    Raises:
        TypeError: something in it is no JSON.
        ValueError: the same, of a number.
    """
    tag, fields_of = _FIELDS[type(message)]
    data = [VERSION, tag, *fields_of(message)]
    try:
        return _encode(data).encode()
    except RecursionError:
        raise ValueError("it is nested too deeply, or holds itself") from None


def decode(data: bytes) -> Message:
    """Read a message.

    Raises:
        BadFrame: it is none that this version knows.
    """
    try:
        read: object = _decode(data.decode())
    except (ValueError, RecursionError) as error:
        raise BadFrame(f"no JSON: {error}") from None
    if not isinstance(read, list):
        raise BadFrame("no array")
    items = cast("list[object]", read)
    if not items or type(items[0]) is not int or items[0] != VERSION:
        raise BadFrame("another version")
    tag = items[1] if len(items) > 1 else None
    kind = _TAGS.get(tag) if isinstance(tag, str) else None
    if kind is None:
        raise BadFrame("an unknown kind")
    given = items[2:]
    _check_fields(_KINDS[kind], given, escaped=b"\\u" in data)
    make: Any = kind
    message: Message = make(*given)
    if isinstance(message, Answer) and message.how not in _ENDED:
        raise BadFrame("an unknown outcome")
    return message


def _check_fields(
    wanted: tuple[tuple[str, type | None], ...], given: list[object], *, escaped: bool
) -> None:
    if len(given) != len(wanted):
        raise BadFrame(f"{len(given)} fields, not {len(wanted)}")
    for (name, plain), value in zip(wanted, given, strict=True):
        if plain is not None and type(value) is not plain:
            raise BadFrame(f"{name} is no {plain.__name__}")
        # Half of a pair, which JSON can write and no engine can be told.
        if escaped and isinstance(value, str) and not _is_text(value):
            raise BadFrame(f"{name} is no text")


def _is_text(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True
