"""Recordings for tests, written as a recorder does, of nodes that never were."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from attrs import evolve, frozen

from tests.inspect.scripted import HELLO
from trio_sup.inspect.protocol.codec import encode
from trio_sup.inspect.protocol.wire import (
    Cause,
    Delta,
    Event,
    Message,
    Ready,
    Row,
    Rows,
    SnapBegin,
    SnapEnd,
)
from trio_sup.inspect.protocol.wire_trace import Trace, TraceStep
from trio_sup.inspect.recording.recording import Writer, create

ZERO = 5000.0
"""The node's clock when a recording begins."""
CHAOS = "trio_sup._inspected.faults.ChaosCrash"


@frozen
class Told:
    """One event of a node, with its cause."""

    at: float
    path: str
    kind: str
    word: str = ""
    error: str = ""
    asked: bool = False
    life: int = 1
    text: str = ""


def crash(path: str, at: float, error: str = CHAOS) -> Told:
    return Told(at, path, "child_crashed", "crashed", error)


def starts(path: str, at: float, life: int) -> Told:
    return Told(at, path, "child_starting", life=life)


def requested(path: str, at: float, word: str) -> Told:
    return Told(at, path, "requested", word, asked=True)


def operator(path: str, at: float, word: str, text: str = "") -> Told:
    said = f"operator uid=0 pid=1: {word} {path}: accepted: {text}"
    return Told(at, path, "operator_action", word, asked=True, text=said)


def sent(
    path: str,
    at: float,
    op: str,
    text: str,
    *,
    message: str = "call",
    parent: int = 0,
    sender: str = "",
) -> TraceStep:
    """A message that a server received."""
    marks = (1, parent, 1, 0)
    step = (ZERO + at, "received", 2, path, message, op, text, sender)
    return TraceStep(*step, *marks, 0.0, "")


def row(id: int, path: str, kind: str, status: str = "running") -> Row:
    above, _, label = path.rpartition("/")
    return Row(
        id, 1 if above else 0, label, path, kind, "x", "permanent", "", status, 1, 0,
        1.0, None, None, None, None, None, None, "", None, None, None, 1,
    )  # fmt: skip


SHOP = (
    row(1, "shop", "supervisor"),
    row(2, "shop/db", "server"),
    row(3, "shop/cache", "task"),
    row(4, "shop/mail", "task"),
)


def write(
    path: Path,
    told: Sequence[Told],
    *,
    rows: Sequence[Row] = SHOP,
    seconds: float = 20.0,
    for_tests: bool = True,
    ended: bool = True,
    dropped: int = 0,
    sent: Sequence[TraceStep] = (),
) -> Path:
    """Write a recording of what is told."""
    hello = evolve(HELLO, caps=["causes"])
    with create(path, force=True) as file:
        writer = Writer(file, 10**9)
        writer.header(tool="test", wall=1000.0, for_tests=for_tests)
        begin: list[Message] = [hello, Ready(1, 4.0), SnapBegin(1, len(rows))]
        begin += [Rows(list(rows)), SnapEnd(1, ZERO)]
        before = Event(1, ZERO - 3, "shop/db", "child_crashed", "before it began")
        begin.append(Delta(1, 1, ZERO, events=[before]))
        writer.feed(b"".join(map(encode, begin)), 0.0)
        writer.keyframe(rows, 1, ZERO, 0.0)
        for n, each in enumerate(told, 2 + dropped):
            event = Event(n, ZERO + each.at, each.path, each.kind, each.text)
            cause = Cause(n, each.life, each.word, each.error, each.asked)
            delta = Delta(n, n - 1, ZERO + each.at, events=[event], causes=[cause])
            writer.feed(encode(delta), each.at)
        if sent:
            writer.feed(encode(Trace(ZERO + seconds, list(sent))), seconds)
        writer.feed(encode(Delta(9999, 9998, ZERO + seconds)), seconds)
        writer.flush(seconds)
        if ended:
            writer.end("asked", seconds)
    return path
