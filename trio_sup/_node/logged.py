"""How events are logged: at which level, and in which words."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Callable

from trio_sup._core import events
from trio_sup._core.anatomy import is_a, is_showable, traceback_of
from trio_sup._core.clean import clean
from trio_sup._core.ends import end_of_process, is_good_end
from trio_sup._core.events import LifecycleEvent
from trio_sup._trio.log import Log
from trio_sup._trio.stacks import format_error

log = Log("trio_sup")
is_logged = log.logger.isEnabledFor

LOUDEST: defaultdict[Callable[..., LifecycleEvent], int] = defaultdict(
    lambda: logging.DEBUG,
    {
        events.ChildStartFailed: logging.ERROR,
        events.ChildStopped: logging.ERROR,
        events.ChildCrashed: logging.ERROR,
        events.ChildStuck: logging.ERROR,
        events.SupervisorGaveUp: logging.ERROR,
        events.ChildQuarantinedEvent: logging.ERROR,
        events.OperatorAction: logging.WARNING,
        events.SupervisorAutoShutdown: logging.INFO,
        events.RestartDecided: logging.INFO,
        events.ChildStarted: logging.INFO,
    },
)
"""The highest level that an event of each class may have."""

TELLS_AN_END = (events.ChildCrashed, events.ChildStartFailed, events.ChildStopped)


def write(event: LifecycleEvent) -> None:
    """Write an event to the log, if its level is on."""
    level = _level(event)
    if not is_logged(level):
        return
    error = event.exit.error if isinstance(event, TELLS_AN_END) else None
    if error is not None and not is_a(error, Exception):
        end = end_of_process(error)
        if end is not None:
            # As Python has it, `sys.exit()` and Ctrl-C are no crash to be traced.
            level, error = _level_of_end(end), None
            if not is_logged(level):
                return
    text: str = clean(event.summary)  # an exception's text may hold anything
    shown = None
    if error is not None:
        if is_showable(error):
            shown = type(error), error, traceback_of(error)
        else:  # handlers would never be done with it, or raise
            text += "\n" + format_error(error)
    log.log(level, "%s", text, exc_info=shown, extra={"trio_sup_event": event})


def _level(event: LifecycleEvent) -> int:
    """Work out the level of an event."""
    if isinstance(event, events.ChildStopped) and event.exit.error is None:
        return logging.DEBUG
    if isinstance(event, events.ChildStartFailed) and event.exit.error is None:
        return logging.INFO  # `Stop` before it was ready: in order
    return LOUDEST[type(event)]


def _level_of_end(end: SystemExit | KeyboardInterrupt) -> int:
    pressed = is_a(end, KeyboardInterrupt)
    return logging.INFO if pressed or is_good_end(end) else logging.ERROR
