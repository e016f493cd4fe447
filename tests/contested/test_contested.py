"""What requests are told does not depend on the order of tasks."""

import pytest

from trio_sup._ordered import OrderedDriver

from .draw import scenario_for
from .play import play
from .scenario import Request, Scenario, Tree, Worker
from .search import differing, examine

SEEDS = range(40)
SCHEDULES = 4


@pytest.mark.parametrize("seed", SEEDS)
def test_answers_are_the_same_under_every_schedule(seed: int) -> None:
    for each in range(seed * 5, seed * 5 + 5):
        finding = examine(each, SCHEDULES)
        assert finding is None, finding.report()


def test_the_scenarios_have_everything_in_them() -> None:
    answers: set[str] = set()
    for seed in range(250):
        outcome = play(scenario_for(seed))
        answers |= {answer.partition(":")[0] for answer, _ in outcome.answers}
    assert answers >= {
        "ok", "cancelled", "AlreadyStarted", "AlreadyPresent", "NoSuchChild",
        "ChildNotStopped", "StartFailed", "StartIgnored", "SupervisorStopping",
    }  # fmt: skip


def test_an_answer_by_whose_turn_it_is_would_be_found(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def until(self: OrderedDriver, done: object) -> None:
        assert callable(done)
        self.watching = True
        while not done() and self.mode != "stopping":
            await self.bell.wait()
        self.watching = False
        self._overtaken = not done()  # pyright: ignore[reportPrivateUsage]

    monkeypatch.setattr(OrderedDriver, "_until", until)
    slow = Worker("a", held_stop=True)
    tree = Tree("root", children=(Tree("s", children=(slow,), shutdown="brutal_kill"),))
    script = ((Request("terminate_child", "s", "a"),), (Request("stop", ""),))
    assert differing(Scenario(tree, script), 0, 8) is not None


def test_a_waiter_that_is_forgotten_would_be_found(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    refuse = OrderedDriver._refuse_requests  # pyright: ignore[reportPrivateUsage]

    def forgets(self: OrderedDriver, error: object) -> None:
        self._queue.clear()  # pyright: ignore[reportPrivateUsage]
        refuse(self, error)  # type: ignore[arg-type]

    monkeypatch.setattr(OrderedDriver, "_refuse_requests", forgets)
    findings = (play(scenario_for(seed)).faults for seed in range(400))
    assert any("never answered" in fault for faults in findings for fault in faults)


def test_a_run_is_repeatable() -> None:
    for seed in range(20):
        scenario = scenario_for(seed)
        assert play(scenario, [3, 1, 4, 1, 5]) == play(scenario, [3, 1, 4, 1, 5])
