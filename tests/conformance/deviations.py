"""What trio-sup does otherwise than OTP on purpose: named, with reason and row.

A rule turns OTP's trace into the one expected of trio-sup, as narrowly as it can.
"""

from collections.abc import Callable, Iterator

from trio_sup.testing.scenario import (
    Ask,
    ChildRequest,
    Op,
    Queue,
    Scenario,
    StartChild,
    Trace,
    Value,
    Worker,
    child_path,
)

from .compare import Deviation, child_above, children_of, dynamic_paths, trees_of

NOT_QUEUED = "answered at once"
"""In the place of an answer that did not wait in line."""

HANDLE = "a handle"
"""In the place of the number of the life that a request started."""

ANSWERED = "answered or down"
"""In the place of the answer to a request beside the end of the supervisor."""

STARTED = "started or down"
"""In the place of the answer to a start that ended the supervisor."""


def _start_order(scenario: Scenario, trace: Trace) -> Trace:
    dynamic = dynamic_paths(scenario)

    def turned(ask: object, value: Value) -> Value:
        match ask, value:
            case Ask("which", path), tuple() if path not in dynamic:
                return value[::-1]
            case _:
                return value

    return _replies(scenario, Trace(trace.events, _turn_final(trace.final)), turned)


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
    def at_once(request: object, value: Value) -> Value:
        return NOT_QUEUED if isinstance(request, Ask) else value

    return _replies(scenario, trace, at_once, only_queued=True)


def _handles(scenario: Scenario, trace: Trace) -> Trace:
    """Where the life that a request started need not be the present one."""

    def without_life(op: Op, happened: list[Value], value: Value) -> Value:
        match op, value:
            case StartChild(path, child), ("ok", int()):
                again = has_stopped(child_path(path, child.id), happened)
                return ("ok", HANDLE) if again else value
            case ChildRequest(path=path, id=id), ("ok", int()):
                again = has_stopped(child_path(path, id), happened)
                return ("ok", HANDLE) if again else value
            case Queue(), tuple(values):
                return tuple(
                    ("ok", HANDLE) if isinstance(v, tuple) and v[0] == "ok" else v
                    for v in values
                )
            case _:
                return value

    return _replies_after(scenario, trace, without_life)


def _starter_told(scenario: Scenario, trace: Trace) -> Trace:
    """The start of a child whose own end at once ended the supervisor."""

    def told(op: Op, happened: list[Value], value: Value) -> Value:
        match op, value:
            case (
                (StartChild(path=path) | ChildRequest("restart_child", path)),
                ("down" | ("ok", _)),
            ):
                return STARTED if has_stopped(path, happened) else value
            case Queue(path, items), tuple(values) if has_stopped(path, happened):
                pairs = zip(items, values, strict=True)
                return tuple(told(i, happened, v) for i, v in pairs)
            case _:
                return value

    return _replies_after(scenario, trace, told)


def _not_in_line(scenario: Scenario, trace: Trace) -> Trace:
    """Requests that a dynamic supervisor had answered before it ended."""
    dynamic = dynamic_paths(scenario)

    def told(op: Op, happened: list[Value], value: Value) -> Value:
        match op, value:
            case Queue(path, items), tuple(values) if has_stopped(path, happened):
                if path not in dynamic:
                    return value
                return tuple(
                    ANSWERED if isinstance(item, ChildRequest) else v
                    for item, v in zip(items, values, strict=True)
                )
            case _:
                return value

    return _replies_after(scenario, trace, told)


def has_stopped(path: str, happened: list[Value]) -> bool:
    """Whether the supervisor at `path` stopped in what happened."""
    return any(
        isinstance(event, tuple) and event[:2] == ("stop", path) for event in happened
    )


