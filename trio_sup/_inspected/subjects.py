"""What `consequence` has to know of a child: facts, read from its record."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import trio
from attrs import evolve

from trio_sup._children.current import record_of
from trio_sup._children.record import Record
from trio_sup._children.supervising import record_grace
from trio_sup._node.inside import WAITERS_SEEN, requests_to
from trio_sup._servers.mailbox import MailQueue
from trio_sup._supervisors.static import StaticShell
from trio_sup.inspect.node.consequence import Caller, Sibling, Subject

if TYPE_CHECKING:
    from trio_sup._children.surroundings import Supervising


def subject_of(record: Record) -> Subject:
    """Return what `consequence` has to know of a child."""
    queue: MailQueue | None = record.mailbox
    parent = record.parent
    calls, notes = (0, 0) if queue is None else queue.waiting()
    busy = None if queue is None else queue.in_progress
    subject = Subject(
        record.path_text,
        record.label,
        record.kind,
        record.status,
        record.life,
        record.alive,
        record.spec.restart,
        None if record.spec.shutdown == "brutal_kill" else record_grace(record),
        _living_below(record),
        queue is not None and queue.suspended,
        calls,
        notes,
        "" if busy is None else busy[0],
        0.0 if busy is None else max(0.0, trio.current_time() - busy[1]),
        _callers(record),
        record.held,
        record.awaits_release,
    )
    return subject if parent is None else _placed(subject, record, parent)


def _callers(record: Record) -> Sequence[Caller]:
    """Who waits for a child's answer, or for that of one below it; each once.

    Who is below it itself, and so ends with it, is left out. No more are looked for
    than elsewhere: a flooded mailbox must not hold the node.
    """
    inside = dict.fromkeys(_with_below(record))
    queue: MailQueue | None = record.mailbox
    current = None if queue is None else queue.current
    found: dict[object, Caller] = {}
    for server in inside:
        for request in requests_to(server, WAITERS_SEEN):
            if len(found) == WAITERS_SEEN:
                return list(found.values())
            assert request.task is not None
            source = record_of(request.task, server.node)
            if source is None or source not in inside:
                caller = Caller(_name(source, record), request is current)
                found.setdefault(source or request.task, caller)
    return list(found.values())


def _name(source: Record | None, record: Record) -> str:
    """What to call who waits for a child: a sibling by its id alone."""
    if source is None:
        return "a task"
    near = source.parent is not None and source.parent is record.parent
    return source.label if near else source.path_text


def _placed(subject: Subject, record: Record, parent: Supervising[Record]) -> Subject:
    core = parent.core
    used, limit, _ = parent.record.budget or (0, 0, 0.0)
    restarts = isinstance(parent, StaticShell) and parent.plan.groups.unfinished
    return evolve(
        subject,
        supervisor=parent.path_text,
        supervisor_up=parent.mode == "running",
        strategy="one_for_one" if parent.dynamic else parent.flags.strategy,
        keeps=not parent.dynamic and record.spec.restart != "temporary",
        group=[
            _sibling(other) for other in core.group_of(record) if other is not record
        ],
        group_busy=record.alive and core.grouped and restarts,
        turns=isinstance(parent, StaticShell) and parent.plan.groups.turns_on(record),
        budget_used=used,
        budget_max=limit,
    )


def _sibling(record: Record) -> Sibling:
    temporary = record.spec.restart == "temporary"
    return Sibling(record.label, record.alive, temporary, _living_below(record))


def _living_below(record: Record) -> int:
    return sum(child.alive for child in _with_below(record)) - record.alive


def _with_below(record: Record) -> Iterator[Record]:
    """The child, and who is below it, as far as there is life above them."""
    todo = [record]
    while todo:
        one = todo.pop()
        yield one
        if one.alive:
            todo += one.body.below()
