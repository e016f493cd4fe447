"""Backoff, Budget and Mailbox: their numbers, and the words of complaints."""

from __future__ import annotations

import math
from typing import Any

import pytest

from trio_sup import Backoff, Budget, ChildSpecError, Mailbox

SECONDS = "a number of seconds >= 0"
ONCE = {"max_restarts": 1, "max_seconds": 1}
CAPACITY = "a whole number >= 1, or math.inf"
BAD: list[tuple[Any, dict[str, Any], str, Any, str]] = [
    (Backoff, {"initial": -1}, "backoff.initial", -1, SECONDS),
    (Backoff, {"initial": True}, "backoff.initial", True, SECONDS),
    (Backoff, {"initial": "1"}, "backoff.initial", "1", SECONDS),
    (Backoff, {"maximum": -0.1}, "backoff.maximum", -0.1, SECONDS),
    (Backoff, {"reset_after": None}, "backoff.reset_after", None, SECONDS),
    (Backoff, {"factor": 0.99}, "backoff.factor", 0.99, "a number >= 1"),
    (Backoff, {"factor": math.inf}, "backoff.factor", math.inf, "a number >= 1"),
    (Backoff, {"jitter": -0.1}, "backoff.jitter", -0.1, "from 0 to 1"),
    (Backoff, {"jitter": 1.1}, "backoff.jitter", 1.1, "from 0 to 1"),
    (
        Backoff,
        {"immediate_first": 1},
        "backoff.immediate_first",
        1,
        "True or False",
    ),
    (
        Budget,
        {"max_restarts": -1, "max_seconds": 1},
        "budget.max_restarts",
        -1,
        "a whole number >= 0",
    ),
    (
        Budget,
        {"max_restarts": 1, "max_seconds": 0},
        "budget.max_seconds",
        0,
        "a number of seconds > 0",
    ),
    (
        Budget,
        {"max_restarts": 1, "max_seconds": 1, "then": "give_up"},
        "budget.then",
        "give_up",
        "'escalate', 'quarantine' or 'stop'",
    ),
    (
        Budget,
        {**ONCE, "then": "quarantine", "release_after": 0},
        "budget.release_after",
        0,
        "a number of seconds > 0",
    ),
    (
        Budget,
        {**ONCE, "then": "stop", "release_after": 3.0},
        "budget.release_after",
        3.0,
        "given with then='quarantine' only",
    ),
    (Mailbox, {"capacity": 0}, "mailbox.capacity", 0, CAPACITY),
    (Mailbox, {"capacity": True}, "mailbox.capacity", True, CAPACITY),
    (Mailbox, {"capacity": 1.5}, "mailbox.capacity", 1.5, CAPACITY),
    (Mailbox, {"capacity": "9"}, "mailbox.capacity", "9", CAPACITY),
    (Mailbox, {"capacity": -math.inf}, "mailbox.capacity", -math.inf, CAPACITY),
    (
        Mailbox,
        {"when_full": "wait"},
        "mailbox.when_full",
        "wait",
        "'reject', 'drop_oldest' or 'drop_newest'",
    ),
    (
        Mailbox,
        {"on_crash": "drop"},
        "mailbox.on_crash",
        "drop",
        "'fail' or 'keep'",
    ),
]


@pytest.mark.parametrize(("policy", "options", "field", "value", "accepted"), BAD)
def test_a_bad_value_is_told_with_what_is_accepted(
    policy: Any, options: dict[str, Any], field: str, value: object, accepted: str
) -> None:
    with pytest.raises(ChildSpecError) as info:
        policy(**options)
    error = info.value
    assert (error.field, error.value, error.accepted) == (field, value, accepted)
    assert str(error) == f"child spec: {field} must be {accepted}, not {value!r}"


@pytest.mark.parametrize("field", ["initial", "maximum", "reset_after", "factor"])
def test_not_a_number_is_refused(field: str) -> None:
    with pytest.raises(ChildSpecError) as info:
        Backoff(**{field: math.nan})  # type: ignore[arg-type]
    assert info.value.field == f"backoff.{field}"


def test_the_smallest_and_largest_allowed_values_are_accepted() -> None:
    edge = Backoff(initial=0, maximum=0, reset_after=0, factor=1, jitter=0)
    assert edge.delay(9, 1.0) == 0
    assert Backoff(jitter=1, maximum=math.inf).jitter == 1
    assert Budget(0, 0.001, "quarantine").then == "quarantine"
    assert Budget(1, 1).then == "escalate"
    assert [Mailbox(n).capacity for n in (1, 7, math.inf)] == [1, 7, math.inf]
    for word in ("reject", "drop_oldest", "drop_newest"):
        assert Mailbox(when_full=word).when_full == word
    for word in ("fail", "keep"):
        assert Mailbox(on_crash=word).on_crash == word  # type: ignore[arg-type]


def test_a_policy_without_arguments_has_the_documented_values() -> None:
    default = Backoff()
    assert (default.initial, default.factor, default.maximum) == (0.1, 2.0, 30.0)
    assert (default.jitter, default.reset_after) == (0.1, 60.0)
    assert default.immediate_first
    mailbox = Mailbox()
    assert (mailbox.capacity, mailbox.when_full) == (1024, "reject")
    assert mailbox.on_crash == "fail"


def test_the_first_restart_is_immediate_and_then_delays_grow() -> None:
    backoff = Backoff(initial=1, factor=3, maximum=100, jitter=0.5)
    assert [backoff.delay(n) for n in range(1, 8)] == [0, 1, 3, 9, 27, 81, 100]


def test_the_first_restart_waits_if_told_to() -> None:
    backoff = Backoff(initial=1, factor=3, maximum=100, immediate_first=False)
    assert [backoff.delay(n) for n in range(1, 5)] == [1, 3, 9, 27]


def test_jitter_adds_a_share_up_to_the_maximum() -> None:
    backoff = Backoff(initial=8, factor=2, maximum=20, jitter=0.5)
    assert [backoff.delay(2, draw) for draw in (0, 0.5, 1)] == [8, 10, 12]
    assert backoff.delay(3, 1) == 20  # 24 without the bound


def test_a_row_without_end_stays_at_the_maximum() -> None:
    backoff = Backoff(initial=0.5, factor=10.0, maximum=7, jitter=0)
    assert backoff.delay(10_000) == 7  # the power is too large for a float


def test_a_backoff_knows_whether_it_can_use_a_limit_up() -> None:
    steady = Backoff(initial=2, factor=1, maximum=2)  # 0, 2, 2, 2 …
    assert steady.can_exceed(3, 4)
    assert not steady.can_exceed(3, 3.9)
    assert not steady.can_exceed(4, 4)
    assert steady.can_exceed(0, 0.1)
    assert steady.can_exceed(1, 0.1)
    eager = Backoff(initial=2, factor=1, maximum=2, immediate_first=False)
    assert eager.can_exceed(2, 4)
    assert not eager.can_exceed(2, 3.9)
