"""What requests are told does not depend on the order of tasks."""

# pyright: reportPrivateUsage=false

from collections.abc import Iterator
from typing import Any

import pytest

import trio_sup
from tests.proof.machine import is_available
from trio_sup._core.plan.doing import OwnGrace
from trio_sup._core.plan.line import Line
from trio_sup._core.plan.supervision import Plan
from trio_sup._core.state import ChildState
from trio_sup._core.strategy import SupervisorCore

from .differences import first_difference
from .draw import scenario_for
from .golden import recorded
from .otp import Oracle, observe
from .play import play
from .scenario import Request, Scenario, Tree, Worker
from .search import compare, contrast, examine

SEEDS = range(40)
SCHEDULES = 4


@pytest.mark.parametrize("seed", SEEDS)
def test_answers_are_the_same_under_every_schedule(seed: int) -> None:
    for each in range(seed * 5, seed * 5 + 5):
        finding = examine(each, SCHEDULES)
        assert finding is None, finding.report()


def test_the_scenarios_have_everything_in_them() -> None:
    missing = {
        "ok", "cancelled", "AlreadyStarted", "AlreadyPresent", "NoSuchChild",
        "ChildNotStopped", "StartFailed", "StartIgnored", "SupervisorStopping",
    }  # fmt: skip
    for seed in range(400):
        outcome = play(scenario_for(seed))
        missing -= {answer.partition(":")[0] for answer, _ in outcome.answers}
        if not missing:
            break
    assert not missing


def test_an_answer_by_whose_turn_it_is_would_be_found(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def cut(self: Line[Any], *, fatal: bool) -> None:
        self.cut_short = True

    right = Line.turn

    def turn(self: Line[Any]) -> Any:
        if self.cut_short and self.awaited is not None:
            self.overtaken = not self._has_come()
        return right(self)

    monkeypatch.setattr(Line, "turn", turn)
    monkeypatch.setattr(Line, "cut", cut)
    slow = Worker("a", held_stop=True)
    tree = Tree("root", children=(Tree("s", children=(slow,), shutdown="brutal_kill"),))
    script = ((Request("terminate_child", "s", "a"),), (Request("stop", ""),))
    assert contrast(Scenario(tree, script), 0, 8) is not None


def test_a_waiter_that_is_forgotten_would_be_found(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clear = Line.clear

    def forgets(self: Line[Any]) -> list[Any]:
        clear(self)
        return []

    monkeypatch.setattr(Line, "clear", forgets)
    findings = (play(scenario_for(seed)).faults for seed in range(400))
    assert any("never answered" in fault for faults in findings for fault in faults)


def test_a_run_is_repeatable() -> None:
    for seed in range(20):
        scenario = scenario_for(seed)
        assert play(scenario, [3, 1, 4, 1, 5]) == play(scenario, [3, 1, 4, 1, 5])


def differing() -> Iterator[str]:
    for each in recorded():
        ours = observe(each.scenario, each.codes)
        if first_difference(each.scenario, each.views, ours) is not None:
            yield each.what


def test_it_is_what_otp_did() -> None:
    assert list(differing()) == []


def aborts_the_start(self: Plan[Any], grace: float) -> Any:
    """Stop as `stop()` did once: without regard to a start in progress."""
    self.outcome = trio_sup.Exit("shutdown", "stop()")
    return (*self.stop("stop()"), OwnGrace(grace))


def hears_of_ends_at_once(
    self: SupervisorCore[Any], record: ChildState, exit: trio_sup.Exit
) -> None:
    record.enter("rests")
    record.undecided = False


@pytest.mark.parametrize(
    ("owner", "name", "bug"),
    [
        (Plan, "stop_itself", aborts_the_start),
        (SupervisorCore, "expect", hears_of_ends_at_once),
    ],
)
def test_a_planted_bug_is_found_by_what_otp_did(
    owner: type[object], name: str, bug: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(owner, name, bug)
    assert next(differing(), None) is not None


@pytest.mark.slow
@pytest.mark.skipif(not is_available(), reason="needs erl and erlc")
def test_it_is_what_the_installed_otp_does() -> None:
    with Oracle() as oracle:
        for first in range(50_000, 50_100, 50):
            finding = compare(oracle, range(first, first + 50))
            assert finding is None, finding.report()
