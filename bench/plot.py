"""Plots as SVG, on logarithmic axes; no library draws them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any
from xml.sax.saxutils import escape

COLOURS = (
    "#4527a0",
    "#00838f",
    "#c62828",
    "#2e7d32",
    "#ef6c00",
    "#1565c0",
    "#6d4c41",
    "#ad1457",
    "#558b2f",
    "#37474f",
)
OWN, OTHER = "#4527a0", "#90a4ae"
WIDTH = 860


def _svg(height: float, title: str, body: Sequence[str]) -> str:
    return "\n".join(
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:g}"'
            f' role="img" aria-label="{escape(title)}"'
            ' font-family="sans-serif" font-size="13">',
            f'<rect width="{WIDTH}" height="{height:g}" rx="8" fill="#ffffff"/>',
            _text(16, 26, title, size=15, weight="bold"),
            *body,
            "</svg>\n",
        )
    )


def _text(
    x: float,
    y: float,
    text: str,
    *,
    anchor: str = "start",
    size: int = 13,
    weight: str = "normal",
) -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}"'
        f' font-weight="{weight}" fill="#263238">{escape(text)}</text>'
    )


def _line(x1: float, y1: float, x2: float, y2: float, colour: str, width: float) -> str:
    return (
        f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"'
        f' stroke="{colour}" stroke-width="{width:g}"/>'
    )


class Axis:
    """Where a value stands between two ends, by its logarithm."""

    def __init__(self, values: Sequence[float], begin: float, end: float) -> None:
        self.low = math.floor(math.log10(min(values)) + 1e-9)
        self.high = max(self.low + 1, math.ceil(math.log10(max(values)) - 1e-9))
        self.begin, self.end = begin, end

    def at(self, value: float) -> float:
        """Return the place of a value."""
        share = (math.log10(value) - self.low) / (self.high - self.low)
        return self.begin + share * (self.end - self.begin)

    def marks(self) -> Iterator[tuple[float, str]]:
        """The powers of ten: their places and their names."""
        for power in range(self.low, self.high + 1):
            yield self.at(10.0**power), f"{10.0**power:,g}"


def curves(points: Sequence[dict[str, Any]]) -> str:
    """Cost against n, a line for each operation."""
    left, right, top, bottom = 70.0, 590.0, 48.0, 430.0
    x = Axis([point["n"] for point in points], left, right)
    y = Axis([point["low"] for point in points], bottom, top)
    body = [_line(place, top, place, bottom, "#eceff1", 1) for place, _ in x.marks()]
    body += [_line(left, place, right, place, "#eceff1", 1) for place, _ in y.marks()]
    body += [
        _text(place, bottom + 20, name, anchor="middle") for place, name in x.marks()
    ]
    body += [
        _text(left - 8, place + 4, name, anchor="end") for place, name in y.marks()
    ]
    body.append(_text((left + right) / 2, bottom + 42, "others", anchor="middle"))
    body.append(_text(left, top - 6, "µs", size=12))
    for number, name in enumerate(dict.fromkeys(point["name"] for point in points)):
        colour = COLOURS[number % len(COLOURS)]
        own = sorted(
            (point["n"], point["low"]) for point in points if point["name"] == name
        )
        places = [(x.at(n), y.at(cost)) for n, cost in own]
        path = " ".join(f"{a:.1f},{b:.1f}" for a, b in places)
        body.append(
            f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>'
        )
        body += [
            f'<circle cx="{a:.1f}" cy="{b:.1f}" r="3" fill="{colour}"/>'
            for a, b in places
        ]
        row = top + 14 + number * 22
        body.append(_line(right + 20, row - 4, right + 42, row - 4, colour, 3))
        body.append(_text(right + 50, row, name, size=12))
    return _svg(bottom + 56, "One operation among n others, processor time", body)


def ratios(rows: Sequence[dict[str, Any]], title: str) -> str:
    """A bar for each way of doing a piece of work, with its spread."""
    left, right, top, step = 300.0, 780.0, 56.0, 28.0
    bottom = top + step * len(rows)
    values = [row[key] for row in rows for key in ("low", "high", "ratio")]
    x = Axis([*values, 0.9, 1.1], left, right)
    body = [
        _line(place, top - 8, place, bottom, "#eceff1", 1) for place, _ in x.marks()
    ]
    body += [
        _text(place, bottom + 18, name, anchor="middle") for place, name in x.marks()
    ]
    for number, row in enumerate(rows):
        y = top + number * step
        place = x.at(row["ratio"])
        colour = OWN if row["own"] else OTHER
        body.append(_text(left - 8, y + 13, row["name"], anchor="end", size=12))
        body.append(
            f'<rect x="{left:g}" y="{y:g}" width="{max(1.0, place - left):.1f}"'
            f' height="17" fill="{colour}"/>'
        )
        low, high = x.at(row["low"]), x.at(row["high"])
        body.append(_line(low, y + 8.5, high, y + 8.5, "#263238", 1.5))
        said = f"{row['ratio']:.2f}"
        body.append(_text(max(place, high) + 6, y + 13, said, size=12))
    one = x.at(1.0)
    body.append(_line(one, top - 8, one, bottom, "#c62828", 1))
    return _svg(bottom + 32, title, body)
