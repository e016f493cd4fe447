"""Streams: each result once, in its order, and no more tasks at a time than allowed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from attrs import Factory, define

from trio_sup._core.exits import Exit
from trio_sup._core.outcomes import Ok
from trio_sup._tasks.stream import Stream, _Stream  # pyright: ignore[reportPrivateUsage]
from trio_sup.testing._beside import laws
from trio_sup.testing._beside.stand_ins import StandIn


@define(eq=False)
class Flow:
    """One stream: what it started, what ended, and what it gave."""

    started: list[Any] = Factory(list[Any])
    """In the order of the items."""
    ended: list[Any] = Factory(list[Any])
    given: list[Any] = Factory(list[Any])


class StreamsModel:
    """All streams of one run.

    Args:
        broken: Told of a law, of whom it is broken, and how.
    """

    def __init__(self, broken: Callable[[str, str, str], object]) -> None:
        self._broken = broken
        self._flows: dict[Any, Flow] = {}

    def of(self, stream: Any) -> Flow:
        """Return what is known of a stream."""
        return self._flows.setdefault(stream, Flow())

    def broken(self, law: str, stream: Any, what: str) -> None:
        """A law is broken of a stream."""
        self._broken(law, stream._shell.path_text, what)


def start(judge: Any, original: Any, stream: Any, item: object) -> None:
    """A stream takes an item, and starts a task for it."""
    model: StreamsModel = judge.streams
    flow, options = model.of(stream), stream._options
    running = sum(not each.task.done for each in flow.started)
    waiting = len(flow.started) - len(flow.given) - running
    starved = stream._wanted and waiting < options.buffer
    if running >= options.max_concurrency or not (
        running + waiting < options.max_concurrency or starved
    ):
        words = f"{running} run, {waiting} wait, and one more begins"
        model.broken(laws.STREAM_ROOM, stream, words)
    original(stream, item)
    newest = next(reversed(stream._live), None)
    if newest is not None and newest.input is item:
        flow.started.append(newest)


def ended(judge: Any, original: Any, stream: Any, element: Any) -> None:
    """A task of a stream is over."""
    judge.streams.of(stream).ended.append(element)
    original(stream, element)


async def step(judge: Any, original: Any, stream: Any) -> Any:
    """The next result is asked for."""
    model: StreamsModel = judge.streams
    try:
        element = await original(stream)
    except StopAsyncIteration:
        flow = model.of(stream)
        if len(flow.given) < len(flow.started) and _went_well(stream, flow):
            words = f"{len(flow.started)} began, {len(flow.given)} were given"
            model.broken(laws.STREAM, stream, words)
        raise
    flow = model.of(stream)
    line = flow.started if stream._options.ordered else flow.ended
    place = len(flow.given)
    if place >= len(line) or line[place] is not element:
        model.broken(laws.STREAM, stream, f"result {place + 1} is another's")
    if not element.task.done:
        model.broken(laws.STREAM, stream, "it gives what is not over")
    flow.given.append(element)
    return element


def _went_well(stream: Any, flow: Flow) -> bool:
    return not stream._linked or all(
        isinstance(each.task.outcome, Ok) and not each.late for each in flow.started
    )


async def value(judge: Any, original: Any, stream: Any) -> Any:
    """A result is given."""
    given = await original(stream)
    flow = judge.streams.of(stream)
    outcome: Ok[Any] | Exit | None
    outcome = flow.given[-1].task.outcome if flow.given else None
    if isinstance(outcome, Ok) and outcome.value is not given:
        judge.streams.broken(laws.STREAM, stream, "a result is not its task's")
    return given


async def leave(judge: Any, original: Any, stream: Any, *error: Any) -> Any:
    """The block of a stream is left."""
    try:
        return await original(stream, *error)
    finally:
        model: StreamsModel = judge.streams
        if any(not each.task.done for each in model.of(stream).started):
            model.broken(laws.STREAM_LEFT, stream, "a task of it goes on")


STAND_INS = (
    StandIn(_Stream, "_start", start),
    StandIn(_Stream, "_ended", ended),
    StandIn(_Stream, "_next", step),
    StandIn(_Stream, "__aexit__", leave),
    StandIn(Stream, "__anext__", value),
)
