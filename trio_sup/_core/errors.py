"""Every exception that the library raises, under one root.

Blame is visible from the type: the *specification* was wrong (`ChildSpecError`),
the *request* does not fit the state (`AlreadyStarted`, `NoSuchChild`, …), the *child*
failed (`StartFailed`, `ServerExit`), the *process is not there* (`NoProcess`), the
*tree gave up* (`RestartLimitExceeded`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from attrs import field, frozen

from trio_sup._core.clean import safe_repr
from trio_sup._core.exits import Exit, describe_error

if TYPE_CHECKING:
    pass


class SupervisionError(Exception):
    """The root of everything that trio-sup raises as an error."""

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        if cls.__module__.startswith("trio_sup."):
            cls.__module__ = "trio_sup"  # as users import it, in tracebacks too

    def __reduce__(self) -> tuple[object, ...]:
        # `args` is the message; the fields that made it travel as they are.
        return _rebuild, (type(self), self.args, self.__dict__)


def _rebuild(
    cls: type[SupervisionError], args: tuple[object, ...], state: dict[str, object]
) -> SupervisionError:
    error = cls.__new__(cls, *args)
    error.args = args
    error.__dict__.update(state)
    return error


SupervisionError.__module__ = "trio_sup"


class NoSuchChild(SupervisionError, LookupError):
    """There is no child with that id, or no holder of that name."""

    def __init__(self, where: str, id: object, there: str = "") -> None:
        self.where = where
        self.id = id
        super().__init__(f"{where} has no child {safe_repr(id)}{there}")


class WrongKind(SupervisionError, TypeError):
    """The child exists but is not of the kind that was asked for."""

    def __init__(self, path: str, found: str, wanted: str) -> None:
        self.path = path
        self.found = found
        self.wanted = wanted
        super().__init__(f"{path!r} is {found}, not {wanted}")


class MaxChildren(SupervisionError):
    """The dynamic supervisor has as many children as it may (DYN-009)."""

    def __init__(self, path: str, limit: float) -> None:
        self.path = path
        self.limit = limit
        super().__init__(f"{path!r} has its maximum of {limit:g} children")


class SupervisorStopping(SupervisionError):
    """The supervisor is going down, or has gone: it takes no more requests."""

    def __init__(self, path: str) -> None:
        self.path = path
        super().__init__(f"supervisor {path!r} is stopping")


class WouldDeadlock(SupervisionError):
    """The request would wait for the very task that makes it."""


class WrongRun(SupervisionError, RuntimeError):
    """Called from a thread, from another Trio run, or without one; nothing was done.

    All that belongs to a Trio run is for code of that run. From a thread, write
    ``trio.from_thread.run_sync(ref.cast, ...)``.

    Args:
        call: What was called.
        whose: What it was called for; may be empty.
        place: Where the call came from.
        remedy: What to write instead.
        message: The whole message, where there is no run to speak of.
    """

    def __init__(
        self, call: str, whose: str, place: str, remedy: str, *, message: str = ""
    ) -> None:
        self.call = call
        self.whose = whose
        if message:
            super().__init__(message)
            return
        target = f" of {whose!r}" if whose else ""
        super().__init__(
            f"{call}(){target} was called {place}: it must be called in the Trio run "
            f"that it belongs to, and nothing was done. {remedy}"
        )


class NoProcess(SupervisionError):
    """There is no process behind the handle or name: the request was not executed."""

    def __init__(self, target: str, why: str = "is not running") -> None:
        self.target = target
        super().__init__(f"{target!r} {why}")


class ServerExit(SupervisionError):
    """The server ended before it answered; the request may have been executed.

    Its crash, if it was one, is the `__cause__`; `exit` tells how it ended.
    """

    def __init__(self, target: str, exit: Exit) -> None:
        self.target = target
        self.exit = exit
        super().__init__(f"server {target!r} ended before it answered: {exit}")


class MailboxFull(SupervisionError):
    """The mailbox has no room for another cast or send; it was not queued."""

    def __init__(self, target: str, capacity: float) -> None:
        self.target = target
        self.capacity = capacity
        super().__init__(f"the mailbox of {target!r} is full ({capacity:g} messages)")


class LeakedCancelled(SupervisionError):
    """A child let a `trio.Cancelled` escape that nobody had sent to it.

    It came from a scope that is not the child's: kept from elsewhere and raised
    again, or a nursery closed in the wrong task. That is a crash, not a stop.
    """


class HookFailed(SupervisionError):
    """An event hook or registry listener raised; it was logged and went no further."""


def hook_failed(what: str, hook: object, error: Exception) -> HookFailed:
    """Return the error that says which hook raised what."""
    failure = HookFailed(f"{what} {safe_repr(hook)} raised {safe_repr(error)}")
    failure.__cause__ = error
    return failure


def entered_again(what: str) -> RuntimeError:
    """Return the error for a block of one use that is entered a second time."""
    return RuntimeError(
        f"this {what}(...) has been entered already; each block needs one of its own: "
        f"call {what}(...) again"
    )


@frozen
class Crash:
    """One entry of a crash story."""

    at: float
    """Trio time, in seconds."""
    path: str
    life: int
    error: BaseException = field(repr=safe_repr)
    """The exception, its frames emptied; a `PastError` if it was too heavy to keep."""
    summary: str
    """The exception in one line."""
    traceback: str
    """The formatted traceback, bounded, of an exception that was not kept; or ""."""


class RestartLimitExceeded(SupervisionError):
    """A supervisor gave up; the message tells the story.

    To the parent of a supervisor this is a `shutdown`, so that a transient
    supervisor stays down (checklist SUP-047, trap 1); from the root it is raised.
    `__cause__` is the last crash.
    """

    def __init__(
        self,
        supervisor: str,
        max_restarts: int,
        max_seconds: float,
        crashes: Sequence[Crash],
        *,
        child: str | None = None,
    ) -> None:
        self.supervisor = supervisor
        self.max_restarts = max_restarts
        self.max_seconds = max_seconds
        self.crashes: tuple[Crash, ...] = tuple(crashes)
        self.child = child
        super().__init__(self._story())

    def _story(self) -> str:
        whose = "" if self.child is None else f" of child {self.child!r}"
        lines = [
            f"supervisor {self.supervisor!r} gave up: more than {self.max_restarts} "
            f"restarts{whose} in {self.max_seconds:g} s"
        ]
        if self.crashes:
            began = self.crashes[0].at
            lines.append("what happened, oldest first:")
            lines += [
                f"  +{crash.at - began:.3f} s  {crash.path} (life {crash.life}): "
                f"{crash.summary}"
                for crash in self.crashes
            ]
        return "\n".join(lines)


def crash_summary(exit: Exit) -> str:
    """Return one line for the story of crashes."""
    if exit.error is not None:
        return describe_error(exit.error)
    return f"ended: {exit}"
