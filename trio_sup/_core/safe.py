"""Words for objects of the user's, whose own `__str__` or `__repr__` may raise.

What is put into words here is on its way into an event, a log record or a message of
the library: an object that cannot speak must not take the supervisor with it.
"""

from __future__ import annotations

from collections.abc import Callable


def safe_text(value: object) -> str:
    """Return `str(value)`, whatever a user's `__str__` does."""
    return _said(str, value)


def safe_repr(value: object) -> str:
    """Return `repr(value)`, whatever a user's `__repr__` does."""
    return _said(repr, value)


def _said(say: Callable[[object], str], value: object) -> str:
    try:
        return say(value)
    except Exception as broken:  # noqa: BLE001 - user code
        verb = "str" if say is str else "repr"
        return f"<{type(value).__name__}: {verb}() raised {type(broken).__name__}>"
