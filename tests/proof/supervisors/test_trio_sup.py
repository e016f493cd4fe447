"""trio-sup does what real OTP did in each scenario by hand."""

import pytest

from tests.proof import golden
from tests.proof.named import Named
from tests.proof.supervisors import model
from tests.proof.supervisors.compare import before, first_cut
from tests.proof.supervisors.rules.cuts import CUTS
from tests.proof.supervisors.scenario import Scenario, StartChild, Tree, Worker
from tests.proof.supervisors.subject import TRIO_SUP
from tests.proof.supervisors.suite import SUPERVISORS
from tests.proof.supervisors.trio_driver import run_scenario
from tests.proof.trace import side_by_side

ANSWERS = golden.by_name(SUPERVISORS)


TITLES = ("expected (OTP)", "trio-sup")


# There a request means the process that has ended, here the child: it is stopped.
APART = "DYN-015: terminate_child of a restarting child cancels the retry"


@pytest.mark.parametrize("named", SUPERVISORS.named, ids=lambda named: named.name)
def test_trio_sup_agrees_with_otp_on(named: Named[Scenario]) -> None:
    answer = ANSWERS[named.name]
    wanted = TRIO_SUP.expect(answer.scenario, answer.trace)
    trace = TRIO_SUP.observe(answer.scenario, answer.trace)
    assert trace == wanted, side_by_side(wanted, trace, TITLES)


def test_where_otp_means_the_process_trio_sup_means_the_child() -> None:
    events = run_scenario(ANSWERS[APART].scenario).events
    assert ("stop", "a", 2, "shutdown") in events
    assert ("start", "a", 3) not in events


def test_few_scenarios_are_compared_in_part_only() -> None:
    answers = golden.answers(SUPERVISORS)
    found = [first_cut(a.scenario, a.trace, CUTS) for a in answers]
    assert 0 < sum(cut is not None for cut in found) < len(answers) * 0.02


def test_a_cut_spares_what_came_before() -> None:
    script = (StartChild("", Worker("a")), StartChild("", Worker("b")))
    scenario = Scenario(Tree("dynamic"), script)
    trace = model.run(scenario)
    assert before(trace, None) == trace
    assert before(trace, 0).events == (("start", "", 1), ("root", "ok"))
    assert before(trace, 1).events[2:] == (("start", "a", 1), ("reply", 0, ("ok", 1)))
