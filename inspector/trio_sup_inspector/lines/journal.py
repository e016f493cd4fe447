"""An event as a line of the log, and the words and loudness of its kind.

Knows no Textual.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from trio_sup.inspect.text import show
from trio_sup_inspector.lines.cells import (
    Cells,
    Role,
    clip_cells,
    cut_front,
    fit,
    printable,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from trio_sup.inspect.protocol.wire import Hello
    from trio_sup_inspector.state.journal import Entry

TROUBLE: Final[dict[str, Role]] = {
    "child_crashed": "bad",
    "child_start_failed": "bad",
    "child_stuck": "bad",
    "child_quarantined": "bad",
    "child_given_up": "bad",
    "supervisor_gave_up": "bad",
    "hook_failed": "bad",
    "restart_decided": "warn",
    "supervisor_auto_shutdown": "warn",
}
"""The kinds of the Restarts screen, and how loud they are."""
_QUIET: Final[dict[str, Role]] = {
    "child_started": "ok",
    "child_starting": "busy",
    "child_stopping": "busy",
    "child_stopped": "off",
    "child_removed": "off",
    "child_released": "busy",
    "requested": "dim",
}


def kind_word(kind: str) -> str:
    """The event's name in one or two words."""
    kind = kind.removeprefix("child_").removesuffix("_decided")
    return kind.replace("_", " ")


def role_of(kind: str) -> Role:
    """How loud an event is."""
    return TROUBLE.get(kind) or _QUIET.get(kind, "text")


def wall_time(at: float, node: Hello | None) -> str:
    """A time of the node's clock as ``HH:MM:SS`` of this machine's time zone."""
    if node is None:
        return f"{at:.3f}"
    wall = node.wall0 + (at - node.mono0)
    return time.strftime("%H:%M:%S", time.localtime(wall))


def entry_cells(
    entry: Entry,
    width: int,
    *,
    plain: bool,
    stamp: Callable[[float, Hello | None], str] = wall_time,
) -> Cells:
    """One line of the log in exactly `width` cells."""
    if entry.event is None:
        rule = ("-" if plain else "─") * 3
        return clip_cells(((f"{rule} {entry.text} {rule}", "accent"),), width)
    event = entry.event
    role = role_of(event.kind)
    kind = kind_word(event.kind)
    parts: list[tuple[str, Role]] = [(stamp(event.at, entry.node) + " ", "dim")]
    if width >= 60:
        parts.append((fit(kind, 18, plain=plain) + " ", role))
    path = printable(show.clean(event.path), plain=plain)
    room = max(12, min(40, width // 4))
    parts.append((fit(cut_front(path, room, plain=plain), room) + " ", "strong"))
    text = show.clean(event.text).removeprefix(event.path).strip(" :")
    parts.append((printable(text, plain=plain), role if role == "bad" else "text"))
    return clip_cells(tuple(parts), width, plain=plain)
