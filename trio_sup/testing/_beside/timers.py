"""Timers of servers: when they are to ring, and when they do."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import trio
from attrs import define

from trio_sup._servers.genserver import GenServer
from trio_sup._servers.timers import Timer
from trio_sup.testing._beside import laws
from trio_sup.testing._beside.stand_ins import StandIn

if TYPE_CHECKING:
    from trio_sup._children.record import Record

ROUNDING = 1e-6
"""Seconds."""


@define(eq=False)
class Ring:
    """One timer."""

    note: object
    record: Record
    life: int
    due: float
    period: float | None
    cancelled: bool = False
    waited: float = -1.0
    """When its message was in line last: nothing is sent as long as it is."""

    @property
    def works(self) -> bool:
        """Whether it is to ring still."""
        record = self.record
        lives = record.alive and record.life == self.life and not record.asked
        return lives and not self.cancelled and record.mailbox.accepting

    def skip(self, now: float) -> None:
        """Leave out what was due while its message was in line.

        What is due in the moment in which it leaves the line may come, or not.
        """
        until = min(self.waited + ROUNDING, now - ROUNDING)
        while self.period is not None and self.due <= until:
            self.due += self.period


class TimersModel:
    """All timers of the servers of one run.

    Args:
        broken: Told of a law, of whom it is broken, and how.
    """

    def __init__(self, broken: Callable[[str, str, str], object]) -> None:
        self.broken = broken
        # By the identity of what they send.
        self._rings: dict[int, Ring] = {}
        self._of: dict[Timer, Ring] = {}

    def made(self, timer: Timer, ring: Ring) -> None:
        """There is one more."""
        self._rings[id(ring.note)] = self._of[timer] = ring

    def cancelled(self, timer: Timer) -> None:
        """It is to ring no more."""
        ring = self._of.get(timer)
        if ring is not None:
            ring.cancelled = True

    def rings(self, note: object) -> None:
        """A message is about to be put in line: perhaps a timer's."""
        ring = self._rings.get(id(note))
        if ring is None or ring.note is not note:
            return
        now, name = trio.current_time(), ring.record.path_text
        ring.skip(now)
        if ring.cancelled:
            self.broken(laws.CALM, name, "it rings all the same")
        if abs(now - ring.due) > ROUNDING:
            words = f"it was due at {ring.due:g}, and rings at {now:g}"
            self.broken(laws.ALARM, name, words)
            ring.due = now
        if ring.period is None:
            del self._rings[id(note)]
        else:
            ring.due += ring.period

    def left(self, note: object) -> None:
        """A message is in line no more."""
        ring = self._rings.get(id(note))
        if ring is not None and ring.note is note:
            ring.waited = trio.current_time()

    def settled(self) -> None:
        """Nothing more happens by itself."""
        now = trio.current_time()
        for ring in list(self._rings.values()):
            if not ring.works:
                if not ring.cancelled:
                    del self._rings[id(ring.note)]
                continue
            if ring.record.mailbox.model.knows(ring.note):
                ring.waited = now
            ring.skip(now)
            if ring.due < now - ROUNDING:
                words = f"it was due at {ring.due:g}, and has not rung"
                self.broken(laws.ALARM, ring.record.path_text, words)
                ring.cancelled = True


def make(
    judge: Any,
    original: Any,
    timer: Timer,
    inner: Any,
    note: Any,
    seconds: float,
    period: float | None = None,
) -> None:
    """A server sets a timer."""
    due = trio.current_time() + max(0.0, seconds)
    original(timer, inner, note, seconds, period)
    sent = timer._note  # pyright: ignore[reportPrivateUsage]
    judge.timers.made(timer, Ring(sent, inner.record, inner.life, due, period))


def cancel(judge: Any, original: Any, timer: Timer) -> None:
    """It wants it no more."""
    original(timer)
    judge.timers.cancelled(timer)


def idle_after(
    judge: Any,
    original: Any,
    server: Any,
    seconds: float,
    op: Any,
    *args: Any,
    **kw: Any,
) -> None:
    """A server says what to do if nothing comes."""
    original(server, seconds, op, *args, **kw)
    due = math.inf if seconds == math.inf else trio.current_time() + max(seconds, 0.0)
    body = server.__inner__.record.mailbox
    if hasattr(body, "model"):
        body.model.idle_due = due


STAND_INS = (
    StandIn(Timer, "__init__", make),
    StandIn(Timer, "cancel", cancel),
    StandIn(GenServer, "idle_after", idle_after),
)
