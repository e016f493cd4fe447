"""What stands in a message between nodes.

A message is a JSON array: version, kind, and the fields of the kind, in order. What does
not fit is refused by `decode`, whoever wrote it: an old node, or a hostile one.
"""

from __future__ import annotations

import json
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


Message: TypeAlias = Ask | Answer | Watch | Unwatch | LifeEnded | Again

_TAGS: Final[dict[str, type[Message]]] = {
    "ask": Ask,
    "answer": Answer,
    "watch": Watch,
    "unwatch": Unwatch,
    "ended": LifeEnded,
    "again": Again,
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
_ENDED: Final = frozenset(get_args(Ended))


def encode(message: Message) -> bytes:
    """Return a message as it travels.

    Raises:
        TypeError: something in it is no JSON.
        ValueError: the same, of a number.
    """
    kind = type(message)
    fields = [getattr(message, name) for name, _ in _KINDS[kind]]
    data = [VERSION, _TAG_OF[kind], *fields]
    return json.dumps(data, separators=(",", ":"), allow_nan=False).encode()


def decode(data: bytes) -> Message:
    """Read a message.

    Raises:
        BadFrame: it is none that this version knows.
    """
    try:
        read: object = json.loads(data)
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
