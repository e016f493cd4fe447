"""What is known of a child before its first life, and what follows from it."""

from __future__ import annotations

from typing import Any

import pytest

import trio_sup
from trio_sup import Budget, ChildSpec
from trio_sup._core.state import ChildState
from trio_sup._core.status import NEXT


async def work() -> None:
    """A target; never run."""


SPEC: ChildSpec[Any] = trio_sup.child(work, id="a")


class Child(ChildState):
    """A child that is what it is told to be."""

    def __init__(self, id: str = "a", above: ChildState | None = None) -> None:
        super().__init__(SPEC, id)
        self.path_text = id if above is None else f"{above.path_text}/{id}"
        self._above = above
        self.up = False
        self.because: str | None = None

    @property
    def above(self) -> ChildState | None:
        return self._above

    @property
    def alive(self) -> bool:
        return self.up

    @property
    def asked(self) -> str | None:
        return self.because


def test_before_its_first_life_a_child_is_stopped_and_nothing_has_happened() -> None:
    child = ChildState(SPEC, "a")
    assert (child.spec, child.id, child.status) == (SPEC, "a", "stopped")
    nothing = (child.last_exit, child.budget_window)
    assert nothing == (None, None)
    numbers = (
        *(child.life, child.life_began, child.restarts, child.attempt),
        *(child.pending, child.ticket, child.started_life, child.overtaken),
    )
    assert numbers == (0,) * 8
    assert [type(number) for number in numbers] == [int, float, *[int] * 6]
    flags = (
        *(child.in_plan, child.undecided, child.ready),
        *(child.supervised_start, child.comes_back, child.held),
    )
    assert all(flag is False for flag in flags)


@pytest.mark.parametrize(
    ("status", "held", "seconds", "awaits"),
    [("quarantined", False, 3.0, True), ("quarantined", True, 3.0, False),
     ("quarantined", False, None, False), ("running", False, 3.0, False),
     ("running", True, 3.0, False)],
)  # fmt: skip
def test_it_awaits_its_release_in_a_quarantine_for_a_time_that_no_hand_made(
    status: Any, held: bool, seconds: float | None, awaits: bool
) -> None:
    child = Child()
    child.spec = SPEC.replace(
        budget=Budget(1, 5.0, "quarantine", release_after=seconds)
    )
    child.status, child.held = status, held
    assert child.awaits_release is awaits
    child.spec = SPEC
    assert child.awaits_release is False


@pytest.mark.parametrize("status", NEXT)
def test_the_status_is_written_by_the_table(status: Any) -> None:
    for event, after in NEXT[status].items():
        child = Child()
        child.status = status
        child.enter(event)
        assert child.status == after


def test_its_label_is_the_last_part_of_its_path() -> None:
    root = Child("root/with a slash")
    assert root.label == "root/with a slash"
    assert Child("a/b", root).label == "a/b"


def test_it_is_terminated_if_it_was_asked_for_whatever_reason() -> None:
    child = Child()
    assert child.terminated is False
    child.because = ""
    assert child.terminated is True


@pytest.mark.parametrize("ready", [False, True])
@pytest.mark.parametrize("up", [False, True])
@pytest.mark.parametrize("status", NEXT)
def test_it_runs_while_it_is_ready_and_alive_and_does_not_end(
    ready: bool, up: bool, status: Any
) -> None:
    child = Child()
    child.ready, child.up, child.status = ready, up, status
    assert child.running is (ready and up and status == "running")
    back = status in ("restarting", "backing_off")
    assert child.awaiting_restart is (back and not up)


def test_it_may_return_if_it_lives_or_waits_for_its_turn() -> None:
    child = Child()
    assert child.may_return is False
    child.up = True
    assert child.may_return is True
    child.up, child.in_plan = False, True
    assert child.may_return is True
    child.in_plan = False
    for status in NEXT:
        child.status = status
        back = status in ("starting", "restarting", "backing_off")
        assert child.may_return is back


def test_who_rests_with_its_parent_returns_if_that_one_does() -> None:
    root = Child("root")
    middle = Child("s", root)
    child = Child("a", middle)
    root.up = True
    assert child.may_return is False
    child.comes_back = True
    assert child.may_return is False
    middle.comes_back = True
    assert child.may_return is True
    root.up = False
    root.comes_back = True  # there is nobody above it
    assert child.may_return is False
