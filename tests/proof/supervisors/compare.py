"""Whether two traces of one scenario say the same.

Both sides are brought into one form first (`normalise`: only what OTP itself leaves
undefined). What trio-sup does otherwise on purpose is a named `Deviation`. There is no
other tolerance.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence

from tests.proof.supervisors.rules.kinds import Cut, Deviation
from tests.proof.supervisors.scenario import (
    Ask,
    Child,
    Nested,
    Op,
    Queue,
    Scenario,
    StartChild,
    Tree,
    child_path,
)
from tests.proof.trace import Trace, Value


def first_cut(scenario: Scenario, trace: Trace, cuts: Iterable[Cut]) -> int | None:
    """The first operation that is not compared; None if all of them are."""
    found = [cut.begins(scenario, trace) for cut in cuts]
    return min((index for index in found if index is not None), default=None)


def before(trace: Trace, index: int | None) -> Trace:
    """The trace up to the operation with that index."""
    if index is None:
        return trace
    events: list[Value] = []
    happened: list[Value] = []
    for event in trace.events:
        match event:
            case ("reply", int(number), _) if number >= index:
                break
            case ("reply" | "root", *_):
                events += [*happened, event]
                happened = []
            case _:
                happened.append(event)
    return Trace(tuple(events), None)


def expected(
    scenario: Scenario, trace: Trace, deviations: Iterable[Deviation] = ()
) -> Trace:
    """OTP's trace in one form, with the deviations applied."""
    for deviation in deviations:
        trace = deviation.rewrite(scenario, trace)
    return normalise(scenario, trace)


def observed(
    scenario: Scenario, trace: Trace, deviations: Iterable[Deviation] = ()
) -> Trace:
    """The trace of what is judged, in one form; only two-sided deviations apply."""
    return expected(scenario, trace, [d for d in deviations if d.both])


def normalise(scenario: Scenario, trace: Trace) -> Trace:
    """The trace with an order where OTP defines none.

    Children of a dynamic supervisor stop concurrently, so a run of stops below one
    is sorted by child; each child's own subtree keeps its order. Its
    `which_children` is in no order either.
    """
    dynamic = dynamic_paths(scenario)
    if not dynamic:
        return trace
    events: Sequence[Value] = trace.events
    for path in sorted(dynamic, key=lambda path: (bool(path), path.count("/"))):
        events = _sort_stops(events, path)
    events = [_sort_reply(event, scenario, dynamic) for event in events]
    return Trace(tuple(events), _sort_final(trace.final, "", dynamic))


def dynamic_paths(scenario: Scenario) -> set[str]:
    """The paths where `scenario` may have a dynamic supervisor."""
    return {path for path, tree in trees_of(scenario) if tree.strategy == "dynamic"}


def trees_of(scenario: Scenario) -> Iterator[tuple[str, Tree]]:
    """All supervisors that `scenario` may start, with their paths."""
    yield "", scenario.tree
    for path, child in children_of(scenario):
        if isinstance(child, Nested):
            yield path, child.tree


def children_of(scenario: Scenario) -> Iterator[tuple[str, Child]]:
    """All children that `scenario` may start, with their paths."""
    yield from _below(scenario.tree, "")
    for op in scenario.script:
        for item in op.items if isinstance(op, Queue) else (op,):
            if isinstance(item, StartChild):
                yield from _with_below(item.child, item.path)


def _below(tree: Tree, path: str) -> Iterator[tuple[str, Child]]:
    for child in tree.children:
        yield from _with_below(child, path)


def _with_below(child: Child, parent: str) -> Iterator[tuple[str, Child]]:
    path = child_path(parent, child.id)
    yield path, child
    if isinstance(child, Nested):
        yield from _below(child.tree, path)


def child_above(path: str, supervisor: str) -> str | None:
    """The child of `supervisor` that `path` is, or is below; None if it is neither."""
    if not supervisor:
        return path.partition("/")[0] or None
    below = path.removeprefix(supervisor + "/")
    return None if below == path else below.partition("/")[0]


def _sort_stops(events: Sequence[Value], dynamic: str) -> list[Value]:
    """Sorts runs of stops below the supervisor at `dynamic` by its child."""
    done: list[Value] = []
    run: list[tuple[str, Value]] = []
    for event in events:
        child = _child_that_stops(event, dynamic)
        if child is not None:
            run.append((child, event))
            continue
        done += _sorted_run(run)
        run = []
        done.append(event)
    return done + _sorted_run(run)


def _sorted_run(run: list[tuple[str, Value]]) -> list[Value]:
    return [event for _, event in sorted(run, key=lambda pair: pair[0])]


def _child_that_stops(event: Value, dynamic: str) -> str | None:
    match event:
        case ("stop", str(path), *_):
            return child_above(path, dynamic)
        case _:
            return None


def _sort_reply(event: Value, scenario: Scenario, dynamic: set[str]) -> Value:
    match event:
        case ("reply", int(index), value):
            op = scenario.script[index]
        case _:
            return event
    if isinstance(op, Queue) and isinstance(value, tuple):
        pairs = zip(op.items, value, strict=True)
        return (*event[:2], tuple(_sort_which(i, v, dynamic) for i, v in pairs))
    return (*event[:2], _sort_which(op, value, dynamic))


def _sort_which(op: Op, value: Value, dynamic: set[str]) -> Value:
    if isinstance(op, Ask) and op.request == "which" and op.path in dynamic:
        return _sorted(value)
    return value


def _sorted(value: Value) -> Value:
    return tuple(sorted(value, key=json.dumps)) if isinstance(value, tuple) else value


def _sort_final(final: Value, path: str, dynamic: set[str]) -> Value:
    match final:
        case {"which": which, "count": count, "subs": dict(subs)}:
            below = {
                id: _sort_final(sub, child_path(path, id), dynamic)
                for id, sub in subs.items()
            }
            which = _sorted(which) if path in dynamic else which
            return {"which": which, "count": count, "subs": below}
        case _:
            return final
