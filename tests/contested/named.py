"""Scenarios by hand: what was once answered otherwise than by OTP."""

from __future__ import annotations

from .scenario import Exit, Go, Let, Request, Scenario, Start, Tree, Worker

SLOW = Worker("x", held_start=True)
STUBBORN = Worker("b", held_stop=True)


def _coming_back(restart: str) -> Scenario:
    inner = Tree("s", "one_for_all", (SLOW,), restart)  # type: ignore[arg-type]
    tree = Tree("root", "one_for_all", (inner, Worker("c")), "temporary", intensity=5)
    return Scenario(tree, ((Exit("c"),), (Request("stop", "s"),), (Go(0),)))


def _first_start(restart: str) -> Scenario:
    inner = Tree("s", "one_for_all", (SLOW,), restart)  # type: ignore[arg-type]
    tree = Tree("root", children=(Worker("c"),), restart="temporary", intensity=5)
    script = (
        (Start("", inner),),
        (Request("stop", "s"),),
        (Go(0),),
        (Go(0),),
        (Request("restart_child", "", "s"),),
    )
    return Scenario(tree, script)


def _in_line(what: str, restart: str, *, crash: bool) -> Scenario:
    a = Worker("a", restart)  # type: ignore[arg-type]
    tree = Tree("root", "one_for_all", (a, STUBBORN), "temporary", intensity=5)
    script = (
        (Request("terminate_child", "", "b"),),
        (Request(what, "", "a"),),  # type: ignore[arg-type]
        (Exit("a", crash=crash),),
        (Let(0),),
        (Request(what, "", "a"),),  # type: ignore[arg-type]
    )
    return Scenario(tree, script)


NAMED: dict[str, Scenario] = {
    "stop of a transient supervisor that comes back": _coming_back("transient"),
    "stop of a permanent supervisor that comes back": _coming_back("permanent"),
    "stop of a temporary supervisor that starts": _first_start("temporary"),
    "stop of a transient supervisor that starts": _first_start("transient"),
    "stop of a permanent supervisor that starts": _first_start("permanent"),
    "restart_child of a transient child that ended in line": _in_line(
        "restart_child", "transient", crash=False
    ),
    "restart_child of a temporary child that ended in line": _in_line(
        "restart_child", "temporary", crash=True
    ),
    "delete_child of a transient child that ended in line": _in_line(
        "delete_child", "transient", crash=False
    ),
    "delete_child of a transient child that crashed in line": _in_line(
        "delete_child", "transient", crash=True
    ),
}
