"""Requests that waited in line, and what they find when their turn comes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest
import trio

from trio_sup import (
    AlreadyStarted,
    ChildNotStopped,
    NoSuchChild,
    SupervisionError,
    Supervisor,
    open_supervisor,
)

from .schedules import under_all
from .stage import Stage, quiet

Ask = Callable[[Supervisor, Stage], Awaitable[object]]

REQUESTS: dict[str, Ask] = {
    "restart_child": lambda sup, _: sup.restart_child("a"),
    "delete_child": lambda sup, _: sup.delete_child("a"),
}


async def ask_in_line(ask: Ask, restart: str, *, end_first: bool) -> str:
    """Ask behind a slow request, about a child that ends for good meanwhile."""
    stage, answers = Stage(), list[str]()
    specs = [stage.spec("a", restart=restart), stage.spec("b")]
    async with open_supervisor(specs) as sup:
        stage.stop_seconds["b"] = 1

        async def request() -> None:
            try:
                await ask(sup, stage)
            except SupervisionError as error:
                answers.append(f"{type(error).__name__}: {error}")
            else:
                answers.append("ok")

        async with trio.open_nursery() as nursery:
            nursery.start_soon(sup.terminate_child, "b")
            await quiet()
            if end_first:
                stage.finish("a")
                await quiet()
            nursery.start_soon(request)
            await quiet()
            if not end_first:
                stage.finish("a")
                await quiet()
            assert not answers
        return answers[0]


@pytest.mark.parametrize("ask", REQUESTS.values(), ids=list(REQUESTS))
@pytest.mark.parametrize("restart", ["transient", "temporary"])
def test_who_ended_behind_the_request_still_runs_for_its_supervisor_sup_097_098(
    ask: Ask, restart: str
) -> None:
    answers = set(under_all(lambda: ask_in_line(ask, restart, end_first=False)))
    words = "child 'a' is running as far as its supervisor has heard"
    assert answers == {f"ChildNotStopped: {words}; terminate it first"}


@pytest.mark.parametrize("ask", REQUESTS.values(), ids=list(REQUESTS))
def test_an_end_that_stands_in_line_before_the_request_has_been_heard_of(
    ask: Ask,
) -> None:
    answers = under_all(lambda: ask_in_line(ask, "transient", end_first=True))
    assert set(answers) == {"ok"}
    answers = under_all(lambda: ask_in_line(ask, "temporary", end_first=True))
    assert {answer.partition(":")[0] for answer in answers} == {NoSuchChild.__name__}


@pytest.mark.trio
async def test_the_refusal_tells_what_to_do_and_that_works(
    autojump_clock: None,
) -> None:
    stage = Stage()
    specs = [stage.spec("a", restart="transient"), stage.spec("b")]
    async with open_supervisor(specs) as sup, trio.open_nursery() as nursery:
        stage.stop_seconds["b"] = 1

        async def in_line() -> None:
            with pytest.raises(ChildNotStopped) as caught:
                await sup.restart_child("a")
            assert caught.value.status == "running"
            await sup.terminate_child("a")
            await sup.restart_child("a")

        async def start_another() -> None:
            with pytest.raises(AlreadyStarted, match="is running as far as"):
                await sup.start_child(stage.spec("a"))

        nursery.start_soon(sup.terminate_child, "b")
        await quiet()
        nursery.start_soon(start_another)
        await quiet()
        nursery.start_soon(in_line)
        await quiet()
        stage.finish("a")
        await trio.sleep(2)
        assert sup.child("a").status == "running"
