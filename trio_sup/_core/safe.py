"""Words for objects of the user's, whose own `__str__` or `__repr__` may raise.

What is put into words here is on its way into an event, a log record or a message of
the library: an object that cannot speak must not take the supervisor with it. What
comes back is a plain `str`: a subclass may have methods of its own.
"""

from __future__ import annotations

from collections.abc import Callable

from trio_sup._core.anatomy import class_name, is_a, is_showable


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
        text = say(value)
    except Exception as broken:  # noqa: BLE001 - user code
        verb = "str" if say is str else "repr"
        return f"<{class_name(value)}: {verb}() raised {class_name(broken)}>"
    return text if type(text) is str else "".join([text])
