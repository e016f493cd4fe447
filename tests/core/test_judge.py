"""How a life ended, for everything it can raise and all that can have been meant.

MON-011, MON-012, MON-013, SUP-115: by intent first, by exception second.
"""

from __future__ import annotations

import sys
from typing import Any

import pytest
from attrs import frozen

from trio_sup import Exit, Ignore, LeakedCancelled, RestartLimitExceeded, Stop
from trio_sup._core import judge
from trio_sup._core.exits import NORMAL, members_of
from trio_sup._core.judge import (
    CANCELLED,
    as_asked,
    classify,
    crash_of,
    is_plain_crash,
    is_plain_stop,
)


class Cancelled(BaseException):
    """Stands for Trio's."""


@frozen
class Life:
    asked: str | None = None
    forced: bool = False
    ready: bool = True
    cut_short: Exit | None = None
    outcome: Exit = NORMAL


Cancellations = type[BaseException] | tuple[type[BaseException], ...]


def judged(
    life: Life,
    raised: BaseException | None,
    cancellations: Cancellations = Cancelled,
    *,
    cancelled: bool = False,
) -> tuple[Exit, BaseException | None, BaseException | None]:
    return classify(
        life,
        raised,
        cancellations,
        cancelled=cancelled,
        ready=life.ready,
        outcome=life.outcome,
    )


V = ValueError("v")
C = Cancelled()
STOP = Stop()
DONE = Stop("done")
IGNORE = Ignore()
INTERRUPT = KeyboardInterrupt()
QUIT = SystemExit()
GAVE_UP = RestartLimitExceeded("root", 3, 5.0, [])


def group(*members: BaseException) -> BaseExceptionGroup[BaseException]:
    return BaseExceptionGroup("g", members)


def told(life: Life, raised: BaseException | None, *, cancelled: bool = False) -> str:
    exit, _, fault = judged(life, raised, cancelled=cancelled)
    assert fault is None
    reason = "" if exit.reason is None else f"({exit.reason})"
    return f"{exit.kind}{reason} {shown(exit.error)}".rstrip()


def shown(error: BaseException | None) -> str:
    if error is None:
        return ""
    members = members_of(error)
    if members is not None:
        return "[" + " ".join(map(shown, members)) + "]"
    if isinstance(error, LeakedCancelled):
        assert error.__cause__ is not None
        return f"leaked {shown(error.__cause__)}"
    return type(error).__name__


# What it raised; how it ended if nobody asked, and which error is told if somebody did.
ENDS: list[tuple[BaseException | None, str, str]] = [
    (None, "normal", ""),
    (V, "crashed ValueError", "ValueError"),
    (group(V), "crashed [ValueError]", "[ValueError]"),
    (STOP, "normal", ""),
    (DONE, "shutdown(done)", ""),
    (group(DONE, STOP), "shutdown(done)", ""),
    (group(group(STOP), DONE), "normal", ""),
    (group(STOP, V), "crashed [Stop ValueError]", "[Stop ValueError]"),
    (C, "crashed leaked Cancelled", "leaked Cancelled"),
    (group(C), "crashed leaked [Cancelled]", "leaked [Cancelled]"),
    (
        group(C, group(C)),
        "crashed leaked [Cancelled [Cancelled]]",
        "leaked [Cancelled [Cancelled]]",
    ),
    (group(C, V), "crashed [ValueError]", "[ValueError]"),
    (group(group(C), V), "crashed [ValueError]", "[ValueError]"),
    (group(group(C, V), C), "crashed [[ValueError]]", "[[ValueError]]"),
    (group(DONE, C), "shutdown(done)", ""),
    (IGNORE, "crashed Ignore", "Ignore"),
    (group(IGNORE), "crashed [Ignore]", "[Ignore]"),
    (GAVE_UP, "crashed RestartLimitExceeded", "RestartLimitExceeded"),
    (INTERRUPT, "crashed KeyboardInterrupt", "KeyboardInterrupt"),
    (
        group(INTERRUPT, V),
        "crashed [KeyboardInterrupt ValueError]",
        "[KeyboardInterrupt ValueError]",
    ),
    (group(INTERRUPT, C), "crashed [KeyboardInterrupt]", "[KeyboardInterrupt]"),
    (QUIT, "crashed SystemExit", "SystemExit"),
]

