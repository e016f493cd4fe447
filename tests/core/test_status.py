"""One table of statuses, and no status is written but through it."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import get_args

import trio_sup
from trio_sup._core.status import NEXT, StatusEvent
from trio_sup._core.words import STATUSES

EVENTS: tuple[str, ...] = get_args(StatusEvent)
FOLDER = Path(trio_sup.__file__).parent


def test_the_table_has_every_status_and_every_event_leads_somewhere() -> None:
    assert tuple(sorted(NEXT)) == tuple(sorted(STATUSES))
    used = {event for nexts in NEXT.values() for event in nexts}
    assert used == set(EVENTS)
    reached = {after for nexts in NEXT.values() for after in nexts.values()}
    assert reached == set(STATUSES)


def test_a_life_in_progress_can_always_be_asked_hang_and_end() -> None:
    for status in ("starting", "running", "stopping", "stuck", "restarting"):
        after = NEXT[status]
        assert after["asked"] == "stopping"
        assert after["hangs"] == "stuck"
        assert after["rests"] == "stopped"


def test_who_is_down_is_not_asked_and_who_is_gone_is_nothing_any_more() -> None:
    for status in ("backing_off", "stopped", "quarantined"):
        assert not {"asked", "hangs", "winds_down"} & NEXT[status].keys()
    assert NEXT["gone"] == {}


def test_a_start_after_an_end_is_a_restart_until_it_has_succeeded() -> None:
    assert NEXT["restarting"]["begins"] == "restarting"
    assert NEXT["backing_off"]["begins"] == "restarting"
    for status in ("stopped", "quarantined", "starting"):
        assert NEXT[status]["begins"] == "starting"


def written(text: str) -> list[int]:
    """The lines on which an attribute `status` is written."""
    return [
        node.lineno
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Attribute)
        and node.attr == "status"
        and isinstance(node.ctx, ast.Store)
    ]


OTHERS = {
    "_children/refusals.py": "what an error says a child was",
    "_processes/notify.py": "what a program says of itself",
    "inspect/node/table.py": "a row that is shown",
}
"""Who writes a `status` that is no child's, and what it is."""


def test_no_status_of_a_child_is_written_outside_the_core() -> None:
    found = {
        path.relative_to(FOLDER).as_posix()
        for path in FOLDER.rglob("*.py")
        if written(path.read_text(encoding="utf-8"))
    }
    # The record begins with one, and `enter` writes all the others.
    assert found == {"_core/state.py", *OTHERS}
    assert len(written((FOLDER / "_core/state.py").read_text(encoding="utf-8"))) == 2
