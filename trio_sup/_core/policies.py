"""Backoff, Budget and Mailbox: policies as plain data."""

from __future__ import annotations

import math
from typing import Final, Literal, TypeAlias, get_args

from attrs import field, frozen

from trio_sup._core.checks import (
    ChildSpecError,
    check_boolean,
    check_capacity,
    check_intensity,
    check_number,
    is_number,
)


@frozen(kw_only=True)
class Backoff:
    """How long to wait before a restart.

    The n-th restart in a row waits ``initial * factor ** (n - 2)`` seconds, at most
    `maximum`; the first one is immediate unless `immediate_first` is False. A life
    that lasted `reset_after` seconds starts the row anew. OTP has no such thing
    (checklist C1); see the page on backoff and budgets.
    """

    initial: float = 0.1
    """Seconds before the second restart in a row."""
    factor: float = 2.0
    """What each further delay is multiplied by; at least 1."""
    maximum: float = 30.0
    """The longest delay, in seconds."""
    jitter: float = 0.1
    """The share of a delay that is random, from 0 to 1: up to that much is added."""
    reset_after: float = 60.0
    """A life of this many seconds counts as healthy: the row starts anew."""
    immediate_first: bool = True
    """Whether the first restart of a row is immediate."""

    def __attrs_post_init__(self) -> None:
        for name in ("initial", "maximum", "reset_after"):
            check_number(f"backoff.{name}", getattr(self, name))
        if not is_number(self.factor) or not 1 <= self.factor < math.inf:
            raise ChildSpecError("backoff.factor", self.factor, "a number >= 1")
        if not is_number(self.jitter) or not 0 <= self.jitter <= 1:
            raise ChildSpecError("backoff.jitter", self.jitter, "from 0 to 1")
        check_boolean("backoff.immediate_first", self.immediate_first)

    def delay(self, attempt: int, draw: float = 0.0) -> float:
        """Return the seconds before restart number `attempt` (1, 2, …) of a row.

        Args:
            attempt: The place in the row.
            draw: A random number from 0 to 1, for the jitter.
        """
        step = attempt - 2 if self.immediate_first else attempt - 1
        if step < 0:
            return 0.0
        try:
            plain = min(self.initial * self.factor**step, self.maximum)
        except OverflowError:
            plain = self.maximum
        return min(plain * (1 + self.jitter * draw), self.maximum)

    def can_exceed(self, max_restarts: int, max_seconds: float) -> bool:
        """Whether a child that crashes at once can ever use up a restart limit.

        If not, its delays are so long that old restarts leave the window before
        there are too many: it goes on for ever, and nobody is told.
        """
        spent = 0.0
        for attempt in range(1, max_restarts + 1):
            spent += self.delay(attempt)
            if spent > max_seconds:
                return False
        return True


Then: TypeAlias = Literal["escalate", "quarantine", "stop"]
"""What follows when a child has used up its own budget."""

THENS: Final[tuple[Then, ...]] = get_args(Then)


@frozen
class Budget:
    """A restart limit of one child, beside its supervisor's.

    Args:
        max_restarts: How many restarts are fine inside the window.
        max_seconds: The window, in seconds.
        then: ``escalate``: the supervisor gives up, as with its own limit.
            ``quarantine``: only this child stays down, visible, until it is
            restarted by hand. ``stop``: only this child is given up and forgotten,
            its name is free. With both of them its siblings and the supervisor's
            limit are left alone.
        release_after: Seconds after which a quarantine ends by itself: the child is
            started again, with a fresh budget. By default only by hand.
    """

    max_restarts: int
    max_seconds: float
    then: Then = "escalate"
    release_after: float | None = field(default=None, kw_only=True)

    def __attrs_post_init__(self) -> None:
        check_intensity("budget.", self.max_restarts, self.max_seconds)
        if self.then not in THENS:
            accepted = "'escalate', 'quarantine' or 'stop'"
            raise ChildSpecError("budget.then", self.then, accepted)
        if self.release_after is None:
            return
        check_number("budget.release_after", self.release_after, positive=True)
        if self.then != "quarantine":
            accepted = "given with then='quarantine' only"
            raise ChildSpecError("budget.release_after", self.release_after, accepted)


WhenFull: TypeAlias = Literal["reject", "drop_oldest", "drop_newest"]
OnCrash: TypeAlias = Literal["fail", "keep"]


@frozen
class Mailbox:
    """How a server's mailbox is bounded, and what becomes of it in a crash.

    Calls are bounded by their callers: they do not count, never wait for room and
    are never dropped.
    """

    capacity: float = 1024
    """How many casts and sends may wait; `math.inf` for no bound."""
    when_full: WhenFull = field(default="reject", kw_only=True)
    """``reject``: `cast` raises `MailboxFull`. ``drop_oldest`` and ``drop_newest``
    make room by forgetting a waiting message, or the new one; both are counted."""
    on_crash: OnCrash = field(default="fail", kw_only=True)
    """``fail``: queued messages end with the life, their callers get `ServerExit`.
    ``keep``: they wait for the next life, as do those sent between lives; the one
    in progress is never repeated."""

    def __attrs_post_init__(self) -> None:
        check_capacity(self.capacity)
        if self.when_full not in ("reject", "drop_oldest", "drop_newest"):
            raise ChildSpecError(
                "mailbox.when_full",
                self.when_full,
                "'reject', 'drop_oldest' or 'drop_newest'",
            )
        if self.on_crash not in ("fail", "keep"):
            raise ChildSpecError("mailbox.on_crash", self.on_crash, "'fail' or 'keep'")
