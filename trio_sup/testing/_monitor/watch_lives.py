"""The lives of one supervisor's children: which starts and stops have a reason.

Ends that nobody asked for are inputs; every action of the supervisor must be one that
its flags allow now. The children are opaque.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Literal

from trio_sup.testing._monitor.child_watch import SLACK, ChildWatch, Limit, Plan
from trio_sup.testing._monitor.facts import ChildFacts, Seen, SupervisorFacts

STOPPING = ("terminate_child", "replace_child", "quarantine_child")
"""Requests that stop a child."""
Report = Callable[[float, str, str, str], None]
"""Takes the time, the path, the rule and what is wrong."""


class LivesWatch:
    """The automaton of one life of one supervisor."""

    def __init__(
        self,
        facts: ChildFacts,
        report: Report,
        facts_of: Callable[[str], ChildFacts | None],
        slack: float = 0.0,
    ) -> None:
        assert facts.flags is not None
        self.path = facts.path
        self.facts = facts
        self.flags: SupervisorFacts = facts.flags
        self.mode: Literal["starting", "running", "stopping"] = "starting"
        # Invariant: in start order.
        self.records: dict[str, ChildWatch] = {}
        self.first_starts = list(self.flags.children)
        self.limit = Limit(self.flags.max_restarts, self.flags.max_seconds)
        # Those that ended by themselves and wait for a decision, in order.
        self.line: list[ChildWatch] = []
        # Removed while they still waited for one: only a give-up explains that.
        self.limbo: list[ChildWatch] = []
        self.plan: Plan | None = None
        self.gave_up = self.auto = False
        # How many may be known before those are looked for who never began.
        self._sweep_at = 64
        self._report = report
        self._facts_of = facts_of
        self.slack = slack
        self.hurried = False  # whether all graces are over
        # When an event of it came last, and whether nobody has looked since.
        self.heard_at = -math.inf
        self.unsettled = False

    def hear(self, seen: Seen) -> None:
        """Note that something happens here."""
        self.heard_at, self.unsettled = seen.at, True

    def complain(self, seen: Seen, rule: str, what: str) -> None:
        """Report a breach of a rule."""
        self._report(seen.at, seen.path, rule, what)

    def record(self, path: str) -> ChildWatch:
        """Return the watch of a child, made when it is first heard of."""
        record = self.records.get(path)
        if record is None:
            if len(self.records) >= self._sweep_at:
                self._sweep()
            facts = self._facts_of(path) or ChildFacts(path=path, parent=self.path)
            record = self.records[path] = ChildWatch(facts)
        return record

    def _sweep(self) -> None:
        """Let go of those who never began: their starts were refused."""
        for path, record in list(self.records.items()):
            if record.never_began and record.request == "start_child":
                del self.records[path]
        self._sweep_at = 2 * len(self.records) + 64

    def group(self, pivot: ChildWatch) -> list[ChildWatch]:
        """Return whom a restart of `pivot` concerns, in start order."""
        records = list(self.records.values())
        if self.flags.strategy == "rest_for_one" and pivot in records:
            records = records[records.index(pivot) :]
        return [k for k in records if not k.quarantined or k is pivot]

    def active_significant(self) -> list[ChildWatch]:
        """Return the significant children whose ends may still count (SUP-134)."""
        return [
            record
            for record in self.records.values()
            if record.facts.significant
            and (record.alive or record.due is not None)
            and not (record.state == "stopping" and record.request == "terminate_child")
        ]

    def _significant_to_come(self) -> bool:
        """Whether a significant child is down only until its turn comes."""
        waiting = any(
            record.facts.significant and record.comes_back() for record in self.line
        )
        facts = map(self._facts_of, self.first_starts)
        return waiting or any(each is not None and each.significant for each in facts)

    # Lives.

    def starting(self, seen: Seen, record: ChildWatch) -> None:
        """A life begins."""
        if record.alive:
            self.complain(
                seen,
                "lives never overlap",
                f"life {seen.life} began while life {record.life} was {record.state}",
            )
        elif record.life and seen.life != record.life + 1:
            self.complain(
                seen, "lives are counted", f"life {seen.life} after life {record.life}"
            )
        if record.life == 0:
            record.facts = self._facts_of(seen.path) or record.facts
        self._explain_start(seen, record)
        record.state, record.life, record.began = "starting", seen.life, seen.at
        record.due, record.failed, record.by_hand, record.quarantined = (
            None,
            False,
            False,
            False,
        )
        if record in self.line:
            self.line.remove(record)

    def _explain_start(self, seen: Seen, record: ChildWatch) -> None:
        request, record.request, record.reason = record.request, "", "none"
        record.forgettable = request == "start_child"
        if self.mode == "stopping":
            self.complain(
                seen, "nothing starts while its supervisor stops", "it was started"
            )
        elif self.mode == "starting":
            record.reason = "first"
            self._explain_first_start(seen)
        elif self.plan is not None and self._is_next(seen, record, self.plan, request):
            record.reason = "plan"
        elif record.due is not None:
            record.reason = "restart"
            self._check_waited(seen, record.due)
        elif request in ("start_child", "restart_child", "replace_child"):
            self._check_room(seen, request)
            restarts = self.flags.dynamic and record.quarantined
            restarts = restarts or request == "replace_child"
            record.reason = "restart" if restarts else "request"
        else:
            self.complain(
                seen,
                "nothing starts without a reason",
                f"nobody decided or asked for it; its last end was {record.exit!r}",
            )

    def _check_waited(self, seen: Seen, due: float) -> None:
        if seen.at < due - SLACK - self.slack:
            early = f"started {due - seen.at:g} s too early"
            self.complain(seen, "a backoff is waited for", early)

    def _explain_first_start(self, seen: Seen) -> None:
        expected = self.first_starts.pop(0) if self.first_starts else None
        if expected != (seen.text or seen.path):
            self.complain(
                seen,
                "children start in order (SUP-024)",
                f"{expected or 'nothing'!r} was next",
            )
        waits = [k.facts.path for k in self.records.values() if k.state == "starting"]
        if waits:
            self.complain(
                seen,
                "children start one by one (SUP-024)",
                f"{waits[0]!r} is not ready",
            )

    def _is_next(
        self, seen: Seen, record: ChildWatch, plan: Plan, request: str
    ) -> bool:
        """Whether the plan explains a start."""
        pivot = record is plan.pivot and request != "start_child"
        if request in ("start_child", "restart_child") and not pivot:
            plan.strays.append(record)
            return False  # by hand, while the plan waits for its backoff
        group = self.group(plan.pivot)
        if plan.phase == "stop":
            if record not in group:
                return False
            alive = [k.facts.path for k in group if k.alive]
            if alive:
                self.complain(
                    seen,
                    "a group is down before it starts (SUP-051, 052)",
                    f"{alive[0]!r} is still alive",
                )
            self._check_waited(seen, plan.at)
            plan.phase = "start"
            plan.todo = [k for k in group if k.facts.restart != "temporary"]
        if self.flags.loose:  # disabled partitions stay down
            while plan.todo and plan.todo[0] is not record and plan.todo[0].by_hand:
                plan.todo.pop(0)
        if record not in plan.todo:
            return False
        if plan.todo[0] is not record:
            self.complain(
                seen,
                "a group starts in start order (SUP-051, 052)",
                f"{plan.todo[0].facts.path!r} was next",
            )
        waits = [k.facts.path for k in group if k.state == "starting"]
        if waits:
            self.complain(
                seen,
                "a group starts one by one (SUP-024)",
                f"{waits[0]!r} is not ready",
            )
        plan.todo.remove(record)
        return True

    def _check_room(self, seen: Seen, request: str) -> None:
        if request != "start_child" or self.flags.max_children == math.inf:
            return
        there = sum(not record.never_began for record in self.records.values())
        if there >= self.flags.max_children:
            self.complain(
                seen,
                "max_children (DYN-009)",
                f"it is number {there + 1} of {self.flags.max_children:g}",
            )

    def started(self, seen: Seen, record: ChildWatch) -> None:
        """A life is ready."""
        if record.state != "starting":
            self.complain(
                seen, "only what starts gets ready", f"it was {record.state} already"
            )
        record.state = "up"
        record.forgettable = False
        self._plan_may_be_done()

    def start_failed(self, seen: Seen, record: ChildWatch) -> None:
        """A life ended before it was ready."""
        if record.state != "starting":
            self.complain(
                seen, "only what starts can fail to start", f"it was {record.state}"
            )
        record.state, record.exit = "down", seen.exit
        record.by_hand = record.reason == "request"
        if self.mode != "running":
            return
        if record.reason == "plan":
            # Those after it stay down until the next attempt (SUP-086).
            self.plan = None
        if record.reason in ("plan", "restart"):
            record.failed = True
            self.line.append(record)

    def ignored(self, seen: Seen, record: ChildWatch) -> None:
        """A child chose not to start."""
        record.state, record.exit = "down", "normal"
        self._plan_may_be_done()

    def _plan_may_be_done(self) -> None:
        if self.plan is not None and self.plan.phase == "start" and not self.plan.todo:
            self.plan = None

    # Ends.

    def stopping(self, seen: Seen, record: ChildWatch) -> None:
        """The supervisor asked a life to end."""
        if record.state not in ("starting", "up"):
            self.complain(
                seen,
                "who is asked to stop lives, and is asked once",
                f"it is {record.state}",
            )
        plan = self.plan
        if self.mode == "stopping":
            if not self.flags.dynamic:
                self._check_stop_order(
                    seen, record, list(self.records.values()), "SUP-110"
                )
        elif plan is not None and record in self.group(plan.pivot):
            group = self.group(plan.pivot)
            self._check_stop_order(seen, record, group, "SUP-051, 052")
        elif record.request not in STOPPING and not self.flags.owned:
            self.complain(
                seen, "nothing is stopped without a reason", "nobody asked for it"
            )
        record.state, record.asked_at = "stopping", seen.at

    def _check_stop_order(
        self, seen: Seen, record: ChildWatch, among: list[ChildWatch], rows: str
    ) -> None:
        after = among[among.index(record) + 1 :]
        alive = [k for k in after if k.alive]
        if alive:
            self.complain(
                seen,
                f"children stop in reverse start order, one by one ({rows})",
                f"{alive[-1].facts.path!r}, started later, is {alive[-1].state}",
            )

    def stopped(self, seen: Seen, record: ChildWatch) -> None:
        """A life ended in order, or on request."""
        if seen.requested:
            if record.state != "stopping":
                self.complain(
                    seen, "an end on request was asked for", f"it was {record.state}"
                )
            record.state, record.exit = "down", seen.exit
            self._check_requested_end(seen, record)
            if record.request == "terminate_child":
                record.by_hand, record.request = True, ""
        else:
            self.ended_alone(seen, record)

    def _check_requested_end(self, seen: Seen, record: ChildWatch) -> None:
        grace = record.facts.shutdown
        took = seen.at - record.asked_at
        if seen.exit not in ("shutdown", "killed"):
            self.complain(seen, "an end on request is a shutdown", f"it is {seen.exit}")
        elif self.flags.owned:
            return
        elif grace == "brutal_kill" and seen.exit != "killed":
            self.complain(seen, "brutal_kill kills (SUP-112)", f"it ended: {seen.exit}")
        elif (
            not isinstance(grace, str)
            and took > grace + SLACK + self.slack
            and seen.exit != "killed"
            and not self._has_no_grace(grace)
        ):
            self.complain(
                seen,
                "a grace has an end (SUP-111)",
                f"it took {took:g} s of {grace:g} and was not cancelled",
            )

    def _has_no_grace(self, grace: float) -> bool:
        """Whether a child may have been cancelled when it was asked.

        What its cancellation leads to is then the end that was asked for, however
        long it takes (SUP-114). So it is with a grace of 0, and when a supervisor
        above is in a hurry, as its own grace is over or a second Ctrl-C has come.
        """
        if self.hurried:
            return True
        facts: ChildFacts | None = self.facts if self.mode == "stopping" else None
        while grace > 0 and facts is not None:
            if facts.shutdown != math.inf:
                return True
            facts = self._facts_of(facts.parent) if facts.parent else None
        return grace <= 0

    def ended_alone(self, seen: Seen, record: ChildWatch) -> None:
        """A life that was ready ended by itself."""
        if record.state != "up":
            self.complain(
                seen, "only what is ready can end by itself", f"it was {record.state}"
            )
        record.state, record.exit, record.failed = "down", seen.exit, False
        record.was_last = not (self.active_significant() or self._significant_to_come())
        plan = self.plan
        if self.mode == "stopping":
            return  # SUP-115
        now = seen.at + SLACK + self.slack
        if plan is None or not plan.absorbs(record, self.group(plan.pivot), now):
            self.line.append(record)

    def removed(self, seen: Seen, record: ChildWatch) -> None:
        """The supervisor forgot a child."""
        if record.alive:
            self.complain(
                seen, "only what is down is forgotten", f"it is {record.state}"
            )
        known = (
            self.mode == "stopping"
            or self.flags.dynamic
            or record.facts.restart == "temporary"
            or record.forgettable
            or record.given_up
            or record.request == "delete_child"
            or record.never_began
        )
        if not known:
            self.complain(
                seen,
                "a specification stays (SUP-043, 095)",
                f"a {record.facts.restart} child was forgotten",
            )
        if record in self.line:
            self.line.remove(record)
            if record.comes_back() or record.facts.significant:
                self.limbo.append(record)
        self.records.pop(seen.path, None)
