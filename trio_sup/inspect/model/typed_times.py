"""Points in time and durations as people type them. Pure."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Final

_DURATION: Final = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)?")
_UNITS: Final = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0}
_CLOCK: Final = re.compile(r"\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?")


def read_duration(text: str) -> float:
    """Seconds of ``90``, ``90s``, ``1.5m``, ``2h``, ``1d``, ``250ms``.

    Raises:
        ValueError: it is none of these, or not above 0.
    """
    found = _DURATION.fullmatch(text)
    if found is None or not (value := float(found[1]) * _UNITS[found[2] or "s"]):
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
