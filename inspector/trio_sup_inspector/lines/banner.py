"""The header line, the notice of a broken connection, and the page without data.

Knows no Textual.
"""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING, Final

from attrs import frozen

from trio_sup.inspect.client.session import Phase
from trio_sup.inspect.model.problems import FINAL, LOOP
from trio_sup.inspect.text import show
from trio_sup_inspector.lines.cells import (
    Cell,
    Cells,
    Role,
    cell,
    cells_width,
    cut,
    spread,
)

if TYPE_CHECKING:
    from trio_sup_inspector.connection import Connection, Trouble
    from trio_sup_inspector.state.node import NodeState

RESTART_NOTICE: Final = 20.0
"""Seconds for which a restarted node is announced, unless dismissed."""
RESULT_NOTICE: Final = 20.0
"""Seconds for which the result of an action is shown, unless dismissed."""
HELD_AFTER: Final = 2.0
"""Seconds of silence after a connection was accepted: a node speaks first."""
HOST: Final = 24
"""Cells of a machine's name."""
LAG_WARNING: Final = 0.1
"""Seconds of loop lag that are shown as a warning."""


@frozen
class Figure:
    """One of the figures of the header."""

    whole: Cells
    short: Cells = ()
    """What may stand there where that has no room."""
    urgent: bool = False
    """Whether it has its place before those that are not."""


def _figure(text: str, role: Role, *, urgent: bool = False) -> Figure:
    return Figure((cell(text, role),), urgent=urgent)


def badge(state: NodeState, clock: float) -> Cell:
    """How present the picture is."""
    session = state.session
    phase = session.state.phase
    if phase is Phase.RECONNECTING or (phase is Phase.CONNECTING and not state.empty):
        wait = math.ceil((session.retry_at or clock) - clock)
        due = f"in {wait}s " if wait > 0 else ""
        return f" RECONNECTING {due}", "badge-bad"
    if phase is Phase.STALE:
        silence = int(session.silence(clock))
        return f" STALE {silence // 60:02}:{silence % 60:02} ", "badge-bad"
    if phase is Phase.REFUSED:
        return " REFUSED ", "badge-bad"
    if phase is Phase.CONNECTING:
        return " CONNECTING ", "badge-busy"
    if state.picture.paused:
        return " PAUSED ", "badge-warn"
    if phase is Phase.SYNCING and state.empty:
        return " SYNCING ", "badge-busy"
    return " LIVE ", "badge-ok"


def header(state: NodeState, clock: float, width: int, *, plain: bool) -> Cells:
    """The first line: the node, its figures, and the badge at the right.

    What matters least leaves first when the line is too narrow.
    """
    right = (badge(state, clock),)
    node = state.session.node
    name = " trio-sup" if node is None else f" {show.clean(node.node)}@{node.pid}"
    # Whoever acts has to see that it is not here: it leaves last, with the name.
    host = cut(show.clean(state.host), HOST, plain=plain)
    there = cell(f" on {host}" if host else "", "accent")
    # How long its name is, is up to the node: it hides neither that nor the badge.
    name = cut(name, max(8, width - cells_width((there, *right)) - 1), plain=plain)
    parts: list[Cells] = [(cell(name, "strong"), there)]
    if node is not None and (state.bare or not state.empty):
        figures = _bare(state) if state.bare else _figures(state, clock)
        room = width - cells_width((*parts[0], *right)) - 1
        parts += [(cell("  ", "text"), *part) for part in _fitting(figures, room)]
    left = tuple(cell for part in parts for cell in part)
    return spread(left, right, width, plain=plain)


def _fitting(figures: list[Figure], room: int) -> list[Cells]:
    """As many of the figures as fit, in their order; which, by how much they matter."""
    shown: dict[int, Cells] = {}
    for at in sorted(range(len(figures)), key=lambda at: not figures[at].urgent):
        for form in (figures[at].whole, figures[at].short):
            if form and cells_width(form) + 2 <= room:
                shown[at] = form
                room -= cells_width(form) + 2
                break
    return [shown[at] for at in sorted(shown)]


def _figures(state: NodeState, clock: float) -> list[Figure]:
    """The figures, in their order."""
    totals = state.model.totals()
    now = state.now()
    rows = state.session.rows
    fast = state.session.paces.fast(now, LOOP - 1)
    looping = sum(id in rows and rows[id].status not in FINAL for id in fast)
    worries: list[tuple[int, str, Role]] = [
        (totals.down, "down", "bad"),
        (looping, "looping", "bad"),
        (totals.stuck, "stuck", "bad"),
        (totals.waiting, "backoff", "warn"),
    ]
    figures: list[Figure] = []
    # Seen at once: this inspector can do more than look.
    if state.session.operating.granted:
        figures.append(_figure("CONTROL", "warn", urgent=True))
    for number, word, role in worries:
        if number:
            figures.append(_figure(f"{number} {word}", role, urgent=True))
    pace = state.figures.restarts_per_minute(clock)
    loud: Role = "warn" if pace else "dim"
    deepest = state.figures.fullest
    figures += [
        _figure(f"{totals.rows} procs", "text"),
        Figure(
            ((f"restarts {pace:,}/min", loud),),
            ((f"{pace:,}/min", loud),) if pace else (),
            urgent=bool(pace),
        ),
        _figure(f"mbox max {show.count(deepest)}", "text" if deepest else "dim"),
        _figure(f"up {show.duration(_uptime(state))}", "text"),
        *_pace(state),
    ]
    if state.session.events_dropped:
        missed = f"{show.count(state.session.events_dropped)} events missed"
        figures.append(_figure(missed, "bad"))
    return figures


