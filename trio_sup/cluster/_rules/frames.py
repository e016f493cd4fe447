"""What stands in a message between nodes.

A message is a JSON array: version, kind, and the fields of the kind, in order. What does
not fit is refused by `decode`, whoever wrote it: an old node, or a hostile one. Here it
is a tuple, too: so it is made, read and written without a step for each field.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import (
    Any,
    Final,
    Literal,
    NamedTuple,
    TypeAlias,
    cast,
    get_args,
    get_type_hints,
)

from trio_sup.cluster._rules.words import Name, NodeId, Token

VERSION: Final = 1

Ended: TypeAlias = Literal["value", "declared", "refused", "stale", "crash", "exit"]
"""How a call came out: its answer; an error that the operation declares; not executed;
not executed, as its holder is another; the server crashed; it ended otherwise."""


class BadFrame(ValueError):
    """A message that says nothing: it is counted, and dropped."""


class Ask(NamedTuple):
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


class Answer(NamedTuple):
    """The outcome of a call."""

    sequence: int
    sender: NodeId
    to: NodeId
    call: int
    how: Ended
    what: Any
    """The value; or the name of a type with a text, or with what an error consists of."""


class Watch(NamedTuple):
    """Tell me how the holder of a name ends."""

    sequence: int
    sender: NodeId
    to: NodeId
    watch: int
    name: Name
    until: str


class Unwatch(NamedTuple):
    """Tell me no more."""

    sequence: int
    sender: NodeId
    to: NodeId
    watch: int


class LifeEnded(NamedTuple):
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


class Again(NamedTuple):
    """My link was broken: what was on its way to me may be lost."""

    sequence: int
    sender: NodeId
    to: NodeId


class Post(NamedTuple):
    """A message on a topic, which is its receiver."""

    sequence: int
    sender: NodeId
    to: NodeId
    what: Any


class Look(NamedTuple):
    """Tell me what you are doing."""

    sequence: int
    sender: NodeId
    to: NodeId
    look: int


class Seen(NamedTuple):
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
_PLAIN: Final[dict[object, type]] = {
    int: int,
    Token: int,
    str: str,
    NodeId: str,
    Name: str,
    bool: bool,
    Ended: str,
    list[Any]: list,
    dict[str, Any]: dict,
}


class _Kind(NamedTuple):
    """What a message of one kind has."""

    make: type[Message]
    names: tuple[str, ...]
    plain: tuple[type | None, ...]
    """The type of each field; None for what may be anything, which comes last."""
    known: tuple[type, ...]
    """The types before that."""
    told: int
    """How many those are."""


def _kind_of(make: type[Message]) -> _Kind:
    hints = get_type_hints(make)
    plain = tuple(_PLAIN.get(hints[name]) for name in make._fields)
    known = tuple(each for each in plain if each is not None)
    return _Kind(make, make._fields, plain, known, len(known))


_KINDS: Final = {tag: _kind_of(kind) for tag, kind in _TAGS.items()}
_NO_WAY: Final = "cannot be sent to another node"
_ENDED: Final = frozenset(get_args(Ended))
_encoder: Final = json.JSONEncoder(
    separators=(",", ":"), allow_nan=False, check_circular=False
)
_read: Final = json.JSONDecoder().raw_decode
_new: Final[Callable[[Any, list[object]], Any]] = cast("Any", tuple).__new__


def encode(message: Message) -> bytes:
    """Return a message as it travels.

    Raises:
        TypeError: something in it is no JSON: a number that is none, too, and what is
            nested too deeply, or holds itself.
    """
    data = [VERSION, _TAG_OF[type(message)], *message]
    try:
        return _encode(data).encode()
    except RecursionError:
        raise TypeError(f"{_NO_WAY}: nested too deeply, or holds itself") from None
    except (TypeError, ValueError) as error:
        raise TypeError(f"{_NO_WAY}: {error}") from None


def _encoding() -> Callable[[object], str]:
    """Return `JSONEncoder.encode`: without what it makes anew each time, if possible.

    That is half of its time. What it makes is not documented: so it is asked for once
    whether it does the same.
    """
    usual = _encoder.encode
    make: Any = getattr(json.encoder, "c_make_encoder", None)
    text: Any = getattr(json.encoder, "encode_basestring_ascii", None)
    sample: list[Any] = [1, "ä", 1.5, None, True, [], {"k": [{}, -1]}]
    try:
        made = make(None, _encoder.default, text, None, ":", ",", False, False, False)
        same = "".join(made(sample, 0)) == usual(sample)
    except TypeError:
        return usual
    return (lambda data: "".join(made(data, 0))) if same else usual


_encode: Final = _encoding()


def decode(data: bytes) -> Message:
    """Read a message.

    Raises:
        BadFrame: it is none that this version knows.
    """
    try:
        text = data.decode()
        found: tuple[object, int] = _read(text)
    except (ValueError, RecursionError) as error:
        raise BadFrame(f"no JSON: {error}") from None
    read, end = found
    if not isinstance(read, list) or end != len(text):
        raise BadFrame("no array, or more than one")
    items = cast("list[object]", read)
    if not items or type(items[0]) is not int or items[0] != VERSION:
        raise BadFrame("another version")
    tag = items[1] if len(items) > 1 else None
    kind = _KINDS.get(tag) if isinstance(tag, str) else None
    if kind is None:
        raise BadFrame("an unknown kind")
    del items[:2]
    if len(items) != len(kind.names):
        raise BadFrame(f"{len(items)} fields, not {len(kind.names)}")
    if tuple(map(type, items))[: kind.told] != kind.known or b"\\u" in data:
        _check_fields(kind, items)
    # As `_make` does, whose frame is a tenth of the reading.
    message: Message = _new(cast("Any", kind.make), items)
    if type(message) is Answer and message.how not in _ENDED:
        raise BadFrame("an unknown outcome")
    return message


def _check_fields(kind: _Kind, given: list[object]) -> None:
    for name, plain, value in zip(kind.names, kind.plain, given, strict=True):
        if plain is not None and type(value) is not plain:
            raise BadFrame(f"{name} is no {plain.__name__}")
        # Half of a pair, which JSON can write and no engine can be told.
        if isinstance(value, str) and not _is_text(value):
            raise BadFrame(f"{name} is no text")


def _is_text(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True
