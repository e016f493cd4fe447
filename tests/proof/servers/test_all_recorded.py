"""trio-sup does what real OTP did in all recorded scenarios, but for the named deviations."""

from functools import lru_cache

import pytest

from tests.proof import golden
from tests.proof.golden import Golden
from tests.proof.servers import trio_driver
from tests.proof.servers.deviations import (
    DEVIATIONS,
    Deviation,
    expected,
    is_comparable,
)
from tests.proof.servers.scenario import Scenario, text
from tests.proof.servers.suite import SERVERS
from tests.proof.trace import Trace, side_by_side

pytestmark = pytest.mark.slow


TITLES = ("expected (OTP)", "trio-sup")


@lru_cache(maxsize=1)
def compared() -> tuple[tuple[Golden[Scenario], Trace], ...]:
    """All recorded scenarios that can be compared, with what trio-sup does."""
    return tuple(
        (answer, trio_driver.run(answer.scenario))
        for answer in golden.answers(SERVERS)
        if is_comparable(answer.scenario, answer.trace)
    )


def test_trio_sup_agrees_with_otp() -> None:
    for answer, trace in compared():
        wanted = expected(answer.scenario, answer.trace)
        assert trace == wanted, f"{text(answer.scenario)}\n" + side_by_side(
            wanted, trace, TITLES
        )


def test_trio_sup_does_the_same_again() -> None:
    for answer, trace in compared()[::20]:
        assert trio_driver.run(answer.scenario) == trace


def test_nobody_is_left_without_an_answer() -> None:
    for answer, trace in compared():
        assert isinstance(trace.final, tuple)
        left = [who for who in trace.final if not _receives(answer, str(who))]
        assert not left, text(answer.scenario)


def _receives(answer: Golden[Scenario], client: str) -> bool:
    """Whether it may wait for a message that never comes."""
    op = answer.scenario.script[int(client.removeprefix("c"))]
    return "'receive'" in str(op)


@pytest.mark.parametrize("deviation", DEVIATIONS, ids=lambda d: d.name)
def test_without_a_deviation_there_is_a_difference(deviation: Deviation) -> None:
    others = tuple(d for d in DEVIATIONS if d is not deviation)
    assert any(
        trace != expected(answer.scenario, answer.trace, others)
        for answer, trace in compared()
    )


def test_most_scenarios_need_no_deviation_but_one() -> None:
    (told,) = (d for d in DEVIATIONS if d.name == "senders are told")
    same = sum(
        trace == expected(answer.scenario, answer.trace, (told,))
        for answer, trace in compared()
    )
    assert same > 0.5 * len(compared())


def test_few_scenarios_cannot_be_compared() -> None:
    answers = golden.answers(SERVERS)
    assert 0.9 * len(answers) < len(compared()) < len(answers)
