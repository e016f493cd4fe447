"""Keys of names that all nodes read alike: each value with its type.

So `1`, `True` and ``"1"`` are three keys, unlike in a dict.
"""

from __future__ import annotations

import json
from collections.abc import Hashable
from enum import Enum
from typing import Final, TypeAlias, cast
from uuid import UUID

from trio_sup.cluster._rules.words import Name

ClusterKey: TypeAlias = Hashable
"""None, bool, int, str, bytes, an `enum.Enum`, a `uuid.UUID`, or a tuple of such."""

MAX_NAME: Final = 1024
"""The longest name, in characters of its encoding."""

_ACCEPTED: Final = "None, bool, int, str, bytes, Enum, UUID or a tuple of them"


def encode_key(key: ClusterKey) -> Name:
    """Return the name for a key: the same text on every node and every Python.

    Raises:
        TypeError: the key is, or holds, something else than is accepted.
        ValueError: its name is too long.
    """
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
