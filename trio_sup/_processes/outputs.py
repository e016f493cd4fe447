"""Where the lines of a program go: to the log, to a function, to a file, nowhere."""

from __future__ import annotations

import inspect
import logging
import math
import os
from collections.abc import Awaitable, Callable
from typing import Literal, Protocol, TypeAlias

import trio
from attrs import field, frozen

from trio_sup._core.checks import ChildSpecError, is_number
from trio_sup._core.clean import clean
from trio_sup._trio.log import Log
from trio_sup._trio.protect import call_user, enter_user


def _positive(_: object, attribute: object, value: object) -> None:
    if not is_number(value) or not (isinstance(value, int | float) and value > 0):
        name: str = getattr(attribute, "name", "")
        raise ChildSpecError(f"LogLines.{name}", value, "a number > 0, or math.inf")


@frozen
class LogLines:
    """The lines of a program go to the log; how many at most.

    What is more than `per_second` is left out and counted, so that a flood costs the
    node little and the log nothing; the program is never held up.
    """

    level: int = logging.INFO
    """The level of each line."""
    per_second: float = field(default=100, validator=_positive)
    """Lines in each second; `math.inf` for all."""
    max_length: float = field(default=2000, validator=_positive)
    """Characters of a line that are logged."""
    logger: str = "trio_sup.processes"
    """The logger's name."""


LineHandler: TypeAlias = Callable[[str], object]
"""Takes each line, without its end; an async function holds the program up."""

Output: TypeAlias = (
    Literal["log", "ignore", "inherit"] | LogLines | LineHandler | os.PathLike[str]
)
"""Where the lines go: to the log (by default as `LogLines()`), nowhere, where the node's
own go, to a function, or to the end of a file (a path)."""

Streams: TypeAlias = Literal["stdout", "stderr"]

_ACCEPTED = (
    "'log', 'ignore', 'inherit', a LogLines, a function that takes a line, or a "
    "pathlib.Path"
)


def checked_output(name: str, value: object, owner: object) -> Output:
    """Return what was given for an output.

    Raises:
        ChildSpecError: it is none.
    """
    if value in ("log", "ignore", "inherit"):
        return value
    if isinstance(value, LogLines | os.PathLike):
        return value
    if callable(value):
        return value
    accepted = _ACCEPTED
    if isinstance(value, str):
        accepted += f"; for a file: Path({value!r})"
    raise ChildSpecError(name, value, accepted, owner)


class Sink(Protocol):
    """Takes the lines of one stream in one life."""

    @property
    def full(self) -> bool:
        """Whether it wants no lines at present, only their number."""
        ...

    async def line(self, line: str) -> None:
        """Take a line."""

    def skipped(self, count: int) -> None:
        """Take only the number of lines."""

    def end(self) -> None:
        """No more come in this life."""


class Nowhere:
    """Takes lines and forgets them."""

    full = True

    async def line(self, line: str) -> None:
        """Forget it."""

    def skipped(self, count: int) -> None:
        """Forget them."""

    def end(self) -> None:
        """Nothing to do."""


class ToLog:
    """Logs lines, so many in each second; says how many were left out."""

    def __init__(self, how: LogLines, path: str, stream: Streams) -> None:
        self._how = how
        self._log = Log(how.logger)
        self._path = path
        self._stream = stream
        self._second = -math.inf
        self._left = how.per_second
        self._omitted = 0

    @property
    def full(self) -> bool:
        """Whether this second has had its lines."""
        now = trio.current_time()
        if now - self._second >= 1:
            self._second = now
            self._tell_omitted()
            self._left = self._how.per_second
        return self._left < 1

    async def line(self, line: str) -> None:
        """Log a line, if it fits into this second."""
        if self.full:
            self._omitted += 1
            return
        self._left -= 1
        self._write(line)

    def _write(self, line: str) -> None:
        most = self._how.max_length
        if len(line) > most:
            line = line[: int(most)] + "…"
        self._log.log(
            self._how.level,
            "%s: %s",
            self._path,
            clean(line),
            extra={"child": self._path, "stream": self._stream},
        )

    def skipped(self, count: int) -> None:
        """Count what was left out."""
        self._omitted += count

    def end(self) -> None:
        """Tell of the rest that was left out."""
        self._tell_omitted()

    def _tell_omitted(self) -> None:
        count, self._omitted = self._omitted, 0
        if count:
            self._log.log(
                max(self._how.level, logging.INFO),
                "%s: %d more lines on %s were left out (over %g in a second)",
                self._path,
                count,
                self._stream,
                self._how.per_second,
                extra={"child": self._path, "stream": self._stream},
            )


class ToHandler:
    """Gives each line to a function of the user's; what it raises crashes the child."""

    full = False

    def __init__(self, handler: LineHandler) -> None:
        self._handler = handler
        self._is_async = inspect.iscoroutinefunction(handler) or (
            inspect.iscoroutinefunction(getattr(handler, "__call__", None))  # noqa: B004
        )

    async def line(self, line: str) -> None:
        """Give it a line, and wait until it has done with it."""
        if self._is_async:
            await enter_user(_awaited, self._handler, line)
        else:
            call_user(self._handler, line)

    def skipped(self, count: int) -> None:
        """Never: it takes all."""

    def end(self) -> None:
        """Nothing to do."""


async def _awaited(handler: Callable[[str], Awaitable[object]], line: str) -> None:
    await handler(line)


def sink_of(output: Output, path: str, stream: Streams) -> Sink:
    """Return what takes the lines of one stream, in one life.

    Args:
        output: Where they go.
        path: The path of the child.
        stream: Which stream.
    """
    if output == "log":
        output = LogLines()
    if isinstance(output, LogLines):
        return ToLog(output, path, stream)
    if callable(output):
        return ToHandler(output)
    return Nowhere()
