"""Whether two traces of one scenario say the same.

Both sides are brought into one form first (`normalise`: only what OTP itself leaves
undefined). What trio-sup does otherwise on purpose is a named `Deviation` with its
reason and the row of the OTP checklist: it turns OTP's trace into the expected one.
There is no other tolerance.
"""

import json
from collections.abc import Callable, Iterable, Sequence
from itertools import zip_longest

from attrs import frozen

from trio_sup.testing.scenario import (
    Ask,
    Nested,
    Op,
    Queue,
    Scenario,
    StartChild,
    Trace,
    Tree,
    Value,
    child_path,
)


@frozen
class Deviation:
    """A difference from OTP that is meant.

    Attributes:
        name: What it is called in reports and in the documentation.
        row: The row of the OTP checklist that it deviates from.
        reason: Why it is better.
        rewrite: Makes the expected trace out of OTP's.
    """

    name: str
    row: str
    reason: str
    rewrite: Callable[[Scenario, Trace], Trace]


DEVIATIONS: tuple[Deviation, ...] = ()
"""The differences of trio-sup; the model has none."""


def expected(
    scenario: Scenario, trace: Trace, deviations: Iterable[Deviation] = ()
) -> Trace:
    """OTP's trace in one form, with the deviations applied."""
    for deviation in deviations:
        trace = deviation.rewrite(scenario, trace)
    return normalise(scenario, trace)


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
    found: set[str] = set()
    _find_dynamic(scenario.tree, "", found)
    for op in scenario.script:
        for item in op.items if isinstance(op, Queue) else (op,):
            if isinstance(item, StartChild) and isinstance(item.child, Nested):
                path = child_path(item.path, item.child.id)
                _find_dynamic(item.child.tree, path, found)
    return found


def _find_dynamic(tree: Tree, path: str, found: set[str]) -> None:
    if tree.strategy == "dynamic":
        found.add(path)
    for child in tree.children:
        if isinstance(child, Nested):
            _find_dynamic(child.tree, child_path(path, child.id), found)


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
        case ("stop", str(path), *_) if path:
            pass
        case _:
            return None
    if not dynamic:
        return path.partition("/")[0]
    below = path.removeprefix(dynamic + "/")
    return None if below == path else below.partition("/")[0]


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


def side_by_side(left: Trace, right: Trace, titles: tuple[str, str]) -> str:
    """Both traces in two columns; ``!`` marks where they part."""
    rows = list(
        zip_longest(
            [*map(_plain, left.events), f"final {_plain(left.final)}"],
            [*map(_plain, right.events), f"final {_plain(right.final)}"],
            fillvalue="",
        )
    )
    width = min(70, max(len(cell) for cell, _ in [titles, *rows]))
    lines = [f"  {titles[0]:{width}}  {titles[1]}"]
    lines += [
        f"{' ' if one == other else '!'} {one:{width}}  {other}" for one, other in rows
    ]
    return "\n".join(line.rstrip() for line in lines)


def _plain(value: Value) -> str:
    return json.dumps(value, sort_keys=True).replace('"', "")
