"""The mutation bench: its bugs can be planted, a sample of them is found."""

import pytest

from trio_sup.testing import EVERYTHING, check_supervision

from .mutants.__main__ import BUDGET, TABLES, file_of, in_a_process
from .mutants.ground import GROUND, Case
from .mutants.mutant import Mutant
from .mutants.planting import changed_source, source_of

ALL = [mutant for mutants in TABLES.values() for mutant in mutants]
CASES = [case for cases in GROUND.values() for case in cases]

SAMPLE = (
    "the limit is one too high",
    "a name outlives its holder",
    "a crash turns a kept mailbox round",
    "a second child takes over a name in use",
    "a new state is not entered",
)


def test_the_bench_has_many_bugs_and_no_two_alike() -> None:
    assert len(ALL) >= 150
    assert len({mutant.name for mutant in ALL}) == len(ALL)
    assert len({(m.module, m.old, m.new) for m in ALL}) == len(ALL)


@pytest.mark.parametrize("mutant", ALL, ids=lambda mutant: mutant.name)
def test_each_bug_can_be_planted(mutant: Mutant) -> None:
    # When this fails, the library has changed there: write the mutant anew.
    assert changed_source(mutant) != source_of(mutant.module)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_sound_library_passes(case: Case) -> None:
    check_supervision(
        case.build,
        client=case.client,
        allow=case.allow,
        faults=EVERYTHING,
        max_examples=5,
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    "mutant", [m for m in ALL if m.name in SAMPLE], ids=lambda mutant: mutant.name
)
def test_a_planted_bug_is_found_within_its_budget(mutant: Mutant) -> None:
    found = in_a_process(mutant)
    assert found is not None
    assert found.took < BUDGET


@pytest.mark.parametrize("table", TABLES)
def test_the_committed_table_is_of_these_bugs_and_all_are_found(table: str) -> None:
    # When this fails, make it anew: `python -m tests.harness.mutants`.
    rows = file_of(table).read_text(encoding="utf-8").splitlines()[1:]
    rows = rows[: rows.index("")]
    for row, mutant in zip(rows, TABLES[table], strict=True):
        assert row.startswith(mutant.name + " ")
        assert "NOT FOUND" not in row
