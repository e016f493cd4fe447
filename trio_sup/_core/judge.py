"""How a life ended: decided here and nowhere else (MON-011..013).

By intent first, by exception second: an end that was asked for is a shutdown, whatever
the child did with its cancellation. Asked when a life is over, by a server already
before `terminate`, and by `attach`; so callers, `terminate`, monitors, events, the log
and `last_exit` tell one story. It changes between the two times only by what happens
between them: `terminate` raises, or a supervisor asks for the end that is under way.
"""

from __future__ import annotations

import builtins
from collections.abc import Callable
from typing import Any, Final, Protocol, TypeAlias, TypeGuard

from trio_sup._core.anatomy import is_a, without
from trio_sup._core.errors import LeakedCancelled, SupervisionError
from trio_sup._core.exits import (
    NORMAL,
    Exit,
    ExitKind,
    Ignore,
    Stop,
    is_fatal,
    stop_in,
)

CANCELLED = Exit("shutdown", "cancelled")
"""The end of a task that somebody else cancelled: one that `attach` made a child."""

Cancellations: TypeAlias = "type[BaseException] | tuple[type[BaseException], ...]"
"""The classes of what a cancelled task raises; this package does not import Trio."""


class Meant(Protocol):
    """What was meant with the end of a life: `trio_sup._children.ending.Ending`."""

    @property
    def asked(self) -> str | None:
        """Why its supervisor asked it to end; None if it did not."""
        ...

    @property
    def forced(self) -> bool:
        """Whether its grace ran out."""
        ...

    @property
    def cut_short(self) -> Exit | None:
        """How it ends because it was cancelled for a reason of its own."""
        ...


def classify(
    meant: Meant,
    raised: BaseException | None,
    cancellations: Cancellations,
    *,
    cancelled: bool,
    ready: bool,
    outcome: Exit = NORMAL,
) -> tuple[Exit, BaseException | None, BaseException | None]:
    """Say how a life ended. Never raises.

    Args:
        meant: What was meant with it.
        raised: What it raised, if anything.
        cancellations: What a cancelled task raises.
        cancelled: Whether its own scope was cancelled.
        ready: Whether it had started.
        outcome: How it ends if it returns, or raises the very error in here: a
            supervisor that gave up is in order, what a user's function raises is not.

    Returns:
        How it ended; what of `raised` is its own failure; and what the exception's own
        code raised meanwhile, such as `derive`: the end is told without its help then.
    """
    failure = None if cancelled and type(raised) is cancellations else raised
    try:
        if failure is not None:
            failure = own_failure(failure, cancellations, cancelled=cancelled)
        if meant.asked is not None:
            in_order = failure is not None and (
                stop_in(failure) is not None or outcome.error is failure
            )
            return as_asked(meant, None if in_order else failure), failure, None
        if meant.cut_short is not None and (
            failure is None or not is_fatal(failure, cancellations)
        ):
            return meant.cut_short, failure, None
        if failure is None:
            return outcome if raised is None else CANCELLED, None, None
        return _by_exception(failure, ready=ready, outcome=outcome), failure, None
    except BaseException as fault:  # noqa: BLE001 - the life ends all the same
        if meant.asked is not None:
            return as_asked(meant, failure), failure, fault
        error = fault if failure is None else failure
        return Exit("crashed", None, error), failure, fault


_SAYS_MORE: Final = (BaseExceptionGroup, Stop, Ignore, SupervisionError)
_KNOWN: Final = frozenset(
    found
    for found in vars(builtins).values()
    if isinstance(found, type) and issubclass(found, Exception)
    if not issubclass(found, _SAYS_MORE)
)
"""Those of Python's own that say no more: to ask for one costs a fifth."""


def is_plain_crash(raised: BaseException | None) -> TypeGuard[Exception]:
    """Whether this is the crash of whoever raised it, if nothing else was meant.

    Told by its class alone, as most ends by an exception are of this kind; the others
    are for `classify`, which says the same of these.
    """
    kind = type(raised)
    return kind in _KNOWN or (
        issubclass(kind, Exception) and not issubclass(kind, _SAYS_MORE)
    )


class _Draft:
    """An exit whose fields can be written: frozen ones cost thrice as much to write."""

    __slots__ = ("__weakref__", "error", "kind", "reason")

    def __init__(self, kind: ExitKind, error: BaseException | None) -> None:
        self.kind = kind
        self.reason = None
        self.error = error


def _frozen_crash(error: BaseException) -> Exit:
    return Exit("crashed", None, error)


def _drafted_crash(error: BaseException) -> Exit:
    exit: Any = _Draft("crashed", error)
    exit.__class__ = Exit
    whole: Exit = exit
    return whole


def _crash_of() -> Callable[[BaseException], Exit]:
    try:
        drafted = _drafted_crash(ValueError())
    except TypeError:  # CPython 3.11 takes the two for different
        return _frozen_crash
    return _drafted_crash if type(drafted) is Exit else _frozen_crash


crash_of: Final = _crash_of()
"""As ``Exit("crashed", None, error)``, for half of its 5.5 k instructions."""


def is_plain_stop(
    meant: Meant,
    raised: BaseException | None,
    cancellations: Cancellations,
) -> bool:
    """Whether a life whose scope was cancelled was asked to end, and did no more.

    Told without a look into anything, as most lives that are stopped end in this way.
    """
    return meant.asked is not None and (raised is None or type(raised) is cancellations)


_latest = NORMAL


def as_asked(meant: Meant, failure: BaseException | None = None) -> Exit:
    """Say how a life ended that was asked to; those of one request share what is said."""
    global _latest
    latest = _latest
    kind: ExitKind = "killed" if meant.forced else "shutdown"
    if failure is None and latest.reason is meant.asked and latest.kind == kind:
        return latest
    exit = Exit(kind, meant.asked, failure)
    if failure is None:
        _latest = exit
    return exit


def _by_exception(failure: BaseException, *, ready: bool, outcome: Exit) -> Exit:
    if is_a(failure, Ignore) and not ready:
        return Exit("normal", "ignore", failure)
    stop = stop_in(failure)
    if stop is not None:
        return stop.exit
    return outcome if outcome.error is failure else Exit("crashed", None, failure)


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
