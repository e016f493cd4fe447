"""Which situations of the supervisors' core a check has reached, and which never."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, get_args

from attrs import frozen

from trio_sup._core.plan.supervision import Mode
from trio_sup._core.state import ChildState
from trio_sup._core.status import NEXT, StatusEvent
from trio_sup.testing._beside.stand_ins import StandIn
from trio_sup.testing._run.columns import folded
from trio_sup.testing._run.situation import (
    Group,
    Line,
    Situation as Situation,
    Step,
)
from trio_sup.testing.world import present_world

STEPS: tuple[Step, ...] = tuple(
    (status, event) for status, events in NEXT.items() for event in events
)
"""What may happen to a child in which status: the core's own table."""

MODES: tuple[Mode, ...] = get_args(Mode)
EXTRAS = ("named", "line", "group")


@frozen
class SituationReport:
    """Which situations the examples of a check reached, and which none of them did."""

    reached: Mapping[Situation, int]
    """How many examples reached each."""
    examples: int

    @property
    def steps(self) -> dict[Step, int]:
        """In how many examples, at the least, each step of the core's table was met."""
        most: dict[Step, int] = dict.fromkeys(STEPS, 0)
        for situation, count in self.reached.items():
            most[situation.step] = max(most[situation.step], count)
        return most

    @property
    def never(self) -> tuple[Step, ...]:
        """The steps of the core's table that no example met."""
        return tuple(step for step, count in self.steps.items() if not count)

    def __str__(self) -> str:
        heads = "".join(f"{mode:>9}" for mode in MODES)
        lines = [
            f"{'status, what happens':24}{heads}{''.join(f'{e:>6}' for e in EXTRAS)}"
        ]
        lines += [self._row(step) for step, count in self.steps.items() if count]
        left = self.never
        if left:
            lines.append("never:")
        for status in dict.fromkeys(status for status, _ in left):
            events = ", ".join(event for other, event in left if other == status)
            lines += folded(f"{status}: {events}", "  ", "    ")
        met = len(STEPS) - len(left)
        lines.append(
            f"{met} of {len(STEPS)} steps, in {len(self.reached)} situations, "
            f"by {self.examples} examples"
        )
        return "\n".join(lines)

    def _row(self, step: Step) -> str:
        found = [(each, n) for each, n in self.reached.items() if each.step == step]
        modes = [sum(each.mode == mode for each, _ in found) for mode in MODES]
        extras = [
            sum(each.named for each, _ in found),
            sum(each.line != "idle" for each, _ in found),
            sum(each.group != "" for each, _ in found),
        ]
        cells = [f"{n or '.':>9}" for n in modes] + [f"{n or '.':>6}" for n in extras]
        return f"{f'{step[0]}, {step[1]}':24}{''.join(cells)}"


def _meets(judge: object, enter: Any, record: ChildState, event: StatusEvent) -> Any:
    world, above = present_world.get(), record.above
    shell: Any = None if above is None else getattr(above, "shell", None)
    if world is not None and shell is not None:
        plan = shell.plan
        line: Line = (
            "queued" if plan.line.queue else "busy" if plan.line.busy else "idle"
        )
        groups = getattr(plan, "groups", None)  # a dynamic supervisor has none
        present = None if groups is None else groups.present
        group: Group = "" if present is None else present.phase
        named = record.pending > 0
        met = Situation(record.status, event, plan.mode, named, line, group)
        world.situations_[met] = world.situations_.get(met, 0) + 1
    return enter(record, event)


STAND_INS = (StandIn(ChildState, "enter", _meets),)
"""What tells of each change of a status, while a check wants to know."""


class Guide:
    """Counts the situations of examples, and tells Hypothesis which were new.

    Hypothesis keeps, in its database, too, the example with the most situations of
    those that reach a step of the core's table which not every example reaches, and
    makes others that are like it.
    """

    def __init__(self) -> None:
        self.reached: Counter[Situation] = Counter()
        self._examples = 0
        self._often: Counter[Step] = Counter()
        self._targets: set[Step] = set()

    def ran(self, met: Mapping[Situation, int]) -> Iterator[tuple[str, float]]:
        """Count an example; yield the targets that it is good for."""
        steps = {each.step for each in met}
        new = steps - set(self._often)
        if self._examples:  # the first one shows what happens anyway
            self._targets |= new
        self._examples += 1
        self._often.update(steps)
        self.reached.update(met.keys())
        for status, event in sorted(steps & self._targets):
            yield f"{status}, {event}", float(len(met))

    @property
    def report(self) -> SituationReport:
        """What there is to tell."""
        return SituationReport(dict(self.reached), self._examples)
