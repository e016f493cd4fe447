"""What a client that wants causes is told of events, and nobody else."""

from __future__ import annotations

import json

import pytest

from trio_sup import ServerExit
from trio_sup._core import events
from trio_sup._core.exits import Exit, PastError
from trio_sup.inspect.node import client_view
from trio_sup.inspect.node.causes import cause_of
from trio_sup.inspect.node.client_view import encode_delta
from trio_sup.inspect.node.table import build_event
from trio_sup.inspect.protocol.codec import encode, server_decoder
from trio_sup.inspect.protocol.wire import Cause, Delta, Event, Row

CRASH = Exit("crashed", None, ValueError("password=hunter2"))


@pytest.mark.parametrize(
    ("event", "cause"),
    [
        (events.ChildStarting(1.0, "a/b", 3), Cause(7, 3, "", "", False)),
        (
            events.ChildCrashed(1.0, "a/b", 3, CRASH, "permanent"),
            Cause(7, 3, "crashed", "builtins.ValueError", False),
        ),
        (
            events.ChildStopped(1.0, "a/b", 3, Exit("shutdown", "by hand"), True),
            Cause(7, 3, "shutdown", "", True),
        ),
        (
            events.Requested(1.0, "a/b", 3, "terminate_child"),
            Cause(7, 3, "terminate_child", "", True),
        ),
        (
            events.SupervisorStopping(1.0, "a", 1, "cancelled from outside"),
            Cause(7, 1, "cancelled from outside", "", False),
        ),
        (
            events.OperatorAction(1.0, "a/b", 3, "crash", "refused", "me", "no"),
            Cause(7, 3, "crash", "", False),
        ),
        (
            events.ChildQuarantined(1.0, "a/b", 3, 0, 0, None, True),
            Cause(7, 3, "", "", True),
        ),
        (events.RestartDecided(1.0, "a/b", 3, 0.0, "one_for_one"), None),
    ],
)
def test_a_cause_is_words_of_ours_and_the_names_of_classes(
    event: events.LifecycleEvent, cause: Cause | None
) -> None:
    assert cause_of(7, event) == cause
    assert build_event(7, event).cause == cause
    assert "hunter2" not in str(cause)


def test_an_error_is_named_as_it_is_imported_through_groups_and_memory() -> None:
    def named(error: BaseException) -> str:
        event = events.ChildCrashed(1.0, "a", 1, Exit("crashed", None, error), "x")
        cause = cause_of(1, event)
        assert cause is not None
        return cause.error

    assert named(ExceptionGroup("", [ExceptionGroup("", [KeyError()])])) == (
        "builtins.KeyError"
    )
    assert named(PastError("shop.Lost", "Lost: x", "…")) == "shop.Lost"
    assert named(ServerExit("a", CRASH)) == "trio_sup.ServerExit"


def told(n: int) -> Event:
    return Event(
        n, 1.0, "a/b", "child_crashed", "x", Cause(n, n, "crashed", "E", False)
    )


def test_a_delta_without_causes_is_the_bytes_that_it_always_was() -> None:
    line = json.loads(encode(Delta(2, 1, 0.5, events=[told(1)])))
    assert "causes" not in line
    assert line["events"] == [[1, 1.0, "a/b", "child_crashed", "x"]]


def test_causes_travel_with_their_events_however_a_delta_is_cut(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(client_view, "MAX_FRAME", 400)
    some = [told(n) for n in range(1, 21)]
    rows: list[Row] = []
    causes = [event.cause for event in some if event.cause is not None]
    delta = Delta(2, 1, 0.5, rows, events=some, causes=causes)
    decoder = server_decoder()
    found: list[Cause] = []
    for frame in encode_delta(delta):
        for message in decoder.feed(frame):
            assert isinstance(message, Delta)
            assert [e.n for e in message.events] == [c.n for c in message.causes]
            found += message.causes
    assert found == causes
