"""What was probably meant, in the words that would have worked.

For messages only: nothing is decided by it.
"""

from __future__ import annotations

import inspect
import typing
from collections.abc import Collection, Hashable
from itertools import islice
from typing import Any, Final

from trio_sup._core.clean import safe_repr

SHOWN: Final = 5
"""How many ids a message names."""


def as_spec(value: object, form: str = "{}") -> str:
    """Return how a specification of what was given is written, or nothing.

    Args:
        value: A server class, an async function, or a tuple that begins with one.
        form: What stands around the specification.
    """
    target: Any = value
    arguments = ""
    if isinstance(value, tuple) and value:
        target, arguments = typing.cast("tuple[object, ...]", value)[0], ", ..."
    plain = inspect.unwrap(target) if callable(target) else target
    if hasattr(target, "__handlers__") or inspect.iscoroutinefunction(plain):
        name = getattr(target, "__name__", "")
        if name.isidentifier():
            return f": write {form.format(f'child({name}{arguments})')}"
    return ""


def as_operation(cls: type[Any], given: object) -> str:
    """Return how the operation is named that was given by other means, or nothing."""
    name = given if isinstance(given, str) else getattr(given, "__name__", "")
    if any(op.name == name for op in cls.__handlers__):
        return f": write {cls.__qualname__}.{name}"
    return ""


def that_are_there(ids: Collection[Hashable]) -> str:
    """Return which ids there are, the first ones by name; it takes no look at the rest."""
    if not ids:
        return "; it has none"
    shown = ", ".join(safe_repr(id) for id in islice(ids, SHOWN))
    rest = f", … ({len(ids)} in all)" if len(ids) > SHOWN else ""
    return f"; it has {shown}{rest}"
