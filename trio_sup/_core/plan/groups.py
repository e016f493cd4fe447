"""Restarts that concern siblings, too (one_for_all, rest_for_one).

A group stops at once, last started first; waits, if its pivot backs off; then starts,
in start order. A start that fails makes its child the pivot of the next attempt, which
counts and waits its turn in line (SUP-084..086).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Generic, Literal

from attrs import Factory, define

from trio_sup._core.anatomy import is_a
from trio_sup._core.exits import Exit, Ignore
from trio_sup._core.plan import telling
from trio_sup._core.plan.doing import Changed, K, Settle, Steps, Wake
from trio_sup._core.plan.supervision import Plan
from trio_sup._core.plan.telling import cause_of
from trio_sup._core.strategy import Decision, Restart


@define(eq=False)
class Group(Generic[K]):
    """One restart of a group on its way."""

    pivot: K
    """The child on whom it turns: with rest_for_one those before it are spared."""
    at: float
    """When it may start, at the earliest."""
    phase: Literal["stops", "waits", "starts"] = "stops"
    todo: list[K] = Factory(list[K])
    """Who is still to be stopped, or started, in this order."""


class Groups(Generic[K]):
    """The restarts of groups under one supervisor: one at a time."""

    __slots__ = ("_plan", "present", "stalled")

    def __init__(self, plan: Plan[K]) -> None:
        self._plan = plan
        # The one on its way, if there is one.
        self.present: Group[K] | None = None
        # On whom the next attempt turns that waits in line.
        self.stalled: K | None = None

    @property
    def waiting(self) -> Group[K] | None:
        """The one that waits for its backoff."""
        group = self.present
        return group if group is not None and group.phase == "waits" else None

    @property
    def unfinished(self) -> bool:
        """Whether one waits, or waits for its next attempt."""
        return self.waiting is not None or self.stalled is not None

    # The ends of children, as their turn comes.

    def late_exit(self, record: K, ticket: int, exit: Exit) -> Steps[K, None]:
        """Decide about an end that had to wait its turn."""
        if record.ticket == ticket and not record.alive:
            decision = self._plan.core.on_exit(record, exit, self._plan.now)
            yield from self._follow(record, decision)

    def late_retry(self, record: K) -> Steps[K, None]:
        """Decide about a restart that failed."""
        # By status, not by ticket, as OTP does: a retry that was overtaken by another
        # attempt, which failed as well, keeps its place in line.
        if record.status == "restarting" and not record.alive and not record.undecided:
            decision = self._plan.core.on_failed_restart(record, self._plan.now)
            yield from self._follow(record, decision)

    def _follow(self, record: K, decision: Decision) -> Steps[K, None]:
        if isinstance(decision, Restart) and self._plan.core.grouped:
            yield from self._restart(record, decision.delay)
        else:
            yield self._plan.follow(record, decision, self._plan.now)

    def _restart(self, ended: K, delay: float) -> Steps[K, None]:
        """Restart the group of a child that ended."""
        plan = self._plan
        pivot, at = ended, plan.now + delay
        waiting, self.present = self.waiting, None
        if waiting is not None:
            # Later pivots widen the range and keep the later time.
            waiting.pivot.enter("rests")
            at = max(at, waiting.at)
            if self._comes_before(waiting.pivot, pivot):
                pivot = waiting.pivot
        group = plan.core.group_of(pivot)
        # Told of the child that ended, whose delay it is, whatever the pivot is now.
        siblings, strategy = len(group) - 1, plan.flags.strategy
        yield (telling.restarts(ended, delay, strategy, plan.now, siblings),)
        yield from self.replace(pivot, at)

    def _comes_before(self, one: K, other: K) -> bool:
        order = list(self._plan.core.records.values())
        return one in order and order.index(one) < order.index(other)

    # What a restart consists of.

    def replace(self, pivot: K, at: float, reason: str = "") -> Steps[K, None]:
        """Stop the group of a pivot, and start it again: at a time, or wait for it.

        Args:
            pivot: On whom it turns.
            at: When it is to start.
            reason: Why, for those who are stopped.
        """
        plan = self._plan
        self.stalled = None
        self.present = group = Group(pivot, at)
        yield from self._stop(group, reason)
        if plan.mode != "running":
            return
        if at > plan.now:
            yield self.wait(pivot, at)
        else:
            yield from self._start(group)

    def _stop(self, group: Group[K], reason: str) -> Steps[K, None]:
        plan, pivot = self._plan, group.pivot
        reason = reason or f"{plan.flags.strategy} after {pivot.label!r} ended"
        reason = cause_of(reason, plan.own.path_text)  # one for all of them
        records = plan.core.group_of(pivot)
        for record in records:
            record.ticket += 1
            record.in_plan = True
        group.todo = plan.core.stop_order(records)
        while group.todo:
            record = group.todo.pop(0)
            if record.alive:
                grace = record.spec.shutdown
                asked = telling.stop_of(record, reason, grace, hurried=plan.hurried)
                yield plan.line.stop(asked)
            if plan.mode != "running":
                return
        for record in records:
            # The plan has decided about those that had died before it, too: retries of
            # theirs that are in line are void.
            record.undecided = False
            if record.status != "stopped":
                record.enter("rests")
            # Never restarted, not even if it died before it could be stopped.
            if record.spec.restart == "temporary":
                plan.core.drop(record)
                yield (Settle(record),)

    def wait(self, pivot: K, at: float) -> tuple[Changed[K], Wake[K]]:
        """Let the start of a group wait for its time."""
        pivot.enter("backs_off")
        self.present = Group(pivot, at, "waits")
        return (Changed(pivot), Wake(at, pivot, pivot.ticket))

    def due(self, pivot: K, ticket: int) -> Steps[K, None]:
        """The time of a group that waits has come, and its turn."""
        if pivot.ticket == ticket and self.waiting is not None:
            yield from self.replace(pivot, self._plan.now)

    def _start(self, group: Group[K]) -> Steps[K, None]:
        plan = self._plan
        group.phase = "starts"
        # All are down, but where a pivot has been quarantined behind whom some came up.
        members = plan.core.group_of(group.pivot)
        group.todo = [record for record in members if not record.alive]
        for record in group.todo:
            record.enter("returns")
        while group.todo:
            record = group.todo.pop(0)
            ended = yield from plan.line.start(record, more=bool(group.todo))
            if plan.mode != "running":
                return
            if ended is None:
                continue
            if is_a(ended.error, Ignore):
                plan.core.on_ignored_restart(record)
                yield (Settle(record),)
                continue
            plan.line.add(self.late_retry(record))
            yield self.stall(record, group.todo)
            return
        self.present = None

    def stall(self, failed: K, later: Iterable[K]) -> tuple[Changed[K]]:
        """Let the rest of a group wait for the turn of a child whose start failed.

        The next attempt turns on that child (SUP-084, 085). Those after it are down
        until then, with their names kept (SUP-086), and none of them is active
        (SUP-134); but whoever waits for them must not take them for children that
        stay down.
        """
        for record in later:
            record.enter("rests")
            record.in_plan, record.comes_back = False, True
        self.present = None
        failed.enter("returns")
        failed.in_plan = True
        self.stalled = failed
        return (Changed(failed),)

    def cancel(self, pivot: K) -> Steps[K, None]:
        """Leave the group of a terminated pivot down (SUP-087)."""
        waiting, core = self.waiting, self._plan.core
        if waiting is not None and waiting.pivot is pivot:
            self.present = None
        elif self.stalled is pivot:
            self.stalled = None
        else:
            return
        for other in core.group_of(pivot):
            other.in_plan = False
            # One that came up with the group and died again is none of the plan's.
            if not other.alive and not other.undecided:
                core.retire(other)
                yield (Settle(other),)

    def turns_on(self, record: K) -> bool:
        """Whether a restart that waits, for its time or its turn, turns on a child."""
        waiting = self.waiting
        return self.stalled is record or (
            waiting is not None and waiting.pivot is record
        )

    def go_on_without(self, pivot: K) -> Steps[K, None]:
        """Start the rest of a group whose pivot has been quarantined."""
        group = self._plan.core.group_of(pivot)
        down = [record for record in group if record is not pivot and not record.alive]
        self.stalled = self.present = None
        if down:
            self.present = rest = Group(down[0], self._plan.now)
            yield from self._start(rest)
