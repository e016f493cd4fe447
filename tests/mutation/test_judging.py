"""Mutants are judged by the tests that run their function, each in a fork of its own."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
from attrs import frozen

from . import judging
from .judging import Judge, Verdict

pytestmark = pytest.mark.skipif(
    sys.version_info < (3, 12),
    reason="the interpreter tells which code runs since 3.12",
)

MODULE = """
def double(number):
    return number + number

def unused():
    return 1
"""

TESTS = """
from doubling import double

def test_nothing_is_twice_nothing():
    assert double(0) == 0

def test_three_is_six():
    assert double(3) == 6
"""


@frozen
class Mistake:
    """A function that becomes another."""

    target: Any
    becomes: Any

    def plant(self) -> None:
        self.target.__code__ = self.becomes.__code__


def same(number: int) -> int:
    return 2 * number


def less(number: int) -> int:
    return 0


def wrong(number: int) -> int:
    return number


def other(number: int) -> int:
    return 1


def loops(number: int) -> int:
    while number:
        pass
    return 0


def test_a_mistake_is_noticed_by_a_test_or_survives(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(judging, "ENDLESS", 0.3)
    pytester.makepyfile(doubling=MODULE, test_doubling=TESTS)
    verdicts: list[Verdict] = []

    def mutants() -> list[Mistake]:
        from doubling import double, unused  # type: ignore[import-not-found]

        changes = [same, less, wrong, other, loops]
        return [*(Mistake(double, change) for change in changes), Mistake(unused, same)]

    judge = Judge(
        mutants,
        ("test_doubling.py::test_nothing_is_twice_nothing[",),
        Path(str(pytester.path)),
        lambda mutant, verdict: verdicts.append(verdict),
    )
    pytester.inline_run("-p", "no:cacheprovider", plugins=[judge])
    assert verdicts == [
        *("survived", "killed", "killed", "killed"),
        *("endless", "no tests"),
    ]


def test_tests_that_fail_without_a_mistake_judge_nothing(
    pytester: pytest.Pytester,
) -> None:
    pytester.makepyfile(doubling=MODULE, test_doubling=TESTS + "    assert False\n")
    told: list[str] = []

    def mutants() -> list[Mistake]:
        told.append("asked")
        return []

    judge = Judge(
        mutants,
        (),
        Path(str(pytester.path)),
        lambda mutant, verdict: None,
    )
    ended = pytester.inline_run("-p", "no:cacheprovider", plugins=[judge])
    assert ended.ret == pytest.ExitCode.USAGE_ERROR
    assert told == []
