"""Simpler scenarios than one that fails."""

from collections.abc import Iterator

from attrs import evolve

from tests.proof.shrink import without_one
from tests.proof.supervisors.compare import trees_of
from tests.proof.supervisors.model.faults import fault_of_specs
from tests.proof.supervisors.scenario import (
    Advance,
    Child,
    Exit,
    InitPlan,
    Nested,
    Op,
    Queue,
    Scenario,
    StartChild,
    Tree,
    Worker,
)
from tests.proof.supervisors.scenario_json import (
    ScenarioError,
    read_scenario,
    write_scenario,
)


def smaller(scenario: Scenario) -> Iterator[Scenario]:
    """Simpler scenarios that can be played, those that lose most first.

    A specification that OTP refuses fails for reasons of its own: one is left in
    only where there was one already.
    """
    faulty = _is_faulty(scenario)
    for simpler in _smaller(scenario):
        if (faulty or not _is_faulty(simpler)) and _is_valid(simpler):
            yield simpler


def _is_faulty(scenario: Scenario) -> bool:
    return any(fault_of_specs(tree) is not None for _, tree in trees_of(scenario))


def _is_valid(scenario: Scenario) -> bool:
    try:
        read_scenario(write_scenario(scenario))
    except ScenarioError:
        return False
    return True


def _smaller(scenario: Scenario) -> Iterator[Scenario]:
    """Simpler scenarios, those that lose most first."""
    script = scenario.script
    for size in (8, 4, 2, 1):
        for start in range(0, len(script), size):
            yield evolve(scenario, script=script[:start] + script[start + size :])
    for tree in _smaller_trees(scenario.tree):
        yield evolve(scenario, tree=tree)
    for path, plan in scenario.init_plans.items():
        others = {p: o for p, o in scenario.init_plans.items() if p != path}
        yield evolve(scenario, init_plans=others)
        for shorter in without_one(plan):
            yield evolve(scenario, init_plans={**scenario.init_plans, path: shorter})
    for index, op in enumerate(script):
        for simpler in _simpler_ops(op):
            new = (*script[:index], simpler, *script[index + 1 :])
            yield evolve(scenario, script=new)


def _smaller_trees(tree: Tree) -> Iterator[Tree]:
    for children in without_one(tree.children):
        yield evolve(tree, children=children)
    plain = Tree()
    if tree.strategy != "dynamic":
        if tree.strategy != plain.strategy:
            yield evolve(tree, strategy=plain.strategy)
        if tree.auto_shutdown != "never":
            yield evolve(tree, auto_shutdown="never")
    elif tree.max_children is not None:
        yield evolve(tree, max_children=None)
    if tree.intensity > 0:
        yield evolve(tree, intensity=tree.intensity - 1)
    if tree.period != plain.period:
        yield evolve(tree, period=plain.period)
    for index, child in enumerate(tree.children):
        for simpler in _simpler_children(child):
            children = (*tree.children[:index], simpler, *tree.children[index + 1 :])
            yield evolve(tree, children=children)


def _simpler_children(child: Child) -> Iterator[Child]:
    if child.restart != "permanent":
        yield evolve(child, restart="permanent")
    if child.significant:
        yield evolve(child, significant=False)
    if isinstance(child, Nested):
        yield Worker(child.id, child.restart, child.significant)
        for tree in _smaller_trees(child.tree):
            yield evolve(child, tree=tree)
    elif (child.shutdown, child.stop) != (5000, "default"):
        yield evolve(child, shutdown=5000, stop="default")


def _simpler_ops(op: Op) -> Iterator[Op]:
    match op:
        case Queue(items=items):
            for fewer in without_one(items):
                yield evolve(op, items=fewer)
            yield from items
        case InitPlan(plan=plan):
            for shorter in without_one(plan):
                yield evolve(op, plan=shorter)
        case StartChild(child=child):
            for simpler in _simpler_children(child):
                yield evolve(op, child=simpler)
        case Advance(seconds) if seconds > 1:
            yield Advance(seconds - 1)
        case Exit(path, reason) if reason != ("error", "crash"):
            yield Exit(path, ("error", "crash"))
        case _:
            pass
