"""What of a recording a test can bring about, as faults; and what it cannot, in words.

Causes become faults: crashes, starts that failed, ends and starts by hand, Ctrl-C, a
cancellation from outside. What supervisors made of them is left out, for the tree of the
test does that itself.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from attrs import evolve

from trio_sup.testing._recorded.messages import moment_of
from trio_sup.testing._recorded.moment import FINE, Moment
from trio_sup.testing.faults import (
    Crash,
    CtrlC,
    CutTree,
    Deaf,
    FailBlock,
    FailStart,
    Fault,
    Flood,
    Interrupt,
    StartAgain,
    StopServer,
    Suspend,
    Terminate,
    Vanish,
)
from trio_sup.testing.program_faults import KillProgram

if TYPE_CHECKING:
    from trio_sup.inspect.recording.for_tests import Happening, Incident

SUPERVISORS: Final = ("supervisor", "dynamic")
ENDS: Final = ("child_crashed", "child_start_failed", "child_stopped")
NO_FAULT: Final = "no fault does that"
NO_RETURN: Final = "no fault makes a function return"
NO_EXIT: Final = "no fault ends the whole program so"
NO_IGNORE: Final = "no fault makes a child choose not to start"
BUSY: Final = "the node had no time to tell of them"

_BEFORE: Final = 0.001
"""Seconds by which a child is deaf before it is asked to end."""
_COUNT: Final = re.compile(r"accepted: (\d{1,6}) ")
_CODE: Final = re.compile(r"exit code (\d{1,3})\b")
_BY_HAND: Final[dict[str, tuple[type[Terminate | StartAgain], ...]]] = {
    "terminate_child": (Terminate,),
    "restart_child": (StartAgain,),
    "replace_child": (Terminate, StartAgain),
}


def moments_of(incident: Incident) -> tuple[list[Moment], float]:
    """Return what happened in order of time, and how many seconds are to be played."""
    fold = _Fold(incident)
    for happening in incident.happened:
        fold.take(happening)
    return fold.finish()


class _Fold:
    """Goes through the events once, and keeps what the next ones have to know."""

    def __init__(self, incident: Incident) -> None:
        self._incident = incident
        self._found: list[Moment] = []
        self._length = incident.seconds
        self._roots = [row.path for row in incident.rows.values() if not row.parent]
        self._down: set[str] = set()
        # When the present life of each child began, if that was seen.
        self._began: dict[str, float] = {}
        # How many lives of each child the test has seen by then.
        self._lives: dict[str, int] = {}
        self._vanishing: set[str] = set()
        self._suspended: dict[str, float] = {}
        self._asked: dict[str, float] = {}
        self._stuck: set[str] = set()
        self._doing: dict[str, Callable[[Happening], None]] = {
            "child_starting": self._starts,
            "child_stopping": self._is_asked,
            "child_stuck": self._is_stuck,
            "child_crashed": self._ends,
            "child_start_failed": self._ends,
            "child_stopped": self._ends,
            "child_ignored": self._ignores,
            "requested": self._by_hand,
            "operator_action": self._operator,
            "supervisor_stopping": self._supervisor_stops,
        }
        self._begin()

    def _begin(self) -> None:
        for path, row in self._incident.present.items():
            self._lives[path] = 1 if row.life else 0
            if row.kind in SUPERVISORS:
                continue
            if row.status == "suspended":
                self._suspended[path] = 0.0
            elif row.status == "quarantined":
                what = f"{path} was quarantined when the recording began"
                self._add(0.0, path, what, why=NO_FAULT)
            elif row.status == "stopped" and row.restart == "permanent":
                what = f"{path} was stopped when the recording began"
                self._add(0.0, path, what, Terminate(path, at=0.0))

    def take(self, happening: Happening) -> None:
        """Take one event."""
        path = happening.event.path
        if any(path == root or path.startswith(f"{root}/") for root in self._down):
            return  # all of it goes down
        do = self._doing.get(happening.event.kind)
        if do is not None:
            do(happening)

    def finish(self) -> tuple[list[Moment], float]:
        """Return what was found."""
        for path in list(self._suspended):
            self._goes_on(path, self._length)
        for at, count in self._incident.missed:
            self._add(at, "", f"{count} events were missed", why=BUSY)
        for at, count in self._incident.unheard:
            self._add(at, "", f"{count} messages were missed", why=BUSY)
        flooded = {each.path for each in self._found if isinstance(each.fault, Flood)}
        for asked in self._incident.asked:
            # What a flood is made of is seen as messages, too.
            drop = asked.step.op == "flood" and asked.step.text in ("", "()")
            if asked.at <= self._length and not (drop and asked.step.path in flooded):
                self._found.append(moment_of(asked))
        # A message comes before the crash that it is the cause of.
        found = sorted(self._found, key=lambda moment: (moment.at, moment.kind in ENDS))
        return found, self._length

    def _add(
        self,
        at: float,
        path: str,
        what: str,
        fault: Fault | None = None,
        why: str = "",
    ) -> None:
        self._found.append(Moment(round(at, FINE), path, what, fault, why))

    # Lives.

    def _starts(self, happening: Happening) -> None:
        path = happening.event.path
        self._lives[path] = self._lives.get(path, 0) + 1
        self._began[path] = happening.at

    def _is_asked(self, happening: Happening) -> None:
        self._asked[happening.event.path] = happening.at

    def _is_stuck(self, happening: Happening) -> None:
        self._stuck.add(happening.event.path)

    def _ends(self, happening: Happening) -> None:
        event, cause, path = happening.event, happening.cause, happening.event.path
        self._goes_on(path, happening.at)
        asked = self._asked.pop(path, None)
        if path in self._stuck and asked is not None:
            at = round(max(asked - _BEFORE, 0.0), FINE)
            deaf = Deaf(path, at=at, seconds=round(happening.at - asked, FINE))
            self._add(at, path, f"{path} did not heed that it was to end", deaf)
        self._stuck.discard(path)
        if cause.asked or self._kind_of(path) in SUPERVISORS:
            return
        at = round(happening.at, FINE)
        moment = Moment(at, path, _ended(happening), kind=event.kind, error=cause.error)
        began = self._began.get(path)
        if began is not None:
            moment = evolve(moment, into=max(round(happening.at - began, FINE), 0.0))
        self._found.append(self._brought_about(moment, event.text))

    def _brought_about(self, moment: Moment, text: str) -> Moment:
        """Return the end of a life with the fault that brings it about."""
        path, at, kind = moment.path, moment.at, self._kind_of(moment.path)
        fatal = moment.error.removeprefix("builtins.")
        fault: Fault
        if fatal == "KeyboardInterrupt":
            fault = Interrupt(path, at=at)
        elif fatal in ("SystemExit", "GeneratorExit"):
            return evolve(moment, why=NO_EXIT)
        elif moment.kind == "child_start_failed":
            fault = FailStart(path, life=max(self._lives.get(path, 1), 1))
        elif kind == "process":
            fault = KillProgram(path, at=at, code=_code(moment, text))
        elif moment.kind == "child_crashed":
            kinds = Vanish if path in self._vanishing else Crash
            fault = kinds(path, at=at)
        elif kind == "server":
            fault = StopServer(path, at=at)
        else:
            return evolve(moment, why=NO_RETURN)
        self._vanishing.discard(path)
        return evolve(moment, fault=fault)

    def _ignores(self, happening: Happening) -> None:
        path = happening.event.path
        self._add(happening.at, path, f"{path} chose not to start", why=NO_IGNORE)

    def _kind_of(self, path: str) -> str:
        row = self._incident.rows.get(path)
        return "" if row is None else row.kind

    # People.

    def _by_hand(self, happening: Happening) -> None:
        path, word = happening.event.path, happening.cause.word
        at, what = round(happening.at, FINE), f"somebody asked for {word} of {path}"
        for number, kind in enumerate(_BY_HAND.get(word, ())):
            more = ": a new life" if number else ""
            self._add(at, path, what + more, kind(path, at=at))
        if word not in _BY_HAND and word != "start_child":
            self._add(at, path, what, why=NO_FAULT)

    def _operator(self, happening: Happening) -> None:
        path, at = happening.event.path, round(happening.at, FINE)
        if not happening.cause.asked:
            return
        match happening.cause.word:
            case "vanish":
                self._vanishing.add(path)
            case "suspend":
                self._suspended.setdefault(path, happening.at)
            case "resume":
                self._goes_on(path, happening.at)
            case "flood":
                found = _COUNT.search(happening.event.text)
                count = int(found[1]) if found else Flood(path, at=at).count
                what = f"{path} was flooded with {count} messages"
                self._add(at, path, what, Flood(path, at=at, count=count))
            case "drain":
                self._add(at, path, f"{path} was drained by hand", why=NO_FAULT)
            case _:
                pass  # an event of its own follows, or it is nothing to a tree

    def _goes_on(self, path: str, now: float) -> None:
        """A server is suspended no more."""
        since = self._suspended.pop(path, None)
        if since is None:
            return
        seconds = max(round(now - since, FINE), _BEFORE)
        fault = Suspend(path, at=round(since, FINE), seconds=seconds)
        self._add(since, path, f"{path} was suspended for {seconds:g} s", fault)

    # The whole tree.

    def _supervisor_stops(self, happening: Happening) -> None:
        path, why = happening.event.path, happening.cause.word
        at = round(happening.at, FINE)
        if path not in self._roots:
            if why.endswith(": stop()"):
                self._add(at, path, f"somebody stopped {path}", why=NO_FAULT)
            return
        self._down.add(path)
        if why == "cancelled from outside":
            self._add(at, "", f"{path} was cancelled from outside", CutTree(at=at))
        elif why == "KeyboardInterrupt in the block":
            self._add(at, "", f"Ctrl-C reached who waits for {path}", CtrlC(at=at))
        elif why.endswith(" in the block"):
            error = why.removesuffix(" in the block")
            what = f"the block around {path} raised {error}"
            self._add(at, "", what, FailBlock(at=at))
        elif set(self._roots) <= self._down:
            self._length = at


def _ended(happening: Happening) -> str:
    event, cause = happening.event, happening.cause
    error = f" ({cause.error})" if cause.error else ""
    how = {
        "child_crashed": "crashed",
        "child_start_failed": "failed to start",
        "child_stopped": "ended by itself",
    }[event.kind]
    return f"{event.path} {how}{error}"


def _code(moment: Moment, text: str) -> int:
    """Return the return code of a program."""
    if moment.kind == "child_stopped":
        return 0
    found = _CODE.search(text)
    return int(found[1]) if found else KillProgram(moment.path, at=moment.at).code
