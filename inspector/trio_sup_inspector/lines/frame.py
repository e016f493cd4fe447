"""The bars around the lists: tabs, what is filtered, which keys. No Textual."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from trio_sup.inspect.model.lint_rules import BY_ID
from trio_sup_inspector.lines.cells import (
    Cell,
    Cells,
    Role,
    cell,
    cells_width,
    spread,
)

if TYPE_CHECKING:
    from trio_sup_inspector.state.filter import Filter
    from trio_sup_inspector.state.node import NodeState


class Tab(NamedTuple):
    """One of the lists, as the bar of tabs names it."""

    name: str
    """By which its pane is found, and its key in a user's keymap: ``screen.list``."""
    key: str
    title: str
    short: str
    """The title where there is less room."""


TABS: Final = (
    Tab("tree", "1", "Tree", "Tree"),
    Tab("list", "2", "Processes", "Procs"),
    Tab("restarts", "3", "Restarts", "Restarts"),
    Tab("events", "4", "Events", "Events"),
    Tab("lints", "5", "Lints", "Lints"),
    Tab("node", "6", "Node", "Node"),
    Tab("tasks", "8", "Tasks", "Tasks"),
    Tab("calls", "9", "Calls", "Calls"),
    Tab("busy", "0", "Busy", "Busy"),
    Tab("registry", "K", "Registry", "Names"),
    Tab("logs", "L", "Logs", "Logs"),
    Tab("trace", "c", "Trace", "Trace"),
    Tab("charts", "p", "Charts", "Charts"),
)
"""Every list, left to right. The key 7 leads to other nodes."""
NAMES: Final = tuple(tab.name for tab in TABS)
NARROW: Final = 78
"""Below this only the list on screen has its title; from here on what fits."""
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
"""Keys and what they do, the most useful first. For what each stands: `keys.HINTED`."""


BARE: Final = ("tasks", "busy", "node", "charts", "logs", "calls", "events", "lints")
"""The lists of a program without supervisors, those that say most first."""


def shown_tabs(current: str, *, bare: bool) -> tuple[Tab, ...]:
    """The lists that the bar of tabs names, left to right."""
    if not bare:
        return TABS
    by_name = {tab.name: tab for tab in TABS}
    return tuple(by_name[name] for name in dict.fromkeys((*BARE, current)))


def tabs(
    current: str,
    note: Cells,
    width: int,
    *,
    plain: bool,
    wrong: tuple[int, Role],
    bare: bool = False,
) -> Cells:
    """The names of the lists, and at the right what is special about this one.

    Args:
        current: The list on screen.
        note: What stands at the right.
        width: Cells of the line.
        plain: ASCII only.
        wrong: How many lints there are, and how loud they are.
        bare: The program has no supervisor: lists of children are left out.
    """
    shown = shown_tabs(current, bare=bare)
    room = width - cells_width(note)
    titled = _titled(shown, current, room, wrong[0], others=width >= NARROW)
    cells: list[Cell] = []
    number, loud = wrong
    for tab in shown:
        role: Role = "badge" if tab.name == current else "dim"
        if tab.name == "lints" and number and tab.name != current:
            role = loud
        cells.append((_tab_text(tab, titled.get(tab.name, ""), number), role))
    return spread(tuple(cells), note, width, plain=plain)


def _tab_text(tab: Tab, title: str, number: int) -> str:
    """A tab, with its title if there is room for it."""
    text = f" {tab.key} {title}" if title else f" {tab.key}"
    if tab.name == "lints" and number:
        # However narrow: how much is wrong is what one looks for.
        text += f"{'' if title else ':'} {number}"
    return f"{text} "


def _titled(
    shown: tuple[Tab, ...], current: str, width: int, number: int, *, others: bool
) -> dict[str, str]:
    """Which tabs have a title, and which: all long, all short, or the first ones.

    Args:
        shown: The tabs.
        current: The one on screen: it has one whatever the width.
        width: Cells for all of them.
        number: How many lints there are.
        others: Whether other tabs may have one, too.
    """
    for titles in (
        {tab.name: tab.title for tab in shown},
        {tab.name: tab.short for tab in shown},
    ):
        if sum(len(_tab_text(t, titles[t.name], number)) for t in shown) <= width:
            return titles
    titled = {tab.name: tab.title for tab in shown if tab.name == current}
    if not others:
        return titled
    for tab in shown:
        if tab.name == current:
            continue
        more = {**titled, tab.name: tab.short}
        used = sum(len(_tab_text(t, more.get(t.name, ""), number)) for t in shown)
        if used <= width:
            titled = more
    return titled


def lint_count(state: NodeState, clock: float) -> tuple[int, Role]:
    """How many lints there are, and the role of the most urgent one."""
    found = state.findings(clock, age=1.0)
    return len(found), BY_ID[found[0].rule].severity if found else "dim"


def tab_note(
    state: NodeState,
    current: str,
    *,
    shown: int,
    total: int,
    held: bool,
    behind: bool,
) -> Cells:
    """What keeps the list from showing everything in its usual order.

    Args:
        state: The node.
        current: The list on screen.
        shown: How many of its lines pass the filter.
        total: How many there would be without it.
        held: Whether sorted lists keep their order at present.
        behind: Whether it does not keep to its end, and could.
    """
    note: list[Cell] = []
    if state.filter.on:
        note.append((f"{shown} of {total}", "accent"))
    if state.filter.only_problems:
        note.append(("only problems", "warn"))
    if current == "list":
        note.append((f"by {state.order.title}{', held' if held else ''}", "dim"))
    if behind:
        note.append(("f = follow", "dim"))
    if state.picture.keep_dead:
        note.append(("keeping the dead", "dim"))
    return tuple(cell(f" {text} ", role) for text, role in note)


def filter_note(
    wish: Filter, shown: int, total: int, *, searches: bool = False
) -> Cells:
    """What the filter found; what is wrong with one needs more room than there is.

    Args:
        wish: The filter.
        shown: How many lines pass.
        total: How many there would be without it.
        searches: It is no filter of children, but words that the node looks for.
    """
    if searches or (wish.on and not wish.error):
        return ((f"{shown} of {total}", "accent"),)
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
    if state.picture.paused:
        shown.remove(("space", "pause"))
        shown = [("space", "go on"), (".", "step"), *shown]
    if detail or current in ("node", "charts"):
        shown.remove(("enter", "details"))
    if state.session.operating.granted:
        shown.insert(3, ("a", "act"))
    if detail:
        shown[:0] = [("t", "next tab"), ("j k", "scroll"), ("Z", "zoom")]
        shown[6:6] = [("b", "copy traceback"), ("F", "frames")]
    return [("esc", "back"), *shown] if detail or state.filter.on else shown
