"""What the monitor knows of one child, and the limits it reckons by itself.

Nothing here uses the library's own decisions: what is to be checked must not be asked.
"""

from __future__ import annotations

from typing import Literal

from attrs import define, field

from trio_sup.testing._monitor.facts import ChildFacts, State

SLACK = 1e-9
"""Seconds; room for rounding, not for laziness."""


@define
class Limit:
    """At most so many restarts in so many seconds, both ends included."""

    max_restarts: int
    max_seconds: float
    times: list[float] = field(factory=list[float])

    def full(self, now: float, slack: float) -> bool | None:
        """Whether one more at `now` is too many; None if it is too close to tell."""
        sure = sum(1 for t in self.times if now - t <= self.max_seconds - slack)
        most = sum(1 for t in self.times if now - t <= self.max_seconds + slack)
        if sure >= self.max_restarts:
            return True
        return None if most >= self.max_restarts else False

    def note(self, now: float) -> None:
        """Count a restart."""
        self.times = [t for t in self.times if now - t <= self.max_seconds + 1.0]
        self.times.append(now)


@define(eq=False)
class ChildWatch:
    """One child under one life of its supervisor."""

    facts: ChildFacts
    state: State = "down"
    life: int = 0
    began: float = 0.0
    asked_at: float = 0.0
    attempt: int = 0
    """The place in the present row of restarts."""
    budget: Limit | None = None
    exit: str = ""
    """The kind of the last end."""
    failed: bool = False
    """It waits for a decision after a restart that failed, not after an end."""
    due: float | None = None
    """When it has to start again; None if no restart of it alone is decided."""
    request: str = ""
    """The last request that named it, as long as that may explain something."""
    reason: Literal["first", "plan", "restart", "request", "none"] = "none"
    """Why its last start took place."""
    forgettable: bool = False
    """A start that was asked for: if it fails, nothing is kept of it."""
    quarantined: bool = False
    given_up: bool = False
    """Its budget says that it is to be forgotten."""
    held: bool = False
    """People asked that no restart follows its next end, or that it be stopped."""
    was_last: bool = False
    """No other significant child was active when it ended by itself."""
    by_hand: bool = False
    """It is down by a request: to stop it, or to start it, which failed."""

    @property
    def alive(self) -> bool:
        """Whether a life of it is in progress."""
        return self.state != "down"

    @property
    def never_began(self) -> bool:
        """Whether a start was asked for, and no life came of it so far."""
        return self.life == 0 and not self.alive

    def comes_back(self) -> bool:
        """Whether its restart type wants it back after its last end (SUP-040..042)."""
        if self.given_up:
            return False
        if self.failed or self.facts.restart == "permanent":
            return True
        if self.facts.restart == "temporary":
            return False
        return self.exit not in ("normal", "shutdown")

    def next_delays(self, now: float) -> tuple[float, float]:
        """Return the least and the greatest delay of its next restart."""
        if self.facts.backoff is None:
            return 0.0, 0.0
        initial, factor, maximum, jitter, reset, immediate = self.facts.backoff
        if not self.failed and now - self.began >= reset:
            self.attempt = 0
        self.attempt += 1
        step = self.attempt - (2 if immediate else 1)
        if step < 0:
            return 0.0, 0.0
        try:
            least = min(initial * factor**step, maximum)
        except OverflowError:
            least = maximum
        return least, min(least * (1 + jitter), maximum)

    def budget_limit(self) -> Limit | None:
        """Return its own limit, if it has one."""
        if self.facts.budget is not None and self.budget is None:
            max_restarts, max_seconds, *_ = self.facts.budget
            self.budget = Limit(max_restarts, max_seconds)
        return self.budget

    def rest(self) -> None:
        """It stays down: what was planned for it alone is void."""
        self.due = None
        self.attempt = 0
        self.failed = False


@define(eq=False)
class Plan:
    """A group restart in progress."""

    pivot: ChildWatch
    at: float
    phase: Literal["stop", "start"] = "stop"
    todo: list[ChildWatch] = field(factory=lambda: list[ChildWatch]())
    """Who has to start yet, in order; known from the first start on."""
    strays: list[ChildWatch] = field(factory=lambda: list[ChildWatch]())
    """Who was started by hand while it waits: until its time they are on their own."""

    def absorbs(self, record: ChildWatch, group: list[ChildWatch], now: float) -> bool:
        """Whether an end changes nothing, as it is restarted anyhow (SUP-059)."""
        stray = record in self.strays and now < self.at
        return self.phase == "stop" and record in group and not stray
