"""What a test has to know of an event beside its line: how, and of what kind of error.

The words are the library's own, but for the names of classes: no text of an exception,
and no argument of anybody's, is in it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from trio_sup._core import events
from trio_sup._core.anatomy import full_name, is_a
from trio_sup._core.exits import PastError, unwrapped
from trio_sup.inspect.node.bounds import MAX_NAME, clip
from trio_sup.inspect.protocol.wire import Cause

if TYPE_CHECKING:
    from trio_sup._core.exits import Exit


def cause_of(n: int, event: object) -> Cause | None:
    """Return what is told of an event; None of those whose line says all.

    Args:
        n: Its number in the node's stream.
        event: A lifecycle event.
    """
    match event:
        case events.ChildStarting() | events.ChildStarted() | events.ChildIgnored():
            return Cause(n, event.life, "", "", False)
        case events.ChildCrashed() | events.ChildStartFailed():
            return _of_exit(n, event.life, event.exit, asked=False)
        case events.ChildStopped():
            return _of_exit(n, event.life, event.exit, asked=event.requested)
        case events.ChildStopping():
            return Cause(n, event.life, "", "", True)
        case events.ChildQuarantined():
            return Cause(n, event.life, "", "", event.by_hand)
        case events.Requested():
            return Cause(n, event.life, event.action, "", True)
        case events.SupervisorStopping():
            return Cause(n, event.life, clip(event.reason, MAX_NAME), "", False)
        case events.OperatorAction():
            action = clip(event.action, MAX_NAME)
            return Cause(n, event.life, action, "", event.outcome == "accepted")
        case _:
            return None


def _of_exit(n: int, life: int, exit: Exit, *, asked: bool) -> Cause:
    error = exit.error
    return Cause(n, life, exit.kind, clip(_kind_of(error), MAX_NAME), asked)


def _kind_of(error: BaseException | None) -> str:
    if error is None:
        return ""
    return error.type_name if is_a(error, PastError) else full_name(unwrapped(error))
