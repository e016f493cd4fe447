"""Keys of names that all nodes read alike: each value with its type.

So `1`, `True` and ``"1"`` are three keys, unlike in a dict.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Hashable, Mapping
from enum import Enum, EnumType
from functools import lru_cache
from typing import Any, Final, TypeAlias, cast
from uuid import UUID

from attrs import frozen

from trio_sup.cluster._rules.words import Name

ClusterKey: TypeAlias = Hashable
"""None, bool, int, str, bytes, an `enum.Enum`, a `uuid.UUID`, or a tuple of such."""

MAX_NAME: Final = 1024
"""The longest name, in characters of its encoding."""

_ACCEPTED: Final = "None, bool, int, str, bytes, Enum, UUID or a tuple of them"


@frozen
class ForeignKey:
    """A key that is no value in this process: of an `enum.Enum` that it does not know."""

    name: Name

    def __repr__(self) -> str:
        return self.name


@lru_cache(maxsize=16_384)
def decode_key(name: Name) -> ClusterKey:
    """Return the key that a name stands for."""
    try:
        return _untagged(json.loads(name))
    except (ValueError, TypeError, LookupError, RecursionError):
        return ForeignKey(name)


def _untagged(data: Any) -> Hashable:
    tag, *rest = data
    match tag:
        case "n":
            return None
        case "b":
            return bool(rest[0])
        case "i":
            return int(rest[0])
        case "s":
            return str(rest[0])
        case "y":
            return bytes.fromhex(rest[0])
        case "u":
            return UUID(rest[0])
        case "t":
            return tuple(map(_untagged, rest))
        case "e":
            return _member_of(*rest)
        case _:
            raise ValueError(f"no key: {data!r}")


def _member_of(place: str, member: str) -> Enum:
    """Find a member of an Enum that has been imported; nothing is imported for it."""
    module, _, path = place.partition(":")
    names: Mapping[str, object] = vars(sys.modules[module])
    found: object = None
    for part in path.split("."):
        found = names[part]
        names = vars(found)
    if not isinstance(found, EnumType):
        raise TypeError(f"{place} is no Enum")
    return cast("type[Enum]", found)[member]


def encode_key(key: ClusterKey) -> Name:
    """Return the name for a key: the same text on every node and every Python.

    Raises:
        TypeError: the key is, or holds, something else than is accepted.
        ValueError: its name is too long.
    """
    if isinstance(key, ForeignKey):
        return key.name
    text = json.dumps(_tagged(key), separators=(",", ":"), ensure_ascii=True)
    if len(text) > MAX_NAME:
        raise ValueError(
            f"a key of the cluster takes at most {MAX_NAME} characters, not {len(text)}"
        )
    return Name(text)


def _tagged(key: object) -> list[object]:
    # An Enum first: some are str or int, too. Then by the very type.
    if isinstance(key, Enum):
        kind = type(key)
        return ["e", f"{kind.__module__}:{kind.__qualname__}", key.name]
    if key is None:
        return ["n"]
    if type(key) is bool:
        return ["b", int(key)]
    if type(key) is int:
        return ["i", str(key)]
    if type(key) is str:
        return ["s", key]
    if type(key) is bytes:
        return ["y", key.hex()]
    if type(key) is UUID:
        return ["u", key.hex]
    if type(key) is tuple:
        return ["t", *map(_tagged, cast("tuple[object, ...]", key))]
    raise TypeError(f"a key of the cluster is {_ACCEPTED}, not {type(key).__name__}")
