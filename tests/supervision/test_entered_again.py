"""Blocks for one use: a second entry is one clear error, and harms no first one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
import trio

from trio_sup import (
    GenServer,
    Registry,
    attach,
    child,
    current_node,
    graceful_stop,
    monitor,
    open_inspector,
    open_supervisor,
    run,
)

ASYNC: dict[str, Callable[[], Any]] = {
    "open_supervisor": lambda: open_supervisor([]),
    "open_inspector": open_inspector,
    "attach": lambda: attach(name="me"),
    "monitor": lambda: monitor(current_node().registry.ref("nobody", GenServer)),
    "events": lambda: current_node().events(),
    "lock": lambda: Registry().lock("key"),
}


@dataclass(frozen=True)
class Frozen(Exception):
    text: str


@pytest.mark.trio
@pytest.mark.parametrize("what", ASYNC)
@pytest.mark.parametrize("when", ["inside", "after"])
async def test_a_second_entry_says_what_to_do(what: str, when: str) -> None:
    block = ASYNC[what]()

    async def again() -> None:
        with pytest.raises(RuntimeError, match=f"entered already.*call {what}"):
            async with block:
                raise AssertionError

    async with block:
        if when == "inside":
            await again()
    if when == "after":
        await again()
    async with ASYNC[what]():  # the first one has ended in order
        pass


@pytest.mark.trio
async def test_a_second_entry_leaves_a_tree_as_it_is() -> None:
    block = open_supervisor([child(trio.sleep_forever)])
    async with block as sup:
        for _ in range(2):
            with pytest.raises(RuntimeError, match="entered already"):
                await block.__aenter__()
        assert sup.count_children().active == 1
    assert sup.status == "gone"


def test_graceful_stop_can_be_entered_once() -> None:
    said: list[str] = []

    async def works() -> None:
        block = graceful_stop()
        with block:
            pass
        try:
            with block:
                raise AssertionError
        except RuntimeError as error:
            said.append(str(error))
        raise SystemExit(0)

    with pytest.raises(SystemExit):
        run([child(works)], inspect=False)
    assert "call graceful_stop" in said[0]


@pytest.mark.trio
@pytest.mark.parametrize("what", ASYNC)
@pytest.mark.parametrize(
    "error",
    [Frozen("x"), StopIteration(), StopAsyncIteration(), GeneratorExit(), KeyError(1)],
    ids=repr,
)
async def test_any_exception_of_the_body_passes_as_it_is(what: str, error: Any) -> None:
    try:
        async with ASYNC[what]():
            raise error
    except BaseException as got:  # noqa: BLE001
        assert got is error  # noqa: PT017
    else:
        raise AssertionError("swallowed")
