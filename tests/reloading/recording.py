"""A recording of a session as a picture that moves: no player, no script."""

from __future__ import annotations

from collections.abc import Sequence
from xml.sax.saxutils import escape

from attrs import frozen

LINE, LETTER, EDGE = 18, 8.4, 16
REST = 4.0
"""Seconds for which the whole is shown before it begins again."""
COLOURS = {"developer": "#7dcfff", "program": "#c0caf5", "people": "#9ece6a"}


@frozen
class Said:
    """A line of the session."""

    at: float
    """Seconds from the beginning."""
    by: str
    """Who: a key of `COLOURS`."""
    text: str


def drawn(story: Sequence[Said], title: str) -> str:
    """Return an SVG in which each line comes when it came.

    Where nothing moves, in print say, all lines are there.
    """
    whole = story[-1].at + REST
    width = EDGE * 2 + LETTER * max(len(each.text) for each in story)
    height = EDGE * 2 + LINE * len(story)
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height}" '
        'font-family="monospace" font-size="14" xml:space="preserve">',
        f"<title>{escape(title)}</title>",
        '<rect width="100%" height="100%" rx="8" fill="#1a1b26"/>',
    ]
    for number, each in enumerate(story):
        place = f'x="{EDGE}" y="{EDGE + LINE * (number + 0.75):.1f}"'
        times = f"0;{each.at / whole:.4f};1"
        lines.append(
            f'<text {place} fill="{COLOURS[each.by]}">{escape(each.text)}'
            f'<animate attributeName="opacity" values="0;1;1" keyTimes="{times}" '
            f'dur="{whole:.2f}s" calcMode="discrete" repeatCount="indefinite"/></text>'
        )
    return "\n".join([*lines, "</svg>", ""])
