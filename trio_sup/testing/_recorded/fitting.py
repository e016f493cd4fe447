"""Where the moments of a recording go in a run of the test's tree.

In real time lives begin a little later or sooner than in virtual time, and a crash may
be the work of another one. So a script is fitted to the tree, run by run: what comes by
itself is not brought about a second time, what finds its child not yet alive is put as
far into its next life as it was in the recording, and what cannot happen at all is left
out, with the reason.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Sequence
from typing import Any, Final

from attrs import define, evolve, field

from trio_sup._core import events
from trio_sup._core.anatomy import full_name
from trio_sup._core.events import LifecycleEvent
from trio_sup._core.exits import unwrapped
from trio_sup.testing._recorded.moment import Moment
from trio_sup.testing._recorded.moments import ENDS
from trio_sup.testing.faults import Ask, Fault
from trio_sup.testing.problems import Hit
from trio_sup.testing.world import World

NEAR: Final = 0.5
"""Seconds within which an end that comes by itself is the one that was recorded."""

NO_CHILD: Final = "the test's tree has no such child"
NOT_ALIVE: Final = "it does not live then, or is of another kind"
NO_LIFE: Final = "it has no such life here"
NOT_TAKEN: Final = "it has no such operation here, or with other parameters"
NOT_THERE: Final = "nobody was there for it"


@define
class Fit:
    """The moments of a recording, and what has become of each so far."""

    moments: Sequence[Moment]
    begin: float
    """When the test's tree has started: then the recording begins."""
    at: dict[int, float] = field(factory=dict[int, float])
    """When each happens, by its place among the moments."""
    moved: set[int] = field(factory=set[int])
    """Those that were put into a later life."""
    own: set[int] = field(factory=set[int])
    """Those that come by themselves."""
    left: dict[int, str] = field(factory=dict[int, str])
    """Why the others do not happen."""
    _placed: list[tuple[int, Fault]] = field(factory=list[tuple[int, Fault]])

    @classmethod
    def of(cls, moments: Sequence[Moment], calm: World) -> Fit:
        """Put each where it was recorded, if the tree has such a child.

        Args:
            moments: In order of time.
            calm: The tree's undisturbed run.
        """
        fit = cls(moments, _started(calm))
        known = {calm.name_of(record.path_text) for record in calm.records_}
        for number, moment in enumerate(moments):
            fit.at[number] = round(fit.begin + moment.at, 4)
            fault = moment.fault
            if fault is not None and fault.path and fault.path not in known:
                fit.left[number] = NO_CHILD
            elif isinstance(fault, Ask) and not _takes(calm, fault):
                fit.left[number] = NOT_TAKEN
            elif fault is None and moment.kind in ENDS and moment.path not in known:
                fit.own.add(number)  # a task, say: its end disturbed nobody who is here
        return fit

    def script(self) -> list[Fault]:
        """Return the faults of the next run."""
        self._placed = []
        for number in self._in_order():
            fault = self.moments[number].fault
            if fault is None or number in self.own or number in self.left:
                continue
            if fault.at is not None:
                fault = evolve(fault, at=self.at[number])
            else:
                fault = evolve(fault)  # two that are equal are still two
            self._placed.append((number, fault))
        return [fault for _, fault in self._placed]

    def improved(self, world: World) -> bool:
        """Look at a run of the script; whether the script has to be another one."""
        hits = self._hits(world)
        claimed = {
            place for n, hit in hits.items() if (place := self._of(n, hit, world))
        }
        for number in self._in_order():
            moment = self.moments[number]
            if number in self.own or number in self.left:
                continue
            hit = hits.get(number)
            place = self._by_itself(number, hit, world, claimed)
            if place:
                claimed.add(place)
                self.own.add(number)
                if moment.fault is not None:
                    return True
            elif moment.fault is not None and (hit is None or hit.missed):
                self._put_later(number, hit, world)
                return True
        return False

    def settle(self) -> None:
        """There are no more runs: say why what has no fault did not happen."""
        for number, moment in enumerate(self.moments):
            if moment.fault is None and number not in self.own:
                self.left.setdefault(number, moment.why)

    def give_up(self, world: World) -> None:
        """There may be no more runs: what was missed is left out."""
        for number, hit in self._hits(world).items():
            if hit.missed:
                self.left[number] = NOT_ALIVE

    def unplayed(self) -> Iterator[tuple[Moment, str]]:
        """Return what did not happen, and why, in order of time."""
        for number in sorted(self.left):
            yield self.moments[number], self.left[number]

    def _in_order(self) -> list[int]:
        return sorted(self.at, key=lambda number: self.at[number])

    def _hits(self, world: World) -> dict[int, Hit]:
        numbers = {id(fault): number for number, fault in self._placed}
        return {
            numbers[id(hit.fault)]: hit
            for hit in world.hits
            if id(hit.fault) in numbers
        }

    def _of(self, number: int, hit: Hit, world: World) -> int:
        """Return the place behind the end that a fault brought about; 0 if none is."""
        moment = self.moments[number]
        if hit.missed or moment.kind not in ENDS:
            return 0
        for place in range(hit.place, len(world.events)):
            event = world.events[place]
            if event.kind in ENDS and world.name_of(event.path) == moment.path:
                return place + 1
        return 0

    def _by_itself(
        self, number: int, hit: Hit | None, world: World, claimed: set[int]
    ) -> int:
        """Return the place behind an end that needed no fault; 0 if there is none."""
        moment, at = self.moments[number], self.at[number]
        if moment.kind not in ENDS or moment.kind == "child_start_failed":
            return 0
        last = len(world.events) if hit is None else hit.place
        for place, event in enumerate(world.events[:last], 1):
            if (
                event.kind == moment.kind
                and abs(event.at - at) <= NEAR
                and place not in claimed
                and world.name_of(event.path) == moment.path
                and _error_of(event) == moment.error
                and not getattr(event, "requested", False)
            ):
                return place
        return 0

    def _put_later(self, number: int, hit: Hit | None, world: World) -> None:
        """A fault was missed: put it into the next life, or leave it out."""
        moment = self.moments[number]
        assert moment.fault is not None
        if moment.fault.at is None:
            self.left[number] = NO_LIFE
            return
        begins = None if hit is None else self._next_life(moment.path, hit, world)
        if moment.into is None or begins is None or number in self.moved:
            self.left[number] = NOT_ALIVE if moment.path else NOT_THERE
            return
        self.moved.add(number)
        later = begins + moment.into - self.at[number]
        for each in range(number, len(self.moments)):
            if self.moments[each].path == moment.path:
                self.at[each] = round(self.at[each] + later, 4)

    def _next_life(self, path: str, hit: Hit, world: World) -> float | None:
        for event in world.events[hit.place :]:
            begins = isinstance(event, events.ChildStarting)
            if begins and world.name_of(event.path) == path:
                return event.at
        return None


def _takes(calm: World, fault: Ask) -> bool:
    """Whether the server at a path has an operation that takes such arguments."""
    handlers: dict[Any, Any]
    handlers = getattr(calm.child(fault.path).record.spec.target, "__handlers__", {})
    for op in handlers:
        if op.name == fault.op:
            caller = (None,) * (2 if op.deferred else 1)
            try:
                inspect.signature(op.fn).bind(*caller, *fault.args)
            except TypeError:
                return False
            return True
    return False


def _started(calm: World) -> float:
    """Return when the tree of an undisturbed run had started."""
    root = calm.root.path_text
    for event in calm.events:
        if isinstance(event, events.ChildStarted) and event.path == root:
            return event.at
    return 0.0


def _error_of(event: LifecycleEvent) -> str:
    if not isinstance(event, events.ChildCrashed | events.ChildStopped):
        return ""
    error = event.exit.error
    return "" if error is None else full_name(unwrapped(error))
