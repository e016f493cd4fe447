"""The inspector's terminal application, noting what it does.

``python -m bench.inspector.viewer SOCKET FILE``: the `Counters` in FILE get the moment
at which it attached, on the clock that all processes of a machine share, and how often
it has looked since.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

from bench.inspector.counters import ATTACHED_AT, ATTACHED_USED, TICKS, Counters
from trio_sup.inspect.client.session import Session
from trio_sup_inspector.app import InspectorApp, main


def note_attach(counters: Counters) -> None:
    """Write down when a session is connected for the first time."""
    plain = Session.connected

    def connected(self: Session, now: float) -> None:
        if not counters[ATTACHED_AT]:
            counters[ATTACHED_USED] = time.process_time()
            counters[ATTACHED_AT] = time.monotonic()
        plain(self, now)

    setattr(Session, "connected", connected)  # noqa: B010


def count_ticks(counters: Counters) -> None:
    """Count how often the application takes what it heard, and paints it."""
    plain = InspectorApp.tick

    def tick(self: InspectorApp) -> None:
        plain(self)
        counters[TICKS] += 1

    setattr(InspectorApp, "tick", tick)  # noqa: B010


if __name__ == "__main__":
    shared = Counters(Path(sys.argv[2]))
    note_attach(shared)
    count_ticks(shared)
    sys.exit(main(Path(sys.argv[1]), remember=False))
