"""How a life ended: decided here and nowhere else (MON-011..013).

By intent first, by exception second: an end that was asked for is a shutdown, whatever
the child did with its cancellation. Asked when a life is over, by a server already
before `terminate`, and by `attach`; so callers, `terminate`, monitors, events, the log
and `last_exit` tell one story. It changes between the two times only by what happens
between them: `terminate` raises, or a supervisor asks for the end that is under way.
"""

from __future__ import annotations

from typing import Protocol, TypeAlias

from trio_sup._core.anatomy import is_a, without
from trio_sup._core.errors import LeakedCancelled
from trio_sup._core.exits import Exit, Ignore, is_fatal, stop_in

CANCELLED = Exit("shutdown", "cancelled")
"""The end of a task that somebody else cancelled: one that `attach` made a child."""

Cancellations: TypeAlias = "type[BaseException] | tuple[type[BaseException], ...]"
"""The classes of what a cancelled task raises; this package does not import Trio."""


class LifeFacts(Protocol):
    """What there is to know of a life besides what it raised."""

    @property
    def asked(self) -> str | None:
        """Why its supervisor asked it to end; None if it did not."""
        ...

    @property
    def forced(self) -> bool:
        """Whether its grace ran out."""
        ...

    @property
    def ready(self) -> bool:
        """Whether it had started."""
        ...

    @property
    def cut_short(self) -> Exit | None:
        """How it ends because it was cancelled for a reason of its own."""
        ...

    @property
    def outcome(self) -> Exit:
        """How it ends if it returns, or raises the very error in here.

        A supervisor that gave up is in order; what a user's function raises is not.
        """
        ...


def classify(
    life: LifeFacts,
    raised: BaseException | None,
    cancellations: Cancellations,
    *,
    cancelled: bool,
) -> tuple[Exit, BaseException | None, BaseException | None]:
    """Say how a life ended. Never raises.

    Args:
        life: What is known of it.
        raised: What it raised, if anything.
        cancellations: What a cancelled task raises.
        cancelled: Whether its own scope was cancelled.

    Returns:
        How it ended; what of `raised` is its own failure; and what the exception's own
        code raised meanwhile, such as `derive`: the end is told without its help then.
    """
    failure = raised
    try:
        if raised is not None:
            failure = own_failure(raised, cancellations, cancelled=cancelled)
            if failure is None and life.asked is None and life.cut_short is None:
                return CANCELLED, None, None
        return _exit_of(life, failure, cancellations), failure, None
    except BaseException as fault:  # noqa: BLE001 - the life ends all the same
        if life.asked is not None:
            return _as_asked(life, failure), failure, fault
        error = fault if failure is None else failure
        return Exit("crashed", None, error), failure, fault


def _exit_of(
    life: LifeFacts, failure: BaseException | None, cancellations: Cancellations
) -> Exit:
    if life.asked is not None:
        if failure is not None and _is_in_order(life, failure):
            failure = None
        return _as_asked(life, failure)
    if life.cut_short is not None and (
        failure is None or not is_fatal(failure, cancellations)
    ):
        return life.cut_short
    if failure is None:
        return life.outcome
    if is_a(failure, Ignore) and not life.ready:
        return Exit("normal", "ignore", failure)
    stop = stop_in(failure)
    if stop is not None:
        return stop.exit
    outcome = life.outcome
    return outcome if outcome.error is failure else Exit("crashed", None, failure)


def _as_asked(life: LifeFacts, failure: BaseException | None) -> Exit:
    return Exit("killed" if life.forced else "shutdown", life.asked, failure)


def _is_in_order(life: LifeFacts, failure: BaseException) -> bool:
    """Whether it was about to end in order anyway when it was asked to."""
    return stop_in(failure) is not None or life.outcome.error is failure


def own_failure(
    raised: BaseException, cancellations: Cancellations, *, cancelled: bool
) -> BaseException | None:
    """Return what of an exception is the child's own: cancellations are not.

    Beside other errors in a group a cancellation says nothing. Alone it is how a
    child ends that was cancelled; if it was not, the child has let one escape that
    was meant for somebody else, and that is an error.
    """
    if is_a(raised, Exception):
        return raised  # a group of these holds no cancellation
    rest = without(raised, cancellations)
    if rest is not None or cancelled:
        return rest
    leaked = LeakedCancelled(
        "the child let a Cancelled escape that was not meant for it"
    )
    leaked.__cause__ = raised
    return leaked
