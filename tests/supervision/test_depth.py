"""Supervisors may nest deeper than the stack, and cost the same at every level."""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from types import FrameType
from typing import Any

import pytest
import trio

from tests.supervision.traps import run
from trio_sup import (
    Child,
    ChildSpec,
    RestartLimitExceeded,
    StartFailed,
    child,
    open_supervisor,
    supervisor,
)
from trio_sup.testing._run.quiet import quiet_log
from trio_sup.testing.schedule import scheduled

DEEP = 1_100
"""More than Python's stack holds."""


def nested(
    levels: int, target: Callable[..., Awaitable[object]], **options: Any
) -> ChildSpec[Any]:
    """Describe a child under so many supervisors."""
    spec: ChildSpec[Any] = child(target, id="leaf")
    for _ in range(levels):
        spec = supervisor([spec], id="s", **options)
    return spec


async def stands_up(*, task_status: trio.TaskStatus[None]) -> None:
    """End when stopped, after a second of clean-up."""
    task_status.started()
    try:
        await trio.sleep_forever()
    finally:
        with trio.CancelScope(shield=True):
            await trio.sleep(1)


async def fails(*, task_status: trio.TaskStatus[None]) -> None:
    raise ValueError("no start")


class Calls:
    """How many functions of the library were called."""

    count = 0


@contextmanager
def counting() -> Generator[Calls]:
    calls = Calls()

    def count(frame: FrameType, event: str, _: object) -> None:
        if event == "call" and "trio_sup" in frame.f_code.co_filename:
            calls.count += 1

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        yield calls
    finally:
        sys.setprofile(before)


def leaf_of(root: Child) -> Child:
    record = root.record
    while record.shell is not None:
        [record] = record.shell.all_records()
    return record.handle


async def leave(levels: int) -> int:
    """Leave a tree; return what that took."""
    with quiet_log():
        block = open_supervisor([nested(levels, trio.sleep_forever)])
        root = await block.__aenter__()
        leaf = leaf_of(root)
        with counting() as calls:
            await block.__aexit__(None, None, None)
        assert not leaf.record.alive
        return calls.count


async def hurry(levels: int) -> int:
    """Collapse the graces of a tree whose leaf is being stopped already."""
    with quiet_log():
        block = open_supervisor([nested(levels, stands_up)])
        root = await block.__aenter__()
        leaf = leaf_of(root)
        block.request_stop("first")
        while leaf.record.asked is None:
            await trio.lowlevel.checkpoint()
        with counting() as calls:
            block.hurry()
        assert leaf.record.ending.forced
        await block.__aexit__(None, None, None)
        return calls.count


async def stop_one_above_all(levels: int) -> int:
    """Terminate the highest of them; somebody waits for the lowest."""
    with quiet_log():
        async with open_supervisor([nested(levels, trio.sleep_forever)]) as root:
            leaf = leaf_of(root)
            async with trio.open_nursery() as nursery:
                nursery.start_soon(leaf.wait_stopped)
                await trio.testing.wait_all_tasks_blocked()
                with counting() as calls:
                    await root.terminate_child("s")
            return calls.count


@pytest.mark.parametrize("do", [leave, hurry, stop_one_above_all])
def test_ending_a_nested_tree_takes_as_much_for_each_level(
    do: Callable[[int], Awaitable[int]],
) -> None:
    counts: list[int] = []

    async def main() -> None:
        # So many that what a node does once for hundreds of events weighs little.
        counts.extend([await do(levels) for levels in (100, 200, 400)])

    with scheduled():  # who waits is woken more often in some orders than in others
        run(main, within=100)
    one, two, four = counts
    # Twice the levels, twice as much: the second step is twice the first.
    assert four - two <= 2.2 * (two - one)


@pytest.mark.parametrize("do", [leave, hurry, stop_one_above_all])
def test_supervisors_nested_deeper_than_the_stack_end_as_others(
    do: Callable[[int], Awaitable[int]],
) -> None:
    run(lambda: do(DEEP), within=100)


def test_a_start_that_fails_below_them_all_is_told_at_the_top() -> None:
    async def main() -> None:
        with pytest.raises(StartFailed) as failed:
            async with open_supervisor([nested(DEEP, fails)]):
                pass
        lowest: BaseException | None = failed.value
        while isinstance(lowest, StartFailed):
            lowest = lowest.__cause__
        assert isinstance(lowest, ValueError)

    with quiet_log():
        run(main, within=100)


def test_a_crash_below_them_all_may_be_given_up_by_each() -> None:
    """The leaf crashes once and no supervisor restarts anything: all give up."""

    async def crashes() -> None:
        await trio.sleep(1)
        raise ValueError("v")

    async def main() -> None:
        tree = nested(200, crashes, max_restarts=0)
        with pytest.raises(RestartLimitExceeded):
            async with open_supervisor([tree], max_restarts=0):
                await trio.sleep_forever()

    with quiet_log():
        run(main, within=100)
