"""How messages are cut out of the bytes between a `Port` and its program. Pure."""

from __future__ import annotations

import json
from typing import Any, Final, Generic, Protocol, TypeVar, cast

import cattrs
from attrs import field, frozen

from trio_sup._core.checks import ChildSpecError
from trio_sup._core.clean import safe_repr
from trio_sup._core.errors import SupervisionError

Q = TypeVar("Q")
R = TypeVar("R")
Q_contra = TypeVar("Q_contra", contravariant=True)
R_co = TypeVar("R_co", covariant=True)

MEBIBYTE: Final = 2**20


class PortError(SupervisionError):
    """A program and its `Port` do not understand each other; that is a crash."""


class UnfitRequest(ValueError):
    """A request cannot be written as the program's framing has it; nothing was sent.

    The caller's mistake, so with `Port.ask` the caller gets it and the server goes on.
    """


UnfitRequest.__module__ = "trio_sup"  # as users import it, in tracebacks too


class Cutter(Protocol):
    """Cuts messages out of what comes, for one life."""

    def feed(self, data: bytes) -> list[bytes]:
        """Take more bytes; return the messages that are whole now.

        Raises:
            PortError: what comes is no message.
        """
        ...


class Framing(Protocol[Q_contra, R_co]):
    """How a request becomes bytes, and bytes become a reply; write your own if you like.

    `Lines`, `JsonLines` and `LengthPrefixed` are there.
    """

    def encode(self, request: Q_contra) -> bytes:
        """Return what is written for a request.

        Raises:
            UnfitRequest: it cannot be written so.
        """
        ...

    def cutter(self) -> Cutter:
        """Return what cuts the messages of one life."""
        ...

    def decode(self, message: bytes) -> R_co:
        """Return the reply that a message stands for.

        Raises:
            PortError: it is none. That is a crash.
        """
        ...


def _positive(_: object, attribute: Any, value: Any) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ChildSpecError(attribute.name, value, "a whole number of bytes >= 1")


class _LineCutter:
    def __init__(self, most: int) -> None:
        self._most = most
        self._rest = b""

    def feed(self, data: bytes) -> list[bytes]:
        *whole, self._rest = (self._rest + data).split(b"\n")
        longest = max(map(len, (*whole, self._rest)))
        if longest > self._most:
            raise PortError(f"a line of more than {self._most} bytes came")
        return [line.removesuffix(b"\r") for line in whole]


@frozen
class Lines:
    """Each message is a line of text."""

    max_bytes: int = field(default=MEBIBYTE, validator=_positive)
    """The longest line that may come."""

    def encode(self, request: str) -> bytes:
        """Return the line."""
        text: Any = request
        if not isinstance(text, str) or "\n" in text:
            raise UnfitRequest(f"a request is one line of text, not {safe_repr(text)}")
        return text.encode() + b"\n"

    def cutter(self) -> Cutter:
        """Return what cuts lines."""
        return _LineCutter(self.max_bytes)

    def decode(self, message: bytes) -> str:
        """Return the text."""
        try:
            return message.decode()
        except UnicodeDecodeError as error:
            raise PortError(f"{message[:100]!r} came, which is no text") from error


@frozen
class JsonLines(Generic[Q, R]):
    """Each message is a JSON value on a line.

    With types, attrs classes or what cattrs knows, requests and replies are of these, and
    a reply that does not fit is a crash: ``JsonLines(Question, Answer)``. Without them
    they are what JSON has.
    """

    request: type[Q] = cast("type[Any]", object)
    """The type of requests."""
    reply: type[R] = cast("type[Any]", object)
    """The type of replies."""
    max_bytes: int = field(default=MEBIBYTE, validator=_positive)
    """The longest line that may come."""

    def encode(self, request: Q) -> bytes:
        """Return the value as JSON, on a line."""
        try:
            value: object = request
            if self.request is not object:
                value = cattrs.unstructure(request, self.request)
            return json.dumps(value).encode() + b"\n"
        except Exception as error:
            told = f"{safe_repr(request)} cannot be written as JSON"
            raise UnfitRequest(told) from error

    def cutter(self) -> Cutter:
        """Return what cuts lines."""
        return _LineCutter(self.max_bytes)

    def decode(self, message: bytes) -> R:
        """Return the value."""
        try:
            value: Any = json.loads(message)
            if self.reply is not object:
                value = cattrs.structure(value, self.reply)
        except Exception as error:
            what = "JSON" if self.reply is object else self.reply.__name__
            raise PortError(f"{message[:100]!r} came, which is no {what}") from error
        return cast("R", value)


class _PrefixCutter:
    def __init__(self, size: int, most: int) -> None:
        self._size = size
        self._most = most
        self._rest = bytearray()

    def feed(self, data: bytes) -> list[bytes]:
        rest, size = self._rest, self._size
        rest += data
        messages: list[bytes] = []
        while len(rest) >= size:
            length = int.from_bytes(rest[:size], "big")
            if length > self._most:
                raise PortError(
                    f"a message of {length} bytes was announced, more than {self._most}"
                )
            if len(rest) < size + length:
                break
            messages.append(bytes(rest[size : size + length]))
            del rest[: size + length]
        return messages


def _prefix(_: object, __: object, value: Any) -> None:
    if value not in (1, 2, 4, 8):
        raise ChildSpecError("size", value, "1, 2, 4 or 8 bytes")


@frozen
class LengthPrefixed:
    """Each message is bytes, with their number in front, as with Erlang's ``{packet, N}``.

    The number is big-endian.
    """

    size: int = field(default=4, validator=_prefix)
    """Bytes of the number."""
    max_bytes: int = field(default=16 * MEBIBYTE, validator=_positive)
    """The longest message that may come."""

    def encode(self, request: bytes) -> bytes:
        """Return the number and the bytes."""
        data: Any = request
        if not isinstance(data, bytes) or len(data) >= 256**self.size:
            told = f"a request is less than {256**self.size} bytes"
            raise UnfitRequest(f"{told}, not {type(data).__name__} {data!r:.50}")
        return len(data).to_bytes(self.size, "big") + data

    def cutter(self) -> Cutter:
        """Return what cuts messages by their length."""
        return _PrefixCutter(self.size, self.max_bytes)

    def decode(self, message: bytes) -> bytes:
        """Return it as it is."""
        return message
