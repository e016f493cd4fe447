"""What a supervisor does as a whole, and what it must have done once all is quiet."""

from __future__ import annotations

from collections.abc import Callable

from trio_sup.testing._monitor.child_watch import SLACK, ChildWatch
from trio_sup.testing._monitor.facts import Seen
from trio_sup.testing._monitor.watch import SupervisorWatch


def ready(watch: SupervisorWatch, seen: Seen) -> None:
    """The supervisor got ready: all of its list has been started."""
    if watch.first_starts:
        watch.complain(
            seen,
            "ready when all children are (SUP-024)",
            f"{watch.first_starts[0]!r} has not been started",
        )
    waits = [k.facts.path for k in watch.records.values() if k.state == "starting"]
    if waits:
        watch.complain(
            seen, "ready when all children are (SUP-024)", f"{waits[0]!r} is not"
        )
    if watch.mode == "starting":
        watch.mode = "running"


def winds_down(watch: SupervisorWatch, seen: Seen) -> None:
    """The supervisor begins to stop its children: all plans are void."""
    if watch.mode == "stopping":
        watch.complain(seen, "stopping is entered once", "it was stopping already")
    watch.mode = "stopping"
    watch.plan = None
    watch.line.clear()
    watch.limbo.clear()


def gave_up(watch: SupervisorWatch, seen: Seen) -> None:
    """The supervisor gave up over a child: its limit, or the child's, is exceeded."""
    record = watch.by_label(seen.child)
    watch.gave_up = True
    if record is None:
        watch.complain(seen, "who gives up names a child", f"unknown: {seen.child!r}")
        return
    if record not in watch.line and record not in watch.limbo:
        watch.complain(
            seen,
            "a decision follows an end",
            f"gave up over {seen.child!r}, {record.state}",
        )
    elif not record.comes_back():
        watch.complain(
            seen,
            "the restart type decides (SUP-040..042)",
            f"gave up over a {record.facts.restart} child that ended: {record.exit}",
        )
    if not _may_give_up(watch, seen, record):
        watch.complain(
            seen,
            "the limit is what is fine (SUP-070)",
            f"gave up after {len(watch.limit.times)} restarts; "
            f"{watch.flags.max_restarts} in {watch.flags.max_seconds:g} s are fine",
        )
    for pile in (watch.line, watch.limbo):
        if record in pile:
            pile.remove(record)


def _may_give_up(watch: SupervisorWatch, seen: Seen, record: ChildWatch) -> bool:
    budget = record.budget_limit()
    slack = max(watch.slack, SLACK)
    if budget is not None and budget.full(seen.at, slack) is not False:
        assert record.facts.budget is not None
        return record.facts.budget[2] == "escalate"
    return watch.limit.full(seen.at, slack) is not False


def auto_shutdown(watch: SupervisorWatch, seen: Seen) -> None:
    """The supervisor ends because significant children did."""
    watch.auto = True
    record = watch.by_label(seen.child)
    mode = watch.flags.auto_shutdown
    if record is None or not record.facts.significant or mode == "never":
        watch.complain(
            seen,
            "only significant children end their supervisor (SUP-132, 138)",
            f"auto_shutdown is {mode!r}, the child {seen.child!r}",
        )
        return
    if record not in watch.line and record not in watch.limbo:
        watch.complain(
            seen,
            "only an end of its own counts (SUP-135, 137)",
            f"{seen.child!r} did not end by itself",
        )
    elif record.comes_back():
        watch.complain(
            seen,
            "what is restarted is no reason (SUP-133)",
            f"{seen.child!r} ended: {record.exit}",
        )
    others = [k for k in watch.active_significant() if k is not record]
    if mode == "all_significant" and others:
        watch.complain(
            seen,
            "all significant children have to be down (SUP-134)",
            f"{others[0].facts.path!r} is active",
        )
    for pile in (watch.line, watch.limbo):
        if record in pile:
            pile.remove(record)


def ended(watch: SupervisorWatch, seen: Seen, *, asked: bool) -> None:
    """The supervisor's own life is over."""
    alive = [k.facts.path for k in watch.records.values() if k.alive]
    if alive:
        watch.complain(
            seen, "nothing outlives its supervisor", f"{alive[0]!r} is still alive"
        )
    if watch.mode != "stopping":
        watch.complain(seen, "stopping is announced", "it ended without winding down")
    own = (watch.gave_up or watch.auto) and not asked and not seen.fatal
    if own and seen.exit != "shutdown":
        watch.complain(
            seen, "giving up is a shutdown (SUP-047, 139)", f"it ended: {seen.exit}"
        )


def settled(watch: SupervisorWatch, now: float) -> None:
    """Nothing more happens by itself: what had to be done must have been done."""

    def missing(record: ChildWatch, rule: str, what: str) -> None:
        watch.complain(Seen("settled", now, record.facts.path, record.life), rule, what)

    states = [record.state for record in watch.records.values()]
    if watch.mode == "stopping":
        alive = [record for record in watch.records.values() if record.alive]
        late = [record for record in alive if record.state != "stopping"]
        if watch.flags.dynamic and late:
            missing(late[0], "dynamic children stop all at once (DYN-019)", "it waits")
        elif alive and "stopping" not in states:
            missing(
                alive[-1], "stopping goes on to the end", "it was not asked to stop"
            )
        return
    if "starting" in states or "stopping" in states:
        return  # busy: a child takes its time
    own = Seen("settled", now, watch.path, 0)
    if watch.gave_up or watch.auto:
        watch.complain(own, "giving up is the end", "its children were not stopped")
        return
    waiting = [*watch.limbo, *watch.line]
    kept = watch.line.copy()
    watch.limbo.clear()
    watch.line.clear()
    for record in waiting:
        _check_settled_end(watch, record, missing, kept=record in kept)
    for record in watch.records.values():
        if (
            record.due is not None
            and record.due < now - watch.slack
            and not record.alive
        ):
            missing(record, "a restart takes place", f"it was due at {record.due:g}")
            record.due = None
    watch.forget_disabled()
    plan = watch.plan
    if plan is not None and plan.at < now - watch.slack:
        first = plan.todo[0] if plan.todo else plan.pivot
        missing(first, "a group is started whole (SUP-056)", "it was not started")
        watch.plan = None


def _check_settled_end(
    watch: SupervisorWatch,
    record: ChildWatch,
    missing: Callable[[ChildWatch, str, str], None],
    *,
    kept: bool,
) -> None:
    if record.comes_back():
        missing(
            record,
            "the restart type decides (SUP-040..042)",
            f"a {record.facts.restart} child that ended: {record.exit}, was not restarted",
        )
    elif kept and (
        watch.flags.dynamic or record.given_up or record.facts.restart == "temporary"
    ):
        missing(record, "what does not come back is forgotten (SUP-016)", "it was kept")
    mode = watch.flags.auto_shutdown
    # What counts is how it was when it ended, not what was asked for since.
    lonely = mode == "all_significant" and record.was_last
    if (
        record.facts.significant
        and not record.comes_back()
        and (mode == "any_significant" or lonely)
    ):
        missing(record, "a significant end ends the supervisor (SUP-132)", "it did not")
