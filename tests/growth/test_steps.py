"""The instrument itself: it tells one kind of growth from the other."""

import sys

import pytest
import trio

from tests.growth.steps import LINEAR, Measured, Steps, grows


def search(items: list[int], wanted: int) -> bool:
    return any(item == wanted for item in items)


async def linear(n: int, steps: Steps) -> None:
    with steps:
        for _ in range(n):
            search([], 1)
            await trio.lowlevel.checkpoint()


async def quadratic(n: int, steps: Steps) -> None:
    items = list(range(n))
    with steps:
        for _ in range(n):
            search(items, -1)
            await trio.lowlevel.checkpoint()


async def in_line(n: int, steps: Steps) -> None:
    items = list(range(n))
    with steps:
        for wanted in items:
            _ = [item for item in items if item == wanted]


@pytest.mark.trio
async def test_a_linear_program_takes_four_times_the_steps() -> None:
    assert 3.5 < await grows(linear) < LINEAR


@pytest.mark.parametrize("program", [quadratic, in_line])
@pytest.mark.trio
async def test_a_search_for_each_thing_takes_far_more(program: Measured) -> None:
    assert await grows(program, small=80) > 2 * LINEAR


@pytest.mark.trio
async def test_other_tasks_are_counted_too() -> None:
    async def other() -> None:
        search(list(range(100)), -1)

    alone, together = Steps(), Steps()
    with alone:
        await trio.lowlevel.checkpoint()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(other)
        with together:
            await trio.lowlevel.checkpoint()
            await trio.lowlevel.checkpoint()
    assert together.count > alone.count + 500


@pytest.mark.trio
async def test_a_trace_function_from_before_is_put_back() -> None:
    before = sys.gettrace()
    with Steps():
        pass
    assert sys.gettrace() is before
