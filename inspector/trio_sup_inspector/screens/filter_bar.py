"""The line in which the filter is typed, and what it found."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from textual import events
from textual.containers import Horizontal, Vertical
from textual.widgets import Input, Static

from trio_sup_inspector.widgets.bars import Bar
from trio_sup_inspector.widgets.paragraph import Paragraph

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual.app import App, ComposeResult
    from textual.widget import Widget

    from trio_sup_inspector.lines.cells import Cells, Role
    from trio_sup_inspector.state.filter import Filtered


class FilterBox(Input):
    """Where the filter is typed; what is typed behind its Enter is not for it.

    Several keys may wait by the time that the first is looked at: those behind Enter
    came here since this had the focus when they came.

    Args:
        behind: What gets the focus when the filter is typed.
    """

    app: App[Any]

    def __init__(self, behind: Callable[[], Widget]) -> None:
        super().__init__(id="filter", placeholder="text !not state:down mailbox>100")
        self._behind = behind

    async def _on_key(self, event: events.Key) -> None:
        if self.screen.focused is not self:
            event.stop()
            event.prevent_default()
            self.app.post_message(events.Key(event.key, event.character))
        elif event.key == "enter":
            event.stop()
            event.prevent_default()
            self.screen.set_focus(self._behind())
            await self.action_submit()
        else:
            await super()._on_key(event)


class FilterBar(Vertical):
    """Shown while a filter is typed or in force.

    Args:
        state: What is shown through the filter.
        note: Says what the filter found.
        wrong: Says what is wrong with it: in lines of its own, for it lists what else
            could be typed.
        behind: What gets the focus when the filter is typed.
        plain: ASCII only.
    """

    def __init__(
        self,
        state: Filtered,
        note: Callable[[int], Cells],
        wrong: Callable[[], tuple[str, Role]],
        behind: Callable[[], Widget],
        plain: bool,
    ) -> None:
        super().__init__(id="filter-bar")
        self._wrong, self._plain = wrong, plain
        self._behind = behind
        self._state = state
        self._note = note

    def compose(self) -> ComposeResult:
        """What is wrong, and below it a slash, the box, the note."""
        yield Paragraph(self._wrong, plain=self._plain, id="filter-error")
        with Horizontal(id="filter-line"):
            yield Static("/", id="filter-mark")
            yield FilterBox(self._behind)
            yield Bar(self._note, id="filter-note")

    @property
    def _box(self) -> Input:
        return self.query_one("#filter", Input)

    @property
    def typing(self) -> bool:
        """Whether keys go into the box."""
        return self.screen.focused is self._box

    @property
    def in_use(self) -> bool:
        """Whether there is something to clear."""
        wish = self._state.filter
        shown = self.screen.has_class("-filter")
        return bool(wish.query or wish.error) or shown

    def begin(self) -> None:
        """Let the user type."""
        self.screen.add_class("-filter")
        # At once: what is typed in the same breath must not be taken for keys.
        self.screen.set_focus(self._box)

    def put(self, text: str) -> None:
        """Let it say something, as if it were typed."""
        self.screen.add_class("-filter")
        self._box.value = text

    def settle(self) -> None:
        """The filter is typed: the bar stays only if there is one."""
        wish = self._state.filter
        self.screen.set_class(bool(wish.query or wish.error), "-filter")

    def clear(self) -> None:
        """Take the filter away."""
        self._box.value = ""
        self._state.type_filter("")
        self.screen.remove_class("-filter")
