"""The page of the measurements is drawn from their JSON."""

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from bench import page, plot
from bench.report import machine

ROW: dict[str, Any] = {
    "name": "call <one>",
    "own": True,
    "microseconds": 8.0,
    "wall": 9.0,
    "ratio": 1.1,
    "low": 1.0,
    "high": 1.3,
    "instructions": 80_000.0,
    "instruction_ratio": 1.09,
    "must": 1.0,
    "goal": None,
}
POINTS = [
    {"name": name, "n": n, "microseconds": cost * n**0.1, "low": cost, "high": 2.0}
    for name, cost in (("call", 8.0), ("cast", 0.7))
    for n in (10, 1000)
]


def results(*parts: dict[str, Any]) -> dict[str, Any]:
    return {"machine": machine(), "rounds": 5, "parts": list(parts)}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(page, "ROOT", tmp_path)
    monkeypatch.setattr(page, "TABLES", tmp_path / "results.md")
    monkeypatch.setattr(page, "INTERPRETERS", tmp_path / "interpreters.md")
    monkeypatch.setattr(page, "IMAGES", tmp_path)
    return tmp_path


def keep(folder: Path, name: str, *parts: dict[str, Any]) -> Path:
    file = folder / name
    file.write_text(json.dumps(results(*parts)), encoding="utf-8")
    return file


def test_tables_and_plots_are_written(folder: Path) -> None:
    first = keep(folder, "a.json", {"part": "call", "rows": [ROW]})
    second = keep(folder, "b.json", {"part": "curves", "points": POINTS})
    assert page.write([first, second]) == 0
    text = (folder / "results.md").read_text(encoding="utf-8")
    assert "| **call <one>** | 8.00 | 1.10 | 1.00 to 1.30 | 80,000 | 1.09 |" in text
    assert "| µs, among n others | 10 | 1,000 |" in text
    for name in ("bench-call.svg", "bench-curves.svg"):
        ElementTree.parse(folder / name)  # our own


def test_of_a_part_that_was_measured_twice_the_last_one_counts(folder: Path) -> None:
    first = keep(folder, "a.json", {"part": "call", "rows": [ROW]})
    second = keep(folder, "b.json", {"part": "call", "rows": [{**ROW, "name": "new"}]})
    page.write([first, second])
    text = (folder / "results.md").read_text(encoding="utf-8")
    assert "**new**" in text
    assert "call <one>" not in text


def test_counts_of_several_interpreters_stand_side_by_side(folder: Path) -> None:
    files: list[Path] = []
    for version, ratio in (("3.13.0", 1.1), ("3.14.8", 1.2)):
        one = {"name": "call", "instructions": 80_000, "instruction_ratio": ratio}
        run = results({"part": "call", "counts": [one]}) | {"counter": "valgrind-3"}
        run["machine"] |= {"python": version, "build": "GCC"}
        files.append(folder / version)
        files[-1].write_text(json.dumps(run), encoding="utf-8")
    assert page.write(files) == 0
    text = (folder / "interpreters.md").read_text(encoding="utf-8")
    assert "| | 3.13.0 (GCC) | 3.14.8 (GCC) |" in text
    assert "| call: call | 80,000 (1.10) | 80,000 (1.20) |" in text
    assert not (folder / "results.md").exists()


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"parts": 1}'])
def test_what_is_no_result_is_refused_and_nothing_is_written(
    folder: Path, content: str, capsys: pytest.CaptureFixture[str]
) -> None:
    file = folder / "x.json"
    file.write_text(content, encoding="utf-8")
    assert page.write([file]) == 2
    assert "no results of the bench" in capsys.readouterr().err
    assert not (folder / "results.md").exists()


def test_an_axis_puts_powers_of_ten_at_equal_distances() -> None:
    axis = plot.Axis([3, 900], 0, 300)
    assert [round(place) for place, _ in axis.marks()] == [0, 100, 200, 300]
    assert [name for _, name in axis.marks()] == ["1", "10", "100", "1,000"]


def test_a_plot_names_what_it_shows() -> None:
    assert "call &lt;one&gt;" in plot.ratios([ROW], "call")
