"""What cannot be explained, in few lines: who called when, and what came of it."""

from __future__ import annotations

from collections.abc import Iterable

from trio_sup.testing._histories.operation import Operation
from trio_sup.testing._histories.search import Unexplained

WIDEST = 76
"""Columns of a line."""


def told(found: Unexplained, spec: str) -> str:
    """Return it as text: a line a call, its time as a bar."""
    lines = [f"no order of these calls explains their answers, by {spec}:"]
    lines += _bars(found.operations, found.culprit)
    if found.allowed:
        allowed = " or ".join(found.allowed[:4])
        lines.append(f"    {found.culprit.text} could give {allowed} there")
    if found.left_out:
        lines.append(f"    {found.left_out} more calls do not help, whatever they did")
    return "\n".join(lines)


def _bars(operations: Iterable[Operation], culprit: Operation) -> list[str]:
    shown = sorted(operations, key=lambda each: each.called)
    times = sorted(
        {each.called for each in shown}
        | {each.returned for each in shown if each.answered}
    )
    column = {at: number * 2 for number, at in enumerate(times)}
    width = 2 * len(times) + 1
    who = max(len(each.client) for each in shown)
    what = min(max(len(each.text) for each in shown), 30)
    lines: list[str] = []
    for each in shown:
        begin = column[each.called]
        end = column.get(each.returned, width)
        bar = " " * begin + "|" + "-" * (end - begin - 1)
        bar += "|" if each.answered else "…"
        mark = " <- this" if each is culprit else ""
        text = each.text if len(each.text) <= what else each.text[: what - 1] + "…"
        line = f"    {each.client:{who}}  {text:{what}}  {bar:{width}}  {each.answer}"
        lines.append((line[: WIDEST - len(mark)] + mark).rstrip())
    return lines
