"""How the application ends when it is asked to from outside."""

from __future__ import annotations

import asyncio
import os
import signal
from contextlib import suppress
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

ENDING: Final = (signal.SIGTERM, signal.SIGHUP)
"""Signals that end the application in order."""


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
