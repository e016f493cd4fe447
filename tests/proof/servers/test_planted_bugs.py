"""The recorded traces find the mistakes that could be made with servers and names."""

from collections.abc import Callable
from functools import lru_cache

import pytest

from tests.proof import golden
from tests.proof.servers import trio_driver
from tests.proof.servers.bugs import BUGS
from tests.proof.servers.deviations import expected, is_comparable
from tests.proof.servers.scenario import Scenario
from tests.proof.servers.suite import SERVERS
from tests.proof.trace import Trace

pytestmark = pytest.mark.slow


@lru_cache(maxsize=1)
def wanted() -> tuple[tuple[Scenario, Trace], ...]:
    """Generated scenarios, and what trio-sup does in them without a mistake."""
    return tuple(
        (answer.scenario, expected(answer.scenario, answer.trace))
        for answer in golden.answers(SERVERS)
        if answer.name is None and is_comparable(answer.scenario, answer.trace)
    )


@pytest.mark.parametrize("bug", BUGS)
def test_recorded_traces_find(
    bug: Callable[[pytest.MonkeyPatch], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    bug(monkeypatch)
    assert any(trio_driver.run(scenario) != trace for scenario, trace in wanted())
