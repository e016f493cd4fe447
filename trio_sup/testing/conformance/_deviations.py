"""What trio-sup does otherwise than OTP on purpose: named, with reason and row.

A rule turns OTP's trace into the one expected of trio-sup, as narrowly as it can.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import TypeGuard

from trio_sup.testing.scenario import (
    Ask,
    ChildRequest,
    Exit,
    Kill,
    Queue,
    QueueItem,
    Scenario,
    StartChild,
    Trace,
    Value,
    child_path,
)

from ._compare import child_above, children_of, dynamic_paths, trees_of
from ._replies import (
    alive_before,
    asked_just_before,
    change_queued,
    change_replies,
    steps,
)
from ._rules import Deviation

NOT_COMPARED = "not asked before"
"""In the place of an answer in a queue, where nobody asked OTP before the queue."""

NOT_STOPPED = "not stopped"
"""In the place of "running" and "restarting", where both are true."""


def _start_order(scenario: Scenario, trace: Trace) -> Trace:
    dynamic = dynamic_paths(scenario)

    def turned(ask: object, value: Value) -> Value:
        match ask, value:
            case Ask("which", path), tuple() if path not in dynamic:
                return value[::-1]
            case _:
                return value

    trace = change_replies(scenario, trace, turned)
    return Trace(trace.events, _turn_final(trace.final))


def _turn_final(final: Value) -> Value:
    """Reversed at all levels: the order of dynamic children is none anyway."""
    match final:
        case {"which": tuple(which), "count": count, "subs": dict(subs)}:
            below = {id: _turn_final(sub) for id, sub in subs.items()}
            return {"which": which[::-1], "count": count, "subs": below}
        case _:
            return final


def _refused_when_built(scenario: Scenario, trace: Trace) -> Trace:
    match trace.events:
        case (("start", "", 1), ("stop", "", 1, fault), root, *rest):
            is_bad_spec = isinstance(fault, tuple) and fault[0] == "bad_spec"
            if is_bad_spec and root == ("root", ("error", fault)):
                return Trace((_first_found(scenario, fault), *rest), trace.final)
        case _:
            pass
    return trace


def _first_found(scenario: Scenario, fault: Value) -> Value:
    """A child's own faults are found before those that it has in its tree."""
    own = any(
        child.significant and child.restart == "permanent"
        for _, child in children_of(scenario)
    )
    if own and fault == ("bad_spec", "significant_never"):
        fault = ("bad_spec", "significant_permanent")
    return ("root", ("error", fault))


def _answered_at_once(scenario: Scenario, trace: Trace) -> Trace:
    """Puts what OTP answered just before the queue in the place of the answer in it."""
    answers: dict[int, Value] = {}
    for event in trace.events:
        match event:
            case ("reply", int(index), value):
                answers[index] = value
            case _:
                pass

    def at_once(index: int, item: QueueItem, value: Value) -> Value:
        if not isinstance(item, Ask):
            return value
        before = asked_just_before(scenario, index, item)
        return NOT_COMPARED if before is None else answers[before]

    return change_queued(scenario, trace, at_once)


def _latest_life(scenario: Scenario, trace: Trace) -> Trace:
    """Puts the latest life in the place of the one that a request started."""
    lives: dict[Value, Value] = {}

    def latest(request: object, value: Value) -> Value:
        match request, value:
            case StartChild(path, child), ("ok", int()):
                return ("ok", lives[child_path(path, child.id)])
            case ChildRequest(path=path, id=id), ("ok", int()):
                return ("ok", lives[child_path(path, id)])
            case _:
                return value

    events: list[Value] = []
    for event in trace.events:
        match event:
            case ("start", path, number):
                lives[path] = number
            case _:
                pass
        events += change_replies(scenario, Trace((event,), None), latest).events
    return Trace(tuple(events), trace.final)


