"""Records of a node's log as lines and as JSON: for the command and the app. Pure."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from trio_sup.inspect.finding.found_node import SCHEMA
from trio_sup.inspect.text import show

if TYPE_CHECKING:
    from trio_sup._core.clean import Clean
    from trio_sup.inspect.protocol.wire_logs import LogLine, Logs
    from trio_sup.inspect.text.documents import Json

LEVELS: Final = {
    "DEBUG": 10,
    "INFO": 20,
    "WARNING": 30,
    "ERROR": 40,
    "CRITICAL": 50,
}
"""The levels of `logging` by name."""
_NAMES: Final = {number: name for name, number in LEVELS.items()}


def level_name(level: int) -> str:
    """A level in one word."""
    return _NAMES.get(level) or f"level {level}"


def searched(line: LogLine) -> str:
    """What a filter looks at; the path stands first, as it expects."""
    return f"{line.path} {line.logger} {line.text} {line.error}"


def what(line: LogLine) -> Clean:
    """The text of a record, with its exception."""
    error = "" if line.error in line.text else f"  [{line.error}]"
    return show.clean(f"{line.text}{error}".strip())


def log_line(line: LogLine, wall: float) -> Clean:
    """One line of ``trio-sup logs``; the time is local."""
    when = datetime.fromtimestamp(wall, UTC).astimezone().strftime("%H:%M:%S.%f")[:-3]
    text = what(line)
    if not (line.path and text.startswith(line.path)):
        text = show.clean(f"{line.path or line.logger}: {text}")
    return show.clean(f"{when}  {level_name(line.level):<8}  {text}")


def log_json(line: LogLine, wall: float) -> Json:
    """One line of ``trio-sup logs --json``.

    Args:
        line: The record.
        wall: When, in seconds since 1970.
    """
    return {
        "schema": SCHEMA,
        "wall": round(wall, 6),
        "level": level_name(line.level),
        "levelno": line.level,
        "logger": line.logger,
        "path": line.path or None,
        "text": line.text,
        "error": line.error or None,
        "where": line.where,
        "thread": line.thread or None,
    }


def nothing_passes(logs: Logs | None, level: int) -> str:
    """Why records of a level may be missing; empty if they are not."""
    if logs is None or logs.passes <= level:
        return ""
    return f"the root logger lets {level_name(logs.passes)} and above pass"
