"""What trio-sup answers, in the words of the scenario format."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeAlias

from attrs import define

import trio_sup
from tests.proof.supervisors.trio_workers import Scripted
from tests.proof.trace import Value

AnySupervisor: TypeAlias = trio_sup.Supervisor | trio_sup.DynamicSupervisor


@define
class Answer:
    """What a request was answered, once it was."""

    value: Value = "unanswered"
    handle: trio_sup.Child | None = None

    async def ask(self, call: Callable[[], Awaitable[object]]) -> None:
        """Makes the request and notes the answer in the moment in which it comes."""
        try:
            result = await call()
        except trio_sup.SupervisionError as error:
            self.value = refusal(error)
            return
        self.value = "ok"
        if isinstance(result, trio_sup.Child):
            self.handle = result


def children_of(handle: trio_sup.Child) -> list[trio_sup.ChildInfo]:
    """The children, if it is a supervisor."""
    if isinstance(handle, AnySupervisor):
        return handle.which_children()
    return []


def counts(handle: AnySupervisor) -> Value:
    """The answer of `count_children` in the words of the format."""
    found = handle.count_children()
    return {
        "specs": found.specs,
        "active": found.active,
        "supervisors": found.supervisors,
        "workers": found.workers,
    }


def refusal(error: Exception | None) -> Value:
    """The word of the format for what a request raised."""
    match error:
        case trio_sup.AlreadyStarted():
            return ("error", "already_started")
        case trio_sup.AlreadyPresent():
            return ("error", "already_present")
        case trio_sup.NoSuchChild():
            return ("error", "not_found")
        case trio_sup.MaxChildren():
            return ("error", "max_children")
        case trio_sup.ChildNotStopped():
            back = error.status in ("restarting", "backing_off")
            return ("error", "restarting" if back else "running")
        case trio_sup.StartIgnored():
            return "ignore"
        case trio_sup.StartFailed():
            return ("error", reason_of_failure(error))
        case trio_sup.ChildSpecError():
            return ("error", bad_spec(error))
        case trio_sup.SupervisorStopping() | trio_sup.NoProcess():
            return "down"
        case _:
            raise AssertionError(f"an answer nobody expected: {error!r}")


def reason_of_failure(failure: trio_sup.StartFailed) -> Value:
    """Why a child did not start: its own error, or that of a child of its own."""
    match failure.exit.error:
        case Scripted() as error:
            return ("error", str(error))
        case trio_sup.StartFailed() as inner:
            return reason_of_supervisor(inner)
        case None:
            return failure.exit.kind
        case other:
            raise AssertionError(f"a failed start nobody planned: {other!r}")


def reason_of_supervisor(failure: trio_sup.StartFailed) -> Value:
    """How a supervisor ends when a child of its list did not start."""
    child = str(failure.spec.id)
    return ("shutdown", ("failed_to_start_child", child, reason_of_failure(failure)))


def bad_spec(error: trio_sup.ChildSpecError) -> Value:
    """What is wrong with a specification."""
    if error.field == "id":
        return ("bad_spec", ("duplicate", str(error.value)))
    permanent = "permanent" in error.accepted
    return ("bad_spec", "significant_permanent" if permanent else "significant_never")
