"""One answer where OTP has one, whatever the order of tasks that are ready.

What came first decides, not whose turn it is next: the waiter's or the stop's.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
import trio

from trio_sup import (
    SupervisionError,
    child,
    dynamic_supervisor,
    graceful_stop,
    open_supervisor,
    supervisor,
)

from .schedules import under_all
from .stage import Boom, quiet


async def note(call: Callable[[], Awaitable[object]], answers: list[str]) -> None:
    """Ask, and note the answer."""
    try:
        await call()
    except SupervisionError as error:
        answers.append(type(error).__name__)
    else:
        answers.append("ok")


@pytest.mark.parametrize("steps", [0, 1, 2])
def test_get_or_start_of_a_child_that_ends_at_once_starts_it_once(steps: int) -> None:
    async def program() -> tuple[int, int, str]:
        lives = 0

        async def brief() -> None:
            nonlocal lives
            lives += 1
            for _ in range(steps):
                await trio.lowlevel.checkpoint()

        spec = child(brief, name="brief", restart="temporary")
        async with open_supervisor([dynamic_supervisor(id="d")]) as sup:
            handle = await sup.dynamic("d").get_or_start(spec)
            await quiet()
            return lives, handle.life, handle.status

    assert set(under_all(program)) == {(1, 1, "gone")}


async def contest(kind: Any, ask: str, outcome: str, *, stop_first: bool) -> str:
    """A start or stop comes to its end, and the supervisor is stopped, in a moment.

    Args:
        kind: What makes the supervisor.
        ask: The request that waits for the start or the stop.
        outcome: What the start comes to.
        stop_first: Whether the stop comes first.
    """
    answers, gate, stop = list[str](), trio.Event(), trio.Event()

    async def stop_it() -> None:
        await stop.wait()
        await s.stop()

    async def starts(*, task_status: trio.TaskStatus[None]) -> None:
        await gate.wait()
        stop.set()
        if outcome == "fails":
            raise Boom
        task_status.started()
        await trio.sleep_forever()

    async def stops() -> None:
        with graceful_stop() as stopping:
            await stopping.wait()
            await gate.wait()
            stop.set()

    async with open_supervisor([kind(id="s", restart="temporary")]) as sup:
        s: Any = sup.child("s")
        async with trio.open_nursery() as nursery:
            if ask == "terminate_child":
                await s.start_child(child(stops, id="x", restart="temporary"))
                nursery.start_soon(note, lambda: s.terminate_child("x"), answers)
            else:
                spec = child(
                    starts, id="x", name="x", restart="temporary", ready="signalled"
                )
                nursery.start_soon(note, lambda: getattr(s, ask)(spec), answers)
            nursery.start_soon(stop_it)
            await quiet()
            if stop_first:
                stop.set()
                await trio.lowlevel.checkpoint()
            gate.set()
    return answers[0]


def static(**options: Any) -> Any:
    """A supervisor without children."""
    return supervisor([], **options)


STARTS = [(static, "start_child"), (dynamic_supervisor, "start_child"),
          (dynamic_supervisor, "get_or_start")]  # fmt: skip


@pytest.mark.parametrize(("outcome", "told"), [("fails", "StartFailed"), ("", "ok")])
@pytest.mark.parametrize(("kind", "ask"), STARTS)
def test_a_start_that_came_to_its_end_before_the_stop_is_answered_so(
    kind: Any, ask: str, outcome: str, told: str
) -> None:
    answers = under_all(lambda: contest(kind, ask, outcome, stop_first=False))
    assert set(answers) == {told}


@pytest.mark.parametrize(("kind", "ask"), STARTS)
def test_a_start_that_fails_once_the_supervisor_stops_was_stopped_with_it(
    kind: Any, ask: str
) -> None:
    answers = under_all(lambda: contest(kind, ask, "fails", stop_first=True))
    assert set(answers) == {"SupervisorStopping"}


def test_terminate_child_is_answered_by_what_came_first() -> None:
    def answers(*, stop_first: bool) -> set[str]:
        ask = "terminate_child"
        return set(under_all(lambda: contest(static, ask, "", stop_first=stop_first)))

    assert answers(stop_first=False) == {"ok"}
    assert answers(stop_first=True) == {"SupervisorStopping"}
