"""What trio-sup does agrees with OTP under every schedule, not under one."""

# pyright: reportPrivateUsage=false

from typing import Any

import pytest
from attrs import evolve
from hypothesis import Phase, Verbosity, given, settings

from tests.proof.supervisors.drawn.strategy import scenarios
from tests.proof.supervisors.judge import (
    Comparison,
    assert_otp_conformant,
    compare_with_otp,
)
from tests.proof.supervisors.scenario import (
    Exit,
    InitPlan,
    Queue,
    Reason,
    Scenario,
    StartChild,
    Tree,
    Worker,
)
from tests.proof.supervisors.trio_driver import run_scenario
from trio_sup._children.record import Record
from trio_sup._core.state import RestartWindow
from trio_sup._supervisors.lives import Lives
from trio_sup.testing.strategies import schedules

SEARCH = settings(
    max_examples=1500,
    derandomize=True,
    database=None,
    phases=[Phase.generate, Phase.shrink],
    verbosity=Verbosity.quiet,
)
CRASH: Reason = ("error", "crash")


@given(scenarios(), schedules())
def test_trio_sup_agrees_with_otp_under_any_schedule(
    scenario: Scenario, codes: list[int]
) -> None:
    assert_otp_conformant(scenario, codes)


def test_what_differs_between_schedules_is_what_has_no_order_in_otp() -> None:
    script = (StartChild("", Worker("a")), StartChild("", Worker("b")))
    scenario = Scenario(Tree("dynamic"), script)
    ways = [run_scenario(scenario, [0] * zeros + [1]) for zeros in range(8)]
    assert len({way.events for way in ways}) > 1  # which of both ends first
    for zeros, way in enumerate(ways):
        comparison = compare_with_otp(scenario, [0] * zeros + [1])
        assert comparison.trio_sup == way  # the same codes, the same way
        assert comparison.agrees


def races() -> Scenario:
    """Two restarts fail; who tries again last goes over the limit."""
    return Scenario(
        Tree(intensity=3, children=(Worker("a"), Worker("d"))),
        (
            InitPlan("d", (("error", "start"),)),
            Queue("", (Exit("d", CRASH), Exit("a", CRASH))),
        ),
        {"a": ("ok", ("error", "start"))},
    )


LATE_RETRY = [0, 21]
"""A schedule in which the restart that OTP tries first fails last."""


def test_who_of_two_that_fail_to_restart_goes_over_the_limit_is_open() -> None:
    assert run_scenario(races()) != run_scenario(races(), LATE_RETRY)
    assert_otp_conformant(races())
    assert_otp_conformant(races(), LATE_RETRY)


def test_that_somebody_goes_over_the_limit_is_not_open(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(RestartWindow, "admit", lambda self, now: True)
    assert not compare_with_otp(races(), LATE_RETRY).agrees


def overtakes(self: Lives[Any], record: Record) -> None:
    """Who is ready takes the place of an earlier child that still starts."""
    core = self.plan.core
    records = list(core.records.values())
    slower = next((k for k in records if k.alive and not k.ready), record)
    if records.index(slower) < records.index(record) and slower.life == record.life:
        records.remove(record)
        records.insert(records.index(slower), record)
        core.records = {each.id: each for each in records}
    if self.plan.wakes(record):
        self.bell.wake()


def with_a_burst(scenario: Scenario) -> Scenario:
    """Lets all workers right below the root crash at the end of the script."""
    workers = [c for c in scenario.tree.children if isinstance(c, Worker)]
    burst = Queue("", tuple(Exit(worker.id, CRASH) for worker in workers))
    return evolve(scenario, script=(*scenario.script, burst))


@pytest.mark.slow
def test_a_bug_of_some_schedules_shrinks_to_a_short_program(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Lives, "record_ready", overtakes)
    last: Comparison | None = None

    @settings(SEARCH)
    @given(scenarios().map(with_a_burst), schedules())
    def property_(scenario: Scenario, codes: list[int]) -> None:
        nonlocal last
        last = compare_with_otp(scenario, codes)
        assert last.agrees

    with pytest.raises(AssertionError):
        property_()
    assert last is not None
    assert len(last.scenario.script) <= 3
    assert len(last.scenario.tree.children) <= 4
    assert sum(code > 0 for code in last.codes) == 1
    assert len(last.codes) <= 4
    assert compare_with_otp(last.scenario).agrees  # first come, first served
