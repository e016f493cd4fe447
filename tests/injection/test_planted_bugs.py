"""The laws can fail: a mistake planted into the library is found by a fault."""

# pyright: reportPrivateUsage=false

from __future__ import annotations

import gc
import os
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any

import pytest
import trio
from trio._core import _ki

import trio_sup
from trio_sup import Exit, Registry
from trio_sup._children import life as _life
from trio_sup._children.record import Record
from trio_sup._servers.mailbox import MailQueue
from trio_sup._supervisors.lives import Lives
from trio_sup.testing._run.quiet import quiet_log

from .faults import Kind
from .runs import strike_line, strike_step
from .trees import TREES

# What hung is thrown away as it is.
pytestmark = pytest.mark.filterwarnings(
    "ignore::pytest.PytestUnraisableExceptionWarning"
)

Patch = pytest.MonkeyPatch


@pytest.fixture(autouse=True)
def silence() -> Iterator[None]:
    """Thousands of crashes are expected here; what is left of them goes at once."""
    with quiet_log():
        yield
    gc.collect()


def ctrl_c_is_a_crash(patch: Patch) -> None:
    def is_fatal(error: BaseException, cancelled: type[BaseException]) -> bool:
        return False

    patch.setattr(_life, "is_fatal", is_fatal)


def names_stay(patch: Patch) -> None:
    def release_life(self: Registry, record: Record) -> None:
        pass

    patch.setattr(Registry, "release_life", release_life)


def queued_callers_are_forgotten(patch: Patch) -> None:
    def fail_queued(self: MailQueue, exit: Exit | None) -> None:
        self.batch, self.inbox = [], []
        self.bounded = self.stops = 0

    patch.setattr(MailQueue, "fail_queued", fail_queued)


def crashes_lose_their_error(patch: Patch) -> None:
    def crash_of(error: BaseException) -> Exit:
        return Exit("crashed")

    patch.setattr(_life, "crash_of", crash_of)


def all_are_stopped_at_once(patch: Patch) -> None:
    right = Lives.request_stop

    def request_stop(self: Lives[Any], reason: str) -> None:
        right(self, reason)
        for record in list(self.plan.core.records.values()):
            self.stop_life(self.plan.stopping_of(record, reason))

    patch.setattr(Lives, "request_stop", request_stop)


@pytest.mark.parametrize(
    ("bug", "kind", "words"),
    [
        (names_stay, "cancel", "left over"),
        (queued_callers_are_forgotten, "cancel", "hung"),
        (crashes_lose_their_error, "raise", "is lost"),
        (all_are_stopped_at_once, "cancel", "asked before"),
    ],
)
def test_a_fault_before_some_step_finds(
    bug: Callable[[Patch], None], kind: Kind, words: str, monkeypatch: Patch
) -> None:
    bug(monkeypatch)
    found = False
    for tree in TREES.values():
        at = 1
        while not found:
            try:
                if not strike_step(tree, at, kind, "0"):
                    break
            except AssertionError as error:
                found = words in str(error)
            at += 1
    assert found


def lines_that_fail() -> Iterator[str]:
    at = 1
    while True:
        try:
            if not strike_line(TREES["supervision"], at, "0"):
                return
        except (AssertionError, trio.TrioInternalError) as error:
            yield str(error)
        at += 7  # not every line, for speed; wider steps missed all that fail


def test_ctrl_c_in_user_code_finds_that_it_is_taken_for_a_crash(
    monkeypatch: Patch,
) -> None:
    ctrl_c_is_a_crash(monkeypatch)
    assert next(lines_that_fail(), None)


def test_ctrl_c_at_some_line_finds_that_the_library_is_not_protected(
    monkeypatch: Patch,
) -> None:
    right = _ki.ki_protection_enabled
    package = os.path.dirname(trio_sup.__file__)

    def unprotected(frame: FrameType | None) -> bool:
        inside = frame
        while inside is not None:
            if inside.f_code.co_filename.startswith(package):
                return False
            inside = inside.f_back
        return right(frame)

    monkeypatch.setattr(_ki, "ki_protection_enabled", unprotected)
    assert next(lines_that_fail(), None)