def _bare(state: NodeState) -> list[Figure]:
    """The figures of a program without supervisors."""
    topics = state.session.topics
    own = sum(task.kind == "task" for task in topics.tasks.values())
    figures = [_figure("no supervisor", "dim")]
    if own:
        figures.append(_figure(f"{own} tasks", "text"))
    figures.append(_figure(f"up {show.duration(_uptime(state))}", "text"))
    return figures + _pace(state)


def _pace(state: NodeState) -> list[Figure]:
    """How late the loop is, and how often one looks."""
    figures: list[Figure] = []
    beat = state.session.heartbeat
    if beat is not None:
        late: Role = "warn" if beat.lag >= LAG_WARNING else "dim"
        figures.append(_figure(f"lag {show.duration(beat.lag)}", late))
    figures.append(_figure(f"{state.session.ask.rate_hz:g} Hz", "dim"))
    return figures


def _uptime(state: NodeState) -> float:
    node = state.picture.node
    if node is None:
        return 0.0
    return node.wall0 - node.started_wall + state.now() - node.mono0


def notice(
    state: NodeState, connection: Connection | None, clock: float
) -> tuple[str, Role]:
    """One line under the header while something is the matter, else empty."""
    session = state.session
    phase = session.state.phase
    if state.empty:
        return "", "text"
    if phase is Phase.REFUSED:
        return f"{session.state.text}. What is shown is the last that was heard.", "bad"
    if phase is Phase.RECONNECTING:
        trouble = connection.trouble if connection is not None else None
        why = trouble.text if trouble is not None else session.state.text
        return f"Not connected, r = try now: {why}", "bad"
    if phase is Phase.STALE:
        pid = session.node.pid if session.node is not None else 0
        return f"the node {' '.join(_held_words(pid, session.silence(clock)))}", "bad"
    restarted, said = session.restarted_at, state.said
    # What became of an action after that is the newer of both.
    if restarted is not None and (said is None or said[2] < restarted):
        ago = clock - restarted
        if ago < RESTART_NOTICE and session.node is not None:
            pid = session.node.pid
            return f"the node started anew {ago:.0f} s ago, pid {pid}", "warn"
    if said is not None:
        text, good, at = said
        if clock - at < RESULT_NOTICE:
            return show.clean(text), "text" if good else "warn"
    if connection is not None and connection.owner:
        owner = connection.owner
        return f"a node of {owner}: what it says is that user's word", "warn"
    return "", "text"


def blank_page(
    state: NodeState,
    trouble: Trouble | None,
    where: str,
    clock: float,
    *,
    pid: int = 0,
) -> list[tuple[str, Role]]:
    """What stands where the rows will be: what is the matter, and what to do."""
    session = state.session
    phase = session.state.phase
    if phase is Phase.REFUSED:
        return _refused(state)
    if phase is Phase.SYNCING:
        got, total = session.progress or (0, 0)
        return [("Reading the tree", "strong"), (f"{got} of {total} rows", "dim")]
    if phase is Phase.LIVE:
        return [
            ("No supervisor runs here", "strong"),
            ("The node answers: it is a Trio program without one, at present.", "text"),
            (
                "8 shows its tasks, 0 who keeps the loop busy, 6 the node itself.",
                "accent",
            ),
        ]
    silence = session.silence(clock)
    connecting = phase is Phase.CONNECTING and trouble is None
    if pid and connecting and silence >= HELD_AFTER:
        return [
            ("The node says nothing", "bad"),
            *((text, "text") for text in _held_words(pid, silence)),
            ("r = try again now, q = quit", "dim"),
        ]
    if connecting:
        return [("Connecting", "strong"), (where, "dim")]
    wait = max(0.0, (session.retry_at or clock) - clock)
    page: list[tuple[str, Role]] = [("Not connected", "bad")]
    if trouble is not None:
        page.append((trouble.text, "text"))
        if trouble.hint:
            page.append((trouble.hint, "accent"))
    elif session.state.text:
        page.append((session.state.text, "text"))
    if session.state.code == "silent":
        page.extend((text, "accent") for text in _held_words(pid, silence)[1:])
    page.append((f"Next attempt in {wait:.0f} s. r = now, q = quit", "dim"))
    return page


def _held_words(pid: int, silence: float) -> tuple[str, str]:
    """What is the matter with a node that accepts and says nothing, and what to do."""
    held = f"has been silent for {silence:.0f} s: its loop may be held."
    return held, f"Try: trio-sup show {pid or 'PID'} --stacks"


def _refused(state: NodeState) -> list[tuple[str, Role]]:
    session = state.session
    titles = {
        "version": "These two do not speak the same protocol",
        "forbidden": "The node does not let you look",
        "garbage": "That is no trio-sup node",
    }
    page: list[tuple[str, Role]] = [
        (titles.get(session.state.code, "The node refused"), "bad"),
        (session.state.text, "text"),
    ]
    node = session.node
    if node is not None:
        started = time.strftime("%Y-%m-%d %H:%M", time.localtime(node.started_wall))
        page.append((f"node {node.node}, pid {node.pid}, started {started}", "dim"))
    return [*page, ("r = try again, q = quit", "dim")]


def no_nodes(where: str) -> list[tuple[str, Role]]:
    """The picker's page when nothing runs."""
    return [
        ("No running node", "strong"),
        (f"looked in {where}", "dim"),
        ("", "text"),
        ("A program is seen here when it runs its tree with", "text"),
        ('    trio_sup.run(tree, name="shop")', "accent"),
        ("To see one at once, in another terminal:", "text"),
        ("    trio-sup demo --plain", "accent"),
        ("", "text"),
        ("It has to be the same user, with the same TRIO_SUP_RUNTIME_DIR.", "text"),
        ("Waiting for one: this page looks again every second.", "dim"),
    ]
