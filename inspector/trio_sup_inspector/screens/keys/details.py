"""Keys for the child under the cursor: its details, and copies of what is known."""

from __future__ import annotations

import re
from functools import partial
from pathlib import Path
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
            "detail.zoom": self._zoom,
            "detail.frames": self._frames,
            "copy.traceback": self._copy_traceback,
            "save.traceback": self._save_traceback,
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

    def _zoom(self) -> None:
        """Give the details the whole width, or the list its place again."""
        if self._side.open:
            self._body.screen.toggle_class("-zoom")
            self._body.details.page.focus()
            self._body.call_after_refresh(self._body.repaint)

    def _frames(self) -> None:
        """Show the frames of libraries in a traceback, or fold them."""
        self._side.unfolded = not self._side.unfolded
        self._body.repaint()

    def _copy_traceback(self) -> None:
        """Copy the last crash of the child whose details are open."""
        if text := self._traceback():
            self._to_clipboard(text, "copied the traceback")

    def _save_traceback(self) -> None:
        """Write the last crash into a file of this directory."""
        row = self._state.row(self._side.subject_id)
        if row is None or not (text := self._traceback()):
            return
        label = re.sub(r"[^A-Za-z0-9_.-]", "-", row.label)[:40]
        path = Path(f"{label}-{row.life}.traceback.txt").absolute()
        try:
            with path.open("x", encoding="utf-8") as file:
                file.write(f"{clean(row.path)}: {clean(row.last_exit)}\n\n{text}\n")
        except OSError as error:
            self._body.notify(f"{path}: {error.strerror}", severity="error")
        else:
            self._body.notify(f"saved {path}")

    def _traceback(self) -> str:
        """The traceback on screen as clean lines; says so if there is none."""
        text = self._side.traceback
        if not text:
            self._body.notify("no traceback here: open the details of what crashed")
        return "\n".join(clean(line) for line in text.split("\n"))

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
