"""The Tasks screen: every Trio task and nursery, and where each one waits.

Knows no Textual.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from trio_sup.inspect.model.query import parse_text_query
from trio_sup.inspect.model.tree_view import MAX_GUIDES, Line
from trio_sup.inspect.text import show
from trio_sup.inspect.text.tree_text import guides
from trio_sup_inspector.lines.cells import (
    Cell,
    Cells,
    Role,
    cell,
    clip_cells,
    cut,
    cut_front,
    dimmed,
    fit,
    fold_mark,
    printable,
    width_of,
)
from trio_sup_inspector.panes.pane import Pane, can_follow

if TYPE_CHECKING:
    from collections.abc import Mapping

    from trio_sup.inspect.protocol.wire_details import TaskRow
    from trio_sup_inspector.state.node import NodeState

WHERE: Final = 72
"""The view's width from which on the places are shown."""


def task_lines(
    tasks: Mapping[int, TaskRow],
    *,
    folded: frozenset[int],
    own: bool,
    text: str = "",
) -> list[Line]:
    """The task tree as lines, top to bottom.

    A nursery that is its task's only one has no line of its own: its tasks hang
    at the task.

    Args:
        tasks: Rows by id; a row whose parent is unknown stands at the top.
        folded: Tasks and nurseries whose insides are hidden.
        own: Show the inspector's own and Trio's system tasks, too.
        text: A filter; what leads to a match is kept, dimmed.
    """
    records = children_of(tasks, own=own)
    matching = _matching(tasks, text) if text.strip() else None
    shown = None if matching is None else _with_ancestors(tasks, matching)
    lines: list[Line] = []
    todo: list[tuple[int, str, bool]] = []
    room = MAX_GUIDES

    def push(parent: int, above: str) -> None:
        below = [n for n in records.get(parent, ()) if shown is None or n in shown]
        todo.extend((n, above, n == below[-1]) for n in reversed(below))

    push(0, "")
    while todo:
        number, above, last = todo.pop()
        dim = matching is not None and number not in matching
        lines.append(Line(number, above, last, dim))
        if number not in folded:
            if room > 0:
                above += " " if last else "|"
                room -= len(above)
            push(number, above)
    return lines


def children_of(tasks: Mapping[int, TaskRow], *, own: bool) -> dict[int, list[int]]:
    """What hangs where, with single nurseries taken out; 0 is the top.

    A nursery in which only hidden tasks are is hidden, too.
    """
    records: dict[int, list[int]] = {}
    hidden: set[int] = set()
    for row in tasks.values():
        parent = row.parent if row.parent in tasks else 0
        if own or not row.own:
            records.setdefault(parent, []).append(row.id)
        else:
            hidden.add(parent)
    bare = {n for n in hidden - records.keys() if n and tasks[n].kind == "nursery"}
    for number in bare:
        above = records.get(tasks[number].parent)
        if above is not None and number in above:
            above.remove(number)
    for parent, below in list(records.items()):
        single = below[0] if parent and len(below) == 1 else 0
        if single and tasks[single].kind == "nursery":
            records[parent] = records.pop(single, [])
    return records


def _matching(tasks: Mapping[int, TaskRow], text: str) -> set[int]:
    passes = parse_text_query(text)
    return {
        row.id
        for row in tasks.values()
        if row.kind == "task" and passes(f"{row.name} {row.where}")
    }


def _with_ancestors(tasks: Mapping[int, TaskRow], matching: set[int]) -> set[int]:
    shown = set(matching)
    for number in matching:
        above = tasks[number].parent
        while above in tasks and above not in shown:
            shown.add(above)
            above = tasks[above].parent
    return shown


