"""Series over time, drawn with characters: for a terminal and for a pipe. Pure."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from attrs import frozen

from trio_sup.inspect.model.trends import KINDS
from trio_sup.inspect.text import show

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from trio_sup._core.clean import Clean
    from trio_sup.inspect.model.trends import Trends

BLOCKS: Final = " ▁▂▃▄▅▆▇█"
PLAIN_BLOCKS: Final = "  .:-=+##"
AXIS: Final = 9
"""Cells of the figures at the left, with the line beside them."""


@frozen
class Drawn:
    """One chart."""

    title: str
    figures: str
    """The newest value and the highest."""
    lines: Sequence[tuple[str, str]]
    """What stands at the left, and the bars beside it, from the top."""


def amount(value: float, unit: str) -> str:
    """A value for people."""
    if unit == "s":
        return show.duration(value)
    if unit == "%":
        return f"{value:.0%}" if value >= 0.1 else f"{value:.1%}"
    if unit == "/s" and 0 < value < 10:
        return f"{value:.1f}{unit}"
    return f"{show.count(round(value))}{unit}"


def columns_of(
    samples: Iterable[tuple[float, float]], *, now: float, span: float, width: int
) -> list[float | None]:
    """The highest value in each of `width` parts of the last `span` seconds."""
    found: list[float | None] = [None] * width
    for at, value in samples:
        age = now - at
        if not 0 <= age < span:
            continue
        column = min(width - 1, width - 1 - int(age / span * width))
        before = found[column]
        found[column] = value if before is None else max(before, value)
    return _filled(found)


def _filled(values: list[float | None]) -> list[float | None]:
    """Between two samples the first one holds: columns may be shorter than a second."""
    known = [n for n, value in enumerate(values) if value is not None]
    if not known:
        return values
    step = max((b - a for a, b in pairwise(known)), default=1)
    last: float | None = None
    for n in range(known[0], min(len(values), known[-1] + step)):
        if values[n] is None:
            values[n] = last
        last = values[n]
    return values


def bars(
    values: Sequence[float | None], height: int, *, top: float, plain: bool
) -> list[str]:
    """Columns of blocks, `height` lines high, the highest line first."""
    marks = PLAIN_BLOCKS if plain else BLOCKS
    steps = len(marks) - 1
    lines: list[str] = []
    for line in range(height - 1, -1, -1):
        text = ""
        for value in values:
            if value is None:
                text += " "
                continue
            filled = value / top * height - line
            level = min(max(math.ceil(filled * steps), 0), steps)
            # What is there at all is seen, and nothing is seen as a line.
            text += marks[level if level or line else int(not plain)]
        lines.append(text)
    return lines


def draw(
    trends: Trends,
    name: str,
    *,
    now: float,
    span: float,
    width: int,
    height: int,
    plain: bool,
) -> Drawn:
    """One chart of a series.

    Args:
        trends: The series.
        name: Which one.
        now: The node's clock: where the chart ends.
        span: How many seconds it covers.
        width: Cells, those at the left included.
        height: Lines of bars.
        plain: ASCII only.
    """
    kind, samples = KINDS[name], trends.series[name]
    room = max(width - AXIS, 1)
    values = columns_of(samples, now=now, span=span, width=room)
    seen = [value for value in values if value is not None]
    top = max([*seen, kind.least])
    edge = "|" if plain else "│"
    labels = [""] * height
    labels[-1], labels[0] = amount(0, kind.unit), amount(top, kind.unit)
    drawn = bars(values, height, top=top, plain=plain)
    lines = [
        (f"{label:>{AXIS - 2}} {edge}", text)
        for label, text in zip(labels, drawn, strict=True)
    ]
    figures = "nothing yet"
    if samples and seen:
        newest, peak = samples[-1][1], max(seen)
        figures = f"now {amount(newest, kind.unit)}, peak {amount(peak, kind.unit)}"
    return Drawn(kind.title, figures, lines)


def time_axis(span: float, width: int) -> str:
    """The line below charts: when they begin, and now."""
    begin, middle = f"-{show.duration(span)}", f"-{show.duration(span / 2)}"
    room = max(width - AXIS, 1)
    half = max(room // 2 - len(begin), 0)
    text = begin + f"{middle:>{half}}" if half > len(middle) else begin
    return " " * AXIS + f"{text}{'now':>{max(room - len(text), 4)}}"[:room]


def chart_lines(
    trends: Trends, *, now: float, span: float, width: int, height: int, plain: bool
) -> Iterator[Clean]:
    """All charts one below the other, as lines.

    Args:
        trends: The series.
        now: The node's clock.
        span: How many seconds they cover.
        width: Cells of a line.
        height: Lines of bars in each.
        plain: ASCII only.
    """
    for name in trends.names:
        if not trends.series[name]:
            continue
        drawn = draw(
            trends, name, now=now, span=span, width=width, height=height, plain=plain
        )
        yield show.clean(f"{drawn.title}: {drawn.figures}")
        for left, text in drawn.lines:
            yield show.clean(f"{left}{text}".rstrip())
    yield show.clean(time_axis(span, width).rstrip())
