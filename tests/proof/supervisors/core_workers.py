"""Scripted workers on the core, and what is said of their ends."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Protocol

from attrs import define

from tests.core.sync_world import Body, Ended, NotStarted, Record, World
from tests.proof.supervisors.scenario import (
    Plan,
    Reason,
    Worker,
)
from tests.proof.supervisors.trio_answers import bad_spec
from tests.proof.supervisors.trio_workers import MILLISECOND
from tests.proof.trace import Value
from trio_sup._core.checks import ChildSpecError
from trio_sup._core.exits import Exit, Ignore


class Playing(Protocol):
    """What a worker needs of the scenario that is played."""

    attempts: Counter[str]

    def next_plan(self, path: str) -> Plan:
        """What the present start attempt does."""
        ...


class Scripted(Exception):
    """An error that the scenario asked for."""


class Killed(Exception):
    """The worker was killed from outside."""


@define(eq=False)
class Scripts(Body):
    """A worker that does what its scenario says."""

    play: Playing
    path: str
    worker: Worker
    number: int = 0
    order: Reason | None = None
    asked: Value = "shutdown"

    def run(self, world: World, record: Record) -> None:
        over = partial(world.over, record, record.life)
        self.order, self.asked, self.number = None, "shutdown", 0
        match self.play.next_plan(self.path):
            case "ignore":
                over(Ignore())
            case ("error", str(text)):
                over(Scripted(text))
            case ("then", reason):
                self.number = self.play.attempts[self.path]
                self.order = reason
                world.ready_now(record)
                over(_end(reason))
            case _:
                self.number = self.play.attempts[self.path]
                world.ready_now(record)

    def end(self, world: World, record: Record, reason: Reason) -> Callable[[], None]:
        """Be told to end by itself; return the step in which it does."""
        self.order = reason
        return partial(world.over, record, record.life, _end(reason))

    def ask(self, world: World, record: Record, grace: float) -> None:
        if self.order is not None:
            return  # on its way already
        over = partial(world.over, record, record.life)
        if not record.ready or self.worker.stop == "default":
            world.soon(partial(over, None))
            return
        if grace <= 0:
            world.force(record, record.life)
            return
        match self.worker.stop:
            case "stubborn":
                pass
            case ("slow", int(milliseconds)):
                at = world.now + milliseconds * MILLISECOND
                world.at(at, partial(over, None), record)
            case "error":
                self.asked = ("error", "stop")
                world.soon(partial(over, Scripted("stop")))
            case how:
                self.asked = "normal" if how == "normal" else "shutdown"
                world.soon(partial(over, None))


def _end(reason: Reason) -> Exception | None:
    match reason:
        case "normal":
            return None
        case "killed":
            return Killed()
        case ("error", text):
            return Scripted(text)
        case _:
            return Ended(Exit("shutdown", reason))


def reason_of_failure(exit: Exit) -> Value:
    match exit.error:
        case Scripted() as error:
            return ("error", str(error))
        case NotStarted() as inner:
            return reason_of_supervisor(inner)
        case None:
            return exit.kind
        case other:
            raise AssertionError(f"a failed start nobody planned: {other!r}")


def reason_of_supervisor(failure: NotStarted) -> Value:
    reason = reason_of_failure(failure.exit)
    return ("shutdown", ("failed_to_start_child", str(failure.record.id), reason))


def counts(record: Record) -> Value:
    assert record.shell is not None
    records = list(record.shell.plan.core.records.values())
    supervisors = sum(each.shell is not None for each in records)
    return {
        "specs": len(records),
        "active": sum(each.alive for each in records),
        "supervisors": supervisors,
        "workers": len(records) - supervisors,
    }


def refusal(why: str, about: object) -> Value:
    """The word of the format for a refusal."""
    match why, about:
        case "already_started" | "already_present" | "max_children", _:
            return ("error", why)
        case "no_such_child", _:
            return ("error", "not_found")
        case "not_stopped", str(how):
            return ("error", how)
        case "stopping", _:
            return "down"
        case "spec", ChildSpecError() as error:
            return ("error", bad_spec(error))
        case "not_started", Exit() as exit:
            if isinstance(exit.error, Ignore):
                return "ignore"
            return ("error", reason_of_failure(exit))
        case _:
            raise AssertionError(f"an answer nobody expected: {why} {about}")


def is_stop_of(event: Value, lives: set[Value]) -> bool:
    match event:
        case ("stop", path, life, _):
            return (path, life) in lives
        case _:
            return False


def nothing() -> None:
    """Nothing to be asked of anybody."""


def same(value: Value) -> Value:
    return value


def path_of(record: Record) -> str | None:
    parts = record.path_text.split("/")[1:]
    return "/".join(parts[1:]) if parts else None
