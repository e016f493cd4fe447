"""What holds whatever happens, in whatever order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .scenario import Request

if TYPE_CHECKING:
    from .play import Play

ALLOWED = {
    "start_child": {
        "ok", "AlreadyStarted", "AlreadyPresent", "StartFailed", "StartIgnored",
        "SupervisorStopping", "ChildSpecError", "AlreadyRegistered",
    },
    "get_or_start": {
        "ok", "StartFailed", "StartIgnored", "SupervisorStopping", "AlreadyStarted",
    },
    "terminate_child": {"ok", "NoSuchChild", "SupervisorStopping"},
    "restart_child": {
        "ok", "NoSuchChild", "ChildNotStopped", "StartFailed", "StartIgnored",
        "SupervisorStopping",
    },
    "delete_child": {"ok", "NoSuchChild", "ChildNotStopped", "SupervisorStopping"},
    "stop": {"ok"},
}  # fmt: skip
"""The answers that a request may get."""


REFUSALS = {"AlreadyStarted", "AlreadyPresent", "NoSuchChild", "ChildNotStopped"}
"""After these everything is as it was."""


def judge(run: Play) -> None:
    """Add the laws that a finished run has broken to its faults."""
    for path in run.stage.overlaps:
        run.faults.append(f"two lives of {path} at a time")
    for asked in run.asked:
        if isinstance(asked.op, Request):
            what: str = asked.op.what
        else:
            what = "get_or_start" if asked.op.or_get else "start_child"
        for answer in asked.answers:
            word = answer.partition(":")[0]
            if word not in ALLOWED[what] | {"cancelled"}:
                run.faults.append(f"{what} answers {answer}")
            alone = len(run.scenario.script[asked.key[0] - 1]) == 1
            if word in REFUSALS and alone and asked.moment == asked.key[0]:
                before, after = run.moments[asked.moment - 1 : asked.moment + 1]
                if before != after:
                    run.faults.append(f"{what} is refused: {before} is now {after}")
