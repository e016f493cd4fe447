"""The detail pane's subject: which child, its lease, what is left when it dies.

Knows no Textual.
"""

from __future__ import annotations

import math
from collections import deque
from typing import TYPE_CHECKING, Final

from attrs import evolve

from trio_sup_inspector.detail.overview import Subject, title
from trio_sup_inspector.detail.parts import TABS, TITLES, tab_lines
from trio_sup_inspector.lines.cells import Cell, cell

if TYPE_CHECKING:
    from collections.abc import Callable

    from trio_sup.inspect.protocol.wire import Detail, Row
    from trio_sup_inspector.lines.cells import Cells
    from trio_sup_inspector.state.node import NodeState

DEPTHS: Final = 120
"""How many mailbox depths the trend remembers."""
EVENTS: Final = 12


class Side:
    """What the pane shows. A child that dies keeps its last known data."""

    def __init__(
        self, state: NodeState, clock: Callable[[], float], *, plain: bool
    ) -> None:
        self.open = False
        self.tab = TABS[0]
        """The tab on screen, one of `TABS`."""
        self.subject_id: int | None = None
        self.unfolded = False
        """Whether a traceback shows the frames of libraries."""
        self._state = state
        self._clock = clock
        self._plain = plain
        self._row: Row | None = None
        self._detail: Detail | None = None
        self._died: float | None = None
        self._depths: deque[int] = deque(maxlen=DEPTHS)
        # When the newest of them was taken: one a tick, however often it is drawn.
        self._sampled: float | None = None
        self._looked_since = math.inf
        # The process that all this is of.
        self._node = state.picture.node

    def show(self, id: int) -> None:
        """Show a child, and ask the node for its details."""
        self.open = True
        if id == self.subject_id:
            return
        self._let_go()
        self.subject_id = id
        self._row = self._detail = self._died = None
        self._depths.clear()
        self._sampled = None
        self._looked_since = math.inf
        self._ask()
        self._look()

    def turn(self, tab: str) -> None:
        """Show another tab, and ask the node for its part."""
        self.tab = tab
        if self.subject_id is not None:
            self._ask()

    def reload(self) -> None:
        """Have the state read again: by itself it is read once."""
        if self.subject_id is not None:
            self._state.session.ask.refresh(self.subject_id)

    def _ask(self) -> None:
        assert self.subject_id is not None
        parts = ("overview",) if self.tab == "overview" else ("overview", self.tab)
        self._state.watches.want("details", self.subject_id, parts, self._clock())

    @property
    def traceback(self) -> str:
        """The last crash of the child on screen as text; empty if none is known."""
        return "" if self._detail is None else self._detail.traceback

    def close(self) -> None:
        """Show nothing, and end the lease."""
        self.open = False
        self.tab = TABS[0]
        self._let_go()
        self.subject_id = None

    def refresh(self, pointed: int | None) -> None:
        """Look again, once a tick.

        Args:
            pointed: The child under the cursor, which the pane follows; None to
                stay.
        """
        self._meet_node()
        if not self.open:
            return
        if pointed is not None and pointed != self.subject_id:
            self.show(pointed)
        else:
            self._look()

    def _meet_node(self) -> None:
        """Of another process: show the child of that path; its number is another's."""
        before, node, row = self._node, self._state.picture.node, self._row
        self._node = node
        if before is None or node is None or before.epoch == node.epoch:
            return
        self.subject_id = self._detail = None
        if not self.open or row is None:
            return
        again = self._state.model.by_path(row.path)
        if again is not None:
            self.show(again)
            return
        # Nothing of its times is left that the present clock could be taken from.
        self._row = evolve(row, status="gone", mailbox_len=None, op=None, pace=None)
        self._died = self._clock()

    def title(self) -> str:
        """The pane's heading."""
        subject = self._subject()
        return "" if subject is None else title(subject)

    def tabs(self, width: int) -> Cells:
        """The names of the tabs; only the one on screen where there is no room."""
        names = [f" {name} " for name in TITLES]
        here = TABS.index(self.tab)
        if sum(map(len, names)) > width:
            at = f"{here + 1} of {len(TABS)}, t = next"
            return cell(names[here], "badge"), cell(f"  {at}", "dim")
        cells: list[Cell] = [
            cell(name, "badge" if n == here else "dim") for n, name in enumerate(names)
        ]
        return tuple(cells)

    def tab_at(self, index: int, pieces: int) -> str:
        """The tab that a click on one of the pieces of `tabs` means."""
        if pieces < len(TABS):  # There is room for one alone: go round.
            return TABS[(TABS.index(self.tab) + 1) % len(TABS)]
        return TABS[min(index, len(TABS) - 1)]

    def lines(self, width: int) -> list[Cells]:
        """The pane's text, laid out for a width."""
        subject = self._subject()
        if subject is None:
            return []
        clock = self._clock()
        state, plain = self._state, self._plain
        return tab_lines(self.tab, subject, state, clock, width, plain=plain)

    def _look(self) -> None:
        id, state = self.subject_id, self._state
        row = state.row(id)
        if id is None or row is None:
            if self._died is None and self._row is not None:
                self._died = self._clock()
            return
        self._row = row
        self._died = state.model.dead.get(id)
        if not state.picture.paused:
            self._detail = state.session.details.get(id, self._detail)
            mailbox = None if self._detail is None else self._detail.mailbox
            if mailbox is not None:
                self._looked_since = min(self._looked_since, mailbox.at)
            if self._sampled != (now := self._clock()):
                self._sampled = now
                self._depths.append(row.mailbox_len or 0)

    def _subject(self) -> Subject | None:
        row = self._row
        if row is None:
            return None
        dead_for = None if self._died is None else self._clock() - self._died
        events = self._state.journal.of(row.path, EVENTS)
        return Subject(
            row,
            self._detail,
            events,
            self._depths,
            dead_for,
            self._looked_since,
            self.unfolded,
        )

    def _let_go(self) -> None:
        if self.subject_id is not None:
            self._state.watches.drop("details", self._clock())
