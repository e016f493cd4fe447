"""Makes a failing scenario small: it still fails, and nothing of it can go."""

from collections.abc import Callable, Iterator
from typing import TypeVar

from attrs import evolve

from trio_sup.testing._model_faults import fault_of_specs
from trio_sup.testing.conformance._compare import trees_of
from trio_sup.testing.scenario import (
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
from trio_sup.testing.scenario_json import (
    ScenarioError,
    read_scenario,
    write_scenario,
)

T = TypeVar("T")


def shrink(scenario: Scenario, fails: Callable[[Scenario], bool]) -> Scenario:
    """A small scenario for which `fails` is still true.

    Args:
        scenario: One for which `fails` is true.
        fails: Whether a scenario shows the difference looked for.
    """
    faulty = _is_faulty(scenario)
    progress = True
    while progress:
        progress = False
        for smaller in _smaller(scenario):
            # A specification that OTP refuses fails for reasons of its own.
            slipped = not faulty and _is_faulty(smaller)
            if not slipped and _is_valid(smaller) and fails(smaller):
                scenario = smaller
                progress = True
                break
    return scenario


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
        for shorter in _shorter(plan):
            yield evolve(scenario, init_plans={**scenario.init_plans, path: shorter})
    for index, op in enumerate(script):
        for simpler in _simpler_ops(op):
            new = (*script[:index], simpler, *script[index + 1 :])
            yield evolve(scenario, script=new)


def _shorter(items: tuple[T, ...]) -> Iterator[tuple[T, ...]]:
    for index in range(len(items)):
        yield items[:index] + items[index + 1 :]


def _smaller_trees(tree: Tree) -> Iterator[Tree]:
    for children in _shorter(tree.children):
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
            for fewer in _shorter(items):
                yield evolve(op, items=fewer)
            yield from items
        case InitPlan(plan=plan):
            for shorter in _shorter(plan):
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
