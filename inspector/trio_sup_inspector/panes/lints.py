"""The Lints screen: the rules that are broken, and by whom. Knows no Textual."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Final

from trio_sup.inspect.model.lint_rules import BY_ID, ORDER, RULES
from trio_sup.inspect.model.lints import explained
from trio_sup.inspect.text import show
from trio_sup_inspector.lines.cells import (
    Cell,
    Cells,
    Role,
    cell,
    clip_cells,
    cut_front,
    fit,
    printable,
    printable_cells,
)
from trio_sup_inspector.panes.pane import GROUP, Pane

if TYPE_CHECKING:
    from trio_sup.inspect.model.lints import Finding
    from trio_sup_inspector.state.node import NodeState

NOBODY: Final = 1_000_000_000
"""What stands for the row where a finding is about none, plus its place."""


class LintsPane(Pane):
    """The broken rules, and who breaks them."""

    nothing = "Nothing is wrong: no rule is broken."
    topics = ("waits", "holds")
    starts_at = 1
    """Below the first heading."""

    def __init__(self, state: NodeState, *, plain: bool) -> None:
        super().__init__(state, plain=plain)
        self.lines: list[str | Finding] = []
        self._at: dict[int, str | Finding] = {}
        self._count: dict[str, int] = {}
        # The first of those that break a rule: what its heading is about.
        self._first: dict[str, Finding] = {}

    def refresh(self, clock: float, *, bottom: int, hold: bool) -> bool:
        """Find again."""
        self.clock = clock
        state = self.state
        matches = state.matches(clock)
        everything = state.findings(clock)
        found = [f for f in everything if matches is None or f.id in matches]
        self._count, self._first = {}, {}
        lines: list[str | Finding] = []
        keys: list[int] = []
        for each in found:
            if each.rule not in self._count:
                self._count[each.rule] = 0
                self._first[each.rule] = each
                lines.append(each.rule)
                keys.append(GROUP + ORDER[each.rule])
            self._count[each.rule] += 1
            lines.append(each)
            keys.append(self._key(each, len(lines)))
        changed = keys != self.keys
        self.lines, self.keys = lines, keys
        self._at = dict(zip(keys, lines, strict=True))
        self.shown, self.total = len(found), len(everything)
        return changed

    def titles(self, width: int) -> Cells:
        """The columns."""
        room = finding_room(width)
        return (cell("  " + fit("CHILD", room) + " WHAT", "dim"),)

    def _key(self, finding: Finding, n: int) -> int:
        # A row has one finding of a rule; what is about no row has its place.
        about = finding.id or (NOBODY + n)
        return -(about * len(RULES) + ORDER[finding.rule])

    def cells(self, index: int, width: int) -> Cells:
        """A rule, or one that breaks it."""
        line = self.lines[index]
        if isinstance(line, str):
            rule = BY_ID[line]
            glyph = {"bad": ("!", "‼"), "warn": ("*", "▲")}[rule.severity]
            text = rule.title(self._count[line])
            mark = f"{glyph[0] if self.plain else glyph[1]} "
            return clip_cells(
                ((mark, rule.severity), (text, rule.severity)), width, plain=self.plain
            )
        return finding_cells(self._explained(line), width, plain=self.plain)

    def _explained(self, finding: Finding) -> Finding:
        return explained(finding, self.state.journal.incidents)

    def matches_itself(self, index: int) -> bool:
        """The lines below a rule do."""
        return not isinstance(self.lines[index], str)

    def row_id(self, key: int) -> int | None:
        """The child that breaks the rule; of a heading the first one below it."""
        line = self._at.get(key)
        finding = self._first.get(line) if isinstance(line, str) else line
        return None if finding is None else finding.id or None

    def explain(self, key: int, width: int) -> list[Cells]:
        """What the rule is about, why it matters, and what to do."""
        line = self._at.get(key)
        if line is None:
            return []
        if not isinstance(line, str):
            line = self._explained(line)
        rule = BY_ID[line if isinstance(line, str) else line.rule]
        lines: list[Cells] = []
        for title, text, role in (
            ("What", _what(line, self._count.get(rule.id, 1)), "strong"),
            (
                "Why",
                rule.why if isinstance(line, str) else line.why or rule.why,
                "text",
            ),
            ("Do", rule.advice, "accent"),
        ):
            lines += _labelled(title, text, _ROLES[role], width, self.plain)
        return lines


_ROLES: Final[dict[str, Role]] = {
    "strong": "strong",
    "text": "text",
    "accent": "accent",
}


def _what(line: str | Finding, number: int) -> str:
    if isinstance(line, str):
        return BY_ID[line].title(number)
    return f"{show.clean(line.path) or 'the node'} {show.clean(line.text)}"


def _labelled(
    title: str, text: str, role: Role, width: int, plain: bool
) -> list[Cells]:
    parts = textwrap.wrap(text, max(16, width - 6)) or [""]
    lines: list[Cells] = []
    for n, part in enumerate(parts):
        label: Cell = (f"{title if n == 0 else '':<6}", "dim")
        shown = printable_cells((label, cell(part, role)), plain=plain)
        lines.append(clip_cells(shown, width, plain=plain))
    return lines


def finding_room(width: int) -> int:
    """Cells of the child's path."""
    return max(12, min(44, width * 2 // 5))


def finding_cells(finding: Finding, width: int, *, plain: bool) -> Cells:
    """Who breaks a rule, and how."""
    path = printable(show.clean(finding.path) or "the node", plain=plain)
    text = printable(show.clean(finding.text), plain=plain)
    room = finding_room(width)
    cells: list[Cell] = [
        ("  ", "text"),
        (fit(cut_front(path, room, plain=plain), room) + " ", "strong"),
        (text, "text"),
    ]
    return clip_cells(tuple(cells), width, plain=plain)
