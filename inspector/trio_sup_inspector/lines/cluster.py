"""The bars around the tables of a cluster, and the page before anything is known.

Knows no Textual.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from trio_sup.inspect.model.cluster_look import node_problems
from trio_sup.inspect.text import show
from trio_sup_inspector.lines.cells import (
    Cell,
    Cells,
    Role,
    cell,
    cells_width,
    printable_cells,
    spread,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from trio_sup_inspector.state.cluster import ClusterState

SLOW: Final = 0.25
"""Seconds of an engine's answer from which on it is said to be slow."""
STALE: Final = 4.0
"""Seconds after which what is shown is said to be old."""


def badge(state: ClusterState, clock: float) -> Cell:
    """How present what is shown is."""
    away = state.away(clock)
    if state.look is None:
        return (" AWAY ", "badge-bad") if away else (" CONNECTING ", "badge-busy")
    if state.paused:
        return " PAUSED ", "badge-warn"
    if away or state.age(clock) > STALE:
        age = int(state.age(clock))
        return f" STALE {age // 60:02}:{age % 60:02} ", "badge-bad"
    return " LIVE ", "badge-ok"


def header(state: ClusterState, clock: float, width: int, *, plain: bool) -> Cells:
    """The first line: the engine, what there is, and how present that is."""
    right = (badge(state, clock),)
    parts: list[Cell] = [cell(" cluster", "strong")]
    room = width - cells_width(right) - 1
    figures = _figures(state, clock) if state.look is not None else []
    left = room - cells_width(tuple(parts)) - sum(len(t) + 2 for t, _ in figures)
    title = show.clean(state.title)
    # The engine's place leaves first: who looks knows it.
    if len(title) + 2 <= left:
        figures.insert(0, (title, "dim"))
    for figure in figures:
        if cells_width((*parts, figure)) + 2 <= room:
            parts += [cell("  ", "text"), figure]
    return spread(printable_cells(parts, plain=plain), right, width, plain=plain)


def _figures(state: ClusterState, clock: float) -> list[Cell]:
    nodes = state.nodes
    silent = sum(not node.answers for node in nodes)
    wrong = sum(bool(node_problems(node, state.generation)) for node in nodes) - silent
    figures: list[Cell] = [(f"{len(nodes)} node{'s' * (len(nodes) != 1)}", "text")]
    if silent:
        figures.append((f"{silent} silent", "bad"))
    if wrong > 0:
        figures.append((f"{wrong} need{'s' * (wrong == 1)} a look", "warn"))
    figures.append((f"{sum(node.held for node in nodes):,} names", "text"))
    seconds = state.engine.seconds
    if seconds is not None and not state.away(clock):
        role: Role = "warn" if seconds >= SLOW else "dim"
        slow = " slow" if seconds >= SLOW else ""
        took = f"{seconds * 1e3:.1f}ms" if seconds < 0.01 else show.duration(seconds)
        figures.append((f"engine{slow} {took}", role))
    return figures


def notice(state: ClusterState, clock: float) -> tuple[str, Role]:
    """One line while what is shown is not the present, else empty."""
    away = state.away(clock)
    if not away or state.look is None:
        return "", "text"
    known = f"last known {show.duration(state.age(clock))} ago"
    return f"{known}: {show.clean(away)}", "warn"


def tabs(names: Sequence[tuple[str, str, bool]], note: str, width: int) -> Cells:
    """The bar of tabs, and what is special about this one.

    Args:
        names: Of each its key, its title, and whether it is on screen.
        note: What stands at the right.
        width: Cells of the line.
    """
    cells = [cell(f" {key} {title} ", _tab(here)) for key, title, here in names]
    return spread(tuple(cells), ((f"{note} ", "dim"),), width)


def _tab(here: bool) -> Role:
    return "badge" if here else "dim"


def blank_page(state: ClusterState, clock: float) -> list[tuple[str, Role]]:
    """What stands there as long as nothing is known."""
    away = state.away(clock)
    title = show.clean(state.title)
    if not away:
        return [(f"Joining the cluster at {title} as an observer ...", "text")]
    page: list[tuple[str, Role]] = [
        (f"The cluster at {title} cannot be seen", "bad"),
        ("", "text"),
        (show.clean(away), "text"),
        ("", "text"),
    ]
    again = "r tries again" if state.final else "It is tried again by itself; r: now"
    page.append((again, "dim"))
    return page
