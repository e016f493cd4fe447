"""Lines of text from a byte stream."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trio_sup.demo.protocol import MAX_LINE, BadRequest

if TYPE_CHECKING:
    import trio


class LineReader:
    """Reads one line at a time."""

    def __init__(self, stream: trio.abc.ReceiveStream) -> None:
        self._stream = stream
        self._bytes = bytearray()

    async def read(self) -> str | None:
        """Return the next line without its end, or None where the stream ends.

        Raises:
            BadRequest: the line is too long, or no UTF-8; reading can go on.
            trio.BrokenResourceError: the other side broke off.
        """
        too_long = False
        while (end := self._bytes.find(b"\n")) < 0:
            if len(self._bytes) > MAX_LINE:
                too_long = True
                self._bytes.clear()
            data = await self._stream.receive_some(4096)
            if not data:
                return None
            self._bytes += data
        line = bytes(self._bytes[:end])
        del self._bytes[: end + 1]
        if too_long or end > MAX_LINE:
            raise BadRequest(f"a line has at most {MAX_LINE} bytes")
        try:
            return line.decode()
        except UnicodeDecodeError:
            raise BadRequest("this line is no UTF-8") from None
