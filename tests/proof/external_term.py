"""Erlang's external term format, as far as scenarios need it.

Strings become binaries, sequences lists, mappings maps with atoms as keys where
the key is a word of the format, and binaries elsewhere.
"""

import struct
from collections.abc import Mapping, Sequence

from tests.proof.trace import Value


def encode(value: Value) -> bytes:
    """One whole term, with the version byte in front."""
    parts = [b"\x83"]
    _encode(value, parts)
    return b"".join(parts)


def _encode(value: Value, parts: list[bytes]) -> None:
    match value:
        case bool() | None:
            parts.append(_atom("null" if value is None else str(value).lower()))
        case int():
            parts.append(struct.pack(">Bi", 98, value))
        case str():
            data = value.encode()
            parts.append(struct.pack(">BI", 109, len(data)) + data)
        case Mapping():
            parts.append(struct.pack(">BI", 116, len(value)))
            for key, item in value.items():
                parts.append(_atom(key))
                _encode(item, parts)
        case Sequence():
            if value:
                parts.append(struct.pack(">BI", 108, len(value)))
                for item in value:
                    _encode(item, parts)
            parts.append(b"\x6a")


def _atom(word: str) -> bytes:
    data = word.encode()
    return struct.pack(">BB", 119, len(data)) + data
