"""Stacks of a node's threads, and what held its loop, as text. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from attrs import asdict

from trio_sup._core.clean import clean
from trio_sup.inspect.finding.found_node import SCHEMA
from trio_sup.inspect.text import show

if TYPE_CHECKING:
    from collections.abc import Iterator

    from trio_sup._core.clean import Clean
    from trio_sup.inspect.finding.found_node import FoundNode
    from trio_sup.inspect.protocol.wire_details import Hold, Holds
    from trio_sup.inspect.text.documents import Json

SHOWN_FRAMES: Final = 12
"""How many frames of a stack are printed, the innermost."""


def stack_lines(by: str, text: str) -> Iterator[Clean]:
    """What all threads do."""
    yield clean(f"threads, by {by}")
    for line in text.rstrip().split("\n"):
        yield clean(f"  {line}".rstrip())


def holds_lines(holds: Holds | None) -> Iterator[Clean]:
    """What held the loop before."""
    if holds is None or not holds.holds:
        return
    yield clean("what held the loop, the worst of the last hour")
    for hold in holds.holds:
        yield clean(f"  {hold_line(hold, holds.at)}")
        for frame in hold.frames[-SHOWN_FRAMES:]:
            code = f"  {frame.code}" if frame.code else ""
            yield clean(f"    {frame.file}:{frame.line} in {frame.function}{code}")


def hold_line(hold: Hold, now: float) -> str:
    """One incident: who, how long, where, and when."""
    who = hold.name or "something"
    where = hold.where or "unknown: C code held the interpreter"
    ago = show.duration(max(0.0, now - hold.at))
    seen = f" in {hold.samples} of {hold.looks} looks" if hold.looks else ""
    took = show.duration(hold.seconds)
    return f"{who} held the loop for {took}, {ago} ago, at {where}{seen}"


def stacks_json(found: FoundNode, by: str, text: str, holds: Holds | None) -> Json:
    """The document of ``trio-sup show --stacks --json``."""
    return {
        "schema": SCHEMA,
        "node": found.name,
        "pid": found.pid,
        "by": by,
        "threads": text.rstrip().split("\n"),
        "holds": None if holds is None else [asdict(hold) for hold in holds.holds],
    }
