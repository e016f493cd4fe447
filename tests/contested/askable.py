"""What OTP can be asked, out of what is drawn."""

from __future__ import annotations

from attrs import evolve

from .draw import scenario_for, strategy_of
from .scenario import (
    Child,
    Exit,
    Go,
    Let,
    Moment,
    Op,
    Request,
    Scenario,
    Start,
    Tree,
    Worker,
)


def askable(seed: int) -> Scenario:
    """The scenario of a seed, without what OTP cannot be asked."""
    scenario = scenario_for(seed)
    tree = _without_dynamic(scenario.tree)
    moments = (_moment(moment, tree) for moment in scenario.script)
    script = tuple(moment for moment in moments if moment)
    return Scenario(evolve(tree, restart="temporary"), script)


def _without_dynamic(tree: Tree) -> Tree:
    children: list[Child] = []
    for child in tree.children:
        if isinstance(child, Tree):
            if child.strategy == "dynamic":
                continue
            child = _without_dynamic(child)
            if tree.strategy == "one_for_one" and _holds_starts(child):
                significant = child.significant and tree.auto_shutdown != "never"
                child = evolve(child, restart="temporary", significant=significant)
        else:
            child = _plain(child, may_hold=tree.strategy != "one_for_one")
        children.append(child)
    return evolve(tree, children=tuple(children), shutdown="infinity")


def _holds_starts(child: Child) -> bool:
    if isinstance(child, Worker):
        return child.held_start
    return any(map(_holds_starts, child.children))


def _plain(worker: Worker, *, may_hold: bool) -> Worker:
    brutal = worker.shutdown == "brutal_kill"
    held = worker.held_start and may_hold
    shutdown = worker.shutdown if brutal else "infinity"
    return evolve(worker, shutdown=shutdown, held_start=held, named=False)


def _moment(moment: Moment, tree: Tree) -> Moment:
    ops: list[Op] = []
    for op in moment:
        match op:
            case Start(path, child, False) if isinstance(child, Worker):
                groups = strategy_of(tree, path) != "one_for_one"
                ops.append(Start(path, _plain(child, may_hold=groups)))
            case Exit() | Request():
                ops.append(op)
            case Go() | Let() if len(moment) == 1:
                ops.append(op)
            case _:
                pass
    return tuple(ops)
