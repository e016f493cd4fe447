"""Plans of faults for a running node: drawn from a seed, or read. Pure.

The words are those of `FAULT_WORDS` that a node can be told to bring about. A plan is a list of steps, each one action; some come in pairs, so that what was
suspended goes on and what was terminated is started again.
"""

from __future__ import annotations

import json
import random
from collections.abc import Collection, Container, Iterable, Sequence
from typing import Any, Final

from attrs import frozen

from trio_sup._core.fault_words import FAULT_WORDS
from trio_sup._core.words import LEAVES
from trio_sup.inspect.protocol.wire_rows import Row

KINDS: Final = tuple(each.word for each in FAULT_WORDS if each.chaos)
"""What can be drawn."""
DEFAULT_KINDS: Final = tuple(e.word for e in FAULT_WORDS if e.chaos == "always")
HANGS: Final = ("suspend", "resume")
"""The actions that a hang consists of; any other kind has its action's name."""
ACTIONS: Final = (*(kind for kind in KINDS if kind != "hang"), *HANGS)
"""What a script may say."""
HANG: Final = 2.0
"""Seconds that a server is suspended."""
DOWN: Final = 1.0
"""Seconds that a terminated child stays down."""
FLOOD: Final = "500"
"""Messages of a flood."""
MAX_STEPS: Final = 100_000


class PlanError(ValueError):
    """A script that cannot be used; `str` is one line that says why."""


@frozen(order=True)
class Step:
    """One action at one time."""

    at: float
    """Seconds since the beginning."""
    fault: str
    """One of `ACTIONS`."""
    path: str
    argument: str = ""
    """For a flood how many messages."""


def targets(
    rows: Iterable[Row], kind: str, among: Container[int] | None = None
) -> list[str]:
    """The paths of the children that a kind of fault can be drawn for, in order.

    Args:
        rows: All children of the node.
        kind: One of `KINDS`.
        among: The ids of those that may be hit; None for all.

    Supervisors and temporary children are left alone: nothing would bring the latter
    back. For the same reason nothing under a dynamic supervisor is terminated.
    """
    known = {row.id: row for row in rows}
    found: list[str] = []
    for row in known.values():
        parent = known.get(row.parent)
        lost = kind == "terminate" and (parent is None or parent.kind == "dynamic")
        wrong = kind in ("hang", "flood") and row.kind != "server"
        meant = among is None or row.id in among
        returns = row.restart != "temporary" and not lost
        if row.kind in LEAVES and meant and returns and not wrong:
            found.append(row.path)
    return sorted(found)


def draw_plan(
    rows: Collection[Row],
    *,
    among: Container[int] | None = None,
    kinds: Sequence[str] = DEFAULT_KINDS,
    rate: float,
    seconds: float,
    seed: int,
) -> list[Step]:
    """Draw faults for the children of a node; equal arguments draw an equal plan.

    Args:
        rows: All children of the node.
        among: The ids of those that may be hit; None for all.
        kinds: Some of `KINDS`.
        rate: Faults a second, on average.
        seconds: When the last fault has happened at the latest.
        seed: Where the draws come from.

    Raises:
        PlanError: there is no child that any of the kinds fits, too much is asked, or
            so little that nothing was drawn.
    """
    if rate * seconds > MAX_STEPS:
        raise PlanError(f"more than {MAX_STEPS} faults: less rate, or less time")
    choices = {kind: paths for kind in kinds if (paths := targets(rows, kind, among))}
    if not choices:
        raise PlanError("there is no child that these faults can happen to")
    draw = random.Random(seed)
    steps: list[Step] = []
    at = draw.expovariate(rate)
    while at < seconds:
        kind = draw.choice([*choices])
        steps += _steps(round(at, 3), kind, draw.choice(choices[kind]))
        at += draw.expovariate(rate)
    if not steps:
        raise PlanError(
            f"nothing was drawn: at {rate:g} faults a second {seconds:g} s are too "
            "short; more rate, or more time"
        )
    return sorted(steps)


def _steps(at: float, kind: str, path: str) -> list[Step]:
    match kind:
        case "hang":
            end = round(at + HANG, 3)
            return [Step(at, HANGS[0], path), Step(end, HANGS[1], path)]
        case "terminate":
            end = round(at + DOWN, 3)
            return [Step(at, "terminate", path), Step(end, "restart", path)]
        case "flood":
            return [Step(at, "flood", path, FLOOD)]
        case _:
            return [Step(at, kind, path)]


def step_json(step: Step) -> dict[str, object]:
    """A step as one line of a script."""
    data: dict[str, object] = {"at": step.at, "fault": step.fault, "path": step.path}
    if step.argument:
        data["argument"] = step.argument
    return data


def read_plan(lines: Iterable[str]) -> list[Step]:
    """Read a script: one JSON object a line, as `step_json` makes it.

    Raises:
        PlanError: a line is no step.
    """
    steps: list[Step] = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            data: dict[str, Any] = json.loads(line)
            at, argument = float(data["at"]), str(data.get("argument", ""))
            step = Step(at, str(data["fault"]), str(data["path"]), argument)
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise PlanError(
                f'line {number}: {{"at": 1.5, "fault": "crash", "path": "shop/db"}}'
                " is expected"
            ) from error
        if step.fault not in ACTIONS or not 0 <= step.at < 1e6:
            words = ", ".join(ACTIONS)
            raise PlanError(f"line {number}: faults are {words}; times begin at 0")
        steps.append(step)
        if len(steps) > MAX_STEPS:
            raise PlanError(f"more than {MAX_STEPS} faults")
    return sorted(steps)
