"""Calls where no Trio run is say what is missing, and show the line to write."""

import asyncio
import threading
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
import trio

from trio_sup import (
    Agent,
    WrongRun,
    address,
    attach,
    child,
    current_node,
    graceful_stop,
    open_supervisor,
    run,
    serve,
    whereis,
)


async def attaching() -> None:
    async with attach():
        pass


async def opening() -> None:
    async with open_supervisor([child(trio.sleep_forever)]):
        pass


async def serving() -> None:
    await serve([child(trio.sleep_forever)])


async def calling() -> None:
    await Agent.get(address("x", Agent[int]), lambda n: n)


async def node() -> None:
    current_node()


async def looking() -> None:
    whereis("x")


CALLS: list[tuple[Callable[[], Awaitable[None]], str, str]] = [
    (node, "current_node", "node = current_node()"),
    (looking, "whereis", 'whereis("name", MyServer)'),
    (attaching, "attach", 'async with attach(name="me") as me: ...'),
    (opening, "open_supervisor", "async with open_supervisor([child(worker)]) as"),
    (serving, "serve", "await serve([child(worker)])"),
    (calling, "a use of address", 'await address("name", MyServer).call(...)'),
]


def step(call: Callable[[], Awaitable[None]]) -> None:
    """Run an async function without any loop."""
    coroutine: Any = call()
    try:
        coroutine.send(None)
    finally:
        coroutine.close()


@pytest.mark.parametrize(("call", "name", "line"), CALLS)
def test_a_call_outside_of_a_run_says_what_is_missing_and_shows_the_line(
    call: Callable[[], Awaitable[None]], name: str, line: str
) -> None:
    with pytest.raises(WrongRun) as told:
        step(call)
    words = str(told.value)
    assert words.startswith(f"{name}() was called where no Trio run is: ")
    assert f"\n    async def main() -> None:\n        {line}" in words
    assert words.endswith("\n    trio.run(main)\n")
    assert "asyncio" not in words


@pytest.mark.parametrize(("call", "name", "line"), CALLS)
def test_under_asyncio_it_says_so(
    call: Callable[[], Awaitable[None]], name: str, line: str
) -> None:
    async def main() -> None:
        await call()

    with pytest.raises(WrongRun, match=r"An asyncio loop runs here, .* 'Coming from"):
        asyncio.run(main())


@pytest.mark.trio
async def test_in_a_thread_of_trio_s_it_shows_the_way_back() -> None:
    with pytest.raises(WrongRun, match=r"from_thread.run_sync\(whereis, ...\)"):
        await trio.to_thread.run_sync(whereis, "x")


def test_in_another_thread_there_is_no_run() -> None:
    came: list[str] = []

    def work() -> None:
        with pytest.raises(WrongRun) as told:
            whereis("x")
        came.append(str(told.value))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert came[0].startswith("whereis() was called where no Trio run is")


def test_graceful_stop_shows_where_it_is_written() -> None:
    words = r"(?s)is in none.*with graceful_stop\(\) as stopping:.*child\(worker\)"
    with pytest.raises(RuntimeError, match=words):
        graceful_stop().__enter__()


@pytest.mark.trio
async def test_graceful_stop_in_a_task_that_is_no_child() -> None:
    with pytest.raises(RuntimeError, match="is in none"), graceful_stop():
        pass


@pytest.mark.trio
async def test_run_inside_of_a_run_shows_what_to_write() -> None:
    with pytest.raises(RuntimeError, match=r"await trio_sup.serve\(spec\)"):
        run([child(trio.sleep_forever)])
