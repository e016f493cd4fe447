"""Each part of the bench runs, at its smallest, and finds what it promises."""

import sys
from collections.abc import Callable

import attrs
import pytest

from bench import curves
from bench.method import Table, Variant, measure
from bench.parts import PARTS, Options, Part
from bench.report import Figure, Found, LeftOut, Point, Row, as_json
from bench.tables import ALL

TINY = 0.001


def options(say: Callable[[str], None] = lambda _: None) -> Options:
    return Options(rounds=1, scale=TINY, instructions=False, say=say)


def run(part: Part) -> list[Found]:
    return list(part.run(options()))


@pytest.mark.parametrize("table", ALL, ids=lambda table: table.name)
def test_a_table_compares_each_of_its_variants_with_its_floor(table: Table) -> None:
    found = run(PARTS[table.name])
    assert {one.name for one in found} == {variant.name for variant in table.variants}
    rows = [one for one in found if isinstance(one, Row)]
    assert rows[0].name == table.variants[0].name
    assert rows[0].ratio == rows[0].low == rows[0].high == 1
    assert all(row.ratio > 0 and row.wall > 0 for row in rows)
    assert any(row.own for row in rows)


def test_what_is_not_installed_is_left_out_by_name() -> None:
    def nothing(n: int, lap: object) -> None:
        raise AssertionError("it is not there")

    def floor(n: int, lap: object) -> None:
        with lap:  # type: ignore[attr-defined]
            sum(range(n))

    table = Table(
        "t",
        "",
        (
            Variant("floor", floor, 1000),
            Variant("peer", nothing, 1000, needs="no_such_library"),
        ),
    )
    row, left_out = measure(table, 1, 1.0, {}, lambda _: None)
    assert isinstance(row, Row)
    assert left_out == LeftOut("peer", "no_such_library is not installed")


def test_instructions_stand_beside_the_times_of_what_is_counted() -> None:
    table = ALL[-1]
    names = [variant.name for variant in table.variants]
    counted = {names[0]: 1000.0, names[1]: 2500.0}
    rows = measure(table, 1, TINY, counted, lambda _: None)
    ratios = [row.instruction_ratio for row in rows if isinstance(row, Row)]
    assert ratios == [1.0, 2.5]


def test_memory_tells_bytes_of_children() -> None:
    bare, function, server, grown = run(PARTS["memory"])
    assert isinstance(bare, Figure)
    assert isinstance(function, Figure)
    assert isinstance(server, Figure)
    assert isinstance(grown, Figure)
    assert 0 < bare.value < function.value < server.value


def test_curves_have_each_operation_for_each_size(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(curves, "TIMES", 5)
    monkeypatch.setattr(curves, "ROUNDS", 1)
    found = run(PARTS["curves"])
    points = [one for one in found if isinstance(one, Point)]
    assert points == found
    assert {point.n for point in points} == {10, 100}
    names = {point.name for point in points if point.n == 10}
    assert names == {point.name for point in points if point.n == 100}
    assert {"call", "cast", "crash and restart"} <= names


def test_a_crowd_is_started_and_stopped_and_stalls_are_told() -> None:
    names = [one.name for one in run(PARTS["crowd"])]
    assert any("start_child, each" in name for name in names)
    assert any("stop, each" in name for name in names)
    assert sum("longest stall, stop" in name for name in names) == 3


def test_fairness_tells_the_tail_of_calls_in_each_situation() -> None:
    found = run(PARTS["fairness"])
    assert all(isinstance(one, Figure) for one in found)
    tails = [one.name for one in found if one.name.endswith("p99.9")]
    assert len(tails) == 4


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="the bench's node runs on Linux")
def test_startup_tells_of_the_import_the_command_and_the_screen() -> None:
    names = " ".join(one.name for one in run(PARTS["startup"]))
    for what in ("import trio_sup", "--help", "tree", "inspect"):
        assert what in names


@pytest.mark.slow
def test_the_beam_is_named_with_its_release_or_left_out() -> None:
    found = run(PARTS["beam"])
    if isinstance(found[0], LeftOut):
        assert "not installed" in found[0].why
    else:
        assert isinstance(found[0], Row)
        assert "Erlang/OTP 2" in found[0].name
        assert {one.name for one in found} >= {"call: trio-sup", "stop: trio-sup"}


def test_progress_is_told_while_a_part_runs() -> None:
    said: list[str] = []
    list(PARTS["registry"].run(options(said.append)))
    assert "registry: warm-up" in said
    assert "registry: round 1 of 1" in said


@pytest.mark.parametrize(
    "one",
    [
        Row("call", True, 1.0, 1.0, 1.0, 1.0, 1.0),
        Figure("bytes", 3.0, "B"),
        Point("call", 10, 1.0, 1.0, 1.0),
        LeftOut("peer", "not there"),
    ],
    ids=lambda one: type(one).__name__,
)
def test_json_has_a_list_for_each_kind_of_finding(one: Found) -> None:
    shape = as_json("part", [one])
    assert shape.pop("part") == "part"
    [found] = shape.values()
    assert found == [attrs.asdict(one)]
