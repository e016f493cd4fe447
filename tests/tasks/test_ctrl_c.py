"""Ctrl-C while the tasks of a block are being stopped."""

from __future__ import annotations

import signal
from collections.abc import Awaitable, Callable

import pytest
import trio
from trio.testing import MockClock

from trio_sup import TaskSupervisor, graceful_stop, open_supervisor, task_supervisor


class Work:
    """Tasks that need a second to clean up, shielded, or all their grace."""

    def __init__(self) -> None:
        self.running: set[int] = set()

    async def shielded(self, number: int) -> None:
        self.running.add(number)
        try:
            await trio.sleep_forever()
        finally:
            with trio.CancelScope(shield=True):
                await trio.sleep(1)
            self.running.remove(number)

    async def polite(self, number: int) -> None:
        self.running.add(number)
        try:
            with graceful_stop():
                await trio.sleep_forever()
        finally:
            self.running.remove(number)


Leave = Callable[[TaskSupervisor, Callable[[int], Awaitable[None]]], Awaitable[None]]


async def leave_a_stream(
    tasks: TaskSupervisor, work: Callable[[int], Awaitable[None]]
) -> None:
    async with tasks.stream(work, range(3), shutdown=50) as results:
        with trio.move_on_after(5):
            await anext(results)


async def leave_linked_tasks(
    tasks: TaskSupervisor, work: Callable[[int], Awaitable[None]]
) -> None:
    async with tasks.linked() as links:
        for number in range(3):
            links.start(work, number, shutdown=50)
        await trio.sleep(5)


def leave_and_press(
    leave: Leave, work: Callable[[int], Awaitable[None]], running: set[int], at: float
) -> tuple[int, float]:
    """Leave a block after 5 s, press Ctrl-C then; who runs afterwards, and when."""
    clock, after = MockClock(autojump_threshold=0), list[tuple[int, float]]()

    async def press() -> None:
        await trio.sleep(at)
        signal.raise_signal(signal.SIGINT)

    async def main() -> None:
        began = trio.current_time()
        async with open_supervisor([task_supervisor(id="tasks")]) as sup:
            trio.lowlevel.spawn_system_task(press)
            try:
                await leave(sup.task_supervisor("tasks"), work)
            finally:
                after.append((len(running), trio.current_time() - began))

    with pytest.raises(KeyboardInterrupt):
        trio.run(main, clock=clock)
    (found,) = after
    return found


BLOCKS = pytest.mark.parametrize("leave", [leave_a_stream, leave_linked_tasks])


@BLOCKS
def test_ctrl_c_while_a_block_is_left_waits_for_its_tasks(leave: Leave) -> None:
    work = Work()
    assert leave_and_press(leave, work.shielded, work.running, 5.5) == (0, 6)


@BLOCKS
def test_ctrl_c_while_a_block_is_left_collapses_the_graces(leave: Leave) -> None:
    work = Work()
    assert leave_and_press(leave, work.polite, work.running, 10) == (0, 10)


def test_an_error_of_a_block_of_linked_tasks_is_not_lost_when_ctrl_c_comes() -> None:
    work = Work()

    async def leave_with_an_error(
        tasks: TaskSupervisor, fn: Callable[[int], Awaitable[None]]
    ) -> None:
        async with tasks.linked() as links:
            links.start(fn, 1)
            await trio.sleep(5)
            raise ValueError("mine")

    async def press() -> None:
        await trio.sleep(5.5)
        signal.raise_signal(signal.SIGINT)

    async def main() -> None:
        async with open_supervisor([task_supervisor(id="tasks")]) as sup:
            trio.lowlevel.spawn_system_task(press)
            await leave_with_an_error(sup.task_supervisor("tasks"), work.shielded)

    with pytest.raises(BaseExceptionGroup) as caught:
        trio.run(main, clock=MockClock(autojump_threshold=0))
    assert caught.group_contains(KeyboardInterrupt)
    assert caught.group_contains(ValueError, match="mine")
