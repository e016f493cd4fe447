"""At which level each event is logged."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Final, TypeAlias, get_args

from trio_sup._core import events
from trio_sup._core.events import LifecycleEvent

Levels: TypeAlias = dict[Callable[..., LifecycleEvent], int]

_LEVELS: Final[Levels] = {
    **dict.fromkeys(get_args(LifecycleEvent), logging.DEBUG),
    events.ChildStuck: logging.ERROR,
    events.SupervisorGaveUp: logging.ERROR,
    events.ChildQuarantined: logging.ERROR,
    events.ChildGivenUp: logging.ERROR,
    events.ChildReleased: logging.INFO,
    events.OperatorAction: logging.WARNING,
    events.SupervisorAutoShutdown: logging.INFO,
    events.SupervisorReconfigured: logging.ERROR,
    events.RestartDecided: logging.INFO,
    events.ChildStarted: logging.INFO,
}
"""Of all, but those that tell of crashes."""


def loudest(of_crashes: int) -> Levels:
    """Return the highest level that an event of each class may have.

    Args:
        of_crashes: The level of crashes, failed starts and failed clean-ups.
    """
    levels = dict(_LEVELS)
    # Of a crash's step, for it is asked once: the restart that follows is at INFO.
    levels[events.ChildCrashed] = max(of_crashes, logging.INFO)
    levels[events.ChildStartFailed] = max(of_crashes, logging.INFO)
    levels[events.ChildStopped] = max(of_crashes, logging.DEBUG)
    return levels


def level_of(event: LifecycleEvent, of_crashes: int) -> int:
    """Return the level of one event; `of_crashes` is as for `loudest`."""
    if isinstance(event, events.ChildCrashed):
        return of_crashes
    if isinstance(event, events.ChildStopped | events.ChildStartFailed):
        if event.exit.error is not None:
            return of_crashes
        if isinstance(event, events.ChildStartFailed):
            return logging.INFO  # `Stop` before it was ready: in order
    if isinstance(event, events.SupervisorReconfigured):
        return logging.INFO if event.outcome == "done" else logging.ERROR
    return _LEVELS[type(event)]
