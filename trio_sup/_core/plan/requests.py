"""What may be asked of a static supervisor: jobs whose result is the answer.

Each refusal leaves everything as it was, but for a start that failed.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any, TypeVar

from trio_sup._core.anatomy import is_a
from trio_sup._core.exits import NOPROC, Ignore
from trio_sup._core.plan.doing import Changed, K, Refused, Settle, Start, Steps
from trio_sup._core.plan.static import StaticPlan
from trio_sup._core.plan.telling import requested
from trio_sup._core.specs import ChildSpec, check_child

T = TypeVar("T")


def find(plan: StaticPlan[K], id: Hashable) -> K:
    """Return the record of a child.

    Raises:
        Refused: there is none.
    """
    record = plan.core.records.get(id)
    if record is None:
        raise Refused("no_such_child", id=id)
    return record


def check_going(plan: StaticPlan[K]) -> None:
    """Refuse what the stop of the supervisor has overtaken."""
    if plan.line.overtaken:
        raise Refused("stopping")


def start_child(plan: StaticPlan[K], spec: ChildSpec[Any]) -> Steps[K, K]:
    """Add a child at the end of the start order, and wait for it."""
    check_child(spec, plan.flags, dynamic=False)
    id = spec.default_id if spec.id is None else spec.id
    present = plan.core.records.get(id)
    if present is not None:
        lives = present.alive or present.undecided
        raise Refused("already_started" if lives else "already_present", present)
    record = plan.make(spec, id)
    plan.core.records[id] = record
    yield (requested(record, "start_child", plan.now),)
    ended = yield from plan.line.start(record)
    check_going(plan)
    if ended is None:
        return record
    ignored = is_a(ended.error, Ignore)
    if ignored and spec.restart != "temporary":
        record.enter("rests")
    else:
        plan.core.drop(record)
    yield (Settle(record),)
    raise Refused("not_started", record, exit=ended)


def terminate_child(plan: StaticPlan[K], id: Hashable) -> Steps[K, None]:
    """Stop a child and wait for its end; its specification stays."""
    record = find(plan, id)
    record.held = False
    yield (requested(record, "terminate_child", plan.now),)
    yield from plan.stop_child(record, "terminate_child")
    check_going(plan)
    yield from plan.groups.cancel(record)
    if record.status != "gone":
        plan.core.retire(record)
        yield (Settle(record),)


def restart_child(plan: StaticPlan[K], id: Hashable) -> Steps[K, K]:
    """Start a child that is down; a backoff in progress ends at once."""
    record = find(plan, id)
    if record.alive or record.undecided or record.status == "restarting":
        raise Refused("not_stopped", record)
    yield (requested(record, "restart_child", plan.now),)
    if record.status == "backing_off":
        return (yield from _restart_now(plan, record))
    record.held = False
    if record.budget_window is not None:
        record.budget_window.clear()
    ended = yield from plan.line.start(record)
    check_going(plan)
    if ended is None:
        return record
    record.enter("rests")
    yield (Settle(record),)
    raise Refused("not_started", record, exit=ended)


def _restart_now(plan: StaticPlan[K], record: K) -> Steps[K, K]:
    life = record.life + 1
    waiting = plan.groups.waiting
    if waiting is not None and waiting.pivot is record:
        yield from plan.groups.replace(record, plan.now)
    else:
        plan.line.wait_for(record, life)
        yield (Start(record),)
    if record.started_life < life:
        check_going(plan)
        if record.life < life and plan.mode != "running":
            raise Refused("stopping")
        raise Refused("not_started", record, exit=record.last_exit or NOPROC)
    return record


def replace_child(plan: StaticPlan[K], id: Hashable, life: int) -> Steps[K, K]:
    """Stop a life and start the next, with the group that the strategy says.

    As after a crash, but nobody's limit counts it: people asked for it. Refused if
    that life is over or ending, a group restart is under way, or it is temporary.
    """
    record = find(plan, id)
    grouped = plan.core.grouped
    if record.spec.restart == "temporary" or (grouped and plan.groups.unfinished):
        raise Refused("changed", record)
    if record.life != life or not record.alive or record.terminated:
        raise Refused("changed", record)
    yield (requested(record, "replace_child", plan.now),)
    reason = f"replace_child of {record.label!r}"
    yield from plan.groups.replace(record, plan.now, reason)
    if plan.mode != "running":
        raise Refused("stopping")
    if not grouped:
        plan.groups.stalled = None
    if record.started_life <= life:
        raise Refused("not_started", record, exit=record.last_exit or NOPROC)
    return record


def quarantine_child(plan: StaticPlan[K], id: Hashable) -> Steps[K, None]:
    """Stop a child, wait for its end, and keep it down: also in group restarts.

    A group that waits to be started because of it starts without it.
    """
    record = find(plan, id)
    yield (requested(record, "quarantine_child", plan.now),)
    yield from plan.stop_child(record, "quarantine_child")
    check_going(plan)
    turns = plan.groups.turns_on(record)
    yield plan.follow(record, plan.core.quarantine(record), plan.now)
    if turns:
        yield from plan.groups.go_on_without(record)


def hold_child(plan: StaticPlan[K], id: Hashable) -> Steps[K, None]:
    """Let the present life go on, and no restart follow its end.

    Who is down at present stays so.
    """
    record = find(plan, id)
    if not record.alive and not record.undecided:
        yield from quarantine_child(plan, id)
        return
    record.held = True
    yield (requested(record, "hold_child", plan.now), Changed(record))


def release_child(plan: StaticPlan[K], id: Hashable) -> Steps[K, None]:
    """Let restarts follow the ends of a living child again."""
    record = find(plan, id)
    if not record.held or not (record.alive or record.undecided):
        raise Refused("changed", record)
    record.held = False
    yield (requested(record, "release_child", plan.now), Changed(record))


def delete_child(plan: StaticPlan[K], id: Hashable) -> Steps[K, None]:
    """Forget a child that is down."""
    record = find(plan, id)
    if record.alive or record.undecided or record.awaiting_restart:
        raise Refused("not_stopped", record)
    yield (requested(record, "delete_child", plan.now),)
    plan.core.drop(record)
    yield (Settle(record),)


def if_same(
    plan: StaticPlan[K], record: K, life: int | None, steps: Callable[[], Steps[K, T]]
) -> Steps[K, T]:
    """Serve a request only if its child is still what somebody saw.

    Args:
        plan: Of its supervisor.
        record: The child.
        life: What it is to be in still; None if that is all the same.
        steps: Begins to serve it.
    """
    other_life = life is not None and record.life != life
    if other_life or plan.core.records.get(record.id) is not record:
        raise Refused("changed", record)
    return (yield from steps())
