"""Hand-made rows for the tests of this folder."""

from typing import Any

from trio_sup.inspect.protocol.wire import Row


def make_row(id: int, parent: int = 0, label: str | None = None, **columns: Any) -> Row:
    """A running task, unless `columns` say otherwise."""
    label = label if label is not None else f"c{id}"
    fields: dict[str, Any] = {
        "path": columns.pop("path", label),
        "kind": "task",
        "target": "app.work",
        "restart": "permanent",
        "name": "",
        "status": "running",
        "life": 1,
        "restarts": 0,
        "began": 100.0,
        "mailbox_len": None,
        "mailbox_cap": None,
        "mailbox_peak": None,
        "handled": None,
        "op": None,
        "op_since": None,
        "last_exit": "",
        "budget_used": None,
        "budget_max": None,
        "budget_seconds": None,
        "version": 1,
    }
    return Row(id=id, parent=parent, label=label, **(fields | columns))


def supervisor(
    id: int, parent: int = 0, label: str | None = None, **columns: Any
) -> Row:
    """A one_for_one supervisor with an unused budget of 3 in 5 s."""
    fields: dict[str, Any] = {
        "kind": "supervisor",
        "target": "one_for_one",
        "budget_used": 0,
        "budget_max": 3,
        "budget_seconds": 5.0,
    }
    return make_row(id, parent, label, **(fields | columns))


def server(id: int, parent: int = 0, label: str | None = None, **columns: Any) -> Row:
    """A server with an empty mailbox of 1024."""
    fields: dict[str, Any] = {
        "kind": "server",
        "target": "shop.Board",
        "mailbox_len": 0,
        "mailbox_cap": 1024,
        "mailbox_peak": 0,
        "handled": 0,
    }
    return make_row(id, parent, label, **(fields | columns))
