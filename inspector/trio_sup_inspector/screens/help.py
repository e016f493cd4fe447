"""The help: all keys, and the filter language. Made from the keys themselves."""

from __future__ import annotations

import textwrap
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
BESIDES: Final = (
    ("ctrl+p", "commands by name: all of these, and those of the next lines"),
    ("", "Theme: dark, light, and others; it is remembered"),
    ("", "Screenshot: this screen as a picture, into a file of this directory"),
)
"""What has no key of its own."""
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

        def keys(id: str | None) -> str:
            return shown_keys(by_id[id], self._keymap)

        page = [
            ("When something is wrong", [(keys(id), text) for id, text in TROUBLE]),
            *(
                (title, [(keys(each.id), each.description) for each in group])
                for title, group in GROUPS
            ),
            ("Besides", list(BESIDES)),
            (
                "In a cluster",
                [(" ".join(map(keys, ids)), text) for ids, text in IN_A_CLUSTER],
            ),
            ("Filter (terms separated by spaces must all hold)", list(FILTERS)),
        ]
        lines: list[tuple[Cell, ...]] = []
        for title, entries in page:
            lines.append(((title, "accent"),))
            for entry in entries:
                lines += _entry(*entry, width)
            lines.append(())
        lines.append((cell("States", "accent"),))
        for look in show.LOOKS.values():
            glyph = look.ascii if self._plain else look.glyph
            lines.append(((f"{glyph} ", look.severity), (look.word, "text")))
        lines += [(), *_entry("Other keys", self._file, width)]
        return [clip_cells(line, width, plain=self._plain) for line in lines]


def _entry(keys: str, text: str, width: int) -> list[tuple[Cell, ...]]:
    """Keys and what they do, in as many lines as that takes."""
    parts = textwrap.wrap(text, max(8, width - KEY_ROOM - 1)) or [""]
    return [
        (cell(fit("" if n else keys, KEY_ROOM), "strong"), cell(f" {part}", "text"))
        for n, part in enumerate(parts)
    ]
