"""Arguments that several commands take, and what values of arguments may be."""

from __future__ import annotations

import argparse
import math
import time
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

HOW: Final = """\
A node is named by its name, its process id, name.pid, or the path of its socket;
one of another machine by ssh://[user@]host[:port]/node. A recording may stand
where a node would; it is named by a path that holds a slash: ./night.rec
If only one runs, it need not be named.
"""
FILTER: Final = """\
filter: words that the path or name contains; also
  state:down   kind:server   under:shop/db   /regex/   !word
  mailbox>100   restarts>0   op>5s   up<1m30s   "a:b"
"""


def add_node(parser: argparse.ArgumentParser) -> None:
    """``NODE``."""
    from trio_sup._commands.completion import completed_by, node_names

    action = parser.add_argument("node", nargs="?", metavar="NODE", help="which node")
    completed_by(action, node_names)


def add_filter(parser: argparse.ArgumentParser, what: str) -> None:
    """``FILTER ...``, behind ``NODE``."""
    parser.add_argument("filter", nargs="*", metavar="FILTER", help=what)


def add_json(parser: argparse.ArgumentParser, what: str = "print JSON instead") -> None:
    """``--json``."""
    parser.add_argument("--json", action="store_true", help=what)


def add_ascii(parser: argparse.ArgumentParser) -> None:
    """``--ascii``."""
    parser.add_argument("--ascii", action="store_true", help="draw with ASCII only")


def name(text: str) -> str:
    """What a node may be called."""
    from trio_sup.inspect.finding.discovery import NAME

    if NAME.fullmatch(text) is None:
        raise argparse.ArgumentTypeError(
            f"1 to 32 letters, digits, '_', '.' or '-', not {text!r}"
        )
    return text


def rate(text: str) -> float:
    """Refreshes a second, 1 to 10."""
    return _number(text, "a number from 1 to 10", lambda n: 1 <= n <= 10)


def seconds(text: str) -> float:
    """A number of seconds above 0, or a duration as views print it (``1m30s``)."""
    try:
        return duration(text)
    except argparse.ArgumentTypeError:
        said = f"a number of seconds above 0, or a duration as 1m30s, not {text!r}"
        raise argparse.ArgumentTypeError(said) from None


def pace(text: str) -> float:
    """So many a minute: ``5``, ``5/min``, ``1/s``, ``100/h``."""
    number, slash, unit = text.partition("/")
    times = {"": 1.0, "s": 60.0, "m": 1.0, "min": 1.0, "h": 1 / 60}.get(unit)
    accepted = "a number from 0 up, per minute or with /s, /min or /h"
    if times is None or (slash and not unit):
        raise argparse.ArgumentTypeError(f"{accepted}, not {text!r}")
    return times * _number(number, accepted, lambda n: 0 <= n < math.inf)


def per_second(text: str) -> float:
    """How many in a second, on average."""
    return _number(text, "how many in a second, above 0", lambda n: 0 < n < math.inf)


def log_level(text: str) -> int:
    """A level of `logging`, by its name or number."""
    from trio_sup.inspect.text.log_lines import LEVELS

    known = LEVELS.get({"WARN": "WARNING"}.get(text.upper(), text.upper()))
    if known is not None:
        return known
    names = ", ".join(name.lower() for name in LEVELS)
    return _whole(text, f"{names}, or a number from 0 to 1000", most=1000)


def share(text: str) -> float:
    """A number above 0, at most 1."""
    return _number(text, "above 0 and at most 1", lambda n: 0 < n <= 1)


def _number(text: str, accepted: str, fits: Callable[[float], bool]) -> float:
    try:
        value = float(text)
    except ValueError:
        value = _as_shown(text)
    if not fits(value):
        raise argparse.ArgumentTypeError(f"{accepted}, not {text!r}")
    return value


def natural(text: str) -> int:
    """A whole number from 0 up."""
    return _whole(text, "a whole number from 0 up")


def positive(text: str) -> int:
    """A whole number from 1 up."""
    return _whole(text, "a whole number from 1 up", least=1)


def count(text: str) -> int:
    """A whole number from 0 to 400."""
    return _whole(text, "a whole number from 0 to 400", most=400)


def port(text: str) -> int:
    """A port, 0 for a free one."""
    return _whole(text, "a port from 0 to 65535", most=65535)


def _whole(text: str, accepted: str, *, least: int = 0, most: float = math.inf) -> int:
    # Few digits: a long number takes long to read.
    value = int(text) if text.isascii() and text.isdecimal() and len(text) < 16 else -1
    if value < 0 and (shown := _as_shown(text)).is_integer():
        value = int(shown)
    if not least <= value <= most:
        raise argparse.ArgumentTypeError(f"{accepted}, not {text!r}")
    return value


def _as_shown(text: str) -> float:
    """A number as views print it, ``4,012`` or ``12.4k``; nan if it is none."""
    from trio_sup.inspect.model.typed_times import read_count

    try:
        return read_count(text) if len(text) < 16 else math.nan
    except ValueError:
        return math.nan


def duration(text: str) -> float:
    """A duration such as ``90s`` or ``2m``."""
    from trio_sup.inspect.model.typed_times import read_duration

    try:
        return read_duration(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def moment(text: str) -> float:
    """A point in time, or a duration before now, in seconds since 1970."""
    from trio_sup.inspect.model.typed_times import read_moment

    try:
        return read_moment(text, time.time())
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
