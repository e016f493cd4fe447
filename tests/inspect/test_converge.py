"""Under chaos every view becomes the truth; ``python -m tests.inspect.converge``."""

from __future__ import annotations

from tests.inspect.converge.run import differences, run
from trio_sup.inspect.protocol.wire import ROW_COLUMNS


def test_all_views_of_a_node_in_chaos_become_its_truth() -> None:
    report = run(3.0, seed=5)
    assert report.broken == []
    assert report.faults > 0
    assert report.compared > 1000


def test_a_view_that_is_not_the_truth_is_found() -> None:
    row = [*range(len(ROW_COLUMNS))]
    other = [-1, *row[1:]]
    assert differences({"1": row}, {"1": row}) == []
    assert differences({"1": other}, {"1": row}) == ["row 1: id is -1, not 0"]
    assert differences({}, {"1": row}) == ["row 1 is missing"]
    assert differences({"1": row}, {}) == ["row 1 is no more"]
