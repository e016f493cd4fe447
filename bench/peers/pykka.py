"""The same work through pykka: a thread for each actor."""

from __future__ import annotations

import pykka

from bench.lap import Lap


class Echo(pykka.ThreadingActor):
    """Answers everything."""

    def on_receive(self, message: object) -> int:
        return 1


def calls(n: int, lap: Lap) -> None:
    """Asks, one after the other."""
    ref = Echo.start()
    with lap:
        for _ in range(n):
            ref.ask("ping")
    ref.stop()


def casts(n: int, lap: Lap) -> None:
    """Tells, handling included."""
    ref = Echo.start()
    with lap:
        for _ in range(n):
            ref.tell("note")
        ref.ask("ping")
    ref.stop()


def starts(n: int, lap: Lap) -> None:
    """Starts of actors that stay."""
    with lap:
        refs = [Echo.start() for _ in range(n)]
    for ref in refs:
        ref.stop()


def stops(n: int, lap: Lap) -> None:
    """Stops of n actors."""
    refs = [Echo.start() for _ in range(n)]
    with lap:
        for ref in refs:
            ref.stop()
