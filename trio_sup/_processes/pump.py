"""Reads what a program writes, to its very end: never more than a piece at a time."""

from __future__ import annotations

import select
import subprocess
from collections.abc import Callable
from contextlib import ExitStack
from os import PathLike
from typing import Any, TypeAlias

import trio

from trio_sup._processes.lines import LineCutter, Tail
from trio_sup._processes.outputs import Output, Sink

PIECE = 64 * 1024
"""Bytes that are read at once: as much as a pipe holds."""

TURN = 50
"""Lines that are handed over before others have their turn."""

LineWatcher: TypeAlias = Callable[[str], object]


class Pump:
    """One stream of one life: its lines, its end, and who looks for a line in it."""

    def __init__(self, sink: Sink, watch: LineWatcher | None = None) -> None:
        self.tail: Tail = Tail()
        """The end of what came."""
        self.watch: LineWatcher | None = watch
        """Is told of each line, as long as it is set."""
        self.done: trio.Event = trio.Event()
        """All has been read."""
        self.handed_over = 0
        """How many lines and pieces have gone through: whether it moves."""
        self._stream: trio.abc.ReceiveStream | None = None
        self._sink = sink
        self._cutter = LineCutter()

    async def run(self, stream: trio.abc.ReceiveStream) -> None:
        """Read until the end of the stream."""
        self._stream = stream
        cutter, sink = self._cutter, self._sink
        try:
            while data := await stream.receive_some(PIECE):
                piece = bytes(data)
                self.tail.feed(piece)
                self.handed_over += 1
                if self.watch is None and sink.full:
                    sink.skipped(cutter.skip(piece))
                else:
                    await self._take(cutter.feed(piece))
            await self._take(cutter.end())
        except trio.ClosedResourceError:
            pass  # the life is over
        finally:
            self.done.set()
            sink.end()

    def is_behind(self) -> bool:
        """Whether there is more to be read, or the end of it, right now."""
        number: int | None = getattr(self._stream, "fileno", lambda: None)()
        if self.done.is_set() or number is None or number < 0:
            return False
        poll = select.poll()
        poll.register(number, select.POLLIN)
        return bool(poll.poll(0))

    async def _take(self, lines: list[str]) -> None:
        for number, line in enumerate(lines, 1):
            if self.watch is not None:
                self.watch(line)
            await self._sink.line(line)
            self.handed_over += 1
            if not number % TURN:
                await trio.lowlevel.checkpoint()


def destination(output: Output, stack: ExitStack) -> Any:
    """Return what `subprocess` is to be given for a stream.

    Args:
        output: Where its lines go.
        stack: Closes, after the start, what was opened for it.

    Raises:
        OSError: the file cannot be opened.
    """
    if output == "inherit":
        return None
    if isinstance(output, PathLike):
        return stack.enter_context(open(output, "ab"))  # the program writes it itself
    return subprocess.PIPE
