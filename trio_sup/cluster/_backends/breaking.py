"""A connection that breaks while somebody waits for it: one thing that went wrong."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

from trio_sup.cluster._backends.link import LinkDown


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
        raise LinkDown(_text_of(downs)) from group


def _text_of(group: BaseExceptionGroup[LinkDown]) -> str:
    first: BaseException = group
    while isinstance(first, BaseExceptionGroup):
        first = first.exceptions[0]
    return str(first)
