"""What must become true after the last fault, and stay so: the `eventually` of users.

When a demand is due nobody can know whether another fault is to hit: one waits at a
checkpoint that the tree may still come to. So what is found is kept back until the run
is over, and forgotten if another fault hits.

A demand with much time (`within=600`) does not make runs that long: what is true after
the usual time, and with that at the end of the run, counts as come true. Only what is
false then is waited for.
"""

from __future__ import annotations

import math
from collections.abc import Awaitable, Iterable, Iterator
from inspect import isawaitable
from typing import TypeAlias

import trio
from attrs import define

from trio_sup.testing._monitor.error_line import told
from trio_sup.testing._run.disturbance import Disturbance
from trio_sup.testing.invariants import Invariant
from trio_sup.testing.world import World

LEAST_PAUSE = 0.25
"""Seconds between two questions to a tree; they would go on for ever else."""

EDGE = 1e-9
"""Seconds; room for rounding."""

Finding: TypeAlias = tuple[float, int, str]
"""When, after how many events, and why."""

STILL_WAITS = "its check still waits"


@define(eq=False)
class _Demand:
    """One demand, and what was found since the last fault."""

    asked: Invariant
    number: int = -1
    """The disturbance after which this was found."""
    looked: float = -math.inf
    """When the last look began that came to an answer."""
    asking: bool = False
    asks: bool = False
    """Whether it asks the tree, so that each look makes something happen."""
    found: Finding | None = None
    """The first answer that was not true, when it had to be."""
    true: bool = False
    """The last answer."""


class Demands:
    """All demands of one run.

    Args:
        invariants: Those that are no demands are left out.
        world: The run.
        felt: When its faults hit.
        usual: Seconds after the last fault in which a run is watched at least, if its
            demands have so many.
    """

    def __init__(
        self,
        invariants: Iterable[Invariant],
        world: World,
        felt: Disturbance,
        usual: float,
    ) -> None:
        self._usual = usual
        self._world = world
        self._felt = felt
        self._all = [_Demand(each) for each in invariants if each.when == "eventually"]

    def until(self) -> float:
        """Return how long the run is to be watched; infinite while a fault still works."""
        if not self._all or not self._going():
            return 0.0
        if self._felt.going:
            return math.inf
        most = max(each.asked.within for each in self._all)
        return self._felt.last + min(most, self._usual)

    def next(self, now: float) -> float:
        """Return when the next of them is due; infinite if all are."""
        dues = (self._felt.last + each.asked.within for each in self._all)
        return min((due for due in dues if due > now), default=math.inf)

    def answered(self, since: float) -> bool:
        """Whether each was answered for good, by a look at `since` or later."""
        return not self._going() or all(
            each.number == self._felt.number
            and (
                each.found is not None
                or (each.true and each.looked >= since - EDGE and not each.asking)
            )
            for each in self._all
        )

    def look(self, now: float, nursery: trio.Nursery, final: float) -> bool:
        """Judge what is due; to be called when nothing more happens.

        Args:
            now: Virtual time.
            nursery: Where checks run that ask the tree.
            final: From when on the run may end as soon as all is answered.

        Returns:
            Whether a check has begun to ask: something happens again.
        """
        asks = False
        if self._felt.going or not self._going():
            return asks
        for demand in self._all:
            if demand.number != self._felt.number:
                demand.number, demand.found = self._felt.number, None
                demand.looked, demand.true = -math.inf, False
            if not demand.asking and now >= self._next(demand, final) - EDGE:
                self._judge(demand, now, nursery)
                asks = asks or demand.asking
        return asks

    def _next(self, demand: _Demand, final: float) -> float:
        """Return when the next look at a demand is worth it."""
        if demand.found is not None:
            return math.inf  # unless a fault hits, that is it
        first = min(self._felt.last + demand.asked.within, final)
        if not demand.asks or demand.looked < first - EDGE:
            return first
        if demand.true:  # once more at the end; each question disturbs the tree
            return final if demand.looked < final - EDGE else math.inf
        pause = max(demand.asked.within / 64, LEAST_PAUSE)
        return min(t for t in (demand.looked + pause, final) if t > demand.looked)

    def _judge(self, demand: _Demand, now: float, nursery: trio.Nursery) -> None:
        number = self._felt.number
        try:
            answer = demand.asked.check(self._world)
        except Exception as error:  # noqa: BLE001 - the user's verdict
            self._note(demand, number, now, told(error))
            return
        if isawaitable(answer):
            demand.asks = demand.asking = True
            nursery.start_soon(
                self._ask, demand, number, now, answer, name="harness: eventually"
            )
        else:
            self._note(demand, number, now, _why(answer))

    async def _ask(
        self, demand: _Demand, number: int, now: float, answer: Awaitable[object]
    ) -> None:
        why: str | None = STILL_WAITS
        try:
            with trio.move_on_after(max(demand.asked.within, LEAST_PAUSE)):
                why = _why(await answer)
        except Exception as error:  # noqa: BLE001 - the user's verdict
            why = told(error)
        finally:
            demand.asking = False
        self._note(demand, number, now, why)

    def _note(self, demand: _Demand, number: int, now: float, why: str | None) -> None:
        if number != self._felt.number or not self._going():
            return  # a fault hit meanwhile
        due = self._felt.last + demand.asked.within - EDGE
        before, demand.looked = demand.looked, now
        demand.true = why is None
        if why is not None and demand.found is None and now >= due:
            late = f"not within {demand.asked.within:g} s of the last fault"
            if before >= due:
                late = "it came true after the last fault, but did not stay so"
            at, place = trio.current_time(), len(self._world.events)
            demand.found = (at, place, f"{late}: {why}")

    def _going(self) -> bool:
        world = self._world
        return (
            world.root_ is not None
            and world.root_.status == "running"
            and world.outcome == "running"
        )

    def findings(self) -> Iterator[tuple[str, Finding]]:
        """Yield what was not true in the end: the demand's name, and the finding."""
        for demand in self._all:
            if demand.found is not None and demand.number == self._felt.number:
                yield demand.asked.name, demand.found


def _why(answer: object) -> str | None:
    return None if answer is None or answer else "it is false"
