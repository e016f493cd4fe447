"""Every key of the application: an action's id, its keys, and what it does.

The ids are what a user's keymap file names; see `load_keymap`. What the screen does for
an id stands in `screens/keys`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from textual.binding import Binding

from trio_sup_inspector.config import ConfigError, config_path, read_object

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


def _key(
    id: str,
    keys: str,
    text: str,
    *,
    action: str = "",
    show: bool = False,
    first: bool = False,
) -> Binding:
    """A key of the main screen, whose `doing` says what the id stands for.

    What comes `first` is done before any further key is looked at.
    """
    does = action or f"do('{id}')"
    return Binding(keys, does, text, show=show, id=id, priority=first)


def _list_key(
    id: str, keys: str, action: str, text: str, *, show: bool = False
) -> Binding:
    """A key of every list, which has a method for it."""
    return Binding(keys, action, text, show=show, id=id)


LIST_KEYS: Final = [
    _list_key("list.up", "up,k", "up", "up"),
    _list_key("list.down", "down,j", "down", "down"),
    _list_key("list.page_up", "pageup", "page_up", "a page up"),
    _list_key("list.page_down", "pagedown", "page_down", "a page down"),
    _list_key("list.first", "home,g", "first", "first line"),
    _list_key("list.last", "end,G", "last", "last line"),
    _list_key("list.open", "enter", "open", "details", show=True),
]
"""Moving in a list."""

TREE_KEYS: Final = [
    _key("tree.fold", "left,h", "fold, or go to the supervisor"),
    _key("tree.unfold", "right,l", "unfold, or go to the first child"),
    _key("tree.unfold_all", "asterisk", "unfold all below"),
    _key("tree.fold_all", "minus", "fold everything"),
    _key("tree.names_left", "shift+left", "scroll names back"),
    _key("tree.names_right", "shift+right", "scroll names sideways"),
]
"""Only in the tree, and where lines fold as there: tasks and restarts."""

MAIN_KEYS: Final = [
    _key("screen.tree", "1", "tree"),
    _key("screen.list", "2", "processes"),
    _key("screen.restarts", "3", "restarts"),
    _key("screen.events", "4", "events"),
    _key("screen.lints", "5", "lints"),
    _key("screen.node", "6", "the node itself"),
    _key("nodes", "7", "all nodes, side by side", action="app.nodes"),
    _key("nodes.next", "J", "the next node", action="app.next_node"),
    _key("cluster", "A", "all nodes of its cluster", action="app.cluster"),
    _key("screen.tasks", "8", "all Trio tasks"),
    _key("screen.calls", "9", "who waits for whom"),
    _key("screen.busy", "0", "who keeps the loop busy"),
    _key("screen.registry", "K", "names, who holds them, who waits and listens"),
    _key("screen.logs", "L", "what the program writes to its log"),
    _key("charts", "p", "charts of the child, or of the node"),
    _key("charts.span", "P", "how much time the charts cover"),
    _key("trace", "c", "trace the child: calls, casts, answers, live"),
    _key("screen.next", "tab", "next screen"),
    _key("screen.previous", "shift+tab", "previous screen"),
    _key("back", "escape", "back, never quits"),
    _key("filter", "slash", "filter", show=True, first=True),
    _key("filter.next", "n", "next match"),
    _key("filter.previous", "N", "previous match"),
    _key("problem.next", "e", "next problem", show=True),
    _key("problem.only", "z", "only problems", show=True),
    _key("names", "u", "from a child to its names, and back"),
    _key("sort", "s", "sort", show=True, action="app.sort"),
    _key("sort.next", "o", "sort by the next column"),
    _key("sort.previous", "O", "sort by the one before"),
    _key("sort.invert", "I", "sort the other way round"),
    _key("columns", "w", "which columns, in which order", action="app.columns"),
    _key("pause", "space", "pause", show=True),
    _key("step", "full_stop", "one step while paused"),
    _key("rate.faster", "plus", "refresh more often", action="app.rate(1)"),
    _key("rate.slower", "underscore", "refresh less often", action="app.rate(-1)"),
    _key("follow", "f", "follow the newest event, or record"),
    _key("dead.keep", "D", "keep what died on screen"),
    _key("detail.next", "t", "next tab of the details"),
    _key("detail.previous", "T", "previous tab of the details"),
    _key("detail.reload", "R", "read the state again"),
    _key("detail.zoom", "Z", "details over the whole width, or beside the list"),
    _key("detail.frames", "F", "library frames of a traceback"),
    _key("copy.traceback", "b", "copy the traceback"),
    _key("save.traceback", "B", "save the traceback to a file"),
    _key("log.level", "v", "the next level, in the logs"),
    _key("trace.op", "C", "one operation alone, in the trace"),
    _key("tasks.system", "S", "system tasks, in the tasks"),
    _key("mark", "m", "mark the child, to act on several"),
    _key("mark.none", "M", "take all marks away"),
    _key("act", "a", "act: restart, terminate, suspend, ...", action="app.act"),
    _key("copy", "y", "copy the path"),
    _key("copy.row", "Y", "copy the child as JSON"),
    _key("retry", "r", "connect now", action="app.retry"),
    _key("dismiss", "x", "dismiss the notice"),
    _key("help", "question_mark", "help", show=True, action="app.help"),
    _key("quit", "q", "quit", show=True, action="app.quit"),
]
"""Everywhere."""

REPLAY_KEYS: Final = [
    _key("replay.back", "left_square_bracket", "10 s back"),
    _key("replay.forward", "right_square_bracket", "10 s forward"),
    _key(
        "replay.incident_before",
        "left_curly_bracket",
        "where something went down before",
    ),
    _key(
        "replay.incident_next", "right_curly_bracket", "where something goes down next"
    ),
    _key("replay.step_back", "comma", "one step back"),
    _key("replay.start", "less_than_sign", "to the beginning"),
    _key("replay.end", "greater_than_sign", "to the end"),
]
"""Only in a recording; there `space` plays, `.` steps, `+` and `_` set the speed."""

GROUPS: Final = (
    ("Moving", LIST_KEYS),
    ("Tree", TREE_KEYS),
    ("Everywhere", MAIN_KEYS),
    ("In a recording", REPLAY_KEYS),
)
ALL: Final = tuple(binding for _, group in GROUPS for binding in group)
IDS: Final = frozenset(binding.id for binding in ALL if binding.id is not None)

HINTED: Final = {
    "enter": "list.open",
    "a": "act",
    "/": "filter",
    "e": "problem.next",
    "space": "pause",
    ".": "step",
    "?": "help",
    "q": "quit",
    "z": "problem.only",
    "s": "sort",
    "tab": "screen.next",
    "y": "copy",
    "esc": "back",
    "t": "detail.next",
    "Z": "detail.zoom",
    "b": "copy.traceback",
    "F": "detail.frames",
}
"""The actions that the last line of the screen names, by their keys there."""

NAMES: Final = {
    "asterisk": "*",
    "minus": "-",
    "slash": "/",
    "space": "space",
    "full_stop": ".",
    "plus": "+",
    "underscore": "_",
    "question_mark": "?",
    "escape": "esc",
    "pageup": "pgup",
    "pagedown": "pgdn",
    "left_square_bracket": "[",
    "right_square_bracket": "]",
    "left_curly_bracket": "{",
    "right_curly_bracket": "}",
    "comma": ",",
    "less_than_sign": "<",
    "greater_than_sign": ">",
}


class KeymapError(ValueError):
    """A keymap file that cannot be used; `str` is one line that says why."""


def shown_keys(binding: Binding, keymap: Mapping[str, str]) -> str:
    """The keys of an action for people, the user's own if there are."""
    return words_of(keymap.get(binding.id or "", binding.key))