class TasksPane(Pane):
    """The task tree of the whole program."""

    topics = ("tasks",)

    def __init__(self, state: NodeState, *, plain: bool) -> None:
        super().__init__(state, plain=plain)
        self.lines: list[Line] = []
        self.folded: frozenset[int] = frozenset()
        self.own = False
        """Whether system tasks and the inspector's own are shown."""
        self._records: dict[int, list[int]] = {}
        self._made_of: tuple[object, ...] = ()
        self._tasks: dict[int, TaskRow] = {}
        self._stamp = 0

    def refresh(self, clock: float, *, bottom: int, hold: bool) -> bool:
        """Draw the tree again, if it or the filter changed."""
        self.clock = clock
        state = self.state
        topics = state.session.topics
        self.nothing = (
            "asking for the tasks" if can_follow(state) else state.cannot_tell
        )
        if state.picture.paused and self.lines:
            return False
        made_of = (state.task_looks, self.folded, self.own, state.filter.query.text)
        if made_of == self._made_of:
            return False
        self._made_of = made_of
        self._tasks = dict(topics.tasks)
        self._records = children_of(self._tasks, own=self.own)
        self.lines = task_lines(
            self._tasks, folded=self.folded, own=self.own, text=state.filter.query.text
        )
        keys = [line.id for line in self.lines]
        self.total = sum(row.kind == "task" for row in self._tasks.values())
        self.shown = sum(not line.dim for line in self.lines)
        changed = keys != self.keys
        self.keys = keys
        return changed

    def matches_itself(self, index: int) -> bool:
        """Not what only leads to a match."""
        return not self.lines[index].dim

    def titles(self, width: int) -> Cells:
        """The columns."""
        name, place = _shares(width)
        cells: list[Cell] = [(fit("  TASK", name), "dim"), (" STATE    ", "dim")]
        if place:
            cells.append((fit("WHERE", place), "dim"))
        return clip_cells(tuple(cells), width)

    def cells(self, index: int, width: int) -> Cells:
        """One task or nursery."""
        line = self.lines[index]
        row = self._tasks.get(line.id)
        if row is None:
            return clip_cells((), width)
        name, place = _shares(width)
        below = len(self._records.get(row.id, ()))
        opened = row.id not in self.folded if below else None
        fold = fold_mark(opened, plain=self.plain)
        stem = guides(line, plain=self.plain)
        text, role = self._title(row, below)
        room = max(1, name - width_of(stem) - width_of(fold))
        shown = fit(cut(text, room, plain=self.plain), room)
        state_role: Role = "ok" if row.state == "runnable" else "dim"
        cells: list[Cell] = [
            (stem, "dim"),
            (fold, "dim"),
            (shown, role),
            (" " + fit(row.state, 9), state_role),
        ]
        if place:
            where = printable(show.clean(row.where), plain=self.plain)
            cells.append((cut_front(where, place, plain=self.plain), "text"))
        done = clip_cells(tuple(cells), width, plain=self.plain)
        return dimmed(done) if line.dim or row.own else done

    def _title(self, row: TaskRow, below: int) -> Cell:
        if row.kind == "nursery":
            hidden = f", {below} inside" if row.id in self.folded else ""
            return f"nursery{hidden}", "dim"
        text = printable(show.clean(row.name), plain=self.plain)
        if row.id in self.folded and below:
            text += f"  +{below}"
        return cell(text, "strong" if row.child else "text")

    def row_id(self, key: int) -> int | None:
        """The child that the task belongs to, if any."""
        row = self._tasks.get(key)
        return None if row is None else row.child or None

    def fold(self, key: int) -> int | None:
        """Fold what hangs below; or say where the one above is."""
        if self._records.get(key) and key not in self.folded:
            self.folded |= {key}
            return None
        line = next((n for n, each in enumerate(self.lines) if each.id == key), 0)
        depth = len(self.lines[line].guides) if self.lines else 0
        for each in self.lines[:line][::-1]:
            if len(each.guides) < depth:
                return each.id
        return None

    def unfold(self, key: int) -> bool:
        """Unfold it; whether it was folded."""
        if key in self.folded:
            self.folded -= {key}
            return True
        return False

    def explain(self, key: int, width: int) -> list[Cells]:
        """The task's full name and place, which its line may have no room for."""
        row = self._tasks.get(key)
        if row is None or row.kind == "nursery":
            return []
        child = self.state.row(row.child)
        owner = f"of {show.clean(child.path)}" if child is not None else "of no child"
        lines: list[Cells] = [
            (cell(show.clean(row.name), "strong"), cell(f"  {owner}", "dim")),
            (cell("waits at ", "dim"), cell(show.clean(row.where) or "-", "text")),
        ]
        missing = self.state.session.topics.tasks_truncated
        if missing:
            lines.append((cell(f"{missing} further tasks are not shown", "warn"),))
        return [clip_cells(line, width, plain=self.plain) for line in lines]


def _shares(width: int) -> tuple[int, int]:
    """Cells of the task and of its place (0: no column)."""
    if width < WHERE:
        return max(8, width - 10), 0
    left = width - 10
    place = left // 2
    return left - place, place
