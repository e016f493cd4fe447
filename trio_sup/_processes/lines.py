"""Bytes cut into lines of bounded length. Pure."""

from __future__ import annotations

from typing import Final

MAX_LINE: Final = 16 * 1024
"""Bytes of one line; what is longer comes in pieces."""
TAIL_BYTES: Final = 8 * 1024
"""How much of the end of a stream is kept for the story of its crash."""
TAIL_LINES: Final = 20


class LineCutter:
    """Cuts a stream into lines: what is no whole line yet waits, but never grows."""

    __slots__ = ("_limit", "_rest")

    def __init__(self, limit: int = MAX_LINE) -> None:
        self._limit = limit
        self._rest = b""

    def feed(self, data: bytes) -> list[str]:
        """Take more bytes; return the lines that are whole now, without their ends."""
        *whole, rest = (self._rest + data).split(b"\n")
        limit = self._limit
        lines: list[str] = []
        for line in whole:
            if len(line) <= limit:
                lines.append(_text(line))
            else:
                lines += map(_text, _pieces(line, limit))
        if len(rest) > limit:
            *pieces, rest = _pieces(rest, limit)
            lines += map(_text, pieces)
        self._rest = rest
        return lines

    def skip(self, data: bytes) -> int:
        """Take more bytes that nobody reads; return how many lines they end."""
        count = data.count(b"\n")
        if count:
            self._rest = data[data.rindex(b"\n") + 1 :]
        else:
            self._rest += data
        self._rest = self._rest[-self._limit :]
        return count

    def end(self) -> list[str]:
        """Return what is left when the stream has ended without a line end."""
        rest, self._rest = self._rest, b""
        return [_text(rest)] if rest else []


def _pieces(line: bytes, limit: int) -> list[bytes]:
    return [line[at : at + limit] for at in range(0, len(line), limit)]


def _text(line: bytes) -> str:
    return line.removesuffix(b"\r").decode("utf-8", "replace")


class Tail:
    """The end of a stream."""

    __slots__ = ("_cut", "_kept")

    def __init__(self) -> None:
        self._kept = b""
        self._cut = False

    def feed(self, data: bytes) -> None:
        """Take more bytes."""
        if len(data) >= TAIL_BYTES:
            self._kept, self._cut = data[-TAIL_BYTES:], True
            return
        kept = self._kept + data
        if len(kept) > TAIL_BYTES:
            kept, self._cut = kept[-TAIL_BYTES:], True
        self._kept = kept

    def lines(self, most: int = TAIL_LINES) -> list[str]:
        """Return the last lines, oldest first."""
        lines = self._kept.split(b"\n")
        if not lines[-1]:
            lines.pop()
        if self._cut and len(lines) > 1:
            del lines[0]  # only its end is here
        return [_text(line) for line in lines[-most:]]
