"""Files are watched, by watchfiles."""

from __future__ import annotations

import importlib.machinery
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    import trio

_TIMEOUT: Final = 500
"""Milliseconds, in which nothing may come."""


def _filter() -> Any:
    from watchfiles import PythonFilter  # noqa: PLC0415 - comes with an extra

    return PythonFilter(extra_extensions=importlib.machinery.EXTENSION_SUFFIXES)


async def edits(
    folders: Sequence[Path], stop: trio.Event
) -> AsyncGenerator[frozenset[str], None]:
    """Yield the files that were written, made or taken away, some at a time.

    The first that comes is empty: from then on none is missed.

    Args:
        folders: Where to look, with all that is below.
        stop: Ends it.
    """
    from watchfiles import awatch  # noqa: PLC0415 - comes with an extra

    watched = awatch(
        *folders,
        watch_filter=_filter(),
        stop_event=stop,
        debounce=200,
        step=50,
        rust_timeout=_TIMEOUT,
        yield_on_timeout=True,
    )
    begun = False
    async with aclosing(watched) as changes:
        async for change in changes:
            if change or not begun:
                begun = True
                yield frozenset(path for _, path in change)


def wait_for_an_edit(folders: Sequence[Path], begun: Callable[[], None]) -> bool:
    """Wait, where no Trio runs, until a file was written; False: Ctrl-C.

    Args:
        folders: As for `edits`.
        begun: Called when none is missed any more.
    """
    from watchfiles import watch  # noqa: PLC0415 - comes with an extra

    changes = watch(
        *folders,
        watch_filter=_filter(),
        debounce=200,
        step=50,
        rust_timeout=_TIMEOUT,
        yield_on_timeout=True,
        raise_interrupt=False,
    )
    said = False
    for change in changes:
        if change:
            return True
        if not said:
            said = True
            begun()
    return False
