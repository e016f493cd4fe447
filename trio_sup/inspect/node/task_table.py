"""The Trio task tree as last seen, and what changed since when.

Each look walks from the root task through nurseries and tasks, a slice at a time.
Reading where a task waits costs a few microseconds, so it is read again only for
tasks that have run since, where Trio tells.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Final

import trio
from attrs import define

from trio_sup.inspect.node.bounds import MAX_NAME, MAX_PATH, clip
from trio_sup.inspect.node.places import is_inspector, is_library, is_machinery, place
from trio_sup.inspect.protocol.wire_details import TaskRow

if TYPE_CHECKING:
    from collections.abc import Iterator

    from trio.lowlevel import Task

    from trio_sup.inspect.node.numbers import Numbers
    from trio_sup.inspect.node.source import ObservedNode

MAX_TASKS: Final = 20_000
"""Tasks and nurseries that are shown; the rest is counted."""
SLICE: Final = 250
"""Tasks that are looked at without a pause: about a millisecond."""
TOMBSTONES: Final = 4096


@define(slots=True)
class _Cell:
    row: TaskRow
    look: int
    gen: int
    steps: int
    """How often it had been scheduled when its place was read; -1 if unknown."""


class TaskTable:
    """All tasks of the program."""

    def __init__(self, node: ObservedNode, numbers: Numbers) -> None:
        self.gen: int = 0
        """Grows with every look that found something."""
        self.truncated: int = 0
        self.cells: dict[int, _Cell] = {}
        """By serial number, parents before children."""
        self._node = node
        self._numbers = numbers
        self._look = 0
        self._tombs: OrderedDict[int, int] = OrderedDict()
        self._floor = 0

    def clear(self) -> None:
        """Nobody follows any more: forget everything."""
        self.cells.clear()
        self._tombs.clear()
        self.truncated = 0
        self._floor = self.gen = self.gen + 1

    def scan(self) -> Iterator[None]:
        """Look at every task; yields after each `SLICE`."""
        root = trio.lowlevel.current_root_task()
        if root is None:  # pragma: no cover - not in a Trio program
            return
        self._look += 1
        gen, changed, count, left = self.gen + 1, False, 0, SLICE
        truncated = 0
        todo: list[tuple[Task, int, bool]] = [(root, 0, False)]
        while todo:
            task, parent, own = todo.pop()
            if count >= MAX_TASKS:
                truncated += 1
                continue
            own = own or _is_own(task)
            changed |= self._see_task(task, parent, gen, own=own)
            count += 1
            number = self._numbers.of(task)
            below: list[tuple[Task, int, bool]] = []
            for nursery in task.child_nurseries:
                at = self._numbers.of(nursery)
                changed |= self._see_nursery(at, number, gen, own=own)
                count += 1
                below += [(child, at, own) for child in _in_order(nursery)]
            todo += reversed(below)
            left -= 1
            if left <= 0:
                left = SLICE
                yield
        changed |= self._bury(gen)
        self.truncated = truncated
        if changed:
            self.gen = gen

    def _see_task(self, task: Task, parent: int, gen: int, *, own: bool) -> bool:
        number = self._numbers.of(task)
        steps: int = getattr(task, "_schedule_points", -1)
        state = _state_of(task)
        cell = self.cells.get(number)
        if cell is not None:
            cell.look = self._look
            row = cell.row
            same = cell.steps == steps != -1
            if same and row.state == state and row.parent == parent:
                return False
        child, path = self._node.child_of(task)
        if own:
            child, path = 0, ""
        name = path if path and _is_life(task) else task.name
        row = TaskRow(
            number,
            parent,
            "task",
            clip(name, MAX_NAME),
            where(task),
            state,
            child,
            own,
        )
        return self._put(row, gen, steps)

    def _see_nursery(self, number: int, task: int, gen: int, *, own: bool) -> bool:
        row = TaskRow(number, task, "nursery", "", "", "", 0, own)
        return self._put(row, gen, -1)

    def _put(self, row: TaskRow, gen: int, steps: int) -> bool:
        cell = self.cells.get(row.id)
        if cell is None:
            self.cells[row.id] = _Cell(row, self._look, gen, steps)
            return True
        cell.look, cell.steps = self._look, steps
        if cell.row == row:
            return False
        cell.row, cell.gen = row, gen
        return True

    def _bury(self, gen: int) -> bool:
        gone = [n for n, cell in self.cells.items() if cell.look != self._look]
        for number in gone:
            del self.cells[number]
            self._tombs[number] = gen
        while len(self._tombs) > TOMBSTONES:
            self._floor = self._tombs.popitem(last=False)[1]
        return bool(gone)

    # --- for clients ----------------------------------------------------------

    def knows_since(self, gen: int) -> bool:
        """Whether what was removed after `gen` is still remembered."""
        return gen >= self._floor

    def changed_since(self, gen: int) -> list[int]:
        """Tasks that came or changed, parents first."""
        return [number for number, cell in self.cells.items() if cell.gen > gen]

    def gone_since(self, gen: int) -> list[int]:
        """Tasks that are no more."""
        return [number for number, at in self._tombs.items() if at > gen]


def where(task: Task) -> str:
    """The innermost place outside of Trio and of this library, if there is one."""
    program = library = machinery = None
    for found in task.iter_await_frames():
        name = found[0].f_code.co_filename
        if is_machinery(name):
            machinery = machinery or found
        elif is_library(name):
            library = found
        else:
            program = found
    best = program or library or machinery
    return "" if best is None else clip(place(best[0].f_code, best[1]), MAX_PATH)


def _state_of(task: Task) -> str:
    # A waiting task has a way to wake it when it is cancelled. Trio keeps that to
    # itself; a release that renames it costs us the word and nothing else.
    abort: object = getattr(task, "_abort_func", task)
    if abort is task:
        return ""
    return "runnable" if abort is None else "waiting"


def _in_order(nursery: trio.Nursery) -> list[Task]:
    return sorted(nursery.child_tasks, key=_age)


def _age(task: Task) -> int:
    return getattr(task, "_counter", 0)


def _is_own(task: Task) -> bool:
    """Whether this is the inspector's first task, or one of Trio's system tasks."""
    code = getattr(task.coro, "cr_code", None)
    filename: str = getattr(code, "co_filename", "")
    if is_inspector(filename) or getattr(code, "co_name", "") == "serve_beside":
        return True
    nursery = task.parent_nursery
    system = nursery is not None and nursery.parent_task.parent_nursery is None
    return system and is_machinery(filename)


def _is_life(task: Task) -> bool:
    code = getattr(task.coro, "cr_code", None)
    return getattr(code, "co_name", "") == "run_life"
