"""The replies in a trace, with the operations that they answer."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from tests.proof.supervisors.scenario import (
    Ask,
    ChildRequest,
    Exit,
    Kill,
    Op,
    Queue,
    QueueItem,
    Scenario,
    StartChild,
    child_path,
)
from tests.proof.trace import Trace, Value


def steps(
    scenario: Scenario, trace: Trace
) -> Iterator[tuple[Value, Op | None, list[Value]]]:
    """Each reply, or the end, with its operation and what had happened since."""
    happened: list[Value] = []
    for event in trace.events:
        match event:
            case ("reply", int(index), _):
                yield event, scenario.script[index], happened
                happened = []
            case ("root", _) | ("end",):
                yield event, None, happened
                happened = []
            case _:
                happened.append(event)
    for event in happened:
        yield event, None, []


def has_stopped(path: str, happened: list[Value]) -> bool:
    """Whether the supervisor at `path` stopped in what happened."""
    return any(
        isinstance(event, tuple) and event[:2] == ("stop", path) for event in happened
    )


def path_of(item: QueueItem) -> str | None:
    """The child that an item of a queue is about; None of a question."""
    match item:
        case Exit(path) | Kill(path):
            return path
        case StartChild(path, child):
            return child_path(path, child.id)
        case ChildRequest(path=path, id=id):
            return child_path(path, id)
        case Ask():
            return None


def alive_before(scenario: Scenario, trace: Trace) -> dict[int, frozenset[str]]:
    """Who was alive just before each operation, by index."""
    found: dict[int, frozenset[str]] = {}
    alive: frozenset[str] = frozenset()
    for event, _, happened in steps(scenario, trace):
        match event:
            case ("reply", int(index), _):
                found[index] = alive
            case _:
                pass
        for one in happened:
            match one:
                case ("start", str(path), _):
                    alive |= {path}
                case (_, str(path), *_):
                    alive -= {path}
                case _:
                    pass
    return found


def asked_just_before(scenario: Scenario, index: int, item: QueueItem) -> int | None:
    """Which of the questions right before operation `index` is the same as `item`."""
    while isinstance(item, Ask) and index > 0:
        index -= 1
        if scenario.script[index] == item:
            return index
        if not isinstance(scenario.script[index], Ask):
            break
    return None


def change_replies(
    scenario: Scenario, trace: Trace, change: Callable[[object, Value], Value]
) -> Trace:
    """Changes the replies to requests, in queues too."""

    def alone(index: int, value: Value) -> Value:
        op = scenario.script[index]
        return value if isinstance(op, Queue) else change(op, value)

    def queued(index: int, item: QueueItem, value: Value) -> Value:
        return change(item, value)

    return change_queued(scenario, _change(trace, alone), queued)


def change_queued(
    scenario: Scenario, trace: Trace, change: Callable[[int, QueueItem, Value], Value]
) -> Trace:
    """Changes the replies to what was in a queue; `change` gets the queue's index."""

    def rewrite(index: int, values: Value) -> Value:
        op = scenario.script[index]
        if not isinstance(op, Queue) or not isinstance(values, tuple):
            return values
        pairs = zip(op.items, values, strict=True)
        return tuple(change(index, item, value) for item, value in pairs)

    return _change(trace, rewrite)


def _change(trace: Trace, change: Callable[[int, Value], Value]) -> Trace:
    def rewrite(event: Value) -> Value:
        match event:
            case ("reply", int(index), value):
                return ("reply", index, change(index, value))
            case _:
                return event

    return Trace(tuple(map(rewrite, trace.events)), trace.final)
