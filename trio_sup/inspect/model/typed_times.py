"""Points in time, durations and numbers as people type them. Pure.

Whatever a view prints of these can be typed: ``1m30s``, ``9d04h``, ``12.4k``.
"""

from __future__ import annotations

import math
import re
from datetime import datetime
from typing import Final

_PART: Final = r"(\d+(?:\.\d+)?)(ms|s|m|h|d)"
_SPAN: Final = re.compile(rf"(?:{_PART})+")
_PARTS: Final = re.compile(_PART)
_UNITS: Final = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0}
_NUMBER: Final = re.compile(r"(\d+(?:\.\d+)?|\d{1,3}(?:,\d{3})+)([kMGT]?)")
_THOUSANDS: Final = {"": 1.0, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12}
_CLOCK: Final = re.compile(r"\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?")


def read_count(text: str) -> float:
    """The number that ``812``, ``12.4k``, ``3.1M`` or ``4,012`` stands for.

    Raises:
        ValueError: it is none of these.
    """
    found = _NUMBER.fullmatch(text)
    if found is None:
        raise ValueError(f"such as 100, 1.5k or 2M, not {text!r}")
    return float(found[1].replace(",", "")) * _THOUSANDS[found[2]]


def read_span(text: str) -> float:
    """Seconds of ``90``, ``90s``, ``1m30s``, ``9d04h``, ``250ms``; 0 is one, too.

    Units come from the largest to the smallest, each once.

    Raises:
        ValueError: it is none of these.
    """
    if _SPAN.fullmatch(text):
        parts = [(float(n), _UNITS[unit]) for n, unit in _PARTS.findall(text)]
        units = [unit for _, unit in parts]
        if units == sorted(set(units), reverse=True):
            return sum(number * unit for number, unit in parts)
    elif _NUMBER.fullmatch(text) and text[-1] not in "MGT":
        return read_count(text)
    raise ValueError(f"such as 90s, 1m30s or 2h, not {text!r}")


def shown_as(text: str) -> tuple[float, float]:
    """Between which numbers those are that a view prints as the text.

    Seconds and thousands are rounded, a half to either side; minutes, hours and days
    are what is over of whole seconds. What is below nothing is printed as nothing. A
    number without a unit is just that number.

    Args:
        text: What `read_count` or `read_span` takes.

    Returns:
        The least of them, and the least that is above them.
    """
    if found := _NUMBER.fullmatch(text):
        value, unit = read_count(text), _THOUSANDS[found[2]]
        step = 10.0 ** -_decimals(found[1]) * unit if found[2] else 0.0
        return value - step / 2, math.nextafter(value + step / 2, math.inf)
    value = read_span(text)
    number, name = _PARTS.findall(text)[-1]
    step = 10.0 ** -_decimals(number) * _UNITS[name]
    below = 0.5 if _UNITS[name] > 1 else step / 2
    slack = step * 1e-9
    low = value - below - slack if value > 0 else -math.inf
    return low, value - below + step + slack


def _decimals(number: str) -> int:
    return len(number.partition(".")[2])


def read_duration(text: str) -> float:
    """Seconds of ``90``, ``90s``, ``1.5m``, ``1m30s``, ``1d``, ``250ms``.

    Raises:
        ValueError: it is none of these, or not above 0.
    """
    try:
        value = read_span(text)
    except ValueError:
        value = 0.0
    if not 0.0 < value < math.inf:
        raise ValueError(f"a duration such as 90s, 2m or 1h, not {text!r}")
    return value


def read_moment(text: str, now: float) -> float:
    """Seconds since 1970 of a duration ago, an ISO time, or a time of today.

    Times without a zone are local.

    Args:
        text: ``10m``, ``2026-05-01T12:00``, ``12:00:30``.
        now: Seconds since 1970.

    Raises:
        ValueError: it is none of these.
    """
    try:
        return now - read_duration(text)
    except ValueError:
        pass
    today = datetime.fromtimestamp(now).astimezone()
    try:
        if _CLOCK.fullmatch(text):
            clock = f"0{text}" if text[1] == ":" else text
            text = f"{today:%Y-%m-%d}T{clock}"
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(
            f"a duration ago (10m) or a time (12:30, 2026-05-01T12:30), not {text!r}"
        ) from None
    return (moment if moment.tzinfo else moment.astimezone()).timestamp()
