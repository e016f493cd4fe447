"""The Node screen: what runs there, how its loop does, what looking at it costs.

Knows no Textual.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from attrs import frozen

from trio_sup.inspect.text import show
from trio_sup_inspector.lines.cells import (
    Cell,
    Cells,
    Role,
    cell,
    clip_cells,
    printable_cells,
)
from trio_sup_inspector.lines.sparkline import sparkline
from trio_sup_inspector.panes.pane import Pane

if TYPE_CHECKING:
    from collections.abc import Sequence

    from trio_sup_inspector.state.node import NodeState

LABEL: Final = 15
TWO_COLUMNS: Final = 96
"""The width from which on the page has two columns."""


@frozen
class Fact:
    """A labelled value; not shown if the text is empty."""

    label: str
    text: str
    role: Role = "text"


class NodePane(Pane):
    """A page of facts."""

    still = True
    topics = ("node",)

    def __init__(self, state: NodeState, *, plain: bool) -> None:
        super().__init__(state, plain=plain)
        self._lines: list[Cells] = []

    def refresh(self, clock: float, *, bottom: int, hold: bool) -> bool:
        """Write the page again."""
        self.clock = clock
        width = max(20, self.width)
        self._lines = page(self.state, clock, width, plain=self.plain)
        keys = range(1, len(self._lines) + 1)
        changed = list(keys) != list(self.keys)
        self.keys = keys
        return changed

    def cells(self, index: int, width: int) -> Cells:
        """One line of the page."""
        return clip_cells(self._lines[index], width, plain=self.plain)

    def row_id(self, key: int) -> int | None:
        """No line is about a child."""
        return None


def page(state: NodeState, clock: float, width: int, *, plain: bool) -> list[Cells]:
    """All lines, `width` cells wide."""
    if width < TWO_COLUMNS:
        parts = (_node, _loop, _tree, _inspection, _process)
        lines: list[Cells] = []
        for part in parts:
            if lines:
                lines.append(())
            lines += part(state, clock, width, plain)
        return lines
    half = (width - 3) // 2
    left = [
        *_node(state, clock, half, plain),
        (),
        *_inspection(state, clock, half, plain),
    ]
    right = [*_tree(state, clock, half, plain), (), *_loop(state, clock, half, plain)]
    process = _process(state, clock, half, plain)
    (left if len(left) <= len(right) else right).extend([(), *process])
    gap: Cell = ("   ", "text")
    height = max(len(left), len(right))
    left += [()] * (height - len(left))
    right += [()] * (height - len(right))
    return [
        (*clip_cells(a, half, plain=plain), gap, *clip_cells(b, half, plain=plain))
        for a, b in zip(left, right, strict=True)
    ]


def _section(name: str, width: int, plain: bool) -> Cells:
    rule = "-" if plain else "─"
    return (
        cell(f"{name} ", "accent"),
        cell(rule * max(0, width - len(name) - 1), "dim"),
    )


def _facts(name: str, facts: Sequence[Fact], width: int, plain: bool) -> list[Cells]:
    lines = [_section(name, width, plain)]
    for fact in facts:
        if fact.text:
            label = cell(f"{fact.label:<{LABEL}}", "dim")
            cells = (label, cell(show.clean(fact.text), fact.role))
            lines.append(printable_cells(cells, plain=plain))
    return lines


def _node(state: NodeState, clock: float, width: int, plain: bool) -> list[Cells]:
    node = state.picture.node
    if node is None:
        return [_section("Node", width, plain)]
    started = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(node.started_wall))
    up = node.wall0 - node.started_wall + state.now() - node.mono0
    facts: list[Fact] = [
        Fact("name", node.node, "strong"),
        Fact("process", str(node.pid), "text"),
        Fact("machine", f"{state.host}, over ssh" if state.host else "", "accent"),
        Fact("up", f"{show.duration(up)}, since {started}", "text"),
        Fact("python", node.python, "text"),
        Fact("trio", node.trio, "text"),
        Fact("trio-sup", node.trio_sup, "text"),
        Fact("life of node", node.epoch, "dim"),
    ]
    return _facts("Node", facts, width, plain)


def _loop(state: NodeState, clock: float, width: int, plain: bool) -> list[Cells]:
    beat = state.session.heartbeat
    if beat is None:
        return _facts("Loop", [Fact("lag", "no heartbeat yet", "dim")], width, plain)
    beats = state.figures.beats or [beat]
    lags = [each.lag for each in beats]
    worst = max(lags)
    # Each tells of the second before it.
    seen = f"in the last {show.duration(beats[-1].at - beats[0].at + 1.0)}"
    role: Role = "bad" if beat.lag >= 0.1 else "text"
    lines = _facts(
        "Loop",
        [
            Fact("lag", f"{show.duration(beat.lag)} at worst in the last second", role),
            Fact(
                "worst seen",
                f"{show.duration(worst)} {seen}",
                "warn" if worst >= 0.1 else "text",
            ),
        ],
        width,
        plain,
    )
    return lines + _trend(lags, 0.01, width, plain, "lag, 1 s each")


def _trend(
    values: Sequence[float], least: float, width: int, plain: bool, label: str
) -> list[Cells]:
    """A sparkline; values below `least` alone do not fill it."""
    if len(values) < 2:
        return []
    top = max([*values, least])
    heights = [round(value / top * 1000) for value in values]
    room = min(60, width - LABEL)
    marks = sparkline(heights, room, plain=plain, top=1000)
    return [(cell(f"{label:<{LABEL}}", "dim"), cell(marks, "accent"))]


def _tree(state: NodeState, clock: float, width: int, plain: bool) -> list[Cells]:
    totals = state.model.totals()
    up = totals.rows - totals.down - totals.waiting - totals.stuck
    kinds = state.figures.kinds
    words = {
        "supervisor": "supervisors",
        "dynamic": "dynamic",
        "process": "processes",
    }
    facts: list[Fact] = [Fact("children", show.count(totals.rows), "strong")]
    shown = ("supervisor", "dynamic", "server", "task", "process")
    for kind in shown:
        number = kinds.get(kind, 0)
        label = words.get(kind, f"{kind}s")
        facts.append(
            Fact("", f"{show.count(number)} {label}" if number else "", "text")
        )
    others = sorted(set(kinds) - set(shown))
    facts += [
        Fact("", f"{show.count(kinds[k])} {k}", "text") for k in others if kinds[k]
    ]
    deepest = state.figures.fullest
    per_minute = state.figures.restarts_per_minute(clock)
    facts += [
        Fact("up", show.count(up), "ok"),
        Fact("down", str(totals.down) if totals.down else "", "bad"),
        Fact("waiting", str(totals.waiting) if totals.waiting else "", "warn"),
        Fact("stuck", str(totals.stuck) if totals.stuck else "", "bad"),
        Fact("restarts", f"{totals.restarts}, {per_minute} in the last minute", "text"),
        Fact("messages", f"{show.count(totals.mailbox)} waiting", "text"),
        Fact("fullest", f"{show.count(deepest)} in one mailbox", "text"),
    ]
    return _facts("Tree", facts, width, plain)


def _inspection(state: NodeState, clock: float, width: int, plain: bool) -> list[Cells]:
    session = state.session
    beat = session.heartbeat
    facts: list[Fact] = []
    if beat is not None:
        share = f"{beat.cost * 1000:.1f} ms a second ({beat.cost:.2%} of a core)"
        clients = f"{beat.clients} client{'s' * (beat.clients != 1)} attached"
        facts += [
            Fact("costs the node", share, "text"),
            Fact("watched by", clients, "text"),
        ]
    node = session.node
    missed = session.events_dropped
    gaps = f"{show.count(missed)} events" if missed else "nothing"
    bad = session.bad_frames
    facts += [
        Fact("refresh", f"{session.ask.rate_hz:g} a second", "text"),
        Fact("heard", f"{_bytes(session.bytes_heard)} in all", "text"),
        Fact("missed", gaps, "bad" if missed else "text"),
        Fact("bad frames", str(bad) if bad else "", "bad"),
    ]
    if node is not None:
        access = "may look" if node.readonly else "may act, if asked to"
        facts.append(Fact("access", access, "text"))
        facts.append(Fact("offers", ", ".join(node.caps), "dim"))
    lines = _facts("Inspection", facts, width, plain)
    costs = [beat.cost for beat in state.figures.beats]
    return lines + _trend(costs, 0.005, width, plain, "cost, 1 s each")


def _process(state: NodeState, clock: float, width: int, plain: bool) -> list[Cells]:
    info = state.session.topics.info
    if info is None:
        return []
    share = state.figures.processor
    used = "" if share is None else f", {share:.0%} of a core lately"
    due = "" if info.deadline is None else f"in {show.duration(info.deadline)}"
    facts = [
        Fact("memory", "" if info.rss is None else _bytes(info.rss)),
        Fact("processor", f"{show.duration(info.cpu)}{used}"),
        Fact("threads", str(info.threads)),
        Fact("tasks", f"{info.tasks} alive, {info.runnable} could run now"),
        Fact("next deadline", due),
        Fact("outside", info.io),
        Fact("collector", " ".join(map(str, info.gc)), "dim"),
        Fact("handled", f"{show.count(info.messages)} messages since the start"),
        Fact("events", f"{show.count(info.events)} since the start"),
        *(Fact(label, text, "dim") for label, text, *_ in info.facts),
    ]
    lines = _facts("Process", facts, width, plain)
    for client in info.clients:
        behind = f", {client.behind} rows behind" if client.behind else ""
        slow = " and does not read" if client.lagging else ""
        text = f"{client.client} ({client.peer}) {client.rate_hz:g} Hz{behind}{slow}"
        role: Role = "warn" if client.lagging else "text"
        label = cell(f"{'client':<{LABEL}}", "dim")
        shown = (label, cell(show.clean(text), role))
        lines.append(printable_cells(shown, plain=plain))
    return lines


def _bytes(number: int) -> str:
    size = float(number)
    for unit in ("B", "kB", "MB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} GB"
