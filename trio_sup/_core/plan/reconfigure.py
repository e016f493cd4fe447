"""A change of a running supervisor: one job like any other, all of it or nothing.

What ends ends first, last started first; then the new list is in force, in one step, with
its names; then what is new starts, in order. A child that does not start brings the
former list back, and with it the lives that were to end. A stop of the supervisor
overtakes all of it: what had not been finished is undone when all children are down.

What changes is worked out in `trio_sup._core.comparing`; how one list takes the place
of another stands in `trio_sup._core.plan.change`.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from trio_sup._core.anatomy import is_a
from trio_sup._core.comparing import compare
from trio_sup._core.exits import Exit, Ignore
from trio_sup._core.plan.change import Change, put_at_rest
from trio_sup._core.plan.doing import (
    Adopt,
    AskBelow,
    BelowAnswer,
    Changed,
    Dos,
    K,
    KeepNames,
    KeepState,
    Refused,
    Settle,
    Steps,
)
from trio_sup._core.plan.static import StaticPlan
from trio_sup._core.plan.telling import reconfigured, requested
from trio_sup._core.reconfigured import (
    PlanOutdated,
    ReconfigureFailed,
    ReconfigurePlan,
)
from trio_sup._core.specs import Flags

REASON = "reconfigure"
CARRIED = "reconfigure: its state is carried over"


def reconfigure(
    plan: StaticPlan[K],
    flags: Flags,
    expected: ReconfigurePlan | None = None,
    *,
    forced: bool = False,
) -> Steps[K, ReconfigurePlan]:
    """Put other flags and children in force; return what was done.

    Args:
        plan: The supervisor's.
        flags: Those to come.
        expected: What was shown to whoever asks: refused if it would be another now.
        forced: Whether there is no way back: a child that does not start is restarted
            as after any failed restart.
    """
    made = compare(plan.own, plan.flags, flags)
    if expected is not None and expected != made:
        raise PlanOutdated(expected, made)
    yield (requested(plan.own, "reconfigure", plan.now),)
    change = plan.change = Change(plan, made)
    change.fold_group()
    plan.kept = change.coming_back()
    yield [KeepNames(record, keep=True) for record in plan.kept]
    yield [KeepState(record) for record in change.carrying]
    yield from _end_lives(plan, change.ending, change.before, change.carrying)
    yield change.switch()
    failed = yield from _begin_lives(plan, change, forced=forced)
    if failed is None:
        told = reconfigured(plan.own, plan.now, "done", made)
        yield (*change.commit(), *plan.free_kept(), told)
        return made
    yield from _roll_back(plan, change, failed)
    raise failed


def _check_running(plan: StaticPlan[K]) -> None:
    if plan.mode != "running":
        raise Refused("stopping")


def _check_not_overtaken(plan: StaticPlan[K]) -> None:
    if plan.line.overtaken:
        raise Refused("stopping")


def _end_lives(
    plan: StaticPlan[K],
    records: Collection[K],
    order: Sequence[K],
    carrying: Collection[K] = (),
) -> Steps[K, None]:
    """Stop children, last started first, and let nothing follow from that."""
    for record in records:
        record.ticket += 1
        record.in_plan = True
    for record in reversed(order):
        if record not in records:
            continue
        _check_running(plan)
        yield from plan.stop_child(record, CARRIED if record in carrying else REASON)
        _check_not_overtaken(plan)
    _check_running(plan)
    for record in records:
        record.undecided = False
        if record.status not in ("quarantined", "gone"):
            record.enter("rests")


def _begin_lives(
    plan: StaticPlan[K], change: Change[K], *, forced: bool
) -> Steps[K, ReconfigureFailed | None]:
    """Start what is new, in order, and change what lives on; return what failed."""
    for record in change.after:
        _check_running(plan)
        if record in change.folded or (forced and record in change.renewed):
            if (yield from _begin_anyway(plan, change, record)):
                return None
        elif record in change.renewed:
            ended = yield from _begin(plan, record)
            if ended is not None:
                return _failure(plan, change, record.path_text, ended)
        elif record in change.below:
            error = yield from _change_below(plan, record, change.below[record])
            if error is not None:
                return _failure_below(plan, change, record, error)
            change.changed_below.append(record)
    return None


def _begin(plan: StaticPlan[K], record: K) -> Steps[K, Exit | None]:
    """Start a child; return how it ended, if it did not become ready."""
    if record.alive or record.status == "gone":
        return None
    ended = yield from plan.line.start(record)
    _check_not_overtaken(plan)
    if ended is None:
        return None
    if is_a(ended.error, Ignore):
        plan.core.on_ignored_restart(record)
        yield (Settle(record),)
        return None
    record.enter("rests")
    return ended


def _begin_anyway(plan: StaticPlan[K], change: Change[K], record: K) -> Steps[K, bool]:
    """Start a child; if it fails, a restart has failed, which is decided in its turn.

    Returns:
        Whether all that is left waits for that: its group, which it is started with.
    """
    ended = yield from _begin(plan, record)
    if ended is None:
        return False
    record.enter("returns")
    if record is not change.retried:  # whose turn in line is still to come
        plan.line.add(plan.groups.late_retry(record))
    if not plan.core.grouped:
        yield (Changed(record),)
        return False
    later = [
        each
        for each in plan.core.records.values()
        if each.in_plan and not each.alive and each is not record
    ]
    yield plan.groups.stall(record, later)
    return True


def _change_below(
    plan: StaticPlan[K], record: K, flags: Flags, *, forced: bool = False
) -> Steps[K, Exception | None]:
    """Let a supervisor below change itself; return what it was refused with."""
    while record.alive:
        answer = BelowAnswer()
        yield (AskBelow(record, flags, forced, answer),)
        while not answer.given:
            yield from plan.line.park()
            _check_running(plan)
        error = answer.error
        if not (isinstance(error, Refused) and error.why == "stopping"):
            return error
        # It ends: what is below it is down then, or it is back and can be asked.
        plan.line.wait_for(record, record.life + 1)
        yield ()
        _check_not_overtaken(plan)
    yield (Adopt(record, flags),)
    return None


# The way back.


def _roll_back(
    plan: StaticPlan[K], change: Change[K], failed: ReconfigureFailed
) -> Steps[K, None]:
    """Put the former list in force again, with the lives that it had."""
    for record in reversed(change.changed_below):
        flags = change.flags_before(record)
        if flags is not None:
            yield from _change_below(plan, record, flags, forced=True)
    yield from _end_lives(plan, change.renewed, change.after)
    yield change.undo()
    missing = [
        record
        for record in change.before
        if (record in change.went_on or record in change.folded)
        and not (record.alive or record.status == "gone")
    ]
    for record in missing:
        record.enter("returns")
        record.in_plan = True
    for record in missing:
        _check_running(plan)
        if (yield from _begin_anyway(plan, change, record)):
            break
    back = [record for record in missing if record.running]
    failed.came_back(
        tuple(record.path_text for record in back),
        tuple(record.path_text for record in missing if record not in back),
    )
    told = reconfigured(plan.own, plan.now, "rolled_back", change.made, str(failed))
    yield (*plan.free_kept(), told)


def _failure(
    plan: StaticPlan[K], change: Change[K], path: str, exit: Exit
) -> ReconfigureFailed:
    failed = ReconfigureFailed(plan.own.path_text, change.made, path, exit)
    failed.__cause__ = exit.error
    return failed


def _failure_below(
    plan: StaticPlan[K], change: Change[K], record: K, error: Exception
) -> ReconfigureFailed:
    child, exit = record.path_text, Exit("crashed", None, error)
    if isinstance(error, ReconfigureFailed):
        child, exit = error.child, error.exit
    failed = _failure(plan, change, child, exit)
    failed.__cause__ = error
    return failed


# A supervisor that is down.


def adopt(plan: StaticPlan[K], flags: Flags) -> Dos[K]:
    """Let the lives to come go by other flags and children; all are down."""
    if plan.mode != "down":
        return ()  # it has begun since: whoever asks does it by the job
    return put_at_rest(plan, flags)
