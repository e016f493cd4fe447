"""Keys for the child under the cursor: its details, and copies of what is known."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from trio_sup.inspect.protocol.wire import ROW_COLUMNS
from trio_sup.inspect.text.clean import clean, json_line
from trio_sup_inspector.detail.parts import TABS

if TYPE_CHECKING:
    from collections.abc import Callable

    from trio_sup_inspector.screens.body import Body
    from trio_sup_inspector.state.node import NodeState


class DetailKeys:
    """They open the details if need be."""

    def __init__(self, state: NodeState, body: Body, send: Callable[[], None]) -> None:
        self._state = state
        self._body = body
        self._side = body.details.side
        self._send = send
        self.doing: dict[str, Callable[[], None]] = {
            "detail.next": partial(self._turn, 1),
            "detail.previous": partial(self._turn, -1),
            "detail.reload": self._reload,
            "copy": self._copy,
            "copy.row": self._copy_row,
        }

    def _turn(self, step: int) -> None:
        """Show the tab beside this one; opens the details if they are not."""
        id = self._body.lists.pointed()
        if not self._side.open:
            if id is not None:
                self._body.open_detail(id)
            return
        at = TABS.index(self._side.tab)
        self._body.show_tab(TABS[(at + step) % len(TABS)])

    def _reload(self) -> None:
        """Read the state of the child again."""
        self._side.reload()
        self._send()

    def _copy(self) -> None:
        """Copy the path of the child under the cursor."""
        row = self._state.row(self._body.lists.pointed())
        if row is not None:
            self._to_clipboard(clean(row.path), f"copied {row.path}")

    def _copy_row(self) -> None:
        """Copy all that is known of the child under the cursor, as JSON."""
        row = self._state.row(self._body.lists.pointed())
        if row is not None:
            facts = {name: getattr(row, name) for name in ROW_COLUMNS}
            self._to_clipboard(json_line(facts), f"copied {row.path} as JSON")

    def _to_clipboard(self, text: str, said: str) -> None:
        self._body.app.copy_to_clipboard(text)  # pyright: ignore[reportUnknownMemberType]
        self._body.notify(said)
