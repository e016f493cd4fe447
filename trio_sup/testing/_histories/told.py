"""What cannot be explained, in few lines: who called when, and what came of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from trio_sup.testing._histories.operation import Operation
from trio_sup.testing._histories.search import Unexplained
from trio_sup.testing._run.columns import MORE, cells, cut, folded, padded

WIDEST = 76
"""Columns of a line: in the message of a failure it stands a little to the right."""

CLIENT, CALL = 16, 30
"""The most columns of who called, and of what; if there is more, a line has it all."""


def told(found: Unexplained, spec: str) -> str:
    """Return it as text: a line a call, its time as a bar."""
    lines = [*_folded(f"no order of these calls explains their answers, by {spec}:")]
    lines += _bars(found.operations, found.culprit)
    if found.allowed:
        allowed = " or ".join(found.allowed[:4])
        lines += _folded(f"{found.culprit.text} could give {allowed} there", "    ")
    if found.left_out:
        lines.append(f"    {found.left_out} more calls do not help, whatever they did")
    return "\n".join(lines)


def _folded(line: str, first: str = "") -> Iterator[str]:
    return folded(line, first, f"{first}  ", WIDEST)


def _bars(operations: Iterable[Operation], culprit: Operation) -> Iterator[str]:
    shown = sorted(operations, key=lambda each: each.called)
    times = sorted(
        {each.called for each in shown}
        | {each.returned for each in shown if each.answered}
    )
    column = {at: number * 2 for number, at in enumerate(times)}
    width = 2 * len(times) + 1
    who = min(max(cells(each.client) for each in shown), CLIENT)
    what = min(max(cells(each.text) for each in shown), CALL)
    for each in shown:
        begin = column[each.called]
        end = column.get(each.returned, width)
        bar = " " * begin + "|" + "-" * (end - begin - 1)
        bar += "|" if each.answered else MORE
        mark = " <- this" if each is culprit else ""
        client, text = cut(each.client, who), cut(each.text, what)
        line = f"    {padded(client, who)}  {padded(text, what)}  {bar:{width}}"
        plain = f"{line}  {each.answer}{mark}"
        if text == each.text and client == each.client and cells(plain) <= WIDEST:
            yield plain.rstrip()
            continue
        yield cut(line, WIDEST - len(mark)).rstrip() + mark
        yield from _folded(f"{each.client}: {each.text} gave {each.answer}", " " * 6)
