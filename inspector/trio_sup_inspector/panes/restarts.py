"""The Restarts screen: what went wrong, by the supervisor that dealt with it.

Knows no Textual.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from trio_sup_inspector.lines.incident_groups import Group, group_incidents
from trio_sup_inspector.lines.incidents import (
    explain_group,
    explain_incident,
    group_cells,
    incident_cells,
    restarts_heading,
)
from trio_sup_inspector.panes.pane import GROUP, Pane

if TYPE_CHECKING:
    from trio_sup.inspect.model.incident import Incident
    from trio_sup_inspector.lines.cells import Cells
    from trio_sup_inspector.state.node import NodeState


class RestartsPane(Pane):
    """Incidents, grouped by the supervisor that dealt with them."""

    nothing = "Nothing has restarted, and no restart budget is in use."

    def __init__(self, state: NodeState, *, plain: bool) -> None:
        super().__init__(state, plain=plain)
        self.lines: list[Group | Incident] = []
        self._at: dict[int, Group | Incident] = {}
        self._groups: dict[int, Group] = {}
        self._numbers: dict[str, int] = {}
        self.folded: set[str] = set()
        """Names of groups whose incidents are not shown."""

    def refresh(self, clock: float, *, bottom: int, hold: bool) -> bool:
        """Group again; while paused everything stands still."""
        self.clock = clock
        state = self.state
        if state.picture.paused and self.lines:
            return False
        matches = state.matches(clock)
        passing = None
        if matches is not None:
            passing = frozenset(state.model.rows[id].path for id in matches)
        lines: list[Group | Incident] = []
        groups: list[Group] = []
        for group in group_incidents(state, passing=passing):
            shown = () if group.name in self.folded else group.incidents
            lines += (group, *shown)
            groups += [group] * (1 + len(shown))
        keys = [self._key(line) for line in lines]
        self._groups = dict(zip(keys, groups, strict=True))
        self._at = dict(zip(keys, lines, strict=True))
        changed = keys != self.keys
        self.lines, self.keys = lines, keys
        self.shown = sum(not isinstance(x, Group) for x in lines)
        self.total = state.journal.known_incidents
        return changed

    def _key(self, line: Group | Incident) -> int:
        if isinstance(line, Group):
            return GROUP + self._numbers.setdefault(line.name, len(self._numbers))
        return -line.key

    def titles(self, width: int) -> Cells:
        """The columns."""
        return restarts_heading(width)

    def cells(self, index: int, width: int) -> Cells:
        """A supervisor, or one of its incidents."""
        line = self.lines[index]
        now = self._now(self.keys[index])
        if isinstance(line, Group):
            opened = line.name not in self.folded if line.incidents else None
            return group_cells(line, now, width, plain=self.plain, opened=opened)
        node = self._groups[self.keys[index]].node
        return incident_cells(line, now, width, node=node, plain=self.plain)

    def matches_itself(self, index: int) -> bool:
        """Incidents do."""
        return not isinstance(self.lines[index], Group)

    def row_id(self, key: int) -> int | None:
        """The child of the incident, or its supervisor, if it is of this process."""
        line = self._at.get(key)
        if line is None or self._groups[key].former:
            return None
        path = line.path if isinstance(line, Group) else line.child
        return self.state.model.by_path(path)

    def fold(self, key: int) -> int | None:
        """Fold a supervisor; of an incident go to its supervisor: the line there."""
        line = self._at.get(key)
        if isinstance(line, Group):
            self.folded.add(line.name)
        return None if line is None or isinstance(line, Group) else self._group(key)

    def unfold(self, key: int) -> bool:
        """Show a supervisor's incidents again; False if they were shown."""
        line = self._at.get(key)
        if not isinstance(line, Group) or line.name not in self.folded:
            return False
        self.folded.discard(line.name)
        return True

    def fold_all(self) -> None:
        """Fold every supervisor."""
        self.folded |= {line.name for line in self.lines if isinstance(line, Group)}

    def unfold_all(self) -> None:
        """Show everything."""
        self.folded.clear()

    def _now(self, key: int) -> float:
        """The present, or when the process of a line ended: by that one's clock."""
        ended = self._groups[key].ended
        return self.state.now() if ended is None else ended

    def _group(self, key: int) -> int:
        return self._key(self._groups[key])

    def explain(self, key: int, width: int) -> list[Cells]:
        """The story of the incident, or what the budget means."""
        line = self._at.get(key)
        if line is None:
            return []
        now = self._now(key)
        if isinstance(line, Group):
            return explain_group(line, now, width, plain=self.plain)
        node = self._groups[key].node
        return explain_incident(line, now, width, node=node, plain=self.plain)
