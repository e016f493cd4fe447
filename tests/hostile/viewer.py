"""A viewer that hears hostile frames: the real session, and all that shows it.

What goes to stdout goes through the command's own way out, and is caught; of the
application every line of every list and page is made. `Judge` looks at all of it.
"""

from __future__ import annotations

import contextlib
import io
import re
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, Final

from tests.hostile.words import FRAMES, ROWS, dumped
from trio_sup._commands.output import complain, say, say_lines, say_pieces
from trio_sup._core.clean import clean, json_line, json_pieces
from trio_sup.inspect.client.answer import Answer, wall_time
from trio_sup.inspect.client.session import Session
from trio_sup.inspect.model import order, which_child
from trio_sup.inspect.model.health import breaches
from trio_sup.inspect.model.tree_model import snapshot
from trio_sup.inspect.protocol.wire import Detail
from trio_sup.inspect.protocol.wire_details import PARTS, TOPICS
from trio_sup.inspect.text import (
    chart,
    columns,
    documents,
    log_lines,
    one_child,
    one_child_parts,
    plain_lines,
    registry_lines,
    show,
    trace_lines,
)
from trio_sup.inspect.text.tree_text import tree_lines
from trio_sup_inspector.detail.parts import TABS
from trio_sup_inspector.detail.side import Side
from trio_sup_inspector.lines import banner, frame
from trio_sup_inspector.panes.tabs import make_panes
from trio_sup_inspector.panes.trace import TracePane
from trio_sup_inspector.state.node import NodeState

if TYPE_CHECKING:
    from trio_sup_inspector.lines.cells import Cells

RAW: Final = re.compile(
    "[\x00-\x09\x0b-\x1f\x7f-\x9f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f"
    "\ud800-\udfff\ufeff\U000e0000-\U000e007f\u3164\u034f]"
)
"""What no terminal gets; newlines only between lines of a stream."""
RAW_OR_NEWLINE: Final = re.compile(f"{RAW.pattern}|\n")
GREETING: Final = b"".join(
    dumped(each) + b"\n"
    for each in FRAMES
    if each["t"] in ("hello", "ready", "snap_begin", "snap_end", "heartbeat", "role")
    or (each["t"] == "rows" and len(each["rows"]) == len(ROWS))
)
WIDTHS: Final = (24, 60, 100, 160)


class RawOutput(AssertionError):
    """Something reached a terminal as it came."""


def judged(text: str, where: str, *, lines: bool = False) -> None:
    """Raise for a text that a terminal must not get."""
    if text.isascii() and text.isprintable():
        return
    found = (RAW if lines else RAW_OR_NEWLINE).search(text)
    if found:
        at = found.start()
        raise RawOutput(f"{where}: {text[max(0, at - 40) : at + 40]!r}")


class Viewer:
    """One client: a session, the command's output, the application's state."""

    def __init__(self, played: Session | None = None) -> None:
        self.session = played or Session(client="hostile", control=True)
        self.state = NodeState(self.session)
        self.now = 0.0
        self.side = Side(self.state, lambda: self.now, plain=False)
        self.panes = make_panes(self.state, plain=False)
        if played is None:
            self.connect()

    def connect(self) -> None:
        """Attach to a node that was honest until now."""
        session, now = self.session, self.now
        session.connecting(now)
        session.connected(now)
        session.receive(GREETING, now)
        for id in (3, 4):
            session.ask.watch(id, now, PARTS)
        for topic in TOPICS:
            session.ask.follow(topic, now)
        session.ask.metrics()
        session.outgoing()

    def hear(self, data: bytes) -> None:
        """Hear a frame; a connection that was given up is made anew."""
        session = self.session
        self.now += 0.05
        session.receive(data, self.now)
        session.tick(self.now)
        session.outgoing()
        if session.want_close:
            complain_of(session.state.text)
            session.lost(self.now, "closed")
            if session.refused:
                self.__init__()  # type: ignore[misc] # who looks begins anew
            else:
                self.connect()

    def answer(self) -> Answer | None:
        """What a one-shot command would have."""
        session = self.session
        if session.node is None:
            return None
        lag = session.heartbeat.lag if session.heartbeat else 0.0
        now = session.node_time(self.now)
        return Answer(session.node, now, lag, session.rows, list(session.events))

    def look(self, ways: Iterable[Callable[[Viewer], None]]) -> None:
        """Take what changed, and show some of it in these ways."""
        self.state.absorb(self.now)
        for way in ways:
            way(self)


