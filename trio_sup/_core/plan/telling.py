"""The events that decisions make, to be told in their turn."""

from __future__ import annotations

from trio_sup._core import events
from trio_sup._core.plan.doing import Tell
from trio_sup._core.reconfigured import ReconfigurePlan
from trio_sup._core.state import ChildState


def requested(record: ChildState, action: str, now: float) -> Tell:
    """A request of the administration API was accepted."""
    return Tell(events.Requested, (now, record.path_text, record.life, action))


def restarts(
    record: ChildState, delay: float, strategy: str, now: float, siblings: int = 0
) -> Tell:
    """A child is restarted, and with a group strategy others, too."""
    fields = (now, record.path_text, record.life, delay, strategy, siblings)
    return Tell(events.RestartDecided, fields)


def quarantined(record: ChildState, now: float, *, by_hand: bool = False) -> Tell:
    """A child has used up its own budget, or people said so: it stays down."""
    budget = record.spec.budget
    limits: tuple[int, float, float | None] = (0, 0.0, None)
    if not by_hand:
        assert budget is not None
        limits = (budget.max_restarts, budget.max_seconds, budget.release_after)
    fields = (now, record.path_text, record.life, *limits, by_hand)
    return Tell(events.ChildQuarantined, fields)


def released(record: ChildState, now: float) -> Tell:
    """The time of a quarantine is over."""
    return Tell(events.ChildReleased, (now, record.path_text, record.life))


def given_up(record: ChildState, now: float) -> Tell:
    """A child has used up its own budget, and is forgotten."""
    budget = record.spec.budget
    assert budget is not None
    limits = (budget.max_restarts, budget.max_seconds)
    return Tell(events.ChildGivenUp, (now, record.path_text, record.life, *limits))


def shut_down(own: ChildState, now: float, record: ChildState) -> Tell:
    """A significant child ended: so does its supervisor."""
    fields = (now, own.path_text, own.life, record.label)
    return Tell(events.SupervisorAutoShutdown, fields)


def gave_up(
    own: ChildState, now: float, limits: tuple[int, float], record: ChildState
) -> Tell:
    """The end of a child was one too many."""
    fields = (now, own.path_text, own.life, *limits, record.label)
    return Tell(events.SupervisorGaveUp, fields)


def reconfigured(
    own: ChildState, now: float, outcome: str, made: ReconfigurePlan, why: str = ""
) -> Tell:
    """A supervisor has another specification, or was to have it."""
    fields = (now, own.path_text, own.life, outcome, made.summary, why)
    return Tell(events.SupervisorReconfigured, fields)
