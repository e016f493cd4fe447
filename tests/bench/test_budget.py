"""The hot paths take the instructions that the committed table says."""

import json
from typing import Any

import pytest

from bench import budget
from bench.budget import Budgeted
from bench.counting import NoCounter


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_hot_paths_take_the_instructions_of_the_table() -> None:
    if reason := budget.why_not():
        pytest.skip(f"NO INSTRUCTION IS COUNTED: {reason}")
    found = list(budget.compare())
    assert {one.operation for one in found} == set(budget.load()["instructions"])
    broken = "\n".join(one.line() for one in found if not one.kept)
    told = (
        f"counted, table, difference:\n{broken}\n"
        "If it is meant: python -m bench budget --write"
    )
    assert not broken, told


def test_the_table_has_each_operation_that_is_counted() -> None:
    wanted = {f"{table}/{name}" for table, name in budget.operations()}
    assert wanted == set(budget.load()["instructions"])
    assert len(wanted) >= 10


@pytest.mark.parametrize(
    ("counted", "kept"), [(1000, True), (1029, True), (971, True), (1031, False)]
)
def test_three_per_cent_to_both_sides_are_allowed(counted: int, kept: bool) -> None:
    assert Budgeted("call/call", counted, 1000).kept is kept


def test_a_path_that_became_cheaper_asks_for_a_new_table() -> None:
    assert "out of bounds" in Budgeted("call/call", 900, 1000).line()


def test_an_operation_without_a_budget_is_not_kept() -> None:
    one = Budgeted("call/new", 1000, None)
    assert not one.kept
    assert "not in the table" in one.line()


def test_another_trio_is_named_as_the_reason_why_nothing_is_compared(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    there: dict[str, Any] = {"conditions": budget.conditions() | {"trio": "0.1"}}
    monkeypatch.setattr(budget, "counter", lambda: "valgrind-3")
    monkeypatch.setattr(budget, "load", lambda: there)
    assert "trio is" in (budget.why_not() or "")
    assert budget.run(anew=False) == 2


def test_without_a_counter_nothing_is_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    def none() -> str:
        raise NoCounter("no valgrind")

    monkeypatch.setattr(budget, "counter", none)
    assert budget.why_not() == "no valgrind"


def test_the_table_says_with_what_it_was_counted() -> None:
    table = json.loads(budget.TABLE.read_text(encoding="utf-8"))
    assert set(table["conditions"]) == set(budget.conditions())
    assert table["conditions"]["python"] == "3.13"
