"""Places outside of the run that a tree belongs to, from where calls are made.

Without a single `assert`, as `calls`.
"""

from __future__ import annotations

import inspect
import threading
from collections.abc import Callable
from typing import Any, TypeVar

import trio

W = TypeVar("W")


def outcome_of(make: Callable[[W], object], w: W) -> BaseException | None:
    """Make a call outside of Trio, a coroutine's first steps by hand."""
    try:
        made: Any = make(w)
        if inspect.iscoroutine(made):
            try:
                made.send(None)
            finally:
                made.close()
        elif hasattr(made, "__await__"):
            next(made.__await__())
    except BaseException as error:  # noqa: BLE001 - returned
        return error
    return None


def in_a_thread(make: Callable[[W], object], w: W) -> BaseException | None:
    """Call from a thread that knows nothing of Trio."""
    found: list[BaseException | None] = []
    thread = threading.Thread(target=lambda: found.append(outcome_of(make, w)))
    thread.start()
    thread.join()
    return found[0]


def in_another_run(make: Callable[[W], object], w: W) -> BaseException | None:
    """Call from a task of another Trio run, in another thread."""
    found: list[BaseException | None] = []

    async def main() -> None:
        try:
            with trio.fail_after(5):
                made: Any = make(w)
                if hasattr(made, "__await__"):
                    await made
        except BaseException as error:  # noqa: BLE001 - returned
            found.append(error)
        else:
            found.append(None)

    thread = threading.Thread(target=lambda: trio.run(main))
    thread.start()
    thread.join()
    return found[0]


async def in_a_worker(make: Callable[[W], object], w: W) -> BaseException | None:
    """Call from a thread that Trio started."""
    return await trio.to_thread.run_sync(outcome_of, make, w)


async def _thread(make: Callable[[W], object], w: W) -> BaseException | None:
    return in_a_thread(make, w)


async def _run(make: Callable[[W], object], w: W) -> BaseException | None:
    return in_another_run(make, w)


PLACES = {"thread": _thread, "worker": in_a_worker, "run": _run}