def complain_of(text: str) -> None:
    """What a command says on stderr."""
    with contextlib.redirect_stderr(io.StringIO()) as out:
        complain(text)
    judged(out.getvalue().removesuffix("\n"), "stderr")


def _printed(write: Callable[[], None], where: str) -> None:
    with contextlib.redirect_stdout(io.StringIO()) as out:
        write()
    judged(out.getvalue(), where, lines=True)


def tree(viewer: Viewer) -> None:
    """``trio-sup tree``, and as JSON."""
    answer = viewer.answer()
    if answer is None:
        return
    model = snapshot(answer.rows.values())
    for plain in (False, True):
        lines = list(tree_lines(model, now=answer.now, plain=plain))
        for line in lines:
            judged(line, "tree")
        _printed(lambda lines=lines: say_lines(lines), "tree")  # type: ignore[misc]
    with contextlib.suppress(documents.TooDeep):
        document = documents.tree_json(answer, None, None)
        _printed(lambda: say_pieces(json_pieces(document, indent=2)), "tree --json")


def ps(viewer: Viewer) -> None:
    """``trio-sup ps`` and ``top``, with all columns, in all orders."""
    answer = viewer.answer()
    if answer is None:
        return
    model = snapshot(answer.rows.values())
    for each in order.ORDERS:
        order.arrange(model, list(model.rows), each, now=answer.now, clock=0.0)
    rows = list(model.rows.values())
    for line in columns.table(columns.COLUMNS, rows, model, now=answer.now):
        judged(line, "ps")
    judged(json_line(documents.rows_json(answer, rows, None)), "ps --json")


def status(viewer: Viewer) -> None:
    """``trio-sup status`` and ``events``."""
    answer = viewer.answer()
    if answer is None:
        return
    found = breaches(answer)
    for line in plain_lines.status_lines(answer, found):
        judged(line, "status")
    judged(json_line(documents.status_json(answer, found)), "status --json")
    for event in answer.events[-30:]:
        wall = wall_time(answer.node, event.at)
        judged(plain_lines.event_line(event, wall), "events")
        judged(json_line(documents.event_json(event, wall)), "events --json")


def child(viewer: Viewer) -> None:
    """``trio-sup show``."""
    answer = viewer.answer()
    if answer is None:
        return
    for row in list(answer.rows.values())[:4]:
        known = viewer.session.details.get(row.id)
        detail = known or Detail(row.id, answer.now, row)
        for line in one_child.child_lines(answer, detail, row):
            judged(line, "show")
        for line in one_child_parts.part_lines(detail, one_child_parts.PARTS):
            judged(line, "show --part")
        judged(json_line(one_child.child_json(answer, detail, row)), "show --json")


def answers(viewer: Viewer) -> None:
    """``trio-sup metrics``, and what actions came to."""
    text = viewer.session.topics.metrics
    if text is not None:
        _printed(lambda: say_lines(map(clean, text.split("\n"))), "metrics")
    operating = viewer.session.operating
    for planned in operating.plans.values():
        for line in (*planned.lines, planned.why, planned.code, planned.confirm):
            judged(line, "plan")
    for acted in operating.outcomes.values():
        _printed(lambda acted=acted: say(clean(acted.text)), "chaos")  # type: ignore[misc]
        judged(acted.state + acted.code + acted.text, "act")
    judged(operating.why_not, "control")


def logs(viewer: Viewer) -> None:
    """``trio-sup logs``."""
    node, topics = viewer.session.node, viewer.session.topics
    if node is None:
        return
    for line in list(topics.log.lines)[-5:]:
        wall = wall_time(node, line.at)
        judged(log_lines.log_line(line, wall), "logs")
        judged(json_line(log_lines.log_json(line, wall)), "logs --json")
    judged(log_lines.nothing_passes(topics.logs, 0), "logs")


