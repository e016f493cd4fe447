"""The help: all keys, and the filter language. Made from the keys themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Final

from textual.binding import Binding
from textual.containers import Vertical
from textual.screen import ModalScreen

from trio_sup.inspect.text import show
from trio_sup_inspector.keys import ALL, GROUPS, shown_keys
from trio_sup_inspector.lines.cells import Cell, Cells, cell, clip_cells, fit
from trio_sup_inspector.widgets.document import Document
from trio_sup_inspector.widgets.paint import use_whole_cells

if TYPE_CHECKING:
    from collections.abc import Mapping

    from textual.app import ComposeResult
    from textual.binding import BindingType

FILTERS: Final = (
    ("text", "path or name contains it"),
    ("!text", "the contrary, of any term"),
    ("/regex/", "path or name matches"),
    ("state:down", "a state, down, waiting, problem"),
    ("kind:sup", "supervisor, dynamic, server, task"),
    ("under:shop/db", "that child and all below"),
    ("mailbox>100", "also peak restarts life handled op up budget"),
    ("op>5s up<1h", "times: s m h"),
)
TROUBLE: Final = (
    ("screen.lints", "all that is wrong, the worst first"),
    ("problem.next", "the next child that needs a look, the worst first"),
    ("list.open", "its last crash: its own line first"),
    ("screen.restarts", "why it restarted, and what else went with it"),
    ("screen.calls", "who waits for whom"),
    ("trace", "one request through servers: on their supervisor"),
    ("screen.busy", "what held the loop: who, and in which line"),
    ("act", "stop restarting it, ... (needs --control)"),
    ("nodes", "how the other nodes fare"),
)
"""What to press when something is wrong: what one opens the help for."""
IN_A_CLUSTER: Final = (
    (("screen.tree", "screen.list"), "nodes; names, and who holds them"),
    (("screen.restarts", "screen.events"), "calls that cross nodes; topics"),
    (("list.open",), "the tree of the node, where it can be reached"),
)
"""What keys do where they do something else than before a node."""
KEY_ROOM: Final = 16


class Help(ModalScreen[None]):
    """One page to scroll through."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,question_mark", "dismiss(None)", show=False)
    ]

    def __init__(
        self, keymap: Mapping[str, str], *, keymap_file: str, plain: bool
    ) -> None:
        super().__init__()
        self._keymap = keymap
        self._file = keymap_file
        self._plain = plain

    def compose(self) -> ComposeResult:
        """The page."""
        with Vertical(id="help"):
            yield Document(self._page, id="help-page")

    def on_mount(self) -> None:
        """Keys scroll the page."""
        page = self.query_one(Document)
        if self._plain:
            self.add_class("-plain")
            use_whole_cells(page)
        page.focus()
        self.call_after_refresh(page.update_page)

    def _page(self, width: int) -> list[Cells]:
        by_id = {binding.id: binding for binding in ALL}
        lines: list[tuple[Cell, ...]] = [(("When something is wrong", "accent"),)]
        for id, text in TROUBLE:
            keys = shown_keys(by_id[id], self._keymap)
            lines.append(((fit(keys, KEY_ROOM), "strong"), cell(f" {text}", "text")))
        lines.append(())
        for title, group in GROUPS:
            lines.append(((title, "accent"),))
            for binding in group:
                keys = shown_keys(binding, self._keymap)
                lines.append(
                    (
                        (fit(keys, KEY_ROOM), "strong"),
                        (f" {binding.description}", "text"),
                    )
                )
            lines.append(())
        lines.append((("In a cluster", "accent"),))
        for ids, text in IN_A_CLUSTER:
            keys = " ".join(shown_keys(by_id[id], self._keymap) for id in ids)
            lines.append(((fit(keys, KEY_ROOM), "strong"), cell(f" {text}", "text")))
        lines.append(())
        lines.append((("Filter (terms separated by spaces must all hold)", "accent"),))
        lines += [
            (cell(fit(term, KEY_ROOM), "strong"), cell(f" {text}", "text"))
            for term, text in FILTERS
        ]
        lines += [(), (cell("States", "accent"),)]
        for look in show.LOOKS.values():
            glyph = look.ascii if self._plain else look.glyph
            lines.append(((f"{glyph} ", look.severity), (look.word, "text")))
        lines += [(), (cell(f"Other keys: {self._file}", "dim"),)]
        return [clip_cells(line, width, plain=self._plain) for line in lines]
