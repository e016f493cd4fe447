"""What trio-sup does otherwise than OTP on purpose: named, with reason and row.

A rule turns OTP's trace into the one expected of trio-sup, as narrowly as it can.
"""

from __future__ import annotations

from collections import Counter

from tests.proof.supervisors.compare import children_of, dynamic_paths
from tests.proof.supervisors.replies import (
    alive_before,
    asked_just_before,
    change_queued,
    change_replies,
    path_of,
    steps,
)
from tests.proof.supervisors.rules.beside import (
    cut_short,
    is_a,
    side_by_side,
    without_groups,
)
from tests.proof.supervisors.rules.kinds import Deviation
from tests.proof.supervisors.scenario import (
    Ask,
    ChildRequest,
    Exit,
    Kill,
    Queue,
    QueueItem,
    Scenario,
    StartChild,
    child_path,
)
from tests.proof.trace import Trace, Value

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
        died = _dies(named, queue.items[: queue.items.index(item)])
        is_there = named in there[index] and not died
        return "ok" if is_there else ("error", "not_found")

    return change_queued(scenario, trace, at_once)


def _just_died(scenario: Scenario, trace: Trace) -> Trace:
    """Refusals that depend on the moment in which they are given.

    Of requests that stood in line before the child that they name died; and, where
    restarts run beside the requests, of those that name a child whose life began.
    """
    short: dict[int, Counter[Value]] = {}
    begun: dict[int, set[str]] = {}
    for event, _, happened in steps(scenario, trace):
        match event:
            case ("reply", int(index), _):
                lives = {(e[1], e[2]) for e in happened if is_a(e, "start")}
                ends = [e[1] for e in happened if is_a(e, "stop") if e[1:3] in lives]
                short[index] = Counter(ends)
                begun[index] = {str(path) for path, _ in lives}
            case _:
                pass
    alone = without_groups(scenario)

    def unsaid(index: int, item: QueueItem, value: Value) -> Value:
        queue, named = scenario.script[index], path_of(item)
        assert isinstance(queue, Queue)
        place = queue.items.index(item)
        ahead = _dies(named, queue.items[:place])
        beside = queue.path in alone and ahead and named in begun[index]
        match item, value:
            case ChildRequest(), ("error", "running" | "restarting"):
                behind = _dies(named, queue.items[place:])
                moved = beside or behind or short[index][named] > 0
            case StartChild(), ("error", "already_started" | "already_present"):
                moved = beside
            case _:
                return value
        return ("error", NOT_STOPPED) if moved else value

    return change_queued(scenario, trace, unsaid)


def _dies(path: str | None, items: tuple[QueueItem, ...]) -> bool:
    return any(isinstance(item, Exit | Kill) and item.path == path for item in items)


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
        "a supervisor that ends does not wait for what is in progress",
        "SUP-099, DYN-031",
        "restarts run beside requests, and whoever is half started is stopped in order",
        cut_short,
        both=True,
    ),
    Deviation(
        "children that do not concern one another do not wait for one another",
        "SUP-099, DYN-031",
        "a slow start of one child delays no other; only each one's order is defined",
        side_by_side,
        both=True,
    ),
)
"""All of them; the model has none."""
