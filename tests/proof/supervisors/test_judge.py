"""`assert_otp_conformant` and what it prints."""

# pyright: reportPrivateUsage=false

from typing import Any

import pytest
import trio
from hypothesis import given

from tests.proof.supervisors import model
from tests.proof.supervisors.drawn.strategy import scenarios
from tests.proof.supervisors.judge import assert_otp_conformant, compare_with_otp
from tests.proof.supervisors.rules.cuts import CUTS
from tests.proof.supervisors.rules.deviations import DEVIATIONS
from tests.proof.supervisors.scenario import (
    Ask,
    ChildRequest,
    Exit,
    InitPlan,
    Queue,
    Reason,
    Scenario,
    Tree,
    Worker,
)
from tests.proof.supervisors.trio_driver import run_scenario
from tests.proof.trace import Trace
from trio_sup import ChildInfo, Supervisor
from trio_sup._children.record import Record
from trio_sup._core.plan.doing import Stop
from trio_sup._core.state import RestartWindow
from trio_sup._supervisors.lives import Lives
from trio_sup.testing.schedule import schedules_are_drawn
from trio_sup.testing.strategies import schedules

CRASH: Reason = ("error", "crash")
ASKED = Scenario(Tree(children=(Worker("a"), Worker("b"))), (Ask("which", ""),))


def test_what_deviates_on_purpose_is_named() -> None:
    comparison = compare_with_otp(ASKED)
    assert comparison.agrees
    assert comparison.trio_sup != comparison.otp == model.run(ASKED)
    (deviation,) = comparison.deviations
    assert deviation in DEVIATIONS
    assert deviation.name == "which_children is in start order"


def test_from_a_cut_on_nothing_is_expected() -> None:
    queue = Queue("", (Exit("a", CRASH), ChildRequest("terminate_child", "", "a")))
    scenario = Scenario(ASKED.tree, (Ask("count", ""), queue, Exit("b", CRASH)))
    comparison = compare_with_otp(scenario)
    assert comparison.cut in CUTS
    assert comparison.agrees
    assert [e for e in comparison.expected.events if "reply" in str(e)] == [
        ("reply", 0, {"specs": 2, "active": 2, "supervisors": 0, "workers": 2})
    ]


def test_real_otp_can_be_the_judge() -> None:
    otp = model.run(ASKED)
    assert compare_with_otp(ASKED, otp=otp).agrees
    assert not compare_with_otp(ASKED, otp=Trace(otp.events[1:], otp.final)).agrees


@given(scenarios(), schedules())
def test_the_program_that_a_failure_prints_is_the_same_again(
    scenario: Scenario, codes: list[int]
) -> None:
    text = compare_with_otp(scenario, codes).program
    names: dict[str, object] = {}
    exec(compile(text, "program", "exec"), names)
    assert names["scenario"] == scenario
    assert max(map(len, text.splitlines())) <= 88
    replay = names["test_replay"]
    assert callable(replay)
    replay()


def list_nobody(self: Supervisor) -> list[ChildInfo]:
    return []


def test_a_difference_fails_with_a_program_and_both_traces(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Supervisor, "which_children", list_nobody)
    with pytest.raises(AssertionError) as failed:
        assert_otp_conformant(ASKED, [0, 3, 0])
    text = str(failed.value)
    assert text.startswith("trio-sup does not do what OTP does\n")
    assert "        assert_otp_conformant(scenario, codes=[0, 3])\n" in text
    assert '        script=(Ask("which", ""),),\n' in text
    assert "  [root, ok]" in text
    assert "\n! [reply, 0, [[a, 1, worker], [b, 1, worker]]]" in text
    assert "\n  which_children is in start order (SUP-102)" in text


def test_without_an_order_of_tasks_nothing_is_judged(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delattr(trio._core._run, "_ALLOW_DETERMINISTIC_SCHEDULING")
    assert not schedules_are_drawn()
    with pytest.raises(RuntimeError, match="another scheduler"):
        run_scenario(ASKED)


def test_a_tree_that_does_not_end_is_a_difference(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def stop_life(self: Lives[Any], stop: Stop[Record]) -> None:
        pass

    monkeypatch.setattr(Lives, "stop_life", stop_life)
    comparison = compare_with_otp(ASKED)
    assert not comparison.agrees
    assert comparison.trio_sup.events[-1] == ("endless",)


@pytest.mark.slow
def test_a_tree_that_does_not_come_to_rest_is_a_difference(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def admit(self: RestartWindow, now: float) -> bool:
        return True

    monkeypatch.setattr(RestartWindow, "admit", admit)
    plan = InitPlan("a", (("then", CRASH),) * 30_000)
    scenario = Scenario(Tree(children=(Worker("a"),)), (plan, Exit("a", CRASH)))
    assert run_scenario(scenario).events[-1] == ("endless",)
