"""Signals and exit codes in words. Pure."""

from __future__ import annotations

import signal
from collections.abc import Collection
from typing import TypeAlias

Signal: TypeAlias = str | int
"""A signal by its name, ``"SIGTERM"``, or its number."""


def signal_number(value: object) -> int | None:
    """Return the number of a signal; None if it is none."""
    if isinstance(value, bool):
        return None
    if isinstance(value, str):
        found = getattr(signal.Signals, value, None)
        return int(found) if isinstance(found, signal.Signals) else None
    if isinstance(value, int) and value in signal.valid_signals():
        return int(value)
    return None


def signal_name(number: int) -> str:
    """Return the name of a signal."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"  # one of the real-time signals


def end_in_words(code: int) -> str:
    """Say how a process ended, by what `subprocess` calls its return code."""
    if code < 0:
        return f"killed by {signal_name(-code)}"
    return f"exit code {code}"


def codes_of(ok_codes: Collection[Signal]) -> frozenset[int] | None:
    """Return exit codes as `subprocess` has them; None if one of them is none.

    Args:
        ok_codes: Exit codes, and names of signals.
    """
    found: set[int] = set()
    for code in ok_codes:
        if isinstance(code, str):
            number = signal_number(code)
            if number is None:
                return None
            found.add(-number)
        elif isinstance(code, bool) or not -64 <= code <= 255:
            return None
        else:
            found.add(code)
    return frozenset(found)
