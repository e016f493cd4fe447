"""What runs side by side in trio-sup, and one after the other in OTP.

All of it is about a `Queue` of a supervisor whose children do not concern one
another.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeGuard

from tests.proof.supervisors.compare import child_above, dynamic_paths, trees_of
from tests.proof.supervisors.replies import change_queued, has_stopped, path_of, steps
from tests.proof.supervisors.scenario import (
    ChildRequest,
    Queue,
    QueueItem,
    Scenario,
    StartChild,
    child_path,
)
from tests.proof.trace import Trace, Value

IN_PROGRESS = "in progress"
"""In the place of how something went that was in progress as its supervisor ended."""


def side_by_side(scenario: Scenario, trace: Trace) -> Trace:
    """Sorts by child what a queue caused below a supervisor without groups.

    The order of stops stays, in an event of its own: a static supervisor that ends
    stops in order those who had nothing to do with the queue.
    """
    dynamic = dynamic_paths(scenario)
    alone = without_groups(scenario)
    events: list[Value] = []
    for event, op, happened in steps(scenario, trace):
        if isinstance(op, Queue) and op.path in alone:
            if op.path not in dynamic:
                events.append(("stops", *_stops_of_bystanders(op, happened)))
            happened = _sort_by_child(happened, op.path)
        events += [*happened, event]
    return Trace(tuple(events), trace.final)


def _stops_of_bystanders(queue: Queue, happened: list[Value]) -> Iterator[Value]:
    """Which children stopped, in order, but those that the queue named or started.

    Only its own: what is below a dynamic supervisor may stop in any order.
    """
    named = {path for item in queue.items if (path := path_of(item)) is not None}
    begun = {str(event[1]) for event in happened if is_a(event, "start")}
    for event in happened:
        if is_a(event, "stop") and str(event[1]) not in named | begun:
            path = str(event[1])
            if path.rpartition("/")[0] == queue.path:
                yield path


def _sort_by_child(events: list[Value], supervisor: str) -> list[Value]:
    """Sorts runs of events of children by child; each keeps its own order."""
    done: list[Value] = []
    run: list[tuple[str, Value]] = []
    for event in events:
        match event:
            case (_, str(path), *_) if child := child_above(path, supervisor):
                run.append((child, event))
                continue
            case _:
                pass
        done += [*_in_order(run), event]
        run = []
    return done + _in_order(run)


def _in_order(run: list[tuple[str, Value]]) -> list[Value]:
    return [event for _, event in sorted(run, key=lambda pair: pair[0])]


def cut_short(scenario: Scenario, trace: Trace) -> Trace:
    """Leaves open how far something came that was in progress as a supervisor ended.

    If lives began in the queue in which it ended: of each child's last one the end
    counts, not its reason, nor what was below it; and requests are answered, somehow.
    If several children began, their starts raced, and a start that failed may be tried
    again before the supervisor ends, or not: the race is open from there on.
    """
    alone = without_groups(scenario)
    events: list[Value] = []
    ended: set[int] = set()
    for event, op, happened in steps(scenario, trace):
        match event, op:
            case ("reply", int(index), _), Queue(path) if path in alone:
                end = _end_of(path, happened)
                begun = _began_to_be_open(path, happened[:end])
                if begun:
                    ended.add(index)
                happened = [*_blurred(happened[:end], path, begun), *happened[end:]]
            case _:
                pass
        events += [*happened, event]

    def unsaid(index: int, item: QueueItem, value: Value) -> Value:
        asked = isinstance(item, StartChild | ChildRequest) and index in ended
        return IN_PROGRESS if asked and value != "unanswered" else value

    return change_queued(scenario, Trace(tuple(events), trace.final), unsaid)


def _end_of(supervisor: str, happened: list[Value]) -> int:
    """Where the first end of the supervisor stands; 0 if it did not end."""
    if not has_stopped(supervisor, happened):
        return 0
    return next(
        index
        for index, event in enumerate(happened)
        if is_a(event, "stop") and event[1] == supervisor
    )


def _began_to_be_open(supervisor: str, happened: list[Value]) -> dict[str, int]:
    """From where on it is open how far a child came that began there, by path."""
    begun = _last_begun(supervisor, happened)
    if len(begun) > 1:
        for path in begun:
            failed = next((e for e in happened if _of(e, "start_failed", path)), None)
            if failed is not None:
                begun[path] = happened.index(("start", *failed[1:3]))
    return begun


def _of(event: Value, kind: str, path: str) -> TypeGuard[tuple[Value, ...]]:
    return is_a(event, kind) and event[1] == path


def _last_begun(supervisor: str, happened: list[Value]) -> dict[str, int]:
    """Where the last life of each child began that began there, by path."""
    return {
        str(event[1]): index
        for index, event in enumerate(happened)
        if is_a(event, "start")
        and child_above(str(event[1]), supervisor) == _id(str(event[1]), supervisor)
    }


def _id(path: str, supervisor: str) -> str:
    return path.removeprefix(supervisor + "/") if supervisor else path


def _blurred(
    happened: list[Value], supervisor: str, begun: dict[str, int]
) -> Iterator[Value]:
    last = {
        str(event[1]): index
        for index, event in enumerate(happened)
        if isinstance(event, tuple) and len(event) > 1
    }
    for index, event in enumerate(happened):
        match event:
            case (_, str(path), *_):
                child = child_above(path, supervisor)
            case _:
                yield event
                continue
        above = None if child is None else child_path(supervisor, child)
        if above is None or index <= begun.get(above, len(happened)):
            yield event
        elif path == above and index == last[path] and not is_a(event, "start"):
            yield ("stop", path, _life(happened[begun[above]]), IN_PROGRESS)


def _life(start: Value) -> Value:
    assert isinstance(start, tuple)
    return start[2]


def is_a(event: Value, kind: str) -> TypeGuard[tuple[Value, ...]]:
    """Whether it is an event of that kind."""
    return isinstance(event, tuple) and event[0] == kind


def without_groups(scenario: Scenario) -> set[str]:
    """The supervisors whose children do not concern one another."""
    return {
        path
        for path, tree in trees_of(scenario)
        if tree.strategy in ("one_for_one", "dynamic")
    }
