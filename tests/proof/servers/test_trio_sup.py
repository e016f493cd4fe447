"""trio-sup does what real gen_server and Registry did, but for the named deviations."""

from collections import Counter
from functools import lru_cache

import pytest

from tests.checklist import page, proofs
from tests.proof import golden
from tests.proof.golden import Golden
from tests.proof.named import Named
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

ANSWERS = golden.by_name(SERVERS)
TITLES = ("expected (OTP)", "trio-sup")


@lru_cache(maxsize=1)
def compared() -> tuple[tuple[Golden[Scenario], Trace], ...]:
    """All recorded scenarios that can be compared, with what trio-sup does."""
    return tuple(
        (answer, trio_driver.run(answer.scenario))
        for answer in golden.answers(SERVERS)
        if is_comparable(answer.scenario, answer.trace)
    )


@pytest.mark.parametrize("named", SERVERS.named, ids=lambda named: named.name)
def test_trio_sup_agrees_with_otp_on(named: Named[Scenario]) -> None:
    answer = ANSWERS[named.name]
    assert is_comparable(answer.scenario, answer.trace)
    wanted = expected(answer.scenario, answer.trace)
    trace = trio_driver.run(answer.scenario)
    assert trace == wanted, side_by_side(wanted, trace, TITLES)


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


@pytest.mark.parametrize("deviation", DEVIATIONS, ids=lambda d: d.name)
def test_a_deviation_stands_on_the_page_of_differences(deviation: Deviation) -> None:
    text = page.DIFFERENCES.read_text(encoding="utf-8")
    assert deviation.row in proofs.ids_in_text(text)


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


def test_the_recorded_traces_show_every_kind_of_event() -> None:
    kinds = Counter(
        event[1]
        for answer in golden.answers(SERVERS)
        for event in answer.trace.events
        if isinstance(event, tuple) and event[0] not in ("step", "opened", "ended")
    )
    wanted = "call cast info idle continue answer casts sends down terminate exit"
    wanted += " start init get_state replace_state suspend resume stop register"
    wanted += " unregister unregister_match update_value lookup whereis keys values"
    wanted += " count count_match select dispatch"
    assert not [kind for kind in wanted.split() if kinds[kind] < 10]
