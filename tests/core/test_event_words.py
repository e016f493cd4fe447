"""What events say, word for word; and what an exception means to the process."""

from __future__ import annotations

import json
import re

import pytest

import trio_sup.events
from trio_sup import Exit
from trio_sup._core import events
from trio_sup._core.ends import end_of_process, is_good_end
from trio_sup._core.events import Event, kind_of

CRASH = Exit("crashed", None, ValueError("v"))
QUIT = Exit("crashed", None, SystemExit(3))
PRESSED = Exit("crashed", None, KeyboardInterrupt())
HEAD = (2.0, "root/a", 3)

SAID: list[tuple[Event, str, str]] = [
    (Event(*HEAD), "event", "root/a event"),
    (events.ChildStarting(*HEAD), "child_starting", "root/a starting (life 3)"),
    (events.ChildStarted(*HEAD), "child_started", "root/a started (life 3)"),
    (
        events.ChildStartFailed(*HEAD, CRASH),
        "child_start_failed",
        "root/a failed to start: crashed: ValueError: v",
    ),
    (
        events.ChildStartFailed(*HEAD, Exit("normal")),
        "child_start_failed",
        "root/a failed to start: normal",
    ),
    (
        events.ChildStartFailed(*HEAD, QUIT),
        "child_start_failed",
        "root/a ends the program (life 3): SystemExit: 3",
    ),
    (events.ChildIgnored(*HEAD), "child_ignored", "root/a chose not to start"),
    (
        events.ChildStopping(*HEAD, "why"),
        "child_stopping",
        "root/a asked to stop: why",
    ),
    (
        events.ChildStopped(*HEAD, Exit("shutdown", "why"), True),
        "child_stopped",
        "root/a stopped: shutdown (why)",
    ),
    (
        events.ChildCrashed(*HEAD, CRASH, "permanent"),
        "child_crashed",
        "root/a crashed (life 3): ValueError('v')",
    ),
    (
        events.ChildCrashed(*HEAD, Exit("killed"), "permanent"),
        "child_crashed",
        "root/a crashed (life 3): None",
    ),
    (
        events.ChildCrashed(*HEAD, PRESSED, "permanent"),
        "child_crashed",
        "root/a ends the program (life 3): KeyboardInterrupt",
    ),
    (
        events.RestartDecided(*HEAD, 0.0, "one_for_one"),
        "restart_decided",
        "root/a is restarted",
    ),
    (
        events.RestartDecided(*HEAD, 1.23456, "rest_for_one", 2),
        "restart_decided",
        "root/a is restarted in 1.23 s, with 2 siblings (rest_for_one)",
    ),
    (events.ChildRemoved(*HEAD), "child_removed", "root/a removed"),
    (
        events.ChildQuarantined(*HEAD, 3, 5.0),
        "child_quarantined",
        "root/a quarantined: more than 3 restarts in 5 s",
    ),
    (
        events.ChildStuck(*HEAD, 1.23456, "a\n  b \n"),
        "child_stuck",
        "root/a is stuck, 1.23 s after its cancel: b",
    ),
    (
        events.ChildStuck(*HEAD, 1.0, " \n"),
        "child_stuck",
        "root/a is stuck, 1 s after its cancel: unknown place",
    ),
    (
        events.SupervisorGaveUp(*HEAD, 3, 5.0, "b"),
        "supervisor_gave_up",
        "root/a gave up over 'b': more than 3 restarts in 5 s",
    ),
    (
        events.SupervisorStopping(*HEAD, "why"),
        "supervisor_stopping",
        "root/a stops its children: why",
    ),
    (
        events.SupervisorAutoShutdown(*HEAD, "b"),
        "supervisor_auto_shutdown",
        "root/a shuts down after significant child 'b'",
    ),
    (
        events.Requested(*HEAD, "start_child"),
        "requested",
        "root/a: start_child",
    ),
    (
        events.OperatorAction(*HEAD, "restart", "accepted", "uid=1", "text"),
        "operator_action",
        "operator uid=1: restart root/a: accepted: text",
    ),
    (
        events.OperatorAction(2.0, "", 0, "log_level", "refused", "uid=1", "text"),
        "operator_action",
        "operator uid=1: log_level the node: refused: text",
    ),
]


def test_the_class_and_the_kind_of_an_event_are_one_word() -> None:
    for name in set(trio_sup.events.__all__) - {"EventHook", "EventStream"}:
        word = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()
        found = getattr(trio_sup.events, name)
        if isinstance(found, type):  # else it is the union of all
            assert kind_of(found) == word


@pytest.mark.parametrize(("event", "kind", "summary"), SAID)
def test_an_event_says_one_line_and_is_plain_data(
    event: Event, kind: str, summary: str
) -> None:
    assert event.kind == kind_of(type(event)) == kind
    assert event.summary == summary
    assert event.path_text == event.path
    data = event.as_json()
    head = {"event": kind, "at": 2.0, "path": event.path, "life": event.life}
    assert list(data.items())[:4] == list(head.items())
    assert json.loads(json.dumps(data)) == data


def test_what_is_plain_stays_as_it_is_and_an_exit_becomes_a_line() -> None:
    stopped = events.ChildStopped(*HEAD, CRASH, True).as_json()
    assert stopped["exit"] == "crashed: ValueError: v"
    assert stopped["requested"] is True
    assert events.RestartDecided(*HEAD, 0.5, "one_for_all", 2).as_json() == {
        "event": "restart_decided",
        "at": 2.0,
        "path": "root/a",
        "life": 3,
        "delay": 0.5,
        "strategy": "one_for_all",
        "siblings": 2,
    }
    nothing = events.ChildStopping(*HEAD, None)  # type: ignore[arg-type]
    assert nothing.as_json()["reason"] is None


def test_what_makes_no_events_of_its_own_makes_events() -> None:
    assert kind_of(lambda: Event(*HEAD)) == "event"


# What an exception means to the process.


def group(*members: BaseException) -> BaseException:
    return BaseExceptionGroup("g", members)


PRESS, ONE, NONE, ZERO = (
    KeyboardInterrupt(),
    SystemExit(1),
    SystemExit(),
    SystemExit(0),
)
ENDS: list[tuple[BaseException, object]] = [
    (ValueError(), None),
    (group(ValueError()), None),
    (PRESS, PRESS),
    (group(PRESS, group(KeyboardInterrupt())), PRESS),
    (ONE, ONE),
    (group(ZERO, ONE, SystemExit(2)), ONE),
    (group(group(NONE), ZERO), NONE),
    (group(PRESS, ONE), None),
    (group(PRESS, ValueError()), None),
    (group(ONE, ValueError()), None),
    (GeneratorExit(), None),
]


@pytest.mark.parametrize(("error", "meant"), ENDS, ids=[repr(e) for e, _ in ENDS])
def test_an_exception_means_an_exit_code_or_a_key_or_nothing(
    error: BaseException, meant: object
) -> None:
    assert end_of_process(error) is meant


def test_the_program_ends_well_by_exit_code_0_only() -> None:
    assert is_good_end(NONE)
    assert is_good_end(ZERO)
    assert not is_good_end(ONE)
    assert not is_good_end(SystemExit("words"))
    assert not is_good_end(PRESS)
