"""Text that may be shown: said by whatever object, and one printable line. Pure.

The `__str__` and `__repr__` of the user's objects may raise. What is put into words by
`safe_text` and `safe_repr` is on its way into an event, a log record or a message of the
library: an object that cannot speak must not take the supervisor with it. What comes
back is a plain `str`: a subclass may have methods of its own.

`Clean` is what everything that prints takes, and only the functions here make it: a
string that somebody else chose (a child's id, what a node or a recording says, a file's
name) cannot be printed by mistake, and the type checkers say so.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Final, NewType

from trio_sup._core.anatomy import class_name, is_a, is_showable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Clean = NewType("Clean", str)
"""A string without line ends, control characters, C1, directional marks, zero-width
spaces, halves of surrogate pairs, and letters that show nothing.
"""

CLIP_MARK: Final = "\N{HORIZONTAL ELLIPSIS}[clipped]"
"""Ends (of a traceback: begins) every string that was longer than its limit."""

# Python calls these printable, and nothing of them is seen: joiners and fillers.
_UNSEEN: Final = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180d\u180f\u3164\uffa0\U000e0100-\U000e01ef]"
)


def safe_text(value: object) -> str:
    """Return `str(value)`, whatever a user's `__str__` does."""
    return _said(str, value)


def safe_repr(value: object) -> str:
    """Return `repr(value)`, whatever a user's `__repr__` does."""
    if is_a(value, BaseExceptionGroup) and not is_showable(value):
        return f"<{class_name(value)}: too large for repr()>"
    return _said(repr, value)


def _said(say: Callable[[object], str], value: object) -> str:
    try:
        return str.__str__(say(value))  # of a subclass, its letters alone
    except Exception as broken:  # noqa: BLE001 - user code
        verb = "str" if say is str else "repr"
        return f"<{class_name(value)}: {verb}() raised {class_name(broken)}>"


def is_clean(text: str) -> bool:
    """Whether `clean` would change nothing."""
    return text.isprintable() and (text.isascii() or _UNSEEN.search(text) is None)


def clean(text: str) -> Clean:
    """The text on one line; what is not printable appears as its escape."""
    text = str.__str__(text)  # a subclass could say one thing and print another
    if is_clean(text):
        return Clean(text)
    return Clean("".join(map(_shown, text)))


def dotted(text: str) -> Clean:
    """The text on one line, with a dot for each character that is not printable.

    As long as the text: for what a viewer reads, of which none is from an honest node.
    """
    text = str.__str__(text)
    if is_clean(text):
        return Clean(text)
    return Clean("".join(c if is_clean(c) else "\N{MIDDLE DOT}" for c in text))


def clean_line(text: str, limit: int, clean: Callable[[str], Clean] = clean) -> Clean:
    """As `clean`, at most `limit` characters, which a mark tells if it was longer."""
    if type(text) is str and len(text) <= limit and is_clean(text):
        return Clean(text)
    shown = clean(text[: limit + 1])
    if len(shown) > limit:
        return Clean(shown[: limit - len(CLIP_MARK)] + CLIP_MARK)
    return shown


def clean_lines(text: str, limit: int, clean: Callable[[str], Clean] = clean) -> str:
    """As `clean_line` for each line of a text of several; only newlines remain."""
    if len(text) > limit:
        text = text[: limit - len(CLIP_MARK) - 1] + f"\n{CLIP_MARK}"
    return "\n".join(map(clean, text.split("\n")))


def json_pieces(document: object, *, indent: int | None = None) -> Iterator[Clean]:
    """The document as JSON in ASCII, in pieces; only `indent` puts newlines in.

    Raises:
        RecursionError: it is nested too deeply.
    """
    for piece in json.JSONEncoder(indent=indent).iterencode(document):
        yield Clean(piece)


def json_line(document: object) -> Clean:
    """The document as one line of JSON in ASCII."""
    return Clean(json.dumps(document))


def _shown(char: str) -> str:
    if is_clean(char):
        return char
    return ascii(char)[1:-1]  # without the quotes
