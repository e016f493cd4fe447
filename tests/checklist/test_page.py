"""The page of proofs is up to date, and the finder finds what it should."""

from __future__ import annotations

import pytest

from . import proofs, rows
from .__main__ import faults_of_the_page, main
from .page import Shown, contradictions, join, render, strangers, unexplained
from .proofs import Proof
from .rows import Part, Row

SOURCE = '''
# SUP-010, and nothing else
@pytest.mark.parametrize("x", [1])
def test_comment_above():
    pass

def test_name_gs_020_and_021_sup_001():
    pass

async def test_docstring():
    """Trap 12 (REG-005, 007; MON-001..003)."""

# SUP-099

def test_comment_too_far_away():
    """Nothing."""

@pytest.mark.xfail(strict=True, reason="not " "yet")
def test_gap_sup_002():
    pass

def helper_sup_003():
    pass
'''


def test_a_test_is_found_by_the_rows_that_it_names() -> None:
    found = {proof.name: proof for proof in proofs.in_tests(SOURCE, "x.py")}
    assert {name: set(proof.ids) for name, proof in found.items()} == {
        "test_comment_above": {"SUP-010"},
        "test_name_gs_020_and_021_sup_001": {"GS-020", "GS-021", "SUP-001"},
        "test_docstring": {"REG-005", "REG-007", "MON-001", "MON-002", "MON-003"},
        "test_gap_sup_002": {"SUP-002"},
    }
    assert found["test_gap_sup_002"].gap == "not yet"
    assert not found["test_gap_sup_002"].counts


def test_a_scenario_proves_nothing_of_trio_sup_that_does_not_run_it() -> None:
    source = 'named("SUP-001 TRAP-2", f"after {x}", a)\nnamed("DYN-002", "b", a)\n'
    run, apart = proofs.in_scenarios(source, "x.py", {"DYN-002: b"})
    assert (run.ids, run.name, run.counts) == (("SUP-001",), "after …", True)
    assert not apart.counts
    assert not any(p.counts for p in proofs.in_scenarios(source, "x.py", None))


def test_the_page_shows_what_lacks_a_test() -> None:
    wanted = (Row("SUP-001", "same", "a"), Row("SUP-002", "none", "b", "no"))
    parts = [Part("S", "", wanted)]
    gap = Proof("x.py", "test_x", ("SUP-001",), gap="because")
    assert [s.missing for s in join(parts, [gap])] == [True, False]
    text = render(parts, [gap])
    assert "`test_x` (fails: because)<br>**no test yet**" in text
    assert "| SUP-002 | b | *not here*: no |  |" in text
    assert "| S | 1 | 0 | 1 | 1 |" in text
    proof = Proof("x.py", "test_x", ("SUP-001",))
    assert "no test yet**" not in render(parts, [proof])


def test_a_row_that_does_not_exist_is_an_error() -> None:
    proof = Proof("x.py", "test_x", ("SUP-001", "SUP-999"))
    assert strangers([Part("S", "", (Row("SUP-001", "same", "a"),))], [proof]) == [
        "x.py::test_x names SUP-999, which is no row"
    ]


def test_the_rows_the_tests_and_the_differences_agree() -> None:
    parts = [Part("S", "", (Row("SUP-001", "none", "a", "no"), Row("X", "same", "b")))]
    proof = Proof("x.py", "test_x", ("SUP-001",))
    assert contradictions(join(parts, [proof])) == [
        "x.py::test_x proves SUP-001, which is said not to exist"
    ]
    assert unexplained(parts, "as SUP-002 says") == [
        "SUP-001 is none, and not named in differences-from-otp.md"
    ]
    assert unexplained(parts, "as SUP-001 says") == []


def test_missing_lists_rows_and_counts_them(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["missing", "XYZ"]) == 0
    assert capsys.readouterr().out == "0 of 0 rows have no test\n"


def test_rows_that_do_not_apply_need_no_test() -> None:
    parts = rows.load()
    assert sum(len(part.rows) for part in parts) == 383
    assert not any(
        shown.missing for shown in join(parts, []) if shown.row.verdict == "none"
    )
    assert Shown(parts[0].rows[0], ()).missing


def test_the_committed_page_is_up_to_date() -> None:
    """When this fails: ``python -m tests.checklist table``."""
    assert faults_of_the_page() == []
