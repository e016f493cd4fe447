"""How children are asked to stop: why, and with which grace."""

from __future__ import annotations

from collections.abc import Iterator

from trio_sup._core.plan.doing import K, Stop, StopAll
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
