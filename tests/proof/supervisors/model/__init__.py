"""What Erlang/OTP's supervisors do, as a pure function from scenario to trace.

The model says what happens, not how: no tasks, no clock but a counter, no error
handling. It was written after Erlang's `supervisor` and Elixir's
`DynamicSupervisor` and is checked against both, so that an implementation can be
checked against it where no Erlang is installed.

Every supervisor handles one message after the other. A start or a stop of a
child happens within the message that caused it; the end of a child by itself
is a message to its supervisor.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from tests.proof.supervisors.model.supervisors import SupervisorLife, start_supervisor
from tests.proof.supervisors.model.world import Asked, Failed, WorkerLife, World
from tests.proof.supervisors.scenario import (
    Advance,
    Ask,
    ChildRequest,
    Exit,
    InitPlan,
    Kill,
    Op,
    Queue,
    Scenario,
    StartChild,
    StopRoot,
    child_path,
)
from tests.proof.trace import Trace, Value


def run(scenario: Scenario) -> Trace:
    """What real OTP does in `scenario`.

    Two things are in no defined order there and have one here: children of a
    dynamic supervisor stop in the order of their start, one after the other, and
    its `which` answers in that order.
    """
    world = World(scenario.init_plans)
    outcome = start_supervisor(world, None, "", scenario.tree)
    world.settle()
    match outcome:
        case Failed(reason):
            world.log("root", ("error", reason))
        case SupervisorLife():
            world.log("root", "ok")
    for index, op in enumerate(scenario.script):
        reply = _perform(world, op)
        world.settle()
        world.log("reply", index, reply())
    final = _snapshot(world, "")
    world.log("end")
    _stop_root(world)
    return Trace(tuple(world.events), final)


_Reply: TypeAlias = Callable[[], Value]
"""The answer to an operation; to be asked for once everything has settled."""


def _perform(world: World, op: Op) -> _Reply:
    match op:
        case Advance(seconds):
            world.now += seconds
            return _now("ok")
        case InitPlan(path, plan):
            world.set_plan(path, plan)
            return _now("ok")
        case StopRoot():
            return _now(_stop_root(world))
        case Exit(path, reason):
            return _now(_end_worker(world, path, reason))
        case Kill(path):
            return _now(_end_worker(world, path, "killed"))
        case Queue(path, items):
            if _supervisor(world, path) is None:
                return _now("noproc")
            replies = [_perform(world, item) for item in items]
            return lambda: tuple(reply() for reply in replies)
        case StartChild(path) | ChildRequest(path=path) | Ask(path=path):
            supervisor = _supervisor(world, path)
            if supervisor is None:
                return _now("noproc")
            named = child_path(path, op.id) if isinstance(op, ChildRequest) else None
            asked = Asked(op, world.current.get(named) if named else None)
            supervisor.deliver(asked)
            return lambda: asked.answer


def _now(value: Value) -> _Reply:
    return lambda: value


def _supervisor(world: World, path: str) -> SupervisorLife | None:
    life = world.current.get(path)
    return life if isinstance(life, SupervisorLife) and life.alive else None


def _end_worker(world: World, path: str, reason: Value) -> Value:
    worker = world.current.get(path)
    if not isinstance(worker, WorkerLife) or not worker.alive:
        return "noproc"
    worker.end_by_itself(reason)
    return "ok"


def _stop_root(world: World) -> Value:
    root = _supervisor(world, "")
    if root is None:
        return "noproc"
    root.stop()
    return "ok"


def _snapshot(world: World, path: str) -> Value:
    """What the supervisor at `path`, and those below it, say about themselves."""
    supervisor = _supervisor(world, path)
    if supervisor is None:
        return None
    which = supervisor.children.which()
    below = {
        str(id): _snapshot(world, child_path(path, str(id)))
        for id, life, kind in which
        if kind == "supervisor" and isinstance(life, int)
    }
    return {"which": which, "count": supervisor.count(), "subs": below}
