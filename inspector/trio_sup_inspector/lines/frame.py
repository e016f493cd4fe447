"""The bars around the lists: tabs, what is filtered, which keys. No Textual."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from trio_sup.inspect.model.lint_rules import BY_ID
from trio_sup_inspector.lines.cells import Cell, Cells, Role, cell, cut, spread
from trio_sup_inspector.panes.lists import NAMES

if TYPE_CHECKING:
    from trio_sup_inspector.panes.pane import Pane
    from trio_sup_inspector.state import NodeState

TABS: Final = (
    ("1", "Tree", "Tree"),
    ("2", "Processes", "Procs"),
    ("3", "Restarts", "Restarts"),
    ("4", "Events", "Events"),
    ("5", "Lints", "Lints"),
    ("6", "Node", "Node"),
    ("8", "Tasks", "Tasks"),
    ("9", "Calls", "Calls"),
    ("0", "Busy", "Busy"),
)
"""Key, title, and the title where there is less room. 7 leads to other nodes."""
ROOMY: Final = 96
NARROW: Final = 78
"""Below this only the list on screen has its title."""
HINTS: Final[tuple[tuple[str, str], ...]] = (
    ("enter", "details"),
    ("/", "filter"),
    ("e", "next problem"),
    ("space", "pause"),
    ("?", "help"),
    ("q", "quit"),
    ("z", "only problems"),
    ("s", "sort"),
    ("tab", "screens"),
    ("y", "copy path"),
    ("^p", "commands"),
)
"""Keys and what they do, the most useful first."""


def tabs(
    current: str, note: Cells, width: int, *, plain: bool, wrong: tuple[int, Role]
) -> Cells:
    """The names of the lists, and at the right what is special about this one.

    Args:
        current: The list on screen.
        note: What stands at the right.
        width: Cells of the line.
        plain: ASCII only.
        wrong: How many lints there are, and how loud they are.
    """
    cells: list[Cell] = []
    number, loud = wrong
    for name, (key, title, short) in zip(NAMES, TABS, strict=True):
        role: Role = "badge" if name == current else "dim"
        if width >= NARROW or name == current:
            key = f"{key} {title if width >= ROOMY else short}"
        if name == "lints" and number and (width >= NARROW or name == current):
            loud = role if name == current else loud
            cells.append((f" {key} {number} ", loud))
        else:
            cells.append((f" {key} ", role))
    return spread(tuple(cells), note, width, plain=plain)


def lint_count(state: NodeState, clock: float) -> tuple[int, Role]:
    """How many lints there are, and the role of the most urgent one."""
    found = state.findings(clock, age=1.0)
    return len(found), BY_ID[found[0].rule].severity if found else "dim"


def tab_note(
    state: NodeState, pane: Pane, current: str, *, held: bool, follow: bool
) -> Cells:
    """What keeps the list from showing everything in its usual order."""
    note: list[Cell] = []
    if state.filtering:
        note.append((f"{pane.shown} of {pane.total}", "accent"))
    if state.only_problems:
        note.append(("only problems", "warn"))
    if current == "list":
        note.append((f"by {state.order.title}{', held' if held else ''}", "dim"))
    if current == "events" and not follow:
        note.append(("f = follow", "dim"))
    if state.keep_dead:
        note.append(("keeping the dead", "dim"))
    return tuple(cell(f" {text} ", role) for text, role in note)


def filter_note(state: NodeState, pane: Pane, width: int, *, plain: bool) -> Cells:
    """What the filter found, or what is wrong with it."""
    if state.query_error:
        return ((cut(state.query_error, width, plain=plain), "bad"),)
    if state.filtering:
        return ((f"{pane.shown} of {pane.total}", "accent"),)
    return ()


def hints(
    state: NodeState, current: str, *, typing: bool, detail: bool
) -> list[tuple[str, str]]:
    """The keys worth naming at present."""
    if typing:
        return [("enter", "done"), ("esc", "clear")]
    shown: list[tuple[str, str]] = [
        hint for hint in HINTS if hint[0] != "s" or current == "list"
    ]
    if state.paused:
        shown.remove(("space", "pause"))
        shown = [("space", "go on"), (".", "step"), *shown]
    if detail or current == "node":
        shown.remove(("enter", "details"))
    if detail:
        shown.insert(0, ("t", "next tab"))
    return [("esc", "back"), *shown] if detail or state.filtering else shown
