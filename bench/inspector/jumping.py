"""An event loop that waits for nothing: where nothing is to be done, its clock jumps."""

from __future__ import annotations

import asyncio
import selectors
from typing import Any, Final

BEGIN: Final = 5000.0


class JumpingClock:
    """A clock that moves a little when it is read, and else where nothing is to do."""

    def __init__(self) -> None:
        self.now = BEGIN

    def __call__(self) -> float:
        """Return the time."""
        self.now += 1e-6
        return self.now


class JumpingSelector(selectors.DefaultSelector):
    """Waits for nothing but what other tasks of this process have sent."""

    def __init__(self, clock: JumpingClock) -> None:
        super().__init__()
        self._clock = clock

    def select(self, timeout: float | None = None) -> list[Any]:
        """Return what is ready; else the time that was to be waited for is over."""
        ready = super().select(0 if timeout is not None else None)
        if not ready and timeout is not None:
            self._clock.now += timeout
        return ready


class JumpingLoop(asyncio.SelectorEventLoop):
    """An event loop on such a clock."""

    def __init__(self, clock: JumpingClock) -> None:
        super().__init__(JumpingSelector(clock))
        self._jumping = clock

    def time(self) -> float:
        """Return the time."""
        return self._jumping()
