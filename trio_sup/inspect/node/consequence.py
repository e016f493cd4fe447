"""What an operator's action would do: plain facts in, sentences out.

The node asks this before it shows a confirmation, and again before it acts, so what
people read and what is refused come from one place. Nothing here knows how anything
is done.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from attrs import evolve, frozen

from trio_sup._core.words import LEAVES
from trio_sup.inspect.node.sentences import (
    Caller as Caller,
    Sibling as Sibling,
    Subject as Subject,
    below,
    caller_lines,
    counted,
    cut_lines,
    ends_and_returns,
    left_alone,
    names,
)
from trio_sup.inspect.protocol.wire_actions import LEVELS

MAX_FLOOD: Final = 10_000
MAX_DIFF: Final = 100
"""Lines of a plan that are shown."""
CUT_OFF: Final = "who has no answer by then gets ServerExit"
SHUT: Final = "who calls it then gets NoProcess"


@frozen
class Consequence:
    """What would happen, or why nothing will."""

    code: str = ""
    """Why it is refused: ``not_applicable``, ``bad_argument``, ``unknown_action`` or
    ``busy``; empty if it is possible."""
    why: str = ""
    """The same for people."""
    lines: tuple[str, ...] = ()
    """What would happen, one sentence a line."""
    affected: int = 0
    """How many processes would stop, the one that is meant included."""
    confirm: str = ""
    """What has to be typed before it is done; empty if a yes is enough."""
    life: int = 0
    """The life that the child is in; 0 for the node."""

    @property
    def allowed(self) -> bool:
        """Whether it is possible now."""
        return not self.code


def consequence(action: str, subject: Subject, argument: str = "") -> Consequence:
    """Work out what an action on one child would do.

    Args:
        action: One of `CHILD_ACTIONS` or `FAULT_ACTIONS`.
        subject: The child as it is now.
        argument: For ``flood`` how many messages.
    """
    rule = _RULES.get(action)
    if rule is None:
        return Consequence("unknown_action", f"there is no action {action!r:.40}")
    return rule(subject, argument)


def node_consequence(
    action: str, argument: str, level_of: Callable[[str], str | None]
) -> Consequence:
    """Work out what an action on the whole node would do.

    Args:
        action: One of `NODE_ACTIONS`.
        argument: For ``log_level`` what `parse_level` takes.
        level_of: The present level of a logger by name, None if there is none.
    """
    if action == "collect":
        return Consequence(
            lines=("runs the garbage collector: the node stands still meanwhile",)
        )
    if action != "log_level":
        return Consequence("unknown_action", f"there is no action {action!r:.40}")
    parsed = parse_level(argument)
    if parsed is None:
        words = ", ".join(LEVELS)
        return Consequence("bad_argument", f"[LOGGER=]LEVEL, one of {words}")
    name, level = parsed
    before = level_of(name)
    if before is None:
        return Consequence("bad_argument", f"there is no logger {name!r:.60}")
    shown = f"logger {name!r}" if name else "the root logger"
    return Consequence(lines=(f"{shown}: {before} becomes {level}",))


def reload_consequence(
    plan: str, loses_state: Sequence[str], ends_lives: Sequence[str]
) -> Consequence:
    """Work out what it would do to make the specification of a tree once more.

    Args:
        plan: The plan, as a diff.
        loses_state: The paths of those whose state is lost.
        ends_lives: The paths of all whose life ends, those among them.
    """
    lines = plan.splitlines()
    if len(lines) > MAX_DIFF:
        more = len(lines) - MAX_DIFF
        lines = [*lines[:MAX_DIFF], f"and {counted(more, 'line')} more"]
    kept = len(ends_lives) - len(loses_state)
    if ends_lives:
        lines.append(
            f"ends {counted(len(ends_lives), 'life', 'lives')}: "
            f"{len(loses_state)} with its state, {kept} that hand it on"
        )
    return Consequence(lines=tuple(lines), affected=len(ends_lives))


def parse_level(argument: str) -> tuple[str, str] | None:
    """The logger and the level of ``LEVEL`` or ``LOGGER=LEVEL``; None if neither.

    Without a logger it is the library's own; ``root`` is the root logger.
    """
    name, given, level = argument.rpartition("=")
    if not given:
        name = "trio_sup"
    if level.upper() not in LEVELS:
        return None
    return "" if name == "root" else name, level.upper()


def _not(why: str) -> Consequence:
    return Consequence("not_applicable", why)


def _restart(subject: Subject, argument: str) -> Consequence:
    del argument
    if not subject.supervisor:
        return _not("a root has no supervisor that could restart it")
    if not subject.supervisor_up:
        return _not(f"{subject.supervisor} takes no requests now")
    if subject.group_busy:
        return Consequence("busy", f"{subject.supervisor} restarts a group already")
    if not subject.alive:
        return _start_again(subject)
    if subject.restart == "temporary":
        return _not("a temporary child is never restarted; it can be terminated")
    if subject.status == "stopping":
        return _not("it is being stopped already")
    back = [s for s in subject.group if not s.temporary]
    gone = [s for s in subject.group if s.temporary and s.alive]
    lines = [ends_and_returns(subject), *below(subject)]
    lines += caller_lines(subject, CUT_OFF)
    if back:
        many = counted(len(back), "sibling")
        lines.append(f"{subject.strategy}: also restarts {many}: {names(back)}")
    elif subject.strategy != "one_for_one":
        lines.append(f"{subject.strategy}: no sibling is concerned")
    if gone:
        lines.append(f"stops for good, being temporary: {names(gone)}")
    lines += cut_lines(subject)
    left = max(0, subject.budget_max - subject.budget_used)
    lines.append(
        f"budget of {subject.supervisor}: {left} of {subject.budget_max} restarts left,"
        " this one is not counted"
    )
    affected = 1 + subject.below + sum(s.alive + s.below for s in subject.group)
    return _weighed(subject, lines, affected)


def _start_again(subject: Subject) -> Consequence:
    if subject.status == "restarting":
        return _not("it is on its way back already")
    if subject.status not in ("stopped", "quarantined", "backing_off"):
        return _not(f"it is {subject.status}")
    lines = [f"starts life {subject.life + 1} of {subject.path}"]
    if subject.status == "backing_off":
        lines = [f"ends the backoff: {lines[0]} now"]
        back = [s for s in subject.group if not s.temporary]
        if back:
            lines.append(f"{subject.strategy}: with {names(back)}")
    elif subject.status == "quarantined":
        lines.append("its own budget is cleared")
    return Consequence(lines=tuple(lines))


def _terminate(subject: Subject, argument: str) -> Consequence:
    del argument
    if not subject.alive and subject.status not in ("backing_off", "restarting"):
        return _not(f"it is down already ({subject.status})")
    if not subject.supervisor:
        lines = [f"stops the whole tree {subject.path}, in order", *below(subject)]
        lines.append("a program that is this tree ends")
        lines += caller_lines(subject, CUT_OFF)
        return _weighed(subject, lines, 1 + subject.below, always=True)
    if not subject.supervisor_up:
        return _not(f"{subject.supervisor} takes no requests now")
    lines = [f"stops {subject.path} (life {subject.life})", *below(subject)]
    lines += caller_lines(subject, CUT_OFF, SHUT)
    if subject.keeps:
        lines.append("it stays down until somebody restarts it")
    else:
        lines.append("it is forgotten: nothing brings it back")
    lines += [left_alone(subject), *cut_lines(subject)]
    return _weighed(subject, lines, 1 + subject.below)


def _quarantine(subject: Subject, argument: str) -> Consequence:
    del argument
    if (problem := _not_quarantined(subject)) is not None:
        return problem
    if subject.alive:
        lines = [f"stops {subject.path} (life {subject.life})", *below(subject)]
    else:
        until = "for a time" if subject.timed else "at present"
        lines = [f"{subject.path} stays down ({subject.status} {until})"]
    lines += caller_lines(subject, CUT_OFF, SHUT)
    lines.append("it stays down until it is released, also in restarts of a group")
    if subject.turns:
        lines.append(f"its group starts without it: {names(subject.group)}")
    lines += cut_lines(subject)
    return _weighed(subject, lines, subject.alive + subject.below)


def _hold(subject: Subject, argument: str) -> Consequence:
    if not subject.alive:
        return _quarantine(subject, argument)
    if (problem := _not_quarantined(subject)) is not None:
        return problem
    if subject.held:
        return _not("no restart follows its present life already")
    life = f"life {subject.life} of {subject.path}"
    lines = (
        f"{life} goes on; when it ends, no restart follows: it is quarantined",
        *caller_lines(subject, CUT_OFF, SHUT),
        "a release takes that back",
    )
    return Consequence(lines=lines)


def _not_quarantined(subject: Subject) -> Consequence | None:
    """Why a child cannot be put in quarantine; None if it can."""
    if not subject.supervisor:
        return _not("a root has no supervisor that could restart it")
    if subject.restart == "temporary":
        return _not("a temporary child is never restarted; it can be terminated")
    if subject.status == "quarantined" and not subject.timed:
        return _not("it is quarantined already")
    if not subject.supervisor_up:
        return _not(f"{subject.supervisor} takes no requests now")
    return None


def _suspend(subject: Subject, argument: str) -> Consequence:
    del argument
    comes = subject.status in ("starting", "restarting", "backing_off")
    if subject.kind == "server" and comes:
        later = f"it is {subject.status}: suspended as soon as it runs, within 5 s"
        return Consequence(lines=(later,))
    if (problem := _not_serving(subject)) is not None:
        return problem
    if subject.suspended:
        return _not("it is suspended already")
    lines = ["handles no message until it is resumed; callers wait"]
    if subject.busy:
        lines.append(f"first {subject.busy!r}, which is in hand, has to end")
    waiting = subject.calls + subject.notes
    if waiting:
        lines.append(f"{counted(waiting, 'message')} wait already")
    lines += caller_lines(subject)
    return Consequence(lines=tuple(lines), affected=0)


def _resume(subject: Subject, argument: str) -> Consequence:
    del argument
    if (problem := _not_serving(subject)) is not None:
        return problem
    if not subject.suspended:
        return _not("it is not suspended")
    waiting = counted(subject.calls + subject.notes, "message")
    return Consequence(lines=(f"handles messages again; {waiting} waiting",))


def _drain(subject: Subject, argument: str) -> Consequence:
    del argument
    if (problem := _not_serving(subject)) is not None:
        return problem
    if not subject.calls and not subject.notes:
        return _not("its mailbox is empty")
    lines: list[str] = []
    if subject.notes:
        lines.append(
            f"discards {counted(subject.notes, 'cast or send', 'casts and sends')}"
        )
    if subject.calls:
        calls = counted(subject.calls, "call")
        lines.append(f"fails {calls} with NoProcess: not executed")
    if subject.busy:
        lines.append(f"{subject.busy!r}, which is in hand, goes on")
    queued = [caller for caller in subject.callers if not caller.in_hand]
    lines += caller_lines(evolve(subject, callers=queued))
    return Consequence(lines=tuple(lines))


def _release(subject: Subject, argument: str) -> Consequence:
    del argument
    if subject.held and subject.alive:
        line = f"restarts follow the ends of {subject.path} again"
        return Consequence(lines=(line,))
    if subject.status != "quarantined":
        return _not(f"it is not quarantined but {subject.status}")
    if not subject.supervisor_up:
        return _not(f"{subject.supervisor} takes no requests now")
    return _start_again(subject)


def _crash(subject: Subject, argument: str) -> Consequence:
    del argument
    return _faulty(subject, f"ChaosCrash is raised where {subject.path} waits")


def _vanish(subject: Subject, argument: str) -> Consequence:
    del argument
    return _faulty(subject, f"{subject.path} is cancelled where it waits, and crashes")


def _flood(subject: Subject, argument: str) -> Consequence:
    if (problem := _not_serving(subject)) is not None:
        return problem
    if not (argument.isascii() and argument.isdecimal()) or len(argument) > 6:
        return Consequence("bad_argument", "flood needs how many messages")
    if not 1 <= int(argument) <= MAX_FLOOD:
        return Consequence("bad_argument", f"a flood has 1 to {MAX_FLOOD} messages")
    return Consequence(lines=(f"{argument} empty messages are sent to it",))


def _faulty(subject: Subject, line: str) -> Consequence:
    if subject.kind not in LEAVES:
        return _not("faults are for servers, tasks and processes, not for supervisors")
    if not subject.alive:
        return _not(f"it is down ({subject.status})")
    lines = [line, "counts as any crash of its own: limits and strategies apply"]
    lines += caller_lines(subject, CUT_OFF)
    return _weighed(subject, lines, 1)


def _not_serving(subject: Subject) -> Consequence | None:
    if subject.kind != "server":
        return _not(f"only a server has a mailbox, this is a {subject.kind}")
    if not subject.alive or subject.status not in ("running", "suspended"):
        return _not(f"it is {subject.status}")
    return None


def _weighed(
    subject: Subject, lines: Sequence[str], affected: int, *, always: bool = False
) -> Consequence:
    """More than one process, or a supervisor: a yes is not enough."""
    heavy = always or affected > 1 or subject.kind in ("supervisor", "dynamic")
    confirm = subject.label if heavy else ""
    return Consequence(lines=tuple(lines), affected=affected, confirm=confirm)


_RULES: Final[dict[str, Callable[[Subject, str], Consequence]]] = {
    "restart": _restart,
    "terminate": _terminate,
    "suspend": _suspend,
    "resume": _resume,
    "drain": _drain,
    "release": _release,
    "quarantine": _quarantine,
    "hold": _hold,
    "crash": _crash,
    "vanish": _vanish,
    "flood": _flood,
}
