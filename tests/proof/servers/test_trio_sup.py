"""trio-sup does what real gen_server and Registry did in each scenario by hand."""

from collections import Counter

import pytest

from tests.checklist import page, proofs
from tests.proof import golden
from tests.proof.named import Named
from tests.proof.servers import trio_driver
from tests.proof.servers.deviations import (
    DEVIATIONS,
    Deviation,
    expected,
    is_comparable,
)
from tests.proof.servers.scenario import Scenario
from tests.proof.servers.suite import SERVERS
from tests.proof.trace import side_by_side

ANSWERS = golden.by_name(SERVERS)


TITLES = ("expected (OTP)", "trio-sup")


@pytest.mark.parametrize("named", SERVERS.named, ids=lambda named: named.name)
def test_trio_sup_agrees_with_otp_on(named: Named[Scenario]) -> None:
    answer = ANSWERS[named.name]
    assert is_comparable(answer.scenario, answer.trace)
    wanted = expected(answer.scenario, answer.trace)
    trace = trio_driver.run(answer.scenario)
    assert trace == wanted, side_by_side(wanted, trace, TITLES)


@pytest.mark.parametrize("deviation", DEVIATIONS, ids=lambda d: d.name)
def test_a_deviation_stands_on_the_page_of_differences(deviation: Deviation) -> None:
    text = page.DIFFERENCES.read_text(encoding="utf-8")
    assert deviation.row in proofs.ids_in_text(text)


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
