"""One automaton a supervisor: which of its decisions its specification allows next.

What it must do sooner or later is checked by `supervisor_rules.settled`, when nothing more
can happen by itself.
"""

from __future__ import annotations

from collections.abc import Callable

from trio_sup.testing._monitor.child_watch import KidWatch
from trio_sup.testing._monitor.facts import Seen
from trio_sup.testing._monitor.watch_lives import SLACK, LivesWatch, Plan


class SupervisorWatch(LivesWatch):
    """The automaton of one life of one supervisor."""

    def take(self, seen: Seen) -> None:
        """Take an event about one of the children."""
        handler = _HANDLERS.get(seen.kind)
        if handler is not None:
            handler(self, seen, self.kid(seen.path))

    # Decisions.

    def restart_decided(self, seen: Seen, kid: KidWatch) -> None:
        self.forget_disabled()
        self._check_deserved(seen, kid, "restarted")
        if self.mode != "running":
            self.complain(seen, "decisions wait for the start", f"it is {self.mode}")
        self._check_limits(seen, kid)
        least, most = kid.next_delays(seen.at)
        if not least - SLACK <= seen.delay <= most + SLACK:
            expected = f"{least:g}" if least == most else f"{least:g} to {most:g}"
            self.complain(
                seen, "the delay is the backoff's", f"{seen.delay:g} s, not {expected}"
            )
        self._leave_line(kid)
        if self.flags.grouped:
            self._begin_plan(seen, kid)
        else:
            kid.due = seen.at + seen.delay

    def _check_deserved(self, seen: Seen, kid: KidWatch, verb: str) -> None:
        if kid in self.line or kid in self.limbo:
            if not kid.comes_back():
                self.complain(
                    seen,
                    "the restart type decides (SUP-040..042)",
                    f"{verb}, a {kid.facts.restart} child that ended: {kid.exit}",
                )
            return
        plan = self.plan
        name_taken = kid.due is not None or (
            plan is not None and (kid in plan.todo or plan.phase == "stop")
        )
        if not name_taken or kid.alive:
            self.complain(
                seen, "a decision follows an end", f"{verb} while it was {kid.state}"
            )

    def _check_limits(self, seen: Seen, kid: KidWatch) -> None:
        budget = kid.budget_limit()
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

    def _leave_line(self, kid: KidWatch) -> None:
        for pile in (self.line, self.limbo):
            if kid in pile:
                pile.remove(kid)

    def _begin_plan(self, seen: Seen, kid: KidWatch) -> None:
        waiting, at, pivot = self.plan, seen.at + seen.delay, kid
        if waiting is not None:
            at = max(at, waiting.at)
            order = list(self.kids.values())
            if order.index(waiting.pivot) < order.index(kid):
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

    def quarantined(self, seen: Seen, kid: KidWatch) -> None:
        self._check_deserved(seen, kid, "quarantined")
        budget = kid.budget_limit()
        if budget is None or budget.full(seen.at, self.slack) is False:
            self.complain(
                seen, "quarantine ends a budget", "quarantined within its budget"
            )
        self._leave_line(kid)
        kid.rest()
        kid.quarantined = True

    def requested(self, seen: Seen, kid: KidWatch) -> None:
        kid.request = seen.action
        self.forget_disabled()
        if seen.action == "terminate_child":
            plan = self.plan
            waits = plan is not None and plan.pivot is kid and not kid.alive
            # Its start failed in a plan, and the next attempt is in line.
            stalled = plan is None and kid in self.line and kid.failed
            if kid in self.line:
                self.line.remove(kid)
            if (waits or stalled) and self.flags.grouped:
                self._give_up_plan(kid, seen.at if plan is None else plan.at)
            kid.rest()
            kid.by_hand = not kid.alive
        elif seen.action == "replace_child":
            if self.flags.grouped:
                kid.request, self.plan = "", Plan(kid, seen.at)
        elif seen.action == "restart_child":
            kid.budget = None
            if self.plan is not None and self.plan.pivot is kid:
                self.plan.at = seen.at
            if kid.due is not None:
                kid.due = seen.at

    def _give_up_plan(self, pivot: KidWatch, at: float) -> None:
        """Whom the plan turns on was terminated."""
        self.plan = None
        if self.flags.loose and self.flags.strategy == "one_for_all":
            # The partitions that are left go on without it, if there are any.
            self.plan = Plan(next(iter(self.kids.values())), at)
            pivot.by_hand = True
            return
        self._lie_down(self.group(pivot))

    def _lie_down(self, group: list[KidWatch]) -> None:
        """A plan is cancelled: those that are down stay down (SUP-087)."""
        for kid in group:
            if not kid.alive and kid not in self.line and kid not in self.limbo:
                kid.rest()


_HANDLERS: dict[str, Callable[[SupervisorWatch, Seen, KidWatch], None]] = {
    "child_starting": SupervisorWatch.starting,
    "child_started": SupervisorWatch.started,
    "child_start_failed": SupervisorWatch.start_failed,
    "child_ignored": SupervisorWatch.ignored,
    "child_stopping": SupervisorWatch.stopping,
    "child_stopped": SupervisorWatch.stopped,
    "child_crashed": SupervisorWatch.ended_alone,
    "child_removed": SupervisorWatch.removed,
    "child_quarantined": SupervisorWatch.quarantined,
    "restart_decided": SupervisorWatch.restart_decided,
    "requested": SupervisorWatch.requested,
}
