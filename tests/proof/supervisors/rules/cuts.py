"""Where trio-sup goes another way than OTP on purpose, so that the rest is moot.

Each cut is named, with reason and row, as a deviation is. All of them are about
several things that reach one supervisor at the same time.
"""

from __future__ import annotations

from collections.abc import Iterator

from tests.proof.supervisors.compare import child_above, dynamic_paths, trees_of
from tests.proof.supervisors.replies import alive_before, has_stopped, steps
from tests.proof.supervisors.rules.beside import without_groups
from tests.proof.supervisors.rules.kinds import Cut
from tests.proof.supervisors.scenario import (
    ChildRequest,
    Exit,
    Kill,
    Queue,
    Scenario,
    StartChild,
    child_path,
)
from tests.proof.trace import Trace, Value


def _place_under_way(scenario: Scenario, trace: Trace) -> int | None:
    """A start that needs the place of one that failed, or of a stop, just before."""
    limits = {path: tree.max_children for path, tree in trees_of(scenario)}
    there = alive_before(scenario, trace)
    for index, queue, happened, answers in _queues(scenario, trace):
        limit = limits[queue.path]
        if limit is None:
            continue
        begun = _begun(happened)
        taken = len({child_above(path, queue.path) for path in there[index]} - {None})
        for item, answer in zip(queue.items, answers, strict=True):
            match item, answer:
                case ((Exit(path) | Kill(path)), "ok") if path not in begun:
                    taken -= 1
                case StartChild(), ("ok", _) | ("error", ("error", _)) | "ignore":
                    if taken >= limit:
                        return index
                    taken += 1
                case _:
                    pass
    return None


def _another_life(scenario: Scenario, trace: Trace) -> int | None:
    """A request that names a child whose life has begun in the same queue."""
    dynamic = dynamic_paths(scenario)
    for index, queue, happened, _ in _queues(scenario, trace):
        begun = _begun(happened)
        touched: set[str] = set()
        for item in queue.items if queue.path in dynamic else ():
            match item:
                case Exit(path) | Kill(path):
                    touched.add(path)
                case StartChild(path, child):
                    touched.add(child_path(path, child.id))
                case ChildRequest(path=path, id=id):
                    if child_path(path, id) in touched & begun:
                        return index
                case _:
                    pass
    return None


def _decided_beside_a_start(scenario: Scenario, trace: Trace) -> int | None:
    """A significant child ends beside the restart of another, which is declined."""
    waiting = {
        path
        for path, tree in trees_of(scenario)
        if (tree.strategy, tree.auto_shutdown) == ("one_for_one", "all_significant")
    }
    for index, queue, happened, _ in _queues(scenario, trace):
        declined = any(
            isinstance(event, tuple)
            and event[0] == "start_ignored"
            and child_above(str(event[1]), queue.path) is not None
            for event in happened
        )
        ends = has_stopped(queue.path, happened)
        if queue.path in waiting and declined and ends:
            return index
    return None


def _restart_under_way(scenario: Scenario, trace: Trace) -> int | None:
    """A request, not refused, names a child that died just before and restarts."""
    alone = without_groups(scenario) - dynamic_paths(scenario)
    for index, queue, happened, answers in _queues(scenario, trace):
        begun = _begun(happened)
        died: set[str] = set()
        for item, answer in zip(queue.items, answers, strict=True):
            match item, answer:
                case Exit(path) | Kill(path), "ok":
                    died.add(path)
                case ChildRequest(path=path, id=id), _ if queue.path in alone:
                    named = child_path(path, id)
                    if named in died & begun and answer not in _REFUSALS:
                        return index
                case _:
                    pass
    return None


_REFUSALS: tuple[Value, ...] = (
    ("error", "running"),
    ("error", "restarting"),
    ("error", "not_found"),
    "down",
)


def _begun(happened: list[Value]) -> set[Value]:
    """The paths where a life began, or failed to begin."""
    starts: set[Value] = set()
    for event in happened:
        match event:
            case ("start", path, _):
                starts.add(path)
            case _:
                pass
    return starts


def _queues(
    scenario: Scenario, trace: Trace
) -> Iterator[tuple[int, Queue, list[Value], tuple[Value, ...]]]:
    """Each queue that was served: its index, itself, what happened, the answers."""
    for event, op, happened in steps(scenario, trace):
        match event, op:
            case ("reply", int(index), tuple(answers)), Queue():
                yield index, op, happened, answers
            case _:
                pass


CUTS: tuple[Cut, ...] = (
    Cut(
        "starts and stops in progress count against max_children",
        "DYN-018, DYN-031",
        "they run side by side, so none can have the place of another before its end",
        _place_under_way,
    ),
    Cut(
        "a request to a dynamic supervisor means the child, not one of its lives",
        "DYN-015",
        "OTP finds nobody under the pid of a life that is over",
        _another_life,
    ),
    Cut(
        "a request may find a restart in progress",
        "SUP-099",
        "a restart runs beside it, where OTP has brought it to its end before",
        _restart_under_way,
    ),
    Cut(
        "an end is decided about beside the restart of another child, as it comes",
        "SUP-099",
        "until that start is declined the other counts as active for auto_shutdown",
        _decided_beside_a_start,
    ),
)
"""All of them: where only a part of OTP's trace can be compared."""
