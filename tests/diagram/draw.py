"""Draws the core's table of statuses for the documentation."""

from __future__ import annotations

from pathlib import Path

from trio_sup._core.status import NEXT, StatusEvent
from trio_sup._core.words import Status

PAGE = Path(__file__).parents[2] / "docs" / "explanation" / "supervision-trees.md"

WORDS: dict[StatusEvent, str] = {
    "listed": "its supervisor starts its list",
    "begins": "the next life begins",
    "ready": "ready",
    "winds_down": "begins to end by itself",
    "asked": "asked to stop",
    "hangs": "lives on after its cancellation",
    "rests": "ended, stays down",
    "returns": "ended, comes back",
    "backs_off": "ended, comes back later",
    "quarantined": "used up its own budget",
    "forgotten": "its supervisor forgets it",
}

ROOMS: dict[str, tuple[str, tuple[Status, ...]]] = {
    "alive": (
        "a life may be in progress",
        ("starting", "running", "stopping", "stuck"),
    ),
    "coming": ("on its way back", ("restarting", "backing_off")),
    "down": ("down", ("stopped", "quarantined")),
}
"""What is drawn as one, where an event does the same to all that are in it."""

BEGIN, END = "```mermaid\n", "```\n"


def drawing() -> str:
    """Return the diagram, in mermaid's words, from its first line to its last."""
    arrows = {
        (one, event): other
        for one, events in NEXT.items()
        for event, other in events.items()
        if other != one
    }
    lines = ["stateDiagram-v2"]
    for room, (title, members) in ROOMS.items():
        lines += [f'    state "{title}" as {room} {{']
        lines += [f"        {member}" for member in members]
        lines += ["    }"]
    lines += ["    [*] --> starting"]
    for room, (_, members) in ROOMS.items():
        for event in WORDS:
            nexts = {arrows.get((member, event)) for member in members} - {None}
            going = [m for m in members if (m, event) in arrows]
            staying = [m for m in members if NEXT[m].get(event) == m]
            if len(nexts) == 1 and len(going) + len(staying) == len(members) > 1:
                lines.append(f"    {room} --> {nexts.pop()}: {WORDS[event]}")
                for member in going:
                    del arrows[member, event]
    for (one, event), other in arrows.items():
        lines.append(f"    {one} --> {other}: {WORDS[event]}")
    return "\n".join([*lines, "    gone --> [*]", ""])


def page_with(drawn: str) -> str:
    """Return the page with this diagram in the place of the first."""
    text = PAGE.read_text(encoding="utf-8")
    head, _, rest = text.partition(BEGIN)
    _, _, tail = rest.partition(END)
    return head + BEGIN + drawn + END + tail
