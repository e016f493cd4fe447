"""The tabs of the detail pane that show what the node was asked for.

Mailbox, State, Stack, History and Links of one child. Knows no Textual.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final, TypeAlias

from trio_sup.inspect.text import show
from trio_sup.inspect.text.one_child_parts import op_lines
from trio_sup_inspector.detail.overview import Subject, mailbox_figures, overview
from trio_sup_inspector.lines.cells import Cell, Role, cut
from trio_sup_inspector.lines.incidents import outcome_words
from trio_sup_inspector.lines.journal import kind_word, role_of, wall_time
from trio_sup_inspector.lines.writer import Writer
from trio_sup_inspector.state.waiting import seen_until

if TYPE_CHECKING:
    from trio_sup.inspect.protocol.wire_details import (
        Life,
        Link,
        SeenMessage,
        TaskStack,
    )
    from trio_sup_inspector.lines.cells import Cells
    from trio_sup_inspector.state.node import NodeState

Tab: TypeAlias = Callable[[Writer, Subject, "NodeState", float], None]

TABS: Final = ("overview", "mailbox", "state", "stack", "history", "links", "times")
"""The tabs, by the part that each asks the node for."""
TITLES: Final = ("Overview", "Mailbox", "State", "Stack", "History", "Links", "Times")
EVENTS: Final = 40
INCIDENTS: Final = 8


def tab_lines(
    tab: str,
    subject: Subject,
    state: NodeState,
    clock: float,
    width: int,
    *,
    plain: bool,
) -> list[Cells]:
    """The text of a tab, each line `width` cells wide."""
    writer = Writer(width, plain)
    node = state.session.node
    if tab not in ("overview", "history") and (
        node is not None and "parts" not in node.caps
    ):
        writer.paragraph(state.cannot_tell, "dim")
    else:
        _TABS[tab](writer, subject, state, clock)
    if subject.dead_for is not None:
        return [tuple((text, "dim") for text, _ in line) for line in writer.lines]
    return writer.lines


# --- the mailbox -------------------------------------------------------------


def _mailbox(writer: Writer, subject: Subject, state: NodeState, clock: float) -> None:
    if subject.row.mailbox_len is None:
        writer.paragraph("It is no server: it has no mailbox.", "dim")
        return
    mailbox_figures(writer, subject, state, clock)
    part = subject.detail.mailbox if subject.detail is not None else None
    if part is None:
        writer.add()
        writer.add(("asking for the messages", "dim"))
        return
    writer.fact("received", f"{part.received} in this life")
    writer.fact("dropped", str(part.dropped) if part.dropped else "", "bad")
    writer.fact("blocked", f"{part.blocked} senders" if part.blocked else "", "warn")
    deferred = f"{part.deferred} calls are answered later" if part.deferred else ""
    writer.fact("deferred", deferred)
    writer.fact("suspended", "yes" if part.suspended else "", "warn")
    now = seen_until(part.at, state.now())
    if part.current is not None:
        writer.section("In progress")
        _letter(writer, part.current, now)
    shown = len(part.letters)
    rest = f", the first {shown} of {part.total}" if shown < part.total else ""
    writer.section(f"Waiting{rest}")
    for letter in part.letters:
        _letter(writer, letter, now, least=letter.seen <= subject.looked_since)
    if not part.letters:
        writer.add(("nothing", "dim"))
    if part.hidden:
        writer.add()
        writer.paragraph("This node shows no contents of messages.", "dim")


def _letter(
    writer: Writer, letter: SeenMessage, now: float, *, least: bool = False
) -> None:
    # What was queued before anybody looked is at least so old.
    mark = (">" if writer.plain else "≥") if least else ""
    age = mark + show.duration(now - letter.seen)
    name = show.clean(letter.op or letter.kind)
    kind = letter.kind if letter.op else ""
    text: str = show.clean(letter.text)
    head: list[Cell] = [(f"{age:>6} ", "dim"), (name, "strong")]
    room = writer.width - max(7, len(age) + 1) - len(name)
    head.append((cut(text, max(1, room), plain=writer.plain), "text"))
    writer.add(*head)
    sender = f"from {show.clean(letter.sender)}" if letter.sender else ""
    if kind or sender:
        writer.add((f"       {kind:<5} {sender}".rstrip(), "dim"))


# --- the state ---------------------------------------------------------------


def _state(writer: Writer, subject: Subject, state: NodeState, clock: float) -> None:
    if subject.row.mailbox_len is None and subject.row.kind != "server":
        writer.paragraph("It is no server: it has no state to show.", "dim")
        return
    part = subject.detail.state if subject.detail is not None else None
    if part is None:
        writer.add(("asking for the state", "dim"))
        return
    age = show.duration(state.now() - part.at)
    took = f"{part.took * 1000:.1f} ms"
    writer.add((f"read {age} ago in {took}, R reads again", "dim"))
    if part.note:
        writer.paragraph(show.clean(part.note), "warn")
    writer.add()
    for line in part.text.split("\n"):
        _attribute(writer, line)
    if part.clipped:
        writer.add()
        writer.add(("the rest was cut off", "warn"))


def _attribute(writer: Writer, line: str) -> None:
    """One line of the state: a name stands out, a long value goes on below."""
    text: str = show.clean(line)
    name, equals, value = text.partition(" = ")
    head: list[Cell] = []
    if equals and name.strip().isidentifier():
        head = [(name, "accent"), (" = ", "dim")]
        text = value
    indent = " " * (len(text) - len(text.lstrip()) + 4)
    first = max(8, writer.width - sum(len(part) for part, _ in head))
    writer.add(*head, (text[:first], "text"))
    step = max(8, writer.width - len(indent))
    for at in range(first, len(text), step):
        writer.add((indent, "text"), (text[at : at + step], "text"))


# --- the stack ---------------------------------------------------------------


def _stack(writer: Writer, subject: Subject, state: NodeState, clock: float) -> None:
    stacks = subject.detail.stack if subject.detail is not None else None
    if stacks is None:
        writer.add(("asking where it waits", "dim"))
        return
    if not stacks:
        writer.paragraph("It has no task at present.", "dim")
    for stack in stacks:
        _task(writer, stack)


def _task(writer: Writer, stack: TaskStack) -> None:
    if writer.lines:
        writer.add()
    indent = "  " * stack.depth
    note = f"  {stack.note}" if stack.note else ""
    writer.add((indent + show.clean(stack.name), "accent"), (note, "warn"))
    for n, frame in enumerate(stack.frames):
        inner = n == len(stack.frames) - 1
        role: Role = "text" if inner else "dim"
        place = f"{frame.file}:{frame.line}"
        function = show.clean(frame.function)
        room = writer.width - len(indent) - 2 - len(function) - 2
        writer.add(
            (f"{indent}  {function}  ", "strong" if inner else "text"),
            (_end(place, max(8, room), writer.plain), "dim"),
        )
        if frame.code:
            writer.add((f"{indent}    {show.clean(frame.code)}", role))


def _end(text: str, room: int, plain: bool) -> str:
    if len(text) <= room:
        return text
    return ("~" if plain else "…") + text[len(text) - room + 1 :]


# --- history and links -------------------------------------------------------


def _history(writer: Writer, subject: Subject, state: NodeState, clock: float) -> None:
    lives = subject.detail.history if subject.detail is not None else None
    row, now = subject.row, state.now()
    writer.section("Lives")
    if row.life:
        up = show.uptime(row, now)
        word = show.look(row.status).word
        writer.add(
            (f"{'#' + str(row.life):<5}", "strong"),
            (f"{up or '-':>7}  ", "text"),
            (word, show.look(row.status).severity),
        )
    for life in reversed(lives or ()):
        _life(writer, life, state)
    if not lives:
        none = "this recording holds no past lives"
        writer.add((none if state.recorded else "nothing before that", "dim"))
    incidents = [i for i in state.journal.incidents.found if i.child == row.path]
    if incidents:
        writer.section("Restarts")
        for incident in incidents[: -INCIDENTS - 1 : -1]:
            text, role = outcome_words(incident, now)
            at = wall_time(incident.at, state.picture.node)
            writer.add(
                (f"{at} ", "dim"),
                (f"{text:<22} ", role),
                (show.clean(incident.cause), "text"),
            )
    events = state.journal.of(row.path, EVENTS)
    if events:
        writer.section("Events")
    for event in events:
        text = show.clean(event.text).removeprefix(event.path).strip(" :")
        at = wall_time(event.at, state.picture.node)
        writer.add(
            (f"{at} ", "dim"), (text or kind_word(event.kind), role_of(event.kind))
        )


_ENDS: Final[dict[str, Role]] = {"crashed": "bad", "killed": "warn"}


def _life(writer: Writer, life: Life, state: NodeState) -> None:
    began, ended = life.began, life.ended
    lasted = "-" if began is None or ended is None else show.duration(ended - began)
    at = "" if ended is None else wall_time(ended, state.picture.node)
    writer.add(
        (f"{'#' + str(life.life):<5}", "strong"),
        (f"{lasted:>7}  ", "text"),
        (f"{at:<9}", "dim"),
        (show.clean(life.text) or life.kind, _ENDS.get(life.kind, "dim")),
    )


_RELATIONS: Final = {
    "waits_for": "waits for the answer of",
    "waited_by": "is waited for by",
    "watches": "monitors",
    "watched_by": "is monitored by",
    "linked": "is linked to",
    "name": "is registered as",
}


def _links(writer: Writer, subject: Subject, state: NodeState, clock: float) -> None:
    links = subject.detail.links if subject.detail is not None else None
    if links is None:
        writer.add(("asking for its links", "dim"))
        return
    groups: dict[str, list[Link]] = {}
    for link in links:
        groups.setdefault(link.relation, []).append(link)
    for relation in [*_RELATIONS, *sorted(set(groups) - set(_RELATIONS))]:
        if relation in groups:
            writer.section(_RELATIONS.get(relation, relation))
            for link in groups[relation]:
                writer.add((show.clean(link.text), "text"))
    if not links:
        writer.paragraph("It monitors nobody, waits for nobody, holds no name.", "dim")


def _times(writer: Writer, subject: Subject, state: NodeState, clock: float) -> None:
    """How long messages wait and take, by operation, since the tab was opened."""
    detail = subject.detail
    node = state.session.node
    if node is not None and "times" not in node.caps:
        writer.paragraph(state.cannot_tell, "dim")
        return
    if detail is None or "times" not in detail.parts:
        writer.add(("asking the node", "dim"))
        return
    part = detail.times
    if part is None:
        writer.add(("only a server has messages", "dim"))
        return
    measured = show.duration(max(0.0, part.at - part.since))
    writer.section("Busy")
    writer.fact("measured", f"for {measured}, as long as somebody looks")
    writer.fact("busy", f"{part.busy:.1%} of the time")
    writer.fact("last minute", f"{part.busy_minute:.1%}")
    for op in part.ops:
        writer.section(show.clean(op.op))
        writer.fact("handled", f"{op.handled}, {op.handled_minute} in the last minute")
        for line in op_lines(op):
            word, _, rest = line.partition(" ")
            writer.fact(word, rest.strip())
    if not part.ops:
        writer.add()
        writer.add(("no message was handled since", "dim"))


_TABS: Final[dict[str, Tab]] = {
    "overview": overview,
    "mailbox": _mailbox,
    "state": _state,
    "stack": _stack,
    "history": _history,
    "links": _links,
    "times": _times,
}
