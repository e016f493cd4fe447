"""A connection that breaks while somebody waits for it: one thing that went wrong."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any, TypeVar, cast

from trio_sup.cluster._backends.link import LinkDown

E = TypeVar("E", bound=BaseException)


@contextmanager
def breaks_once() -> Generator[None]:
    """Raise what the user of a connection and its own task both raised as one.

    Raises:
        LinkDown: nothing else was raised.
    """
    try:
        yield
    except BaseExceptionGroup as group:
        downs, others = group.split(LinkDown)
        if downs is None or others is not None:
            raise
        raise LinkDown(str(first_of(downs))) from group


def first_of(group: BaseExceptionGroup[E]) -> E:
    """Return one of those that came at once: they have one reason."""
    first: Any = group
    while isinstance(first, BaseExceptionGroup):
        first = cast("BaseExceptionGroup[E]", first).exceptions[0]
    found: E = first
    return found