def registry(viewer: Viewer) -> None:
    """``trio-sup registry``."""
    names = viewer.session.topics.registry
    if names is None:
        return
    for line in registry_lines.registry_lines(names, names.rows):
        judged(line, "registry")
    document = registry_lines.registry_json("shop", names, names.rows)
    judged(json_line(document), "registry --json")
    judged(registry_lines.left_out(names, 1), "registry")


def trace(viewer: Viewer) -> None:
    """``trio-sup trace``."""
    node, topics = viewer.session.node, viewer.session.topics
    if node is None:
        return
    for step in list(topics.steps.lines)[-5:]:
        wall = wall_time(node, step.at)
        judged(trace_lines.trace_line(step, wall), "trace")
        judged(json_line(trace_lines.trace_json(step, wall)), "trace --json")
    judged(trace_lines.cost_line(topics.trace, topics.steps.missed), "trace")


def charts(viewer: Viewer) -> None:
    """``trio-sup chart``, and the application's page of them."""
    state, drawn = viewer.state, viewer.state.charts
    for id in (3, 4):
        drawn.choose(id)
    for trends in (drawn.node, *drawn.children.values()):
        if trends.at is None:
            continue
        for plain in (False, True):
            for span in (10.0, 600.0):
                for line in chart.chart_lines(
                    trends, now=trends.at, span=span, width=60, height=4, plain=plain
                ):
                    judged(line, "chart")
        document = documents.trends_json(trends, state.session.node, "x")
        judged(json_line(document), "chart --json")
        assert "Infinity" not in json_line(document)
        assert "NaN" not in json_line(document)


def header(viewer: Viewer) -> None:
    """The application's bars, notices and pages."""
    state, now = viewer.state, viewer.now
    for width in WIDTHS:
        _cells(banner.header(state, now, width, plain=False), "header")
    judged(banner.notice(state, None, now)[0], "notice")
    for text, _ in banner.blank_page(state, None, "here", now):
        judged(text, "page")
    wrong = frame.lint_count(state, now)
    _cells(frame.tabs("tree", (), 100, plain=False, wrong=wrong), "tabs")


def lists(viewer: Viewer) -> None:
    """The application's lists."""
    tracing = viewer.panes["trace"]
    if isinstance(tracing, TracePane):
        tracing.child = 3
    for name, pane in viewer.panes.items():
        pane.width = 100
        pane.refresh(viewer.now, bottom=40, hold=False)
        count = len(pane.keys)
        for width in WIDTHS:
            _cells(pane.titles(width), name)
            for index in range(min(count, 6)):
                _cells(pane.cells(index, width), name)
        for index in range(min(count, 6)):
            for line in pane.explain(pane.keys[index], 100):
                _cells(line, f"{name}: explain")
            pane.row_id(pane.keys[index])


def inside(viewer: Viewer) -> None:
    """The application's detail pane."""
    side = viewer.side
    for id in list(viewer.state.model.rows)[:3]:
        side.show(id)
        for tab in TABS:
            side.turn(tab)
            side.refresh(None)
            judged(side.title(), "title")
            for width in WIDTHS[1:3]:
                for line in side.lines(width):
                    _cells(line, tab)
    side.close()
    for id in (3, 4):
        viewer.session.ask.watch(id, viewer.now, PARTS)
    viewer.session.outgoing()


def _cells(cells: Cells, where: str) -> None:
    for text, _ in cells:
        judged(text, where)


def moves(viewer: Viewer) -> None:
    """What a user does meanwhile."""
    state, now = viewer.state, viewer.now
    state.next_problem(None, now)
    state.picture.pause()
    state.picture.step(now)
    state.picture.resume(now)
    state.folding.fold_all()
    for id in list(state.model.rows)[:3]:
        state.folding.reveal(id)
    with contextlib.suppress(LookupError):
        which_child.find_child(state.model.rows.values(), "b0")
    show.duration(now)


WAYS: Final[tuple[Callable[[Viewer], None], ...]] = (
    *(
        tree,
        ps,
        status,
        child,
        answers,
        logs,
        registry,
        trace,
        charts,
        header,
        lists,
        inside,
        moves,
    ),
)


def parts_of(value: Any) -> str:
    """A short name for what was raised."""
    return f"{type(value).__name__}: {value}"[:300]
