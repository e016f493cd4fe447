"""What there is to know of the end of one life, from the first word of it on."""

from __future__ import annotations

import math
from typing import Any, Final

from trio_sup._core.exits import Exit


class Ending:
    """How one life is to end: who asked, when its grace is over, what is done by then.

    A life has one of its own as soon as anything speaks of its end; see `stopping`.
    Made for every stop, so what is not said yet stands in the class.
    """

    asked: str | None = None
    """Why the life was asked to end; None as long as it was not."""
    brutal: bool = False
    """Ended without a request: `terminate` is not run."""
    cut_short: Exit | None = None
    """How the life ends as it was cancelled although nobody asked it to end: its start
    took too long, or chaos wanted it. It cannot become ready any more."""
    deadline: float = math.inf
    """Until when it may take; only ever sooner."""
    task: Any = None
    """The record whose life it is, as long as the end of its grace is to ring."""
    cancelled: bool = False
    """Its scope was cancelled by the very request to end, or sooner."""
    forced: bool = False
    """The deadline has come."""
    returned: bool = False
    """The code has returned, and the end waits for its turn to be decided about."""

    def ring(self) -> None:
        """The grace is over: see `trio_sup._children.stopping.Grace`."""
        raise NotImplementedError


GOING: Final = Ending()
"""Stands for that of a life of which nobody has said that it is to end; never changed."""
