"""What OTP's own supervisor does in a contested scenario, and what trio-sup does.

Only what OTP has: no dynamic supervisors, no graces that run out, no callers that are
cancelled. And not what differs on purpose: under one_for_one nothing is held that a
restart would wait for (restarts of single children run beside everything else here,
SUP-099); from the moment on in which a stop from above overtakes something, nothing is
compared (SUP-099, SUP-100).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import cast

from attrs import field, frozen
from trio.testing import MockClock

import trio_sup
from tests.proof.machine import Machine, OracleError
from tests.proof.supervisors.trio_order import Order
from tests.proof.trace import Value

from .play import AnySupervisor, Play, perform
from .scenario import (
    Child,
    Exit,
    Go,
    Let,
    Op,
    Request,
    Scenario,
    Start,
    Tree,
)

HERE = Path(__file__).parent
SOURCES = [
    HERE / "erlang" / "contested.erl",
    HERE.parent / "proof" / "otp" / "oracle_terms.erl",
]


STOPPING = "SupervisorStopping"


@frozen
class View:
    """What can be seen when a moment has settled."""

    living: tuple[tuple[str, int], ...]
    """Who lives, and which of its start attempts that was."""
    starts: tuple[str, ...]
    """Which starts are held."""
    stops: tuple[str, ...]
    answers: tuple[tuple[tuple[int, int], str], ...]
    """What was answered in that moment, to whom."""
    stopped: frozenset[str] = field(default=frozenset(), eq=False)
    """Who was told to `stop()` so far and had finished its start; of trio-sup only."""


class Judged(Play):
    """A run that is seen as OTP's is."""

    def __init__(self, scenario: Scenario, codes: Sequence[int] = ()) -> None:
        super().__init__(scenario, MockClock(), Order(codes))
        self.stage.released = True  # the first start of all is not held
        self.views: list[View] = []
        self.unasked: list[tuple[tuple[int, int], str]] = []
        self.stopped: set[str] = set()

    def snapshot(self) -> None:
        if not self.views:
            self.stage.released = False
        super().snapshot()
        living: dict[str, int] = {}
        if self.root is not None and self.root.record.alive:
            living[""] = 1
            self.gather(self.root, "", living)
        answers = [
            (asked.key, asked.answers[0].partition(":")[0])
            for asked in self.asked
            if asked.answers and asked.moment == self.now
        ]
        answers += self.unasked
        self.unasked = []
        self.views.append(
            View(
                tuple(sorted(living.items())),
                tuple(sorted(self.stage.starts)),
                tuple(sorted(self.stage.stops)),
                tuple(sorted(answers)),
                frozenset(self.stopped),
            )
        )

    def gather(self, handle: AnySupervisor, path: str, living: dict[str, int]) -> None:
        for info in handle.which_children():
            below = f"{path}/{info.id}" if path else str(info.id)
            if isinstance(info.handle, AnySupervisor):
                if info.handle.record.alive:
                    living[below] = self.attempts[below]
                self.gather(info.handle, below, living)
            elif below in self.stage.lives:
                living[below] = self.attempts[below]

    def ask(self, op: Start | Request, place: int) -> str | None:
        handle = self.find(op.path)
        if isinstance(handle, trio_sup.Supervisor) and handle.record.alive:
            if isinstance(op, Request) and op.what == "stop" and handle.record.ready:
                self.stopped.add(op.path)
            return super().ask(op, place)
        stop = isinstance(op, Request) and op.what == "stop"
        key = (self.now, place)
        self.unasked.append((key, "ok" if stop else STOPPING))
        return None


def observe(scenario: Scenario, codes: Sequence[int] = ()) -> list[View]:
    """What trio-sup does."""
    run = Judged(scenario, codes)
    outcome = perform(run)
    if outcome.faults:
        raise AssertionError(outcome.faults)
    return run.views


class Oracle(Machine):
    """A running Erlang VM that plays contested scenarios; a context manager."""

    def __init__(self) -> None:
        super().__init__(SOURCES, "contested")

    def ask(self, scenarios: Sequence[Scenario]) -> list[dict[str, object]]:
        """What OTP does, as it says it.

        Raises:
            OracleError: a scenario did not come to its end.
        """
        self.send(tuple(question(scenario) for scenario in scenarios))
        answers = [self.receive() for _ in scenarios]
        for scenario, answer in zip(scenarios, answers, strict=True):
            if "error" in answer:
                raise OracleError(f"{answer['error']} in {scenario}")
        return answers

    def run(self, scenarios: Sequence[Scenario]) -> list[list[View]]:
        """What OTP does; raises as `ask`."""
        return [read_views(answer["moments"]) for answer in self.ask(scenarios)]


def read_views(moments: object) -> list[View]:
    """The views of an answer."""
    return [
        View(
            tuple((str(path), cast("int", n)) for path, n in m["living"]),
            tuple(map(str, m["starts"])),
            tuple(map(str, m["stops"])),
            tuple(
                ((cast("int", number) + 1, cast("int", place)), str(word))
                for number, place, word in m["answers"]
            ),
        )
        for m in cast("list[dict[str, list[list[object]]]]", moments)
    ]


def question(scenario: Scenario) -> Value:
    """A scenario as it is put to the driver in Erlang."""
    script = tuple(tuple(map(_op, moment)) for moment in scenario.script)
    return {"tree": _child(scenario.tree), "script": script}


def _op(op: Op) -> Value:
    match op:
        case Exit(path, crash):
            return ("exit", path, crash)
        case Go(number, path, outcome):
            return ("go", number, path, outcome)
        case Let(number, path):
            return ("let", number, path)
        case Start(path, child):
            return ("start_child", path, _child(child))
        case Request("stop", path):
            return ("stop", path)
        case Request(what, path, id):
            return (what, path, id)
        case _:
            raise AssertionError(op)


def _child(child: Child) -> Value:
    common: dict[str, Value] = {
        "id": child.id,
        "restart": child.restart,
        "significant": child.significant,
        "shutdown": child.shutdown,
    }
    if isinstance(child, Tree):
        return {
            **common,
            "strategy": child.strategy,
            "auto": child.auto_shutdown,
            "intensity": child.intensity,
            "children": tuple(map(_child, child.children)),
        }
    return {**common, "held_start": child.held_start, "held_stop": child.held_stop}
