"""The ticker: looks after the boards once a second."""

from __future__ import annotations

import trio

from trio_sup import Child, DynamicSupervisor, cast, whereis
from trio_sup.demo import board
from trio_sup.demo.faults import Crashable

PERIOD = 1.0
QUARANTINE = 5.0
"""Seconds for which a board that crashed too often stays down."""


class Ticker(Crashable):
    """Ends the quarantine of boards; the next who asks for one starts it anew."""

    def __init__(self) -> None:
        self._down: dict[Child, float] = {}

    async def init(self) -> None:
        """Begin to tick."""
        self.every(PERIOD, Ticker.tick)

    @cast
    async def tick(self) -> None:
        """Look at every board."""
        boards = whereis(board.NAME, DynamicSupervisor)
        if boards is None:
            return  # It is between two lives.
        now = trio.current_time()
        down = [i.handle for i in boards.which_children() if i.status == "quarantined"]
        self._down = {handle: self._down.get(handle, now) for handle in down}
        for handle, since in self._down.items():
            if now - since >= QUARANTINE:
                await boards.terminate_child(handle)
