"""Where trio-sup goes another way than OTP on purpose, so that the rest is moot.

Each cut is named, with reason and row, as a deviation is. All of them are about
several things that reach one supervisor at the same time.
"""

from collections.abc import Iterator

from trio_sup.testing.scenario import (
    ChildRequest,
    Exit,
    Kill,
    Nested,
    Queue,
    Scenario,
    StartChild,
    Trace,
    Value,
    child_path,
)

from .compare import Cut, child_above, children_of, dynamic_paths, trees_of
from .deviations import has_stopped, steps, without_groups


def _place_under_way(scenario: Scenario, trace: Trace) -> int | None:
    """A start that needs the place of one that failed, or of a stop, just before."""
    limited = {p for p, tree in trees_of(scenario) if tree.max_children is not None}
    for index, queue, _, answers in _queues(scenario, trace):
        freed = False
        for item, answer in zip(queue.items, answers, strict=True):
            match item, answer:
                case StartChild(), ("error", "max_children"):
                    pass
                case StartChild(), _ if freed:
                    return index
                case (StartChild(), ("error", _) | "ignore"):
                    freed = queue.path in limited
                case ChildRequest("terminate_child"), "ok":
                    freed = queue.path in limited
                case _:
                    pass
    return None


def _pid_of_another_life(scenario: Scenario, trace: Trace) -> int | None:
    """A request that names a child whose life begins or ends just before."""
    dynamic = dynamic_paths(scenario)
    for index, queue, _, _ in _queues(scenario, trace):
        touched: set[str] = set()
        for item in queue.items if queue.path in dynamic else ():
            match item:
                case Exit(path) | Kill(path):
                    touched.add(path)
                case StartChild(path, child):
                    touched.add(child_path(path, child.id))
                case ChildRequest(path=path, id=id) if child_path(path, id) in touched:
                    return index
                case _:
                    pass
    return None


def _start_cut_short(scenario: Scenario, trace: Trace) -> int | None:
    """A supervisor without groups ends beside the start of one below it."""
    alone = without_groups(scenario)
    for index, queue, happened, _ in _queues(scenario, trace):
        nested = {
            child_above(path, queue.path)
            for path, child in children_of(scenario)
            if isinstance(child, Nested)
        }
        starts = any(
            isinstance(event, tuple)
            and event[0] == "start"
            and child_above(str(event[1]), queue.path) in nested - {None}
            for event in happened
        )
        if queue.path in alone and starts and has_stopped(queue.path, happened):
            return index
    return None


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
        _pid_of_another_life,
    ),
    Cut(
        "a supervisor that ends does not wait for starts in progress",
        "SUP-099, DYN-031",
        "they run side by side, and whoever is half started is stopped in order",
        _start_cut_short,
    ),
)
"""All of them: where only a part of OTP's trace can be compared."""