names = [shown(raised) or "nothing" for raised, _, _ in ENDS]


@pytest.mark.parametrize(("raised", "alone", "error"), ENDS, ids=names)
def test_what_was_raised_decides_if_nobody_asked_and_is_kept_if_somebody_did(
    raised: BaseException | None, alone: str, error: str
) -> None:
    assert told(Life(), raised) == alone
    assert told(Life("why"), raised) == f"shutdown(why) {error}".rstrip()
    assert told(Life("why", True), raised) == f"killed(why) {error}".rstrip()
    # Not ready, nobody takes it for running; its failure is the same.
    if raised is not IGNORE:
        assert told(Life(ready=False), raised) == alone


@pytest.mark.parametrize(("raised", "alone", "error"), ENDS, ids=names)
def test_a_cancellation_of_its_own_scope_adds_nothing(
    raised: BaseException | None, alone: str, error: str
) -> None:
    if "leaked" not in alone:
        assert told(Life(), raised, cancelled=True) == alone
        error_told = f"shutdown(why) {error}".rstrip()
        assert told(Life("why"), raised, cancelled=True) == error_told
        return
    assert told(Life(), raised, cancelled=True) == str(CANCELLED).replace(" ", "")
    assert told(Life("why"), raised, cancelled=True) == "shutdown(why)"
    assert told(Life("why", True), raised, cancelled=True) == "killed(why)"


@pytest.mark.parametrize(("raised", "alone", "error"), ENDS, ids=names)
def test_who_was_cut_short_ends_as_meant_unless_by_something_fatal(
    raised: BaseException | None, alone: str, error: str
) -> None:
    late = Life(cut_short=Exit("killed", "too slow"))
    fatal = "Interrupt" in error or "SystemExit" in error
    for cancelled in (False, True):
        assert told(late, raised, cancelled=cancelled) == (
            alone if fatal else "killed(too slow)"
        )
    asked = Life("why", cut_short=Exit("killed", "too slow"))
    assert told(asked, raised) == f"shutdown(why) {error}".rstrip()


def test_ignore_is_no_error_before_a_child_is_ready_sup_027() -> None:
    assert told(Life(ready=False), IGNORE) == "normal(ignore) Ignore"
    assert told(Life(ready=False), group(IGNORE)) == "crashed [Ignore]"


def test_a_supervisor_that_gave_up_is_in_order_and_a_function_is_not_sup_047() -> None:
    outcome = Exit("shutdown", "gave up", GAVE_UP)
    supervisor = Life(outcome=outcome)
    assert judged(supervisor, GAVE_UP)[0] is outcome
    assert told(Life("why", outcome=outcome), GAVE_UP) == "shutdown(why)"
    another = RestartLimitExceeded("other", 3, 5.0, [])
    assert told(supervisor, another) == "crashed RestartLimitExceeded"
    assert told(Life(), GAVE_UP) == "crashed RestartLimitExceeded"
    stopped = Exit("shutdown", "stop()")
    assert told(Life(outcome=stopped), None) == "shutdown(stop())"


def test_its_failure_is_what_is_left_without_cancellations() -> None:
    def failure(raised: BaseException, *, cancelled: bool = False) -> object:
        return judged(Life(), raised, cancelled=cancelled)[1]

    assert failure(V) is V
    whole = group(INTERRUPT, V)
    assert failure(whole) is whole
    assert failure(C, cancelled=True) is None
    rest = failure(group(C, V))
    assert isinstance(rest, BaseException)
    assert members_of(rest) == (V,)
    # Judged again it stays what it is: one object in all that is told.
    assert failure(rest) is rest
    leaked = failure(C)
    assert isinstance(leaked, LeakedCancelled)
    assert str(leaked) == "the child let a Cancelled escape that was not meant for it"
    assert failure(leaked, cancelled=True) is leaked


class OfTheUsers(Exception):
    """Of a class that the judge has never seen."""


class OwnValueError(ValueError):
    """Of a kind that it has."""


