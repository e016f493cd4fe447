"""What decisions say: to a child that is to stop, and to whoever hears of events.

Why a child is asked to end, and with which grace; then the events, which are told in
their turn.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from trio_sup._core import events
from trio_sup._core.anatomy import is_a
from trio_sup._core.exits import Exit, Ignore
from trio_sup._core.plan.doing import K, Stop, StopAll, Tell
from trio_sup._core.reconfigured import ReconfigurePlan
from trio_sup._core.state import ChildState
from trio_sup._core.words import Shutdown


def cause_of(reason: str, path: str) -> str:
    """Name a cause once: by the supervisor where it arose.

    Args:
        reason: Why, in the words of this supervisor or of one above.
        path: The supervisor's.
    """
    if reason.startswith("supervisor "):
        return reason
    return f"supervisor {path}: {reason}"


def stop_of(record: K, cause: str, shutdown: Shutdown, *, hurried: bool) -> Stop[K]:
    """How one life is to end.

    Args:
        record: Whose.
        cause: Why.
        shutdown: Its grace, unless there is a hurry.
        hurried: Whether there is.
    """
    if shutdown == "brutal_kill":
        return Stop(record, cause, 0.0, brutal=True)
    return Stop(record, cause, 0.0 if hurried else shutdown, brutal=False)


def stops_of(many: StopAll[K]) -> Iterator[Stop[K]]:
    """How the lives of many are to end, one after the other."""
    for record in many.records:
        if record.alive:
            shutdown = record.spec.shutdown
            yield stop_of(record, many.reason, shutdown, hurried=many.hurried)


def kind_of_end(
    record: ChildState, exit: Exit
) -> tuple[Callable[..., events.LifecycleEvent], tuple[Any, ...]]:
    """Return what event tells of the end of a life, and what it says beside who it is.

    Args:
        record: Whose life; nothing of it has been put away yet.
        exit: How it ended.
    """
    if record.asked is not None:
        return events.ChildStopped, (exit, True)
    if not record.ready:
        if is_a(exit.error, Ignore):
            return events.ChildIgnored, ()
        return events.ChildStartFailed, (exit,)
    if exit.kind == "crashed":
        return events.ChildCrashed, (exit, record.spec.restart)
    return events.ChildStopped, (exit, False)


def requested(record: ChildState, action: str, now: float) -> Tell:
    """A request of the administration API was accepted."""
    return Tell(events.Requested, (now, record.path_text, record.life, action))


def restarts(
    record: ChildState, delay: float, strategy: str, now: float, siblings: int = 0
) -> Tell:
    """A child is restarted, and with a group strategy others, too."""
    fields = (now, record.path_text, record.life, delay, strategy, siblings)
    return Tell(events.RestartDecided, fields)


def quarantined(record: ChildState, now: float, *, by_hand: bool) -> Tell:
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
