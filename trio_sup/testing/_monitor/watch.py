"""One automaton a supervisor: which of its decisions its specification allows next.

What it must do sooner or later is checked by `supervisor_rules.settled`, when nothing more
can happen by itself.
"""

from __future__ import annotations

from collections.abc import Callable

from trio_sup.testing._monitor.child_watch import SLACK, ChildWatch, Plan
from trio_sup.testing._monitor.facts import Seen
from trio_sup.testing._monitor.watch_lives import LivesWatch


class SupervisorWatch(LivesWatch):
    """The automaton of one life of one supervisor."""

    def take(self, seen: Seen) -> None:
        """Take an event about one of the children."""
        handler = _HANDLERS.get(seen.kind)
        if handler is not None:
            handler(self, seen, self.record(seen.path))

    def by_label(self, label: str) -> ChildWatch | None:
        """Return the watch of the child with that id, removed or not."""
        path = f"{self.path}/{label}"
        # Two ids may look alike; then it is about the one that waits for a decision.
        alike = [k for k in self.records.values() if k.facts.text == path]
        waiting = [k for k in (*self.line, *self.limbo) if k.facts.text == path]
        found = [*alike, *(k for k in alike if k in self.line), *waiting]
        return found[-1] if found else None

    def forget_disabled(self) -> None:
        """End a plan in which only partitions are left that were stopped by hand.

        They may be disabled, and then stay down; if not, they would have started.
        """
        plan = self.plan
        if plan is None or not self.flags.loose:
            return
        left = plan.todo if plan.phase == "start" else self.records.values()
        if all(record.by_hand for record in left):
            self.plan = None

    # Decisions.

    def restart_decided(self, seen: Seen, record: ChildWatch) -> None:
        self.forget_disabled()
        self._check_deserved(seen, record, "restarted")
        if self.mode != "running":
            self.complain(seen, "decisions wait for the start", f"it is {self.mode}")
        self._check_limits(seen, record)
        least, most = record.next_delays(seen.at)
        if not least - SLACK <= seen.delay <= most + SLACK:
            expected = f"{least:g}" if least == most else f"{least:g} to {most:g}"
            self.complain(
                seen, "the delay is the backoff's", f"{seen.delay:g} s, not {expected}"
            )
        self._leave_line(record)
        if self.flags.grouped:
            self._begin_plan(seen, record)
        else:
            record.due = seen.at + seen.delay

    def _check_deserved(self, seen: Seen, record: ChildWatch, verb: str) -> None:
        if record in self.line or record in self.limbo:
            if not record.comes_back():
                self.complain(
                    seen,
                    "the restart type decides (SUP-040..042)",
                    f"{verb}, a {record.facts.restart} child that ended: {record.exit}",
                )
            return
        name_taken = record.due is not None or self._plan_tries(seen, record)
        if not name_taken or record.alive:
            self.complain(
                seen, "a decision follows an end", f"{verb} while it was {record.state}"
            )

    def _plan_tries(self, seen: Seen, record: ChildWatch) -> bool:
        """Whether the start of a group may have failed at a name, without a life."""
        plan = self.plan
        if plan is None:
            return False
        due = seen.at >= plan.at - SLACK - self.slack
        return record in plan.todo or (plan.phase == "stop" and due)

    def _check_limits(self, seen: Seen, record: ChildWatch) -> None:
        budget = record.budget_limit()
        if budget is not None:
            if budget.full(seen.at, self.slack):
                self.complain(
                    seen, "a budget limits restarts", "restarted beyond its own budget"
                )
            budget.note(seen.at)
        if self.limit.full(seen.at, self.slack):
            self.complain(
                seen,
                "the limit ends restarts (SUP-070)",
                f"restart {len(self.limit.times) + 1} of {self.flags.max_restarts} "
                f"in {self.flags.max_seconds:g} s",
            )
        self.limit.note(seen.at)

    def _leave_line(self, record: ChildWatch) -> None:
        for pile in (self.line, self.limbo):
            if record in pile:
                pile.remove(record)

    def _begin_plan(self, seen: Seen, record: ChildWatch) -> None:
        waiting, at, pivot = self.plan, seen.at + seen.delay, record
        if waiting is not None:
            at = max(at, waiting.at)
            order = list(self.records.values())
            if order.index(waiting.pivot) < order.index(record):
                pivot = waiting.pivot
        group = self.group(pivot)
        if seen.siblings != len(group) - 1 and not self.flags.loose:
            self.complain(
                seen,
                "the strategy says who is restarted (SUP-050..052)",
                f"{seen.siblings} siblings instead of {len(group) - 1}",
            )
        self.line = [k for k in self.line if k not in group]
        self.plan = Plan(pivot, at)

    def quarantined(self, seen: Seen, record: ChildWatch) -> None:
        if record.held:
            self._leave_line(record)
            record.rest()
            record.quarantined, record.held, record.request = True, False, ""
            return
        self._check_over_budget(seen, record, "quarantine")
        self._leave_line(record)
        record.quarantined = True
        budget = record.facts.budget
        if budget is not None and budget[3] is not None:
            record.due = seen.at + budget[3]

    def given_up(self, seen: Seen, record: ChildWatch) -> None:
        # It stays in line: it is forgotten next and, if significant, may end all.
        self._check_over_budget(seen, record, "stop")
        record.given_up = True

    def _check_over_budget(self, seen: Seen, record: ChildWatch, then: str) -> None:
        self._check_deserved(seen, record, "taken down")
        budget, facts = record.budget_limit(), record.facts.budget
        if budget is None or budget.full(seen.at, self.slack) is False:
            self.complain(seen, f"{then} ends a budget", "taken down within its budget")
        elif facts is not None and facts[2] != then:
            self.complain(seen, "a budget says what follows", f"{then}, not {facts[2]}")
        record.rest()

    def released(self, seen: Seen, record: ChildWatch) -> None:
        if not record.quarantined or record.due is None:
            self.complain(
                seen, "a quarantine ends by its time", f"it was {record.state}"
            )
            return
        self._check_waited(seen, record.due)
        record.budget, record.due = None, seen.at

    def requested(self, seen: Seen, record: ChildWatch) -> None:
        record.request = seen.action
        self.forget_disabled()
        if seen.action == "terminate_child":
            plan = self.plan
            waits = plan is not None and plan.pivot is record and not record.alive
            # Its start failed in a plan, and the next attempt is in line.
            stalled = plan is None and record in self.line and record.failed
            if record in self.line:
                self.line.remove(record)
            if (waits or stalled) and self.flags.grouped:
                self._give_up_plan(record)
            record.rest()
            record.by_hand, record.held = not record.alive, False
        elif seen.action == "quarantine_child":
            self._quarantine(seen, record)
        elif seen.action in ("hold_child", "release_child"):
            record.held = seen.action == "hold_child"
        elif seen.action == "replace_child":
            if self.flags.grouped:
                record.request, self.plan = "", Plan(record, seen.at)
        elif seen.action == "restart_child":
            record.budget, record.held = None, False
            if record.quarantined:
                record.due = None
            if self.plan is not None and self.plan.pivot is record:
                self.plan.at = seen.at
            if record.due is not None:
                record.due = seen.at

    def _quarantine(self, seen: Seen, record: ChildWatch) -> None:
        """By hand: a group that waits because of it starts without it."""
        plan = self.plan
        waits = plan is not None and plan.pivot is record and not record.alive
        stalled = plan is None and record in self.line and record.failed
        if record in self.line:
            self.line.remove(record)
        record.rest()
        record.held = True
        if self.flags.grouped and (waits or stalled):
            todo = [k for k in self.group(record) if k is not record and not k.alive]
            self.plan = Plan(todo[0], seen.at, "start", todo) if todo else None

    def _give_up_plan(self, pivot: ChildWatch) -> None:
        """Whom the plan turns on, or the next attempt, was terminated."""
        plan, self.plan = self.plan, None
        if plan and self.flags.loose and self.flags.strategy == "one_for_all":
            # The partitions that are left go on without it, if there are any. (Before
            # one whose start failed all are up, and those after it went with it.)
            self.plan = Plan(next(iter(self.records.values())), plan.at)
            pivot.by_hand = True
            return
        self._lie_down(self.group(pivot))

    def _lie_down(self, group: list[ChildWatch]) -> None:
        """A plan is cancelled: those that are down stay down (SUP-087)."""
        for record in group:
            if (
                not record.alive
                and record not in self.line
                and record not in self.limbo
            ):
                record.rest()


_HANDLERS: dict[str, Callable[[SupervisorWatch, Seen, ChildWatch], None]] = {
    "child_starting": SupervisorWatch.starting,
    "child_started": SupervisorWatch.started,
    "child_start_failed": SupervisorWatch.start_failed,
    "child_ignored": SupervisorWatch.ignored,
    "child_stopping": SupervisorWatch.stopping,
    "child_stopped": SupervisorWatch.stopped,
    "child_crashed": SupervisorWatch.ended_alone,
    "child_removed": SupervisorWatch.removed,
    "child_quarantined": SupervisorWatch.quarantined,
    "child_released": SupervisorWatch.released,
    "child_given_up": SupervisorWatch.given_up,
    "restart_decided": SupervisorWatch.restart_decided,
    "requested": SupervisorWatch.requested,
}
