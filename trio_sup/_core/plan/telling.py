"""The events that decisions make, to be told in their turn."""

from __future__ import annotations

from trio_sup._core import events
from trio_sup._core.plan.doing import Tell
from trio_sup._core.state import ChildState


def requested(record: ChildState, action: str, now: float) -> Tell:
    """A request of the administration API was accepted."""
    return Tell(events.Requested, (now, record.path_text, record.life, action))


def restarts(
    record: ChildState, delay: float, strategy: str, now: float, siblings: int = 0
) -> Tell:
    """A child is to be restarted, perhaps with siblings."""
    head = (now, record.path_text, record.life, delay)
    return Tell(events.RestartDecided, (*head, strategy, siblings))


def quarantined(record: ChildState, now: float) -> Tell:
    """A child has used up its own budget, and stays down."""
    budget = record.spec.budget
    assert budget is not None
    limits = (budget.max_restarts, budget.max_seconds)
    fields = (now, record.path_text, record.life, *limits)
    return Tell(events.ChildQuarantinedEvent, fields)


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
