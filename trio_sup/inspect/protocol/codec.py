"""Bytes to messages and back: newline-delimited JSON, no I/O.

One decoder belongs to one connection. A frame that is no message does not end
the connection by itself: it comes out as `Malformed`, in order, and the caller
decides. Only a frame that is too long does, since where it ends is unknown.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final, Generic, NoReturn, TypeVar, cast

from attrs import frozen

from trio_sup.inspect.protocol.convert import client_message, server_message, to_data

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from trio_sup.inspect.protocol.wire import ClientMessage, Message, ServerMessage

MAX_FRAME: Final = 1024 * 1024
"""The longest frame that a node sends, in bytes, newline included."""
MAX_REQUEST: Final = 64 * 1024
"""The longest frame that a node accepts, in bytes, newline included."""

_M = TypeVar("_M")


class FrameTooLarge(ValueError):
    """A peer sent more than the limit without ending the line.

    The stream cannot be read any further: close the connection.
    """

    def __init__(self, limit: int) -> None:
        super().__init__(f"a frame is longer than {limit} bytes")
        self.limit = limit


@frozen
class Malformed:
    """A line that is no message."""

    reason: str
    """One line for people; quotes nothing of what the peer sent."""


def encode(message: Message) -> bytes:
    """The message as one line of UTF-8, newline included.

    Raises:
        ValueError: the message holds NaN or an infinity.
        KeyError: for `Unknown`, which nobody sends.
    """
    text = _dump(to_data(message))
    # Half of a surrogate pair is no character; no peer could read it.
    return text.encode("utf-8", "replace") + b"\n"


_dump: Final = json.JSONEncoder(
    ensure_ascii=False, allow_nan=False, separators=(",", ":")
).encode


class Decoder(Generic[_M]):
    """Turns received bytes into messages, however they were cut.

    Use `server_decoder` in a client and `request_decoder` in a node.
    """

    def __init__(
        self, read: Callable[[Mapping[str, object]], _M], *, limit: int
    ) -> None:
        self._read = read
        self._limit = limit
        self._buffer = bytearray()
        # Invariant: no newline lies before this position.
        self._scanned = 0

    @property
    def pending(self) -> int:
        """How many bytes of an unfinished frame are held."""
        return len(self._buffer)

    def feed(self, data: bytes) -> list[_M | Malformed]:
        """The messages that `data` completes, in order.

        Empty lines are skipped.

        Raises:
            FrameTooLarge: a frame exceeds the limit. Messages that came whole
                before it in the same `data` are lost.
        """
        buffer = self._buffer
        buffer += data
        found: list[_M | Malformed] = []
        start = 0
        while (end := buffer.find(b"\n", max(self._scanned, start))) >= 0:
            if end - start >= self._limit:
                raise FrameTooLarge(self._limit)
            line = bytes(buffer[start:end])
            start = end + 1
            if line.strip():
                found.append(self._message(line))
        if start:
            del buffer[:start]
        self._scanned = len(buffer)
        if self._scanned >= self._limit:
            raise FrameTooLarge(self._limit)
        return found

    def _message(self, line: bytes) -> _M | Malformed:
        try:
            data: object = json.loads(line, parse_constant=_no_constant)
        except (ValueError, RecursionError) as error:
            return Malformed(f"not JSON ({type(error).__name__})")
        if not isinstance(data, dict):
            return Malformed("not a JSON object")
        try:
            return self._read(cast("dict[str, object]", data))
        except KeyError as error:
            return Malformed(f"field {str(error)[:60]} is missing")
        except (TypeError, ValueError, AttributeError) as error:
            return Malformed(f"a field does not fit: {str(error)[:200]}")


def server_decoder() -> Decoder[ServerMessage]:
    """A decoder for what a node sends."""
    return Decoder(server_message, limit=MAX_FRAME)


def request_decoder() -> Decoder[ClientMessage]:
    """A strict decoder for what a client sends."""
    return Decoder(client_message, limit=MAX_REQUEST)


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")