class CancelledToo(Cancelled):
    """A class below it is none of Trio's."""


@pytest.mark.parametrize(
    ("raised", "plain"),
    [(V, True), (OfTheUsers(), True), (OwnValueError(), True), (group(V), False), (STOP, False), (DONE, False), (IGNORE, False),
     (GAVE_UP, False), (C, False), (INTERRUPT, False), (QUIT, False), (None, False)],
)  # fmt: skip
def test_a_plain_crash_is_an_error_that_means_nothing_else(
    raised: BaseException | None, plain: bool
) -> None:
    assert is_plain_crash(raised) is plain
    if plain:  # what it says is what the judge says
        assert judged(Life(), raised) == (Exit("crashed", None, raised), raised, None)


def test_several_exceptions_can_mean_a_cancellation() -> None:
    ends = (Cancelled, GeneratorExit)
    for raised in (C, GeneratorExit(), group(C, GeneratorExit())):
        assert judged(Life(), raised, ends, cancelled=True) == (CANCELLED, None, None)
    mixed = group(GeneratorExit(), V)
    exit, _, _ = judged(Life(), mixed, ends, cancelled=True)
    assert shown(exit.error) == "[ValueError]"


class Rude(BaseExceptionGroup[BaseException]):
    def derive(self, excs: Any) -> Any:
        raise INTERRUPT


class Silent(Stop):
    @property
    def exit(self) -> Exit:
        raise V


def test_an_end_is_told_without_the_help_of_an_exception_that_raises() -> None:
    rude = Rude("g", [C, ValueError()])
    for life, kind in (
        (Life(), "crashed"),
        (Life("why"), "shutdown"),
        (Life("why", forced=True), "killed"),
    ):
        exit, failure, fault = judged(life, rude)
        assert exit == Exit(exit.kind, life.asked, rude)
        assert exit.kind == kind
        assert failure is rude
        assert fault is INTERRUPT
    silent = Silent()
    exit, failure, fault = judged(Life(), silent)
    assert exit == Exit("crashed", None, silent)
    assert (failure, fault) == (silent, V)


@pytest.mark.parametrize("forced", [True, False])
@pytest.mark.parametrize("asked", ["why", None])
@pytest.mark.parametrize(
    ("raised", "plain"),
    [(None, True), (C, True), (CancelledToo(), False), (group(C), False), (V, False),
     (STOP, False), (INTERRUPT, False)],
)  # fmt: skip
def test_a_plain_stop_is_an_end_as_asked_and_no_more(
    raised: BaseException | None, plain: bool, asked: str | None, forced: bool
) -> None:
    life = Life(asked, forced=forced)
    plain = plain and asked is not None
    assert is_plain_stop(life, raised, Cancelled) is plain
    if plain:  # what it says is what the judge says
        said = judged(life, raised, cancelled=True)
        assert said == (as_asked(life), None, None)


WAYS: list[Any] = ["_frozen_crash"]
if sys.version_info >= (3, 12):  # before, the two classes count as different
    WAYS.append("_drafted_crash")


@pytest.mark.parametrize("way", WAYS)
def test_the_exit_of_a_crash_is_one_like_any_other(way: str) -> None:
    error = ValueError("x")
    made = getattr(judge, way)(error)
    assert type(made) is Exit
    assert (made, made.error) == (Exit("crashed", None, error), error)
    assert made.reason is None
    with pytest.raises(AttributeError):
        made.kind = "normal"  # type: ignore[misc]


def test_the_exit_of_a_crash_is_made_the_quick_way_where_that_works(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    choose: Any = getattr(judge, "_crash_of")  # noqa: B009 - looked at as it is
    quick = sys.version_info >= (3, 12)
    assert crash_of.__name__ == ("_drafted_crash" if quick else "_frozen_crash")
    assert choose() is crash_of

    def refused(error: object) -> Any:
        assert isinstance(error, BaseException)
        raise TypeError("object layout differs")

    def of_no_use(error: object) -> Any:
        assert isinstance(error, BaseException)
        return error

    for broken in (refused, of_no_use):
        monkeypatch.setattr(judge, "_drafted_crash", broken)
        assert choose().__name__ == "_frozen_crash"
