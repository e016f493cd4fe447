"""How the application ends when it is asked to from outside."""

from __future__ import annotations

import asyncio
import os
import select
import signal
import sys
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

ENDING: Final = (signal.SIGTERM, signal.SIGHUP)
"""Signals that end the application in order."""

GRACE: Final = 3.0
"""Seconds for ending in order when nobody reads what is painted any more."""


def heed_endings(end: Callable[[int], object], *, terminal: bool) -> None:
    """End the application when it is asked to from outside, or nobody is there.

    Args:
        end: Ends the application in order, with an exit code.
        terminal: Whether there is one, or a browser.
    """
    heed_signals(end)
    if terminal:
        heed_hangup(end)


def heed_hangup(end: Callable[[int], object]) -> None:
    """End the application when its terminal, or its browser, has gone without a word.

    There is no SIGHUP where the terminal is not the controlling one, or where it is
    ignored (``nohup``, ``setsid``). Textual reads on without an end then, and waits
    for ever to write.

    Args:
        end: Ends the application in order, with an exit code.
    """
    loop = asyncio.get_running_loop()
    poll = select.poll()
    try:
        poll.register(sys.__stdin__.fileno() if sys.__stdin__ else 0, 0)
    except (OSError, ValueError):
        return
    code = 128 + signal.SIGHUP

    def watch() -> None:
        poll.poll()
        # In order means to write what a terminal is given back with; none is there,
        # and the loop may wait to write already.
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(end, code)
        time.sleep(GRACE)
        if not loop.is_closed():  # else it has ended, and its program may go on
            os._exit(code)

    threading.Thread(target=watch, daemon=True, name="hangup").start()


def heed_signals(end: Callable[[int], object]) -> None:
    """Give the terminal back when the process is asked to end, or it hangs up.

    Args:
        end: Ends the application in order, with an exit code.
    """
    loop = asyncio.get_running_loop()
    seen: list[int] = []

    def heed(number: int) -> None:
        if seen:  # It did not end: no more patience.
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)
        seen.append(number)
        end(128 + number)

    for number in ENDING:
        # Not in the main thread, as some tests run it, there is no such handler.
        with suppress(RuntimeError, ValueError, NotImplementedError):
            loop.add_signal_handler(number, heed, number)
