"""The Registry screen: names, who holds them, who waits and listens. Knows no Textual."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from trio_sup.inspect.model.query import plain_words
from trio_sup.inspect.protocol.wire_details import Follow
from trio_sup.inspect.text import show
from trio_sup.inspect.text.registry_lines import left_out, notes, relation
from trio_sup_inspector.lines.cells import (
    Cell,
    Cells,
    Role,
    clip_cells,
    cut_front,
    fit,
    printable,
    printable_cells,
)
from trio_sup_inspector.panes.pane import Pane, can_ask

if TYPE_CHECKING:
    from trio_sup.inspect.protocol.wire_registry import NameRow
    from trio_sup_inspector.state.node import NodeState

MAX_SEARCH: Final = 200
"""Characters of a search: no request has a longer string."""
_ROLES: Final[dict[str, Role]] = {
    "name": "ok",
    "reserved": "warn",
    "waiter": "warn",
    "lock": "busy",
}


class RegistryPane(Pane):
    """A page of what the node's registries hold: the filter searches in the node."""

    topics = ("registry",)
    searches = True

    def __init__(self, state: NodeState, *, plain: bool) -> None:
        super().__init__(state, plain=plain)
        self.rows: list[NameRow] = []
        self._numbers: dict[tuple[str, str, str, int, int], int] = {}
        self._at: dict[int, NameRow] = {}

    def wishes(self) -> tuple[Follow, ...]:
        """The first page of what passes the filter."""
        return (Follow("registry", text=_words(self.state.filter.typed)),)

    def refresh(self, clock: float, *, bottom: int, hold: bool) -> bool:
        """Take the newest page; while paused everything stands still."""
        self.clock = clock
        state = self.state
        names = state.session.topics.registry
        if not can_ask(state, "registry"):
            self.nothing = state.cannot_tell
        else:
            self.nothing = "asking" if names is None else "Nobody has a name."
            if names is not None and names.text:
                self.nothing = f"Nothing holds {show.clean(names.text)}. esc shows all."
        if state.picture.paused and self.rows:
            return False
        self.rows = [] if names is None else names.rows
        self.shown = 0 if names is None else names.passing
        self.total = 0 if names is None else names.total
        keys = self._number()
        changed = keys != self.keys
        self.keys, self._at = keys, dict(zip(keys, self.rows, strict=True))
        return changed

    def _number(self) -> list[int]:
        """A number for each row, the same as at the look before."""
        numbers, seen = self._numbers, dict[tuple[str, str, str, int], int]()
        self._numbers = {}
        fresh = max(numbers.values(), default=0)
        for row in self.rows:
            what = row.registry, row.kind, row.key, row.child
            seen[what] = again = seen.get(what, 0) + 1
            known = numbers.get((*what, again))
            if known is None:
                fresh += 1
            self._numbers[*what, again] = known or fresh
        return list(self._numbers.values())

    def titles(self, width: int) -> Cells:
        """The columns."""
        key, path = _shares(width)
        return clip_cells(
            (
                (fit("KEY", key) + " ", "dim"),
                (fit("", 14), "dim"),
                (fit("CHILD", path) + " ", "dim"),
                ("DETAILS", "dim"),
            ),
            width,
            plain=self.plain,
        )

    def cells(self, index: int, width: int) -> Cells:
        """One name, waiter, subscriber or lock."""
        row, plain = self.rows[index], self.plain
        key, path = _shares(width)
        role = _ROLES.get(row.kind, "text")
        loss: Role = "bad" if row.dropped else "text"
        name = printable(show.clean(row.key), plain=plain)
        who = printable(show.clean(row.path or "nobody"), plain=plain)
        return clip_cells(
            (
                (fit(name, key, plain=plain) + " ", "strong"),
                (fit(relation(row), 13) + " ", role),
                (fit(cut_front(who, path, plain=plain), path) + " ", "text"),
                (printable(notes(row), plain=plain), loss),
            ),
            width,
            plain=plain,
        )

    def row_id(self, key: int) -> int | None:
        """The child that holds the name, waits or listens."""
        row = self._at.get(key)
        return row.child if row is not None and row.child else None

    def explain(self, key: int, width: int) -> list[Cells]:
        """The whole row, and the registries."""
        row, names = self._at.get(key), self.state.session.topics.registry
        if row is None or names is None:
            return []
        lines: list[list[Cell]] = [
            [
                (show.clean(row.key), "strong"),
                (f" {relation(row)} ", "dim"),
                (show.clean(row.path or "nobody"), "strong"),
                (f"  in {show.clean(row.registry)}", "dim"),
            ],
        ]
        if said := notes(row):
            lines.append([(said, "text")])
        for each in names.registries[:3]:
            keys = "unique keys" if each.unique else "keys may be shared"
            text = f"{show.clean(each.name)}: {each.held} held, {keys}"
            lines.append([(text, "dim")])
        more = left_out(names, len(names.rows))
        if more:
            lines.append([(f"{more}; / searches among all of them", "warn")])
        plain = self.plain
        return [
            clip_cells(printable_cells(line, plain=plain), width, plain=plain)
            for line in lines
        ]


def _words(typed: str) -> str:
    """What is searched for; terms about children let all names pass."""
    return " ".join(plain_words(typed)[0].replace('"', " ").split())[:MAX_SEARCH]


def _shares(width: int) -> tuple[int, int]:
    """Cells of the key and of the path."""
    left = max(20, width - 14 - 2)
    return left * 2 // 5, left * 2 // 5
