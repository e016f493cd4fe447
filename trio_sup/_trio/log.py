"""The library's way to the log: what a handler or a filter raises goes no further.

Handlers and filters are user code in the middle of a supervisor's work, as hooks are.
An `Exception` of theirs is reported once on stderr, as `HookFailed`; what could not be
logged is written there, too, if it is a warning or worse. What is fatal
(`KeyboardInterrupt`, `SystemExit` and their kind) is raised, as everywhere.
"""

from __future__ import annotations

import logging
import sys
import traceback
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Final, TypeAlias, cast

from trio_sup._core.anatomy import traceback_of
from trio_sup._core.errors import hook_failed

ExcInfo: TypeAlias = (
    BaseException
    | tuple[type[BaseException], BaseException, TracebackType | None]
    | None
)
"""An exception, or its parts, for one that may lie about them."""

MAX_REPORTED: Final = 64
"""How many places that raised are remembered, so that each is reported once."""


class Log:
    """A logger by name, that cannot hurt who writes to it."""

    __slots__ = ("_reported", "logger")

    def __init__(self, name: str) -> None:
        self.logger: logging.Logger = logging.getLogger(name)
        self._reported: set[tuple[str, int]] = set()

    def debug(self, message: str, *args: object) -> None:
        """Write at level DEBUG."""
        self._write(logging.DEBUG, message, args)

    def info(self, message: str, *args: object) -> None:
        """Write at level INFO."""
        self._write(logging.INFO, message, args)

    def warning(self, message: str, *args: object, exc_info: ExcInfo = None) -> None:
        """Write at level WARNING."""
        self._write(logging.WARNING, message, args, exc_info)

    def error(self, message: str, *args: object, exc_info: ExcInfo = None) -> None:
        """Write at level ERROR."""
        self._write(logging.ERROR, message, args, exc_info)

    def log(
        self,
        level: int,
        message: str,
        *args: object,
        exc_info: ExcInfo = None,
        extra: dict[str, object] | None = None,
        exc_text: str | None = None,
    ) -> None:
        """Write at any level.

        Args:
            level: Which.
            message: The message.
            args: What it is about.
            exc_info: An exception, for handlers that look at it.
            extra: Attributes of the record.
            exc_text: How the exception is put into words; by default as `logging` does.
        """
        self._write(level, message, args, exc_info, extra, exc_text)

    def _write(
        self,
        level: int,
        message: str,
        args: tuple[object, ...],
        exc_info: ExcInfo = None,
        extra: dict[str, object] | None = None,
        exc_text: str | None = None,
    ) -> None:
        try:
            if exc_text is None:
                self.logger.log(
                    level, message, *args, exc_info=exc_info, extra=extra, stacklevel=3
                )
            else:
                self._write_with_text(level, message, args, exc_info, extra, exc_text)
        except Exception as broken:  # noqa: BLE001 - user code
            self._report(broken)
            if level >= logging.WARNING:
                self._write_to_stderr(level, message, args, exc_info)

    def _write_with_text(
        self,
        level: int,
        message: str,
        args: tuple[object, ...],
        exc_info: ExcInfo,
        extra: dict[str, object] | None,
        exc_text: str,
    ) -> None:
        """As `Logger.log`, but that formatters find the exception in words already."""
        logger = self.logger
        if not logger.isEnabledFor(level):
            return
        path, line, function, stack = logger.findCaller(stacklevel=4)
        info: Any = exc_info
        if isinstance(info, BaseException):
            info = (type(info), info, traceback_of(info))
        record = logger.makeRecord(
            logger.name, level, path, line, message, args, info, function, extra, stack
        )
        record.exc_text = exc_text
        logger.handle(record)

    def _report(self, broken: Exception) -> None:
        """Tell of a handler that raised; once for each place in its code."""
        try:
            place = _place(broken)
            if place in self._reported or len(self._reported) >= MAX_REPORTED:
                return
            self._reported.add(place)
            failure = hook_failed("log handler or filter of", self.logger, broken)
            text = "".join(traceback.format_exception(failure))
        except Exception:  # noqa: BLE001 - an exception that cannot be put into words
            text = f"a log handler or filter of {self.logger.name!r} raised\n"
        to_stderr(text)

    def _write_to_stderr(
        self,
        level: int,
        message: str,
        args: tuple[object, ...],
        exc_info: ExcInfo,
    ) -> None:
        info = exc_info
        if isinstance(info, BaseException):
            info = (type(info), info, traceback_of(info))
        name = self.logger.name
        record = logging.LogRecord(name, level, "", 0, message, args, info)
        formatter = logging.Formatter()
        try:
            text = formatter.format(record)
        except Exception:  # noqa: BLE001 - an exception that cannot be put into words
            try:
                text = record.getMessage()
            except Exception:  # noqa: BLE001 - nor can its message
                text = message
        to_stderr(text + "\n")


def known_levels(logger: logging.Logger) -> Mapping[int, bool]:
    """Return what a logger has noted of its levels: False for what it does not log.

    `isEnabledFor` looks there first, and `logging` empties it whenever a level is set;
    so a look spares the call. Empty where a class of somebody's judges in another way.
    """
    known: object = getattr(logger, "_cache", None)
    if type(logger).isEnabledFor is logging.Logger.isEnabledFor:
        return cast("dict[int, bool]", known) if isinstance(known, dict) else {}
    return {}


def _place(error: Exception) -> tuple[str, int]:
    """Return where an exception was raised."""
    trace, place = traceback_of(error), ("", 0)
    while trace is not None:
        place = (trace.tb_frame.f_code.co_filename, trace.tb_lineno)
        trace = trace.tb_next
    return place


def to_stderr(text: str) -> None:
    """Write where nothing else is left; raises nothing."""
    try:
        sys.stderr.write(text)
        sys.stderr.flush()
    except Exception:  # noqa: BLE001, S110 - closed, or None: nobody is left to tell
        pass
