"""Exits: their text, what is fatal, what a group stands for."""

from __future__ import annotations

import pytest

from trio_sup import Exit, Stop
from trio_sup._core.exits import (
    NORMAL,
    PastError,
    describe_error,
    is_fatal,
    leaves,
    members_of,
    stop_in,
)


class Cancelled(BaseException):
    """Stands for Trio's."""


def test_an_exit_tells_kind_reason_and_error() -> None:
    assert str(Exit("normal")) == "normal"
    assert str(Exit("shutdown", "stop()")) == "shutdown (stop())"
    assert str(Exit("shutdown", 0)) == "shutdown (0)"
    assert str(Exit("crashed", None, KeyError("k"))) == "crashed: KeyError: 'k'"
    both = Exit("killed", "late", ValueError("v"))
    assert str(both) == "killed (late): ValueError: v"


@pytest.mark.parametrize(
    ("kind", "in_order"),
    [
        ("normal", True),
        ("shutdown", True),
        ("crashed", False),
        ("killed", False),
        ("noproc", False),
    ],
)
def test_only_a_normal_end_and_a_shutdown_are_in_order_mon_011(
    kind: str, in_order: bool
) -> None:
    assert Exit(kind).in_order is in_order  # type: ignore[arg-type]


def test_stop_asks_for_normal_or_for_a_shutdown() -> None:
    assert Stop().exit is NORMAL
    assert Stop("done").exit == Exit("shutdown", "done")
    assert Stop("").exit == Exit("shutdown", "")
    assert Stop("done").args == ("done",)
    assert Stop().args == (None,)
    assert Stop().reply is Stop.NO_REPLY
    assert Stop("r", reply=5).reply == 5


def test_leaves_are_the_errors_of_nested_groups_in_order() -> None:
    a, b, c = ValueError("a"), KeyError("b"), OSError("c")
    group = ExceptionGroup("g", [a, ExceptionGroup("h", [b, c])])
    assert list(leaves(group)) == [a, b, c]
    assert list(leaves(a)) == [a]
    assert members_of(a) is None
    assert members_of(ExceptionGroup("g", [a])) == (a,)


def test_fatal_is_what_is_neither_error_nor_cancellation() -> None:
    for fatal in (KeyboardInterrupt(), SystemExit(), GeneratorExit()):
        assert is_fatal(fatal, Cancelled)
        assert is_fatal(BaseExceptionGroup("g", [ValueError(), fatal]), Cancelled)
        assert is_fatal(BaseExceptionGroup("g", [Cancelled(), fatal]), Cancelled)
    assert not is_fatal(Cancelled(), Cancelled)
    assert not is_fatal(ValueError(), Cancelled)
    assert not is_fatal(ExceptionGroup("g", [ValueError()]), Cancelled)
    mixed = BaseExceptionGroup("g", [Cancelled(), ValueError()])
    assert not is_fatal(mixed, Cancelled)


def test_a_group_is_a_stop_if_all_its_leaves_are_mon_013() -> None:
    first, second = Stop("1"), Stop("2")
    assert stop_in(first) is first
    assert stop_in(ExceptionGroup("g", [first, second])) is first
    nested = ExceptionGroup("g", [ExceptionGroup("h", [second]), first])
    assert stop_in(nested) is second
    assert stop_in(ExceptionGroup("g", [first, ValueError()])) is None
    assert stop_in(ExceptionGroup("g", [ValueError(), first])) is None
    assert stop_in(ValueError()) is None
    assert stop_in(KeyboardInterrupt()) is None


class Rude(Exception):
    def __str__(self) -> str:
        raise RuntimeError


def test_an_error_is_described_in_one_line() -> None:
    assert describe_error(ValueError("v")) == "ValueError: v"
    assert describe_error(ValueError()) == "ValueError"
    assert describe_error(ValueError("a\n  b\tc")) == "ValueError: a b c"
    assert describe_error(Rude()) == "Rude: <str() raised RuntimeError>"


def test_what_a_nursery_wrapped_is_described_itself() -> None:
    alone = ExceptionGroup("g", [ExceptionGroup("h", [ValueError("v")])])
    assert describe_error(alone) == "ValueError: v"
    two = ExceptionGroup("g", [ValueError("v"), KeyError("k")])
    assert describe_error(two) == "ExceptionGroup: g (2 sub-exceptions)"


def test_an_error_of_a_past_life_is_described_as_it_was() -> None:
    past = PastError("there.Broken", "Broken: b", "Traceback ...")
    assert (past.type_name, past.summary) == ("there.Broken", "Broken: b")
    assert past.traceback == "Traceback ..."
    assert str(past) == "Broken: b"
    assert describe_error(past) == "Broken: b"


def test_of_a_very_long_line_ten_times_the_limit_is_looked_at() -> None:
    assert describe_error(ValueError(" " * 187 + "x"), limit=20) == "ValueError: x"
    assert describe_error(ValueError(" " * 188 + "x"), limit=20) == "ValueError:"


def test_a_long_line_is_cut_at_the_limit() -> None:
    whole = "ValueError: " + "x" * 8
    assert describe_error(ValueError("x" * 8), limit=20) == whole
    assert describe_error(ValueError("x" * 9), limit=20) == "ValueError: xxxxxxx…"
    assert len(describe_error(ValueError("x" * 500))) == 200
