"""What remains to be done when a step of a life's end fails itself.

A life's end goes through code of the user's: the words of an exception, the hash of a
key, a hook, a log handler. Whatever that raises, the life ends all the same: its names
are free, its callers have an answer, its supervisor knows. The fault is told of once,
here, and it never takes the place of what ended the life.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVarTuple

from trio_sup._core.anatomy import is_a, is_showable, set_cause, traceback_of
from trio_sup._core.clean import clean
from trio_sup._core.errors import HookFailed, hook_failed
from trio_sup._core.exits import describe_error
from trio_sup._trio.log import Log

Args = TypeVarTuple("Args")

_log = Log("trio_sup")


def report_fault(where: str, fault: BaseException) -> None:
    """Log what went wrong while something ended. Never raises an `Exception`.

    Args:
        where: What was ending.
        fault: What was raised.
    """
    failure = HookFailed(f"the end of {where} met {describe_error(fault)}")
    set_cause(failure, fault)
    _write(failure, "", _log)


def report_hook(
    what: str,
    hook: object,
    error: Exception,
    then: str = "",
    log: Log = _log,
) -> None:
    """Log that a hook raised. Never raises an `Exception`.

    Args:
        what: What kind of hook.
        hook: The hook.
        error: What it raised.
        then: What became of it.
        log: Where to log it.
    """
    _write(hook_failed(what, hook, error), then, log)


def _write(failure: HookFailed, then: str, log: Log) -> None:
    shown = type(failure), failure, traceback_of(failure)
    info = shown if is_showable(failure) else None
    log.error("%s%s", clean(str(failure)), then, exc_info=info)


def survive(
    where: str, step: Callable[[*Args], object], *args: *Args
) -> BaseException | None:
    """Take one step of an end; return what is fatal of what it raised, if anything.

    An `Exception` is reported and goes no further.

    Args:
        where: What is ending.
        step: What is to be done.
        args: Its arguments.
    """
    try:
        step(*args)
    except BaseException as fault:  # noqa: BLE001 - returned, or reported
        if not is_a(fault, Exception):
            return fault
        report_fault(where, fault)
    return None
