"""Tries every order of steps that can make a difference: each once.

Pure: a run asks which task goes on, and tells what its step touched. Two steps that
touched nothing in common may be swapped without anybody noticing; orders that differ in
such swaps only are one *interleaving*. Of each interleaving one order is run.

That is dynamic partial-order reduction with source sets and sleep sets, after Abdulla,
Aronis, Jonsson and Sagonas, "Optimal dynamic partial order reduction" (POPL 2014): after
a run each pair of steps that could have come the other way round leaves a place to go
back to, and a task that was tried at a place sleeps there until a step touches what it
touches.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from typing import TypeAlias

from attrs import Factory, define, frozen

Name: TypeAlias = Hashable
"""A task: called the same in all runs that have come the same way."""


class NotDeterministic(Exception):
    """A run that was told to go the way of another one did something else."""


@frozen
class Footprint:
    """What a step touched, by names that are the same in all runs."""

    reads: frozenset[Hashable] = frozenset()
    writes: frozenset[Hashable] = frozenset()

    def meets(self, other: Footprint) -> bool:
        """Whether it matters which of the two steps comes first."""
        return not (
            self.writes.isdisjoint(other.writes)
            and self.writes.isdisjoint(other.reads)
            and self.reads.isdisjoint(other.writes)
        )


@define
class _Step:
    task: Name
    footprint: Footprint
    before: int
    """The steps that could in no order come after it, as bits."""


@define
class _Node:
    """A place where it was chosen which task goes on."""

    ready: tuple[Name, ...]
    chosen: Name
    sleep: dict[Name, Footprint]
    """Tasks whose next step was tried elsewhere, and what that touches."""
    wanted: list[Name] = Factory(list[Name])
    done: dict[Name, Footprint] = Factory(dict[Name, Footprint])


class Explorer:
    """Says which way each run goes, until all were tried.

    For each run: `begin`, then `choose` and `stepped` in turn, then `finish`, which
    tells whether there is another one to make.
    """

    def __init__(self) -> None:
        self.distinct = 0
        """Interleavings that were run, no two of them the same."""
        self.redundant = 0
        """Runs that turned out to repeat one of them."""
        self.complete = False
        """Whether all were tried."""
        self._nodes: list[_Node] = []
        self._known = 0  # steps of this run that an earlier one took, too
        self._steps: list[_Step] = []
        self._last: dict[Name, int] = {}
        self._touched: dict[Hashable, list[tuple[int, bool]]] = {}
        self._repeats = False

    def begin(self) -> None:
        """Begin a run."""
        self._known = len(self._nodes)
        self._steps.clear()
        self._last.clear()
        self._touched.clear()
        self._repeats = False

    @property
    def repeats(self) -> bool:
        """Whether the present run repeats one that there was: it proves nothing."""
        return self._repeats

    def choose(self, ready: Sequence[Name]) -> Name:
        """Return which of the tasks that are ready goes on.

        Raises:
            NotDeterministic: the task that went on here is not ready this time.
        """
        at = len(self._steps)
        if self._repeats:
            return ready[0]
        if at < len(self._nodes):
            node = self._nodes[at]
            if node.chosen not in ready:
                raise NotDeterministic
            return node.chosen
        sleep = self._asleep(at)
        chosen = next((task for task in ready if task not in sleep), None)
        if chosen is None:
            self._repeats = True
            return ready[0]
        self._nodes.append(_Node(tuple(ready), chosen, sleep, [chosen]))
        return chosen

    def _asleep(self, at: int) -> dict[Name, Footprint]:
        if not at:
            return {}
        node, step = self._nodes[at - 1], self._steps[at - 1]
        return {
            task: footprint
            for task, footprint in {**node.sleep, **node.done}.items()
            if task != step.task and not footprint.meets(step.footprint)
        }

    def stepped(
        self,
        task: Name,
        footprint: Footprint,
        woken_by: int | None,
        after_all: int,
    ) -> None:
        """Take note of a step.

        Args:
            task: Whose it was.
            footprint: What it touched.
            woken_by: The number of the step that made the task ready, if one did.
            after_all: All steps before the one of this number come first: nothing could
                go on when the task was made ready, so time passed.
        """
        if self._repeats:
            return
        at = len(self._steps)
        before = (1 << after_all) - 1
        for cause in (self._last.get(task), woken_by):
            if cause is not None:
                before |= self._steps[cause].before | 1 << cause
        for other in self._meeting(footprint):
            if before >> other & 1:
                continue
            # They follow each other at once, but for what is between by chance.
            if at >= self._known - 1:
                self._swap(other, task, before)
            before |= self._steps[other].before | 1 << other
        self._steps.append(_Step(task, footprint, before))
        self._last[task] = at
        for key in footprint.reads:
            self._touched.setdefault(key, []).append((at, False))
        for key in footprint.writes:
            self._touched.setdefault(key, []).append((at, True))

    def _meeting(self, footprint: Footprint) -> list[int]:
        """Return the steps that touched what this one does, the last one first."""
        found: set[int] = set()
        for key in footprint.writes:
            found.update(at for at, _ in self._touched.get(key, ()))
        for key in footprint.reads:
            found.update(at for at, wrote in self._touched.get(key, ()) if wrote)
        return sorted(found, reverse=True)

    def _swap(self, first: int, task: Name, before: int) -> None:
        """Want a run in which a task's present step comes before an earlier step.

        Args:
            first: The earlier step.
            task: Whose present step it is.
            before: What has to come before that step anyway.
        """
        node = self._nodes[first]
        if node.chosen == task:
            return
        begin = self._beginners(first, task, before)
        if any(each in node.wanted for each in begin):
            return
        wanted = [each for each in begin if each in node.ready]
        node.wanted += wanted[:1] or [t for t in node.ready if t not in node.wanted]

    def _beginners(self, first: int, task: Name, before: int) -> list[Name]:
        """Return which tasks can begin what leads to the swap."""
        between: dict[Name, None] = {}
        mask = 0
        for at in range(first + 1, len(self._steps)):
            step = self._steps[at]
            if step.before >> first & 1:
                continue
            if not step.before & mask:
                between.setdefault(step.task)
            mask |= 1 << at
        begin = list(between)
        if not before & mask:
            begin.insert(0, task)
        return begin

    def finish(self) -> bool:
        """End a run; return whether there is another one to make."""
        self.distinct += not self._repeats
        self.redundant += self._repeats
        while self._nodes:
            node = self._nodes[-1]
            at = len(self._nodes) - 1
            if at < len(self._steps):
                node.done[node.chosen] = self._steps[at].footprint
            other = next(_untried(node), None)
            if other is not None:
                node.chosen = other
                return True
            self._nodes.pop()
        self.complete = True
        return False


def _untried(node: _Node) -> Iterator[Name]:
    for task in node.wanted:
        if task not in node.done and task not in node.sleep:
            yield task
