"""A backoff that no restart limit can ever end is worth a note (rule 10 of how it is built)."""

from __future__ import annotations

import logging

import pytest

from trio_sup import Backoff, Budget, child, open_supervisor
from trio_sup._core.policies import Backoff as Delays


async def nothing() -> None:
    pass


def test_short_delays_can_exceed_the_limit() -> None:
    assert Delays(initial=0.1).can_exceed(3, 5.0)


def test_delays_longer_than_the_window_never_exceed_it() -> None:
    assert not Delays(initial=10.0).can_exceed(3, 5.0)


def test_the_edge_of_the_window_still_counts() -> None:
    # Crashes at 0, 0 (the first restart is immediate), 1 and 3: three are fine.
    assert Delays(initial=1.0).can_exceed(3, 3.0)
    assert not Delays(initial=1.0).can_exceed(3, 2.9)


def test_a_limit_of_zero_is_exceeded_at_once() -> None:
    assert Delays(initial=10.0).can_exceed(0, 0.1)


@pytest.mark.trio
@pytest.mark.parametrize(
    ("budget", "warned"), [(None, True), (Budget(3, 3600.0), False)]
)
async def test_an_endless_backoff_is_noted_unless_the_budget_ends_it(
    budget: Budget | None,
    warned: bool,
    autojump_clock: object,
    caplog: pytest.LogCaptureFixture,
) -> None:
    spec = child(
        nothing, restart="transient", backoff=Backoff(initial=10.0), budget=budget
    )
    with caplog.at_level(logging.INFO, "trio_sup"):
        async with open_supervisor([spec]):
            pass
    assert ("a crash loop never ends" in caplog.text) is warned
