"""What there is to know of the end of one life, from the first word of it on."""

from __future__ import annotations

import math
from typing import Final

from trio_sup._core.exits import Exit
from trio_sup._trio.alarms import Alarm


class Ending:
    """How one life is to end: who asked, when its grace is over, what is done by then.

    A life has one of its own as soon as anything speaks of its end; see `stopping`.
    """

    __slots__ = (
        *("alarm", "asked", "brutal", "cut_short"),
        *("deadline", "forced", "returned"),
    )

    def __init__(self) -> None:
        # Why the life was asked to end; None as long as it was not.
        self.asked: str | None = None
        # Ended without a request: `terminate` is not run.
        self.brutal: bool = False
        # How the life ends as it was cancelled although nobody asked it to end: its
        # start took too long, or chaos wanted it. It cannot become ready any more.
        self.cut_short: Exit | None = None
        # Until when it may take; only ever sooner.
        self.deadline: float = math.inf
        self.alarm: Alarm | None = None
        # The deadline has come.
        self.forced: bool = False
        # The code has returned, and the end waits for its turn to be decided about.
        self.returned: bool = False


GOING: Final = Ending()
"""Stands for that of a life of which nobody has said that it is to end; never changed."""
