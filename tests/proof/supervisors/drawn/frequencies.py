"""What generated scenarios are made of, and how often; the plainest comes first."""

from __future__ import annotations

from typing import TypeAlias

from tests.proof.supervisors.scenario import (
    AutoShutdown,
    Reason,
    Restart,
    Shutdown,
    StopBehaviour,
    Strategy,
)

CRASH: Reason = ("error", "crash")
REASONS: tuple[Reason, ...] = (
    CRASH,
    CRASH,
    "normal",
    "shutdown",
    ("shutdown", "done"),
)
STRATEGIES: tuple[Strategy, ...] = (
    "one_for_one",
    "one_for_one",
    "one_for_all",
    "one_for_all",
    "rest_for_one",
    "rest_for_one",
    "rest_for_one",
    "dynamic",
)
AUTO: tuple[AutoShutdown, ...] = (
    "never",
    "never",
    "never",
    "never",
    "never",
    "any_significant",
    "all_significant",
)
RESTARTS: tuple[Restart, ...] = ("permanent", "permanent", "transient", "temporary")

_Ending: TypeAlias = tuple[Shutdown, StopBehaviour]


def _often(times: int, shutdown: Shutdown, stop: StopBehaviour) -> tuple[_Ending, ...]:
    ending: _Ending = (shutdown, stop)
    return (ending,) * times


# How workers end, with real milliseconds where it takes time: those are few.
ENDINGS: tuple[_Ending, ...] = (
    *_often(60, 5000, "default"),
    *_often(12, 5000, "trap"),
    *_often(6, "brutal_kill", "trap"),
    *_often(4, "brutal_kill", "default"),
    *_often(4, "infinity", "trap"),
    *_often(4, 5000, "normal"),
    *_often(4, 5000, "error"),
    (0, "default"),
    (0, "trap"),
    (0, "error"),
    (10, "stubborn"),
    ("brutal_kill", "stubborn"),
    (5000, ("slow", 10)),
    (10, ("slow", 2000)),
)
