"""The diagram of statuses says what the core does."""

from typing import get_args

from trio_sup._core.status import NEXT, StatusEvent
from trio_sup._core.words import Status

from .draw import PAGE, ROOMS, WORDS, drawing, page_with


def test_the_diagram_in_the_documentation_is_drawn_from_the_table() -> None:
    assert PAGE.read_text(encoding="utf-8") == page_with(drawing()), (
        "draw it anew: python -m tests.diagram"
    )


def test_every_status_and_event_is_in_the_diagram() -> None:
    assert set(WORDS) == set(get_args(StatusEvent))
    drawn = {status for _, members in ROOMS.values() for status in members}
    assert drawn | {"gone"} == set(get_args(Status)) == set(NEXT)
