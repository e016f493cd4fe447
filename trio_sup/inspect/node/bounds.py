"""What a node may put into a message: bounded, printable, finite. Pure."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from trio_sup._core.clean import CLIP_MARK, clean, clean_line
from trio_sup.inspect.node.masking import mask_known

if TYPE_CHECKING:
    from trio_sup._core.clean import Clean

MAX_NAME: Final = 200
MAX_PATH: Final = 500
MAX_ERROR: Final = 300
MAX_TRACEBACK: Final = 16_384
MAX_STATE: Final = 16_384
"""Longest strings, in characters, that a node puts into a message."""


def clip(text: str, limit: int) -> Clean:
    """One printable line of at most `limit` characters.

    Control characters become escapes, so that no label can move a terminal's
    cursor; what is cut off is marked with `CLIP_MARK`. Passwords of URLs are hidden.
    """
    if "://" in (head := text[: 4 * limit]):
        text = mask_known(head, cut=len(text) > len(head))
    return clean_line(text, limit)


def clip_block(text: str, limit: int) -> tuple[str, bool]:
    """Printable lines of at most `limit` characters, and whether some are missing.

    The end is kept: of a traceback it says most.
    """
    shown = "\n".join(map(clean, text[-limit - 1 :].expandtabs(4).split("\n")))
    if len(shown) <= limit:
        return shown, False
    return f"{CLIP_MARK}\n" + shown[len(shown) - limit + len(CLIP_MARK) + 1 :], True


def clip_lines(text: str, limit: int) -> tuple[str, bool]:
    """As `clip_block`, but the beginning is kept."""
    shown = "\n".join(map(clean, text[: limit + 1].split("\n")))
    if len(shown) <= limit and len(text) <= limit:
        return shown, False
    return shown[: limit - len(CLIP_MARK) - 1] + f"\n{CLIP_MARK}", True


def finite(value: float | None) -> float | None:
    """The value, or None where JSON has no number for it."""
    return value if value is not None and math.isfinite(value) else None


__all__ = [
    "CLIP_MARK",
    "MAX_ERROR",
    "MAX_NAME",
    "MAX_PATH",
    "MAX_STATE",
    "MAX_TRACEBACK",
    "clip",
    "clip_block",
    "clip_lines",
    "finite",
]