def _of_the_moment(scenario: Scenario, trace: Trace) -> Trace:
    def one_word(request: object, value: Value) -> Value:
        match value:
            case ("error", "restarting" | "running"):
                return ("error", "not stopped")
            case ("error", "already_started" | "already_present"):
                return ("error", "already there")
            case _:
                return value

    return _replies(scenario, trace, one_word, only_queued=True)


def _zero_is_a_kill(scenario: Scenario, trace: Trace) -> Trace:
    hasty = {
        path
        for path, child in children_of(scenario)
        if isinstance(child, Worker) and (child.shutdown, child.stop) == (0, "default")
    }

    def rewrite(event: Value) -> Value:
        match event:
            case ("stop", path, life, "shutdown" | "killed") if path in hasty:
                return ("stop", path, life, "shutdown or killed")
            case _:
                return event

    return Trace(tuple(map(rewrite, trace.events)), trace.final)


def _side_by_side(scenario: Scenario, trace: Trace) -> Trace:
    """Sorts by child what a queue caused below a supervisor without groups."""
    alone = without_groups(scenario)
    events: list[Value] = []
    for event, op, happened in steps(scenario, trace):
        if isinstance(op, Queue) and op.path in alone:
            happened = _sort_by_child(happened, op.path)
        events += [*happened, event]
    return Trace(tuple(events), trace.final)


def _sort_by_child(events: list[Value], supervisor: str) -> list[Value]:
    """Sorts runs of events of children by child; each keeps its own order."""
    done: list[Value] = []
    run: list[tuple[str, Value]] = []
    for event in [*events, None]:
        match event:
            case (_, str(path), *_):
                child = child_above(path, supervisor)
            case _:
                child = None
        if child is not None:
            run.append((child, event))
            continue
        done += [e for _, e in sorted(run, key=lambda pair: pair[0])]
        run = []
        if event is not None:
            done.append(event)
    return done


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


def _replies_after(
    scenario: Scenario,
    trace: Trace,
    change: Callable[[Op, list[Value], Value], Value],
) -> Trace:
    """Changes replies, knowing what happened since the one before."""
    events: list[Value] = []
    for event, op, happened in steps(scenario, trace):
        events += happened
        match event:
            case ("reply", index, value) if op is not None:
                events.append(("reply", index, change(op, happened, value)))
            case _:
                events.append(event)
    return Trace(tuple(events), trace.final)


def _replies(
    scenario: Scenario,
    trace: Trace,
    change: Callable[[object, Value], Value],
    *,
    only_queued: bool = False,
) -> Trace:
    """Changes the replies to requests, in queues too."""

    def rewrite(event: Value) -> Value:
        match event:
            case ("reply", int(index), value):
                op = scenario.script[index]
            case _:
                return event
        if isinstance(op, Queue) and isinstance(value, tuple):
            pairs = zip(op.items, value, strict=True)
            return ("reply", index, tuple(change(i, v) for i, v in pairs))
        return event if only_queued else ("reply", index, change(op, value))

    return Trace(tuple(map(rewrite, trace.events)), trace.final)


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
        "DYN-015, SUP-090",
        "OTP answers with the pid of one life, which may be over already",
        _handles,
        both=True,
    ),
    Deviation(
        "who starts a child that ends its supervisor gets it, or hears of the end",
        "SUP-092",
        "both are true; OTP answers with the pid of a child that is dead",
        _starter_told,
        both=True,
    ),
    Deviation(
        "a dynamic supervisor answers at once, even if it is about to end",
        "DYN-031",
        "nothing waits in line there, so nothing is left unanswered",
        _not_in_line,
        both=True,
    ),
    Deviation(
        "with a shutdown of 0 an end on request is a kill",
        "SUP-114",
        "there is no grace, so the request and the cancellation are one",
        _zero_is_a_kill,
        both=True,
    ),
    Deviation(
        "a refusal says what is true in the moment",
        "SUP-090, SUP-091, SUP-097, SUP-098",
        "whether a child runs or is restarting can change while a request waits",
        _of_the_moment,
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
