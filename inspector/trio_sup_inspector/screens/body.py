"""The lists and the details: which of them is in front, and how one leads to the other.

On a wide screen the details stand beside the list, on a narrow one before it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.containers import Horizontal
from textual.widgets import Input

if TYPE_CHECKING:
    from collections.abc import Callable

    from trio_sup_inspector.screens.details import Details
    from trio_sup_inspector.screens.lists import Lists


class Body(Horizontal):
    """Everything between the bars of the main screen.

    Args:
        lists: The lists.
        details: The details of one child.
        send: Sends what the session has to say.
        repaint: Brings the whole screen up to date.
    """

    def __init__(
        self,
        lists: Lists,
        details: Details,
        *,
        send: Callable[[], None],
        repaint: Callable[[], None],
    ) -> None:
        super().__init__(lists, details, id="body")
        self.lists = lists
        self.details = details
        self._send = send
        self.repaint = repaint
        """Brings the whole screen up to date."""

    @property
    def wide(self) -> bool:
        """Whether there is room for the list and the details."""
        return self.screen.has_class("-wide")

    @property
    def list_hidden(self) -> bool:
        """Whether the details stand where the list would."""
        return self.details.side.open and not self.wide

    # --- the lists ---------------------------------------------------------

    def bring(self, name: str) -> None:
        """Bring one of the lists to the front."""
        self.lists.bring(name)
        self._send()
        if not self._typing:
            self.lists.view.focus()
        self.call_after_refresh(self.repaint)

    @property
    def _typing(self) -> bool:
        """Whether a filter is typed, perhaps ahead of what is done here."""
        return isinstance(self.screen.focused, Input)

    def go_to(self, name: str) -> None:
        """Bring a list to the front that was asked for: before covering details."""
        self.uncover()
        self.bring(name)

    def uncover(self) -> None:
        """Close the details if they stand before the list."""
        if self.list_hidden:
            self.close_detail()

    # --- the details -------------------------------------------------------

    def open_line(self) -> None:
        """Show the details of the line under the cursor."""
        id, side = self.lists.pointed(), self.details.side
        if id is not None and side.open and side.subject_id == id:
            self.details.page.focus()
        elif id is not None:
            self.open_detail(id)
        else:
            self.notify("this line is about no child: it has no details")

    def open_detail(self, id: int) -> None:
        """Open the details of a child."""
        self.details.side.show(id)
        self.screen.add_class("-detail")
        if not self.wide and not self._typing:
            self.details.page.focus()
        self._send()
        self.call_after_refresh(self.repaint)

    def show_tab(self, tab: str) -> None:
        """Show a tab of the details."""
        self.details.side.turn(tab)
        self.details.page.scroll_home(animate=False)
        self._send()
        self.repaint()

    def follow_line(self) -> None:
        """After a jump in a list that the details cover: show those of its line."""
        id = self.lists.pointed()
        if self.list_hidden and id is not None:
            self.open_detail(id)

    def close_detail(self) -> None:
        """Close the details."""
        self.details.side.close()
        self.screen.remove_class("-detail", "-zoom")
        # At once: whoever types a filter next must keep the keys.
        self.screen.set_focus(self.lists.view)
        self._send()
        self.call_after_refresh(self.repaint)
