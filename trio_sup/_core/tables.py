"""Dicts whose keys are the user's, and may change their hash while they are in it.

A dict finds such a key no more: looking it up raises or misses, and so does `del`. The
value is known, though, and what has ended must go. So a value is removed by itself
when its key does not lead to it; the other keys then get the places that they hash to
today, and what cannot be placed stays under a stand-in: no look-up finds it, but it is
still there for whoever goes through the values.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import TypeVar

V = TypeVar("V")


class Unfindable:
    """Stands for a key that has no hash any more, or that of another."""

    __slots__ = ("key",)

    def __init__(self, key: object) -> None:
        self.key = key


def place(table: dict[Hashable, V], key: Hashable, value: V) -> None:
    """Put a value into a table, under a stand-in if its key cannot be used.

    No other value is ever replaced. Raises what `__hash__` and `__eq__` of a key raise
    beside an `Exception`, when the value is in its place.
    """
    try:
        if table.setdefault(key, value) is value:
            return
    except Exception:  # noqa: BLE001, S110 - the user's __hash__ or __eq__
        pass
    except BaseException:
        table[Unfindable(key)] = value
        raise
    table[Unfindable(key)] = value


def displace(table: dict[Hashable, V], key: Hashable, value: V) -> None:
    """Remove a value that is in a table, whatever its key does by now.

    Costs as much as `del`; for a key that lies, as much as the table is long.
    """
    try:
        if table.get(key) is value:
            del table[key]
            return
    except Exception:  # noqa: BLE001, S110 - the user's __hash__ or __eq__
        pass
    except BaseException:
        _rebuild(table, value)
        raise
    _rebuild(table, value)


def _rebuild(table: dict[Hashable, V], left_out: V) -> None:
    items = [(key, value) for key, value in table.items() if value is not left_out]
    table.clear()
    fatal: BaseException | None = None
    for key, value in items:
        try:
            place(table, key, value)
        except BaseException as error:  # noqa: BLE001 - raised when all are placed
            fatal = error
    if fatal is not None:
        raise fatal
