"""What the decisions read and write: one child, and the restarts that count."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Hashable, Sequence
from typing import TYPE_CHECKING, Any

from trio_sup._core.exits import Exit
from trio_sup._core.status import NEXT, StatusEvent
from trio_sup._core.words import Status

if TYPE_CHECKING:
    from trio_sup._core.specs import ChildSpec


class RestartWindow:
    """Counts restarts against ``max_restarts`` in ``max_seconds``.

    A former restart counts while ``now - then <= max_seconds`` (inclusive, exact
    time: checklist SUP-070..072; OTP compares whole seconds). Recording costs O(1)
    over time, whatever the limit, and only what is inside the window is kept.
    """

    __slots__ = ("_times", "max_restarts", "max_seconds")

    def __init__(self, max_restarts: int, max_seconds: float) -> None:
        self.max_restarts: int = max_restarts
        self.max_seconds: float = max_seconds
        # Invariant: the accepted restarts that may still count, oldest first. None
        # before the first, since an empty deque is larger than all else here.
        self._times: deque[float] | None = None

    def admit(self, now: float) -> bool:
        """Record a restart at `now`; False means that it is one too many."""
        times = self._times
        if times is None:
            times = self._times = deque()
        while times and now - times[0] > self.max_seconds:
            times.popleft()
        if len(times) >= self.max_restarts:
            return False
        times.append(now)
        return True

    def resize(self, max_restarts: int, max_seconds: float) -> None:
        """Count against another limit; what is recorded stays so (SUP-150)."""
        self.max_restarts = max_restarts
        self.max_seconds = max_seconds

    def used(self, now: float) -> int:
        """How many recorded restarts still count at `now`."""
        return sum(1 for then in self._times or () if now - then <= self.max_seconds)

    def frees_at(self, now: float) -> float:
        """When the oldest restart that still counts leaves the window.

        Returns:
            A time; minus infinity if no restart counts.
        """
        for then in self._times or ():
            if now - then <= self.max_seconds:
                return then + self.max_seconds
        return -math.inf

    def clear(self) -> None:
        """Forget all restarts."""
        self._times = None


class ChildState:
    """The record of one child, as far as decisions are concerned.

    The shells derive from it and add what runs (`trio_sup._children.record.Record`),
    so that a child costs one object.
    """

    __slots__ = (
        "attempt",
        "budget_window",
        "comes_back",
        "held",
        "id",
        "in_plan",
        "last_exit",
        "life",
        "life_began",
        "overtaken",
        "path_text",
        "pending",
        "ready",
        "restarts",
        "spec",
        "started_life",
        "status",
        "supervised_start",
        "ticket",
        "undecided",
    )

    path_text: str

    def __init__(self, spec: ChildSpec[Any], id: Hashable) -> None:
        self.spec: ChildSpec[Any] = spec
        self.id: Hashable = id
        self.status: Status = "stopped"
        # The number of the present or last life; 0 before the first.
        self.life: int = 0
        self.life_began: float = 0.0
        # How often a life followed one that ended by itself.
        self.restarts: int = 0
        self.last_exit: Exit | None = None
        # The place in the present row of restarts, for the backoff.
        self.attempt: int = 0
        self.budget_window: RestartWindow | None = None
        # People asked that no restart follows its next end: it is quarantined then,
        # and stays so until they release it.
        self.held: bool = False
        # How many queued requests name this child: its exits then wait their turn.
        self.pending: int = 0
        # Whether a plan is about to stop it, so that its exit is absorbed.
        self.in_plan: bool = False
        # Its life has ended by itself and the decision waits its turn: until then it
        # counts as running for whoever asks (SUP-134), as a dead process does whose
        # exit signal is still in OTP's mailbox.
        self.undecided: bool = False
        # Invariant: changes whenever a scheduled restart becomes void, so that a
        # stale retry or timer is recognised and dropped (SUP-082).
        self.ticket: int = 0
        self.ready: bool = False
        # The last life that became ready, even if it ended in the same step.
        self.started_life: int = 0
        # Somebody waits for this start and deals with its failure.
        self.supervised_start: bool = False
        # Down, and back without anybody's request: with the next life of its supervisor,
        # or with the next attempt of its group.
        self.comes_back: bool = False
        # The last life that was stopped because its supervisor stopped.
        self.overtaken: int = 0

    def enter(self, event: StatusEvent) -> None:
        """Write the status that follows from an event: the only way to write it."""
        self.status = NEXT[self.status][event]

    @property
    def above(self) -> ChildState | None:
        """The record of its supervisor; None for a root."""
        raise NotImplementedError

    @property
    def under(self) -> Sequence[ChildState]:
        """The records of its children, in start order."""
        raise NotImplementedError

    @property
    def label(self) -> str:
        """The id as text: the last part of the path."""
        above = self.above
        return self.path_text[0 if above is None else len(above.path_text) + 1 :]

    @property
    def alive(self) -> bool:
        """Whether a life is in progress, from its start to its very end."""
        raise NotImplementedError

    @property
    def asked(self) -> str | None:
        """Why the life in progress was asked to end; None if it was not."""
        raise NotImplementedError

    @property
    def terminated(self) -> bool:
        """Whether the life in progress was asked to end: not by itself, by its parent.

        One that winds down by itself (a server that cleans up after a crash, a
        supervisor after `stop()`) is still to be decided about when it has ended.
        """
        return self.asked is not None

    @property
    def running(self) -> bool:
        """Whether it is ready and does not end, neither asked to nor by itself."""
        return self.ready and self.status == "running" and self.alive

    @property
    def awaiting_restart(self) -> bool:
        """Down, but on its way back: counted as active by auto-shutdown (SUP-134)."""
        return not self.alive and self.status in ("restarting", "backing_off")

    @property
    def awaits_release(self) -> bool:
        """Quarantined, for a time only."""
        if self.status != "quarantined" or self.held or self.spec.budget is None:
            return False
        return self.spec.budget.release_after is not None

    @property
    def may_return(self) -> bool:
        """Whether it lives, or will live again without anybody's request."""
        record = self
        while True:
            if record.alive or record.awaiting_restart or record.in_plan:
                return True
            if record.status == "starting":  # waits for its turn
                return True
            if record.awaits_release:
                return True
            above = record.above
            if not record.comes_back or above is None:
                return False
            record = above
