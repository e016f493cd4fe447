"""The recorded traces find the mistakes that could be made with servers and names."""

from collections.abc import Callable
from functools import lru_cache

import pytest

from trio_sup.testing.scenario import Trace

from . import golden, trio_driver
from .bugs import BUGS
from .deviations import expected, is_comparable
from .scenario import Scenario


@lru_cache(maxsize=1)
def wanted() -> tuple[tuple[Scenario, Trace], ...]:
    """Generated scenarios, and what trio-sup does in them without a mistake."""
    return tuple(
        (answer.scenario, expected(answer.scenario, answer.trace))
        for answer in golden.load()[1]
        if answer.name is None and is_comparable(answer.scenario, answer.trace)
    )


@pytest.mark.parametrize("bug", BUGS)
def test_recorded_traces_find(
    bug: Callable[[pytest.MonkeyPatch], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    bug(monkeypatch)
    assert any(trio_driver.run(scenario) != trace for scenario, trace in wanted())
