"""Draws scenarios: trees with much to do, and scripts that get in each other's way."""

from __future__ import annotations

from random import Random
from typing import Literal

from attrs import evolve

from .scenario import (
    AutoShutdown,
    Cancel,
    Child,
    End,
    Exit,
    Go,
    Let,
    Moment,
    Op,
    Pass,
    Request,
    Scenario,
    Start,
    Strategy,
    Tree,
    Worker,
    join,
)

OUTCOMES: tuple[Literal["ok", "error", "ignore", "blink"], ...] = (
    "ok", "ok", "error", "ignore", "blink",
)  # fmt: skip


REQUESTS: tuple[
    Literal["terminate_child", "restart_child", "delete_child", "stop"], ...
] = ("terminate_child", "terminate_child", "restart_child", "delete_child", "stop")


def scenario_for(seed: int) -> Scenario:
    """The scenario that belongs to a seed."""
    draw = Random(seed)
    tree = _tree(draw, "root", 0)
    workers, trees = _paths(tree, "")
    script: list[Moment] = []
    for _ in range(draw.randint(2, 12)):
        if script and draw.random() < 0.4 and any(map(_lasts, script[-1])):
            outcome = draw.choice(OUTCOMES)
            goes_on = (Go(draw.randrange(6), None, outcome), Let(draw.randrange(6)))
            script.append((draw.choice((*goes_on, Cancel(draw.randrange(6)))),))
            continue
        beside = [path for path in trees[1:] if _came_down(path, script[-1:])]
        if beside and draw.random() < 0.5:
            script.append((Request("stop", draw.choice(beside)),))
            continue
        size = draw.choice((1, 1, 1, 2, 2, 3))
        if size == 1:
            script.append((_op(draw, workers, trees),))
            continue
        # What arrives together arrives at one supervisor: across several there is no
        # order, in OTP neither.
        sup = draw.choice(trees)
        own = [path for path in workers if path.rpartition("/")[0] == sup]
        below = [path for path in trees[1:] if path.rpartition("/")[0] == sup]
        ops = [_op(draw, own, [sup, *below], sup) for _ in range(size)]
        # Restarts of single children run beside requests, as far as they come.
        runs_beside = strategy_of(tree, sup) == "one_for_one"
        script.append(
            tuple(
                op
                for op in ops
                if _arrives_at(op, sup) and not (runs_beside and isinstance(op, Exit))
            )
        )
    return Scenario(tree, tuple(script))


def codes_for(seed: int, number: int) -> list[int]:
    """The schedules under which a scenario is played; number 0 is first come."""
    if number == 0:
        return []
    if number == 1:
        return [1] * 60
    draw = Random(f"{seed} {number}")
    return [draw.randrange(24) for _ in range(60)]


def _tree(draw: Random, id: str, depth: int) -> Tree:
    strategies: tuple[Strategy, ...] = ("one_for_one", "one_for_all", "rest_for_one")
    strategy = draw.choice((strategies[0], *strategies))
    autos: tuple[AutoShutdown, ...] = ("never", "any_significant", "all_significant")
    auto = draw.choice((autos[0], autos[0], *autos)) if depth else "never"
    children: list[Child] = []
    for name in "abcd"[: draw.randint(1, 4 - depth)]:
        if depth < 2 and draw.random() < 0.4:
            if draw.random() < 0.3:
                inner = Tree(f"{name}d", "dynamic", intensity=draw.randint(0, 2))
            else:
                inner = _tree(draw, f"{name}s", depth + 1)
            children.append(inner)
        else:
            children.append(_worker(draw, name, may_hold_start=depth > 0))
    kept = [_fit(draw, child, auto) for child in children]
    return Tree(
        id,
        strategy,
        tuple(kept),
        draw.choice(("permanent", "transient", "transient", "temporary")),
        auto_shutdown=auto,
        intensity=draw.choice((0, 1, 2, 5, 5)) if depth else 20,
        shutdown=draw.choice(("infinity", "infinity", "finite", "brutal_kill")),
    )


def _fit(draw: Random, child: Child, auto: str) -> Child:
    significant = (
        auto != "never" and child.restart != "permanent" and draw.random() < 0.6
    )
    return evolve(child, significant=significant)


def _worker(draw: Random, id: str, *, may_hold_start: bool = True) -> Worker:
    return Worker(
        id,
        draw.choice(("permanent", "transient", "transient", "temporary")),
        shutdown=draw.choice(("infinity", "infinity", "finite", "brutal_kill")),
        held_start=may_hold_start and draw.random() < 0.35,
        held_stop=draw.random() < 0.4,
    )


def _paths(tree: Tree, path: str) -> tuple[list[str], list[str]]:
    workers: list[str] = []
    trees = [path]
    for child in tree.children:
        below = join(path, child.id)
        if isinstance(child, Tree):
            more, inner = _paths(child, below)
            workers += more
            trees += inner
            if child.strategy == "dynamic":
                workers += [join(below, "n"), join(below, "m")]
        else:
            workers.append(below)
        workers += [join(path, "n")] if child is tree.children[-1] else []
    return workers, trees


def _op(
    draw: Random, workers: list[str], trees: list[str], only: str | None = None
) -> Op:
    path = draw.choice(workers or [""])
    parent, _, id = path.rpartition("/")
    roll = draw.random()
    if roll < 0.22:
        return Exit(path, draw.random() < 0.75)
    if roll < 0.38:
        outcome = draw.choice(OUTCOMES)
        return Go(draw.randrange(6), only, outcome)
    if roll < 0.52:
        return Let(draw.randrange(6), only)
    if roll < 0.62:
        sup = draw.choice(trees)
        dynamic = sup.endswith("d")
        name = draw.choice("nm") if dynamic else draw.choice("abn")
        worker = evolve(_worker(draw, name), held_start=draw.random() < 0.7)
        if dynamic and draw.random() < 0.5:
            return Start(sup, evolve(worker, named=True), True)
        return Start(sup, worker)
    if roll < 0.90:
        what = draw.choice(REQUESTS)
        if what == "stop":
            return Request("stop", draw.choice(trees[1:] or trees))
        # Now and then a supervisor below, so that an end comes from above.
        if draw.random() < 0.35 and len(trees) > 1:
            parent, _, id = draw.choice(trees[1:]).rpartition("/")
        return Request(what, parent, id)
    if roll < 0.94:
        return Cancel(draw.randrange(6))
    return End() if roll < 0.96 else Pass()


def strategy_of(tree: Tree, path: str) -> Strategy:
    """The strategy of the supervisor at a path, if it is of the first tree."""
    for id in path.split("/") if path else ():
        found = next((child for child in tree.children if child.id == id), None)
        if not isinstance(found, Tree):
            return "one_for_one"
        tree = found
    return tree.strategy


def _came_down(supervisor: str, last: list[Moment]) -> bool:
    """Whether a supervisor may be on its way back: a sibling has ended."""
    parent = supervisor.rpartition("/")[0]
    return any(
        isinstance(op, Exit) and op.path.rpartition("/")[0] == parent
        for moment in last
        for op in moment
    )


def _lasts(op: Op) -> bool:
    return isinstance(op, Start | Request | Exit)


def _arrives_at(op: Op, sup: str) -> bool:
    match op:
        case Start(path):
            return path == sup
        case Request(path=path):
            # A dynamic one stops what it has begun in the same moment, as far as it
            # has come: nothing waits in line there.
            return path == sup and not sup.endswith("d")
        case Exit(path):
            return path.rpartition("/")[0] == sup and not sup.endswith("d")
        case Go() | Let():
            return not sup.endswith("d")
        case _:
            return False
