"""Draws what was measured, for the documentation: ``python -m bench page FILE ...``.

Several files are joined, part by part; of a part that is in two of them, the last one
counts. Files of `python -m bench instructions`, from several interpreters, become a
table with a column for each.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from bench import plot

ROOT = Path(__file__).parent.parent
TABLES = ROOT / "bench" / "results.md"
INTERPRETERS = ROOT / "bench" / "interpreters.md"
IMAGES = ROOT / "docs" / "images"
PLOTTED = ("call", "cast", "restart", "start", "stop")


def write(files: Sequence[Path]) -> int:
    """Write tables and plots of what these files hold; 2 if one cannot be read."""
    try:
        runs = [json.loads(file.read_text("utf-8")) for file in files]
        counted = [run for run in runs if "counter" in run]
        measured = [run for run in runs if "counter" not in run]
        written: dict[Path, str] = {}
        if counted:
            written[INTERPRETERS] = "\n".join(interpreters(counted)) + "\n"
        if measured:
            written |= _measured(joined(measured))
    except (OSError, ValueError, KeyError, TypeError) as problem:
        print(
            f"python -m bench page: no results of the bench: {problem}", file=sys.stderr
        )
        return 2
    for file, text in written.items():
        file.write_text(text, encoding="utf-8")
        print(file.relative_to(ROOT))
    return 0


def _measured(results: dict[str, Any]) -> dict[Path, str]:
    """Tables and plots of what was measured."""
    written = {TABLES: "\n".join(tables(results)) + "\n"}
    parts = results["parts"]
    if points := parts.get("curves", {}).get("points"):
        written[IMAGES / "bench-curves.svg"] = plot.curves(points)
    for name in PLOTTED:
        if rows := parts.get(name, {}).get("rows"):
            picture = plot.ratios(rows, f"{name}: times the floor, processor time")
            written[IMAGES / f"bench-{name}.svg"] = picture
    return written


def interpreters(runs: Sequence[dict[str, Any]]) -> Iterator[str]:
    """The lines of a table: an operation a line, an interpreter a column."""
    heads = [f"{run['machine']['python']} ({run['machine']['build']})" for run in runs]
    yield f"| | {' | '.join(heads)} |"
    yield f"|---|{'--:|' * len(runs)}"
    found: dict[str, dict[int, str]] = {}
    for column, run in enumerate(runs):
        for part in run["parts"]:
            for one in part["counts"]:
                said = f"{one['instructions']:,.0f} ({one['instruction_ratio']:.2f})"
                name = f"{part['part']}: {one['name']}"
                found.setdefault(name, {})[column] = said
    for name, cells in found.items():
        yield f"| {name} | {' | '.join(cells.get(i, '') for i in range(len(runs)))} |"


def joined(runs: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The runs as one: the parts by their names."""
    parts = {part["part"]: part for run in runs for part in run["parts"]}
    machines = [run["machine"] for run in runs]
    return {"machines": machines, "parts": parts, "rounds": runs[0]["rounds"]}


def tables(results: dict[str, Any]) -> Iterator[str]:
    """The lines of the page: one table a part."""
    first = results["machines"][0]
    dates = sorted({machine["date"][:10] for machine in results["machines"]})
    yield (
        f"Measured on {' and '.join(dates)}: {first['processor']}, {first['cores']} cores,"
        f" {first['system']}; CPython {first['python']} ({first['build']}),"
        f" Trio {first['trio']}, trio-sup {first['trio-sup']};"
        f" {results['rounds']} rounds."
    )
    busiest = max(machine["load"] or 0 for machine in results["machines"])
    if busiest > first["cores"]:
        yield (
            f"The machine was busy with other work (load {busiest:g}): times say less"
            " than instructions."
        )
    for name, part in results["parts"].items():
        yield from ("", f"### {name}", "")
        if name in PLOTTED:
            yield from (f"![{name}: times the floor](../images/bench-{name}.svg)", "")
        if name == "curves":
            yield from ("![Cost among n others](../images/bench-curves.svg)", "")
        yield from _rows(part.get("rows", []))
        yield from _figures(part.get("figures", []))
        yield from _points(part.get("points", []))
        for one in part.get("left_out", []):
            yield f"\nLeft out: {one['name']}, since {one['why']}."


def _rows(rows: list[dict[str, Any]]) -> Iterator[str]:
    if not rows:
        return
    yield "| | µs | times the floor | spread | instructions | times the floor |"
    yield "|---|--:|--:|---|--:|--:|"
    for row in rows:
        name = f"**{row['name']}**" if row["own"] else row["name"]
        counted, ratio = row["instructions"], row["instruction_ratio"]
        yield (
            f"| {name} | {row['microseconds']:,.2f} | {row['ratio']:.2f} |"
            f" {row['low']:.2f} to {row['high']:.2f} |"
            f" {'' if counted is None else f'{counted:,.0f}'} |"
            f" {'' if ratio is None else f'{ratio:.2f}'} |"
        )


def _figures(figures: list[dict[str, Any]]) -> Iterator[str]:
    if not figures:
        return
    yield "| | | |"
    yield "|---|--:|---|"
    for one in figures:
        yield f"| {one['name']} | {one['value']:,.4g} {one['unit']} | {one['note']} |"


def _points(points: list[dict[str, Any]]) -> Iterator[str]:
    if not points:
        return
    sizes = sorted({point["n"] for point in points})
    yield "The lowest of the rounds, as what else the machine does can only add."
    yield ""
    yield f"| µs, among n others | {' | '.join(f'{n:,}' for n in sizes)} |"
    yield f"|---|{'--:|' * len(sizes)}"
    for name in dict.fromkeys(point["name"] for point in points):
        found = {p["n"]: p["low"] for p in points if p["name"] == name}
        cells = (f"{found[n]:,.2f}" if n in found else "" for n in sizes)
        yield f"| {name} | {' | '.join(cells)} |"
