"""What a node may put into a message: bounded, printable, finite. Pure."""

from __future__ import annotations

import math
from typing import Final

from trio_sup.inspect.masking import mask_known

MAX_NAME: Final = 200
MAX_PATH: Final = 500
MAX_ERROR: Final = 300
MAX_TRACEBACK: Final = 16_384
MAX_STATE: Final = 16_384
"""Longest strings, in characters, that a node puts into a message."""

CLIP_MARK: Final = "\N{HORIZONTAL ELLIPSIS}[clipped]"
"""Ends (of a traceback: begins) every string that was longer than its limit."""


def clip(text: str, limit: int) -> str:
    """One printable line of at most `limit` characters.

    Control characters become escapes, so that no label can move a terminal's
    cursor; what is cut off is marked with `CLIP_MARK`. Passwords of URLs are hidden.
    """
    if "://" in (head := text[: 4 * limit]):
        text = mask_known(head, cut=len(text) > len(head))
    if not text.isprintable():
        text = _printable(text[: limit + 1])
    if len(text) > limit:
        text = text[: limit - len(CLIP_MARK)] + CLIP_MARK
    return text


def clip_block(text: str, limit: int) -> tuple[str, bool]:
    """Printable lines of at most `limit` characters, and whether some are missing.

    The end is kept: of a traceback it says most.
    """
    clean = "\n".join(map(_printable, text[-limit - 1 :].expandtabs(4).split("\n")))
    if len(clean) <= limit:
        return clean, False
    return f"{CLIP_MARK}\n" + clean[len(clean) - limit + len(CLIP_MARK) + 1 :], True


def clip_lines(text: str, limit: int) -> tuple[str, bool]:
    """As `clip_block`, but the beginning is kept."""
    clean = "\n".join(map(_printable, text[: limit + 1].split("\n")))
    if len(clean) <= limit and len(text) <= limit:
        return clean, False
    return clean[: limit - len(CLIP_MARK) - 1] + f"\n{CLIP_MARK}", True


def _printable(text: str) -> str:
    if text.isprintable():
        return text
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode("ascii")
        for char in text
    )


def finite(value: float | None) -> float | None:
    """The value, or None where JSON has no number for it."""
    return value if value is not None and math.isfinite(value) else None
