"""The deadline instrument: a node that was frozen stops before its tasks go on.

A process that was stopped past the end of its lease wakes up somewhere in its loop. Trio
looks first at what has come by its sockets and timers, and calls its instruments before
it lets any task that waited for that go on. There the end of the lease is noticed.
"""

from __future__ import annotations

import trio

from trio_sup.cluster._nodes.session import Session


class DeadlineInstrument(trio.abc.Instrument):
    """Ends a session in the very moment in which the loop sees that its time is over."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def after_io_wait(self, timeout: float) -> None:
        """Look at the clock; called by Trio before it wakes anybody."""
        del timeout
        self._session.check_deadline()
