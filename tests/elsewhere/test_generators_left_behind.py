"""A life that leaves an async generator unfinished is told of in the log."""

from __future__ import annotations

import gc
import sys
import weakref
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from typing import Any

import pytest
import trio
import trio.lowlevel
import trio.testing

import trio_sup
from trio_sup import GenServer, call, child, current_node, open_supervisor

pytestmark = pytest.mark.filterwarnings("ignore:Async generator:ResourceWarning")

kept: list[AsyncGenerator[int]] = []


async def numbers() -> AsyncGenerator[int]:
    for number in range(10):
        yield number


async def by_break() -> None:
    async for _ in numbers():
        break


async def by_crash() -> None:
    async for _ in numbers():
        raise ValueError


async def by_a_local() -> None:
    source = numbers()
    await anext(source)
    raise ValueError(source)


async def by_a_cycle() -> None:
    source = numbers()
    ring: list[object] = [source]
    ring.append(ring)
    await anext(source)


async def by_cancellation() -> None:
    async for _ in numbers():
        await trio.sleep_forever()


async def by_keeping() -> None:
    source = numbers()
    kept.append(source)
    await anext(source)


class Reader(GenServer):
    @call
    async def first(self) -> int:
        self.source = numbers()
        return await anext(self.source)


LEAVING = [by_break, by_crash, by_a_local, by_a_cycle, by_cancellation, by_keeping]


def told(caplog: pytest.LogCaptureFixture) -> list[str]:
    lines = [record.getMessage() for record in caplog.records]
    return [line for line in lines if "async generator" in line and "life" in line]


@pytest.mark.trio
@pytest.mark.parametrize("leave", LEAVING)
async def test_a_life_that_leaves_a_generator_behind_is_named(
    leave: Callable[[], Awaitable[None]], caplog: pytest.LogCaptureFixture
) -> None:
    async with trio_sup.open_supervisor(
        [child(leave, id="leaver", restart="temporary")]
    ):
        await trio.testing.wait_all_tasks_blocked()
    gc.collect()
    await trio.testing.wait_all_tasks_blocked()
    (line,) = told(caplog)
    assert "root/leaver, life 1, left the async generator numbers" in line
    assert "aclosing" in line
    while kept:
        await kept.pop().aclose()


@pytest.mark.trio
async def test_a_server_that_holds_a_generator_is_named(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with trio_sup.open_supervisor([child(Reader, id="reader")]) as root:
        assert await root.server(Reader, "reader").call(Reader.first) == 0
    gc.collect()
    await trio.testing.wait_all_tasks_blocked()
    assert len(told(caplog)) == 1


async def closing() -> None:
    async with aclosing(numbers()) as source:
        async for _ in source:
            break


async def exhausting() -> None:
    async for _ in numbers():
        pass


async def with_blocks() -> None:
    async with trio_sup.attach(), trio_sup.current_node().registry.lock("x"):
        await trio.lowlevel.checkpoint()


@pytest.mark.trio
@pytest.mark.parametrize("use", [closing, exhausting, with_blocks])
async def test_a_generator_that_is_finished_or_closed_is_no_matter(
    use: Callable[[], Awaitable[None]], caplog: pytest.LogCaptureFixture
) -> None:
    async with trio_sup.open_supervisor([child(use, id="user", restart="temporary")]):
        await trio.testing.wait_all_tasks_blocked()
    gc.collect()
    await trio.testing.wait_all_tasks_blocked()
    assert told(caplog) == []


@pytest.mark.trio
async def test_finished_generators_leave_no_trace() -> None:
    async def many() -> None:
        for _ in range(1000):
            await exhausting()
        await trio.sleep_forever()

    async with trio_sup.open_supervisor([child(many, id="many")]):
        await trio.testing.wait_all_tasks_blocked()
        generators = trio_sup.current_node().generators
        assert generators.remembered <= 1


def test_the_hooks_are_trios_again_after_the_run() -> None:
    before = sys.get_asyncgen_hooks()

    async def main() -> None:
        trio_sup.current_node()
        assert sys.get_asyncgen_hooks() != before

    trio.run(main)
    assert sys.get_asyncgen_hooks() == before


def test_a_run_that_is_over_is_collected() -> None:
    async def main() -> None:
        async with open_supervisor([]):
            runs.append(weakref.ref(current_node()))

    runs: list[weakref.ref[Any]] = []
    trio.run(main)
    gc.collect()
    assert runs[0]() is None
