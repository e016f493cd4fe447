"""Requests to a static supervisor, and what their callers are told."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

from trio_sup._children.record import Record
from trio_sup._children.refusals import (
    AlreadyPresent,
    AlreadyStarted,
    ChildNotStopped,
    ChildQuarantined,
    start_error,
)
from trio_sup._core.errors import MaxChildren, NoSuchChild, SupervisorStopping
from trio_sup._core.exits import NOPROC
from trio_sup._core.plan import doing
from trio_sup._core.plan.doing import Refused, Steps
from trio_sup._core.specs import ChildSpec
from trio_sup._trio.wake import Waiters

T = TypeVar("T")


class Request(doing.Request[Record]):
    """One request in line, for whose answer its caller waits."""

    __slots__ = ("_done", "_error", "_result", "_waiters", "path")

    def __init__(
        self, path: str, steps: Callable[[], Steps[Record, Any]], record: Record | None
    ) -> None:
        super().__init__(steps, record)
        self.path = path  # the supervisor's
        self._done = False
        self._result: Any = None
        self._error: Exception | None = None
        self._waiters = Waiters()

    async def wait(self) -> Any:
        """Wait for the answer."""
        while not self._done:
            await self._waiters.wait()
        if self._error is not None:
            error, self._error = self._error, None
            raise error
        return self._result

    def answer(self, result: object) -> None:
        """Let the caller have its result."""
        self._result = result
        self._done = True
        self._waiters.wake()

    def refuse(self, error: Exception) -> None:
        """Let the caller have an error, which says what is true in this moment."""
        if isinstance(error, Refused):
            error = error_of(error, self.path)
        self._error = error
        self._done = True
        self._waiters.wake()


class RequestBelow(Request):
    """One request in line that a supervisor above makes, in its own job."""

    __slots__ = ("_given", "_wake")

    def __init__(
        self,
        path: str,
        steps: Callable[[], Steps[Record, Any]],
        given: doing.BelowAnswer,
        wake: Waiters,
    ) -> None:
        super().__init__(path, steps, None)
        self._given = given
        self._wake = wake  # the control task above

    def answer(self, result: object) -> None:
        """Let the supervisor above go on."""
        self._given.given = True
        self._wake.wake()

    def refuse(self, error: Exception) -> None:
        """Let the supervisor above have an error, a `Refused` as it is."""
        self._given.error = error
        self.answer(None)


def unless_refused(call: Callable[[], T], path: str, *, kind: str = "supervisor") -> T:
    """Return what the plan answers; raise what a refusal means to whoever asked.

    Raised outside of the `except`, so that no error drags the refusal along.

    Args:
        call: Asks the plan.
        path: The supervisor's.
        kind: What the supervisor is called.
    """
    try:
        return call()
    except Refused as refused:
        error = error_of(refused, path, kind=kind)
    raise error


def error_of(
    refused: Refused,
    path: str,
    spec: ChildSpec[Any] | None = None,
    *,
    kind: str = "supervisor",
) -> Exception:
    """Return what a refused request raises.

    Args:
        refused: Why.
        path: The supervisor's.
        spec: What was to be started, if that is not the specification of the child.
        kind: What the supervisor is called.
    """
    # It knows records by what the core sees of them.
    record = cast("Any", refused.record)
    match refused.why:
        case "stopping":
            return SupervisorStopping(path)
        case "no_such_child":
            return NoSuchChild(f"{kind} {path!r}", refused.id)
        case "disabled":
            return NoSuchChild(f"{path!r} (partition disabled)", refused.id)
        case "already_started":
            return AlreadyStarted(record.handle)
        case "already_present":
            return AlreadyPresent(record.handle)
        case "not_stopped":
            return ChildNotStopped(record.handle)
        case "quarantined":
            return ChildQuarantined(record.handle)
        case "max_children":
            return MaxChildren(path, refused.limit)
        case "not_started":
            exit = NOPROC if refused.exit is None else refused.exit
            return start_error(record.spec if spec is None else spec, exit)
        case "changed":
            return refused