def _not_in_line(scenario: Scenario, trace: Trace) -> Trace:
    """Stops whoever is there when asked, whatever else is going on or to come."""
    dynamic = dynamic_paths(scenario)
    there = alive_before(scenario, trace)

    def at_once(index: int, item: QueueItem, value: Value) -> Value:
        match item, value:
            case (
                ChildRequest("terminate_child", path, id),
                ("down" | ("error", "not_found")),
            ) if path in dynamic:
                named = child_path(path, id)
            case _:
                return value
        queue = scenario.script[index]
        assert isinstance(queue, Queue)
        ahead = queue.items[: queue.items.index(item)]
        died = any(isinstance(i, Exit | Kill) and i.path == named for i in ahead)
        is_there = named in there[index] and not died
        return "ok" if is_there else ("error", "not_found")

    return change_queued(scenario, trace, at_once)


def _just_died(scenario: Scenario, trace: Trace) -> Trace:
    """Refusals of requests that stood in line before the child that they name died."""
    begun: dict[int, Counter[Value]] = {}
    for event, _, happened in steps(scenario, trace):
        match event:
            case ("reply", int(index), _):
                lives = {(e[1], e[2]) for e in happened if _is_a(e, "start")}
                short = [e[1] for e in happened if _is_a(e, "stop") if e[1:3] in lives]
                begun[index] = Counter(short)
            case _:
                pass

    def unsaid(index: int, item: QueueItem, value: Value) -> Value:
        queue = scenario.script[index]
        match item, value:
            case ChildRequest(path=path, id=id), ("error", "running" | "restarting"):
                named = child_path(path, id)
            case _:
                return value
        assert isinstance(queue, Queue)
        behind = queue.items[queue.items.index(item) :]
        dies = any(isinstance(i, Exit | Kill) and i.path == named for i in behind)
        return ("error", NOT_STOPPED) if dies or begun[index][named] else value

    return change_queued(scenario, trace, unsaid)


def _is_a(event: Value, kind: str) -> TypeGuard[tuple[Value, ...]]:
    return isinstance(event, tuple) and event[0] == kind


def _side_by_side(scenario: Scenario, trace: Trace) -> Trace:
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
    """Which children stopped, in order, but those that the queue ended or started.

    Only its own: what is below a dynamic supervisor may stop in any order.
    """
    ended = {item.path for item in queue.items if isinstance(item, Exit | Kill)}
    begun = {str(event[1]) for event in happened if _is_a(event, "start")}
    for event in happened:
        if _is_a(event, "stop") and str(event[1]) not in ended | begun:
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


def without_groups(scenario: Scenario) -> set[str]:
    """The supervisors whose children do not concern one another."""
    return {
        path
        for path, tree in trees_of(scenario)
        if tree.strategy in ("one_for_one", "dynamic")
    }


DEVIATIONS: tuple[Deviation, ...] = (
    Deviation(
        "which_children is in start order",
        "SUP-102",
        "people read it top down; OTP's order is an accident of its list",
        _start_order,
    ),
    Deviation(
        "invalid specifications are refused where they are built",
        "SUP-009, SUP-130, SUP-131",
        "the error points at the line at fault, before anything runs",
        _refused_when_built,
    ),
    Deviation(
        "which_children and count_children do not wait in line",
        "SUP-099",
        "they read a consistent state without a trip through the supervisor",
        _answered_at_once,
    ),
    Deviation(
        "a handle stands for all lives of a child",
        "DYN-015",
        "OTP answers with the pid of one life, which may be over already",
        _latest_life,
    ),
    Deviation(
        "a dynamic supervisor answers at once, even if it is about to end",
        "DYN-031",
        "nothing waits in line there, so nothing is left unanswered",
        _not_in_line,
    ),
    Deviation(
        "a refusal says what is true in the moment",
        "SUP-097, SUP-098",
        "who has just died is about to be restarted, and no longer runs",
        _just_died,
        both=True,
    ),
    Deviation(
        "children that do not concern one another do not wait for one another",
        "SUP-099, DYN-031",
        "a slow start of one child delays no other; only each one's order is defined",
        _side_by_side,
        both=True,
    ),
)
"""All of them; the model has none."""
