"""Rows as words, glyphs and short numbers: shared by commands and the app. Pure.

State is always a glyph and a word, never a colour alone. All glyphs are one cell
wide and no emoji; each has an ASCII stand-in.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from attrs import frozen

from trio_sup._core.clean import dotted
from trio_sup.inspect.model.tree_model import DOWN, WAITING

if TYPE_CHECKING:
    from trio_sup.inspect.model.tree_model import Totals
    from trio_sup.inspect.protocol.wire import Row

Severity: TypeAlias = Literal["ok", "busy", "warn", "bad", "off"]
"""How loud a state is shown: fine, in motion, look soon, look now, not there."""


@frozen
class Look:
    """How one status appears."""

    glyph: str
    ascii: str
    word: str
    """At most ten characters."""
    severity: Severity


LOOKS: Final = {
    "starting": Look("◌", ".", "starting", "busy"),
    "running": Look("●", "*", "running", "ok"),
    "backing_off": Look("◔", "b", "backoff", "warn"),
    "restarting": Look("↻", "~", "restarting", "warn"),
    "stopping": Look("▽", "v", "stopping", "busy"),
    "stopped": Look("○", "o", "stopped", "off"),
    "quarantined": Look("✗", "X", "quarantine", "bad"),
    "stuck": Look("‼", "!", "stuck", "bad"),
    "suspended": Look("‖", "=", "suspended", "warn"),
    "gone": Look("·", "-", "gone", "off"),
    # No status: that of a child that would look well, and crashes again and again.
    "looping": Look("↯", "@", "looping", "bad"),
}
_NOT_UP: Final = DOWN | WAITING
_UNKNOWN: Final = Look("?", "?", "", "warn")


def look(status: str) -> Look:
    """How a status appears; one that this version does not know keeps its word."""
    known = LOOKS.get(status)
    return known or Look(_UNKNOWN.glyph, _UNKNOWN.ascii, status[:10], "warn")


clean: Final = dotted
"""The text on one line, without anything that could move a terminal's cursor."""


def duration(seconds: float) -> str:
    """A duration in at most six characters: ``820ms 4.2s 37s 12m05s 3h12m 9d04h``."""
    seconds = max(0.0, seconds)
    if seconds < 0.9995:
        return f"{seconds * 1000:.0f}ms"
    if seconds < 9.95:
        return f"{seconds:.1f}s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole}s"
    if whole < 3600:
        return f"{whole // 60}m{whole % 60:02}s"
    if whole < 86_400:
        return f"{whole // 3600}h{whole % 3600 // 60:02}m"
    return f"{whole // 86_400}d{whole % 86_400 // 3600:02}h"


def count(number: float) -> str:
    """A number in at most five characters: ``812 12.4k 3.1M``."""
    if abs(number) < 10_000:
        return f"{number:.0f}"
    for unit in ("k", "M", "G"):
        number /= 1000
        if abs(number) < 999.5:
            return (
                f"{number:.1f}{unit}" if abs(number) < 99.95 else f"{number:.0f}{unit}"
            )
    return f"{number / 1000:.0f}T"


def bar(share: float, cells: int, *, plain: bool = False) -> str:
    """A bar of exactly `cells` cells; anything above 0 shows, above 1 is full."""
    share = min(max(share, 0.0), 1.0)
    if plain:
        full = round(share * cells)
        full = max(full, 1) if share else 0
        return "#" * full + " " * (cells - full)
    eighths = round(share * cells * 8)
    eighths = max(eighths, 1) if share else 0
    full, part = divmod(eighths, 8)
    text = "█" * full + (" ▏▎▍▌▋▊▉"[part] if part else "")
    return text.ljust(cells)


def mailbox(row: Row) -> str:
    """``len/cap``, ``len`` for an unbounded mailbox, empty without one."""
    if row.mailbox_len is None:
        return ""
    if row.mailbox_cap is None or row.mailbox_cap < 0:
        return count(row.mailbox_len)
    return f"{count(row.mailbox_len)}/{count(row.mailbox_cap)}"


def fullness(row: Row) -> float | None:
    """The used share of the mailbox; None without a mailbox or a bound."""
    if row.mailbox_len is None or row.mailbox_cap is None or row.mailbox_cap <= 0:
        return None
    return row.mailbox_len / row.mailbox_cap


def restarts(row: Row, width: int | None = None) -> str:
    """``n``, with the budget as ``n (used/max)`` where there is one.

    Args:
        row: The row.
        width: Cells that there are: numbers are shortened where they have to be, and
            of what has a budget this comes first. None for as many as it takes.
    """
    if row.budget_max is None:
        return str(row.restarts) if row.restarts else ""
    used, limit = row.budget_used or 0, row.budget_max
    whole = f"{row.restarts} ({used}/{limit})"
    if width is None or len(whole) <= width:
        return whole
    budget = f"{_round(used)}/{_round(limit)}"
    tries = (f"{_round(row.restarts)} ({budget})", f"({budget})", budget)
    return next((text for text in tries if len(text) <= width), budget)


def _round(number: int) -> str:
    """A number in at most five characters, `count` without an empty decimal."""
    if number >= 1000 and number % 1000 == 0:
        return f"{number // 1000}k" if number < 1_000_000 else count(number)
    return count(number)


def kind(row: Row) -> str:
    """What it is: a supervisor's strategy, otherwise what runs."""
    target = clean(row.target)
    if row.kind == "dynamic":
        return "dynamic"
    return target if row.kind == "supervisor" else target.rpartition(".")[2]


def operation(row: Row, now: float) -> str:
    """The operation in hand and for how long, or an empty string."""
    if row.op is None:
        return ""
    if row.op_since is None:
        return clean(row.op)
    return f"{clean(row.op)} {duration(now - row.op_since)}"


def uptime(row: Row, now: float) -> str:
    """How long the present life runs, or an empty string."""
    if row.began is None or row.status in _NOT_UP:
        return ""
    return duration(now - row.began)


def aggregate(totals: Totals, *, plain: bool = False) -> str:
    """What a folded supervisor hides: ``^ 3 down - 12 restarts - mbox 940``."""
    parts = [f"{totals.rows} below"]
    if totals.down:
        parts.append(f"{totals.down} down")
    if totals.stuck:
        parts.append(f"{totals.stuck} stuck")
    if totals.waiting:
        parts.append(f"{totals.waiting} waiting")
    if totals.restarts:
        parts.append(f"{totals.restarts} restart{'s' * (totals.restarts != 1)}")
    if totals.mailbox:
        parts.append(f"mbox {count(totals.mailbox)}")
    return ("^ " if plain else "▴ ") + (" - " if plain else " · ").join(parts)