def words_of(keys: str) -> str:
    """Keys for people, with spaces between them."""
    return " ".join(NAMES.get(key.strip(), key.strip()) for key in keys.split(","))


def shown_key(key: str, keymap: Mapping[str, str]) -> str:
    """What stands for a key below: the user's own, if there is one."""
    id = HINTED.get(key, "")
    return words_of(keymap[id]).split()[0] if id in keymap else key


def real_key(key: str, keymap: Mapping[str, str]) -> str:
    """The key to press for one that is named below; empty if it is several."""
    id = HINTED.get(key)
    if id is None:
        return {"^p": "ctrl+p"}.get(key, "")
    keys = keymap.get(id) or next(binding.key for binding in ALL if binding.id == id)
    return keys.split(",")[0].strip()


def keymap_path(environ: Mapping[str, str] | None = None) -> Path | None:
    """Where the user's keymap is looked for: ``trio-sup/keys.json`` of the config."""
    return config_path("keys.json", environ)


def load_keymap(path: Path | None) -> dict[str, str]:
    """Read a user's keymap: one JSON object, action ids to comma-separated keys.

    A missing file is an empty keymap.

    Raises:
        KeymapError: the file is unreadable, or names an action that there is not.
    """
    if path is None:
        return {}
    try:
        given = read_object(path)
    except ConfigError as error:
        raise KeymapError(str(error)) from error
    keymap: dict[str, str] = {}
    for id, keys in given.items():
        if id not in IDS:
            raise KeymapError(f"{path}: no action {id!r}; help (?) lists them")
        if not isinstance(keys, str) or not keys.strip():
            raise KeymapError(f'{path}: {id!r} needs keys such as "ctrl+n,down"')
        keymap[id] = keys
    return keymap
