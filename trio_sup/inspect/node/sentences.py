"""What is said of a child before somebody acts on it: facts in, sentences out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from attrs import frozen

SHOWN: Final = 4
"""How many names a sentence lists."""


@frozen
class Sibling:
    """One child of the same supervisor."""

    label: str
    alive: bool = True
    temporary: bool = False
    below: int = 0
    """How many processes live below it."""


@frozen
class Caller:
    """Who waits for an answer."""

    name: str
    in_hand: bool = False
    """Whether the message in hand is its call."""


@frozen
class Subject:
    """The child that is meant, and what surrounds it, at one moment."""

    path: str
    label: str
    kind: str
    """``supervisor``, ``dynamic``, ``server``, ``task`` or ``process``."""
    status: str
    life: int
    alive: bool
    restart: str = "permanent"
    grace: float | None = 5.0
    """Seconds that it has to stop; None for ``brutal_kill``."""
    below: int = 0
    """How many processes live below it."""
    suspended: bool = False
    calls: int = 0
    """Calls that wait in its mailbox."""
    notes: int = 0
    """Casts and sends that wait there."""
    busy: str = ""
    """The operation in hand."""
    busy_for: float = 0.0
    """Seconds since its handler began."""
    callers: Sequence[Caller] = ()
    """Who waits for its answer, or for that of one below it: each once."""
    held: bool = False
    """No restart follows its present life: people asked for that."""
    timed: bool = False
    """It is quarantined, and will be released by itself."""
    supervisor: str = ""
    """The path of its supervisor; empty for a root."""
    supervisor_up: bool = True
    """Whether that one takes requests."""
    strategy: str = "one_for_one"
    """Of its supervisor."""
    keeps: bool = True
    """Whether the supervisor keeps the specification of a child that it stopped."""
    group: Sequence[Sibling] = ()
    """The siblings that a restart concerns as well, in start order."""
    group_busy: bool = False
    """A restart of a group is under way at its supervisor."""
    turns: bool = False
    """The restart of a group turns on it and waits: the group is down until then."""
    budget_used: int = 0
    budget_max: int = 0


def ends_and_returns(subject: Subject) -> str:
    """What a restart does."""
    life = f"life {subject.life} of {subject.path} ends"
    return f"{life}, life {subject.life + 1} starts"


def left_alone(subject: Subject) -> str:
    """What becomes of the siblings of who is stopped for good."""
    if subject.turns and subject.group:
        return f"its group, which waits for it, stays down: {names(subject.group)}"
    return "no sibling is touched"


def below(subject: Subject) -> list[str]:
    """What goes down with a supervisor."""
    if not subject.below:
        return []
    return [f"with the {counted(subject.below, 'process', 'processes')} below it"]


def cut_lines(subject: Subject) -> list[str]:
    """What becomes of the message in hand, and of those that wait, in a stop."""
    if not subject.alive:
        return []
    lines: list[str] = []
    waiting = subject.calls + subject.notes
    many = counted(waiting, "waiting message")
    grace = subject.grace
    if subject.busy:
        hand = f"{subject.busy!r}, in hand for {subject.busy_for:.1f} s"
        if grace is None:
            lines.append(f"{hand}, is cut at once (brutal_kill)")
        else:
            lines.append(f"{hand}, has {grace:g} s to end, then it is cut")
    if not waiting:
        pass
    elif grace is None:
        lines.append(f"drops {many} (brutal_kill)")
    elif subject.suspended:
        lines.append(f"drops {many}: a suspended server serves none")
    else:
        lines.append(f"{many} served first, for at most {grace:g} s; the rest is lost")
    return lines


def caller_lines(subject: Subject, get: str = "", later: str = "") -> list[str]:
    """Whom an action hurts: who waits for an answer now, and who will call.

    The one rule for all actions.

    Args:
        subject: Whose answer is waited for.
        get: What becomes of those who wait.
        later: What becomes of those who call when it is done.
    """
    parts: list[str] = []
    if subject.callers:
        waits = "waits" if len(subject.callers) == 1 else "wait"
        who = listed([_named(caller) for caller in subject.callers])
        parts.append(f"{counted(len(subject.callers), 'caller')} {waits}: {who}")
        if get:
            parts.append(get)
    elif later and subject.kind == "server" and subject.alive:
        parts.append("nobody waits for it now")
    if later and (subject.callers or subject.kind == "server"):
        parts.append(later)
    return ["; ".join(parts)] if parts else []


def _named(caller: Caller) -> str:
    return f"{caller.name} (in hand)" if caller.in_hand else caller.name


def counted(number: int, one: str, many: str = "") -> str:
    """A number with its noun."""
    return f"{number} {one if number == 1 else many or one + 's'}"


def names(siblings: Sequence[Sibling]) -> str:
    """The first of them, and how many more."""
    return listed([sibling.label for sibling in siblings])


def listed(words: Sequence[str]) -> str:
    """The first of them, and how many more."""
    more = len(words) - SHOWN
    shown = ", ".join(words[:SHOWN])
    return shown if more <= 0 else f"{shown} and {more} more"
