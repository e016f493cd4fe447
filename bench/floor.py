"""The floor: what bare Trio needs for the same work."""

from __future__ import annotations

import contextvars

import outcome
import trio
import trio.testing
from trio.lowlevel import Abort, Task, current_task, reschedule, wait_task_rescheduled

from bench.lap import Lap


def _succeed(_: object) -> Abort:
    return Abort.SUCCEEDED


async def two_reschedules(n: int, lap: Lap) -> None:
    """A round trip between two tasks: the least that a call can cost."""
    server: Task | None = None
    client = current_task()

    async def serve() -> None:
        nonlocal server
        while True:
            server = current_task()
            await wait_task_rescheduled(_succeed)
            reschedule(client, outcome.Value(None))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(serve)
        await trio.testing.wait_all_tasks_blocked()
        with lap:
            for _ in range(n):
                assert server is not None
                reschedule(server, outcome.Value(None))
                await wait_task_rescheduled(_succeed)
        nursery.cancel_scope.cancel()


async def channel_messages(n: int, lap: Lap) -> None:
    """Messages through a memory channel with room for 64."""
    send, receive = trio.open_memory_channel[int](64)

    async def consume() -> None:
        async for _ in receive:
            pass

    async with trio.open_nursery() as nursery:
        nursery.start_soon(consume)
        lap.start()
        for number in range(n):
            await send.send(number)
        await send.aclose()
    lap.stop()


async def tasks_start_and_exit(n: int, lap: Lap) -> None:
    """Tasks that end at once, one after the other."""

    async def nothing() -> None:
        pass

    async with trio.open_nursery() as nursery:
        with lap:
            for _ in range(n):
                nursery.start_soon(nothing)
                await trio.lowlevel.checkpoint()


async def scoped_crashes(n: int, lap: Lap) -> None:
    """The floor of a restart: new task, own scope, crash caught, next one spawned."""
    done, count = trio.Event(), 0
    base = contextvars.copy_context()

    async def crash() -> None:
        raise ValueError

    async def life() -> None:
        nonlocal count
        error: BaseException | None = None
        try:
            with trio.CancelScope(shield=True):
                await crash()
        except ValueError as caught:
            error = caught
        count += 1
        del error
        if count < n:
            base.run(nursery.start_soon, life)
        else:
            done.set()

    async with trio.open_nursery() as nursery:
        with lap:
            nursery.start_soon(life)
            await done.wait()


async def nursery_starts(n: int, lap: Lap) -> None:
    """`nursery.start` of tasks that stay."""

    async def stay(task_status: trio.TaskStatus[None]) -> None:
        task_status.started()
        await trio.sleep_forever()

    async with trio.open_nursery() as nursery:
        with lap:
            for _ in range(n):
                await nursery.start(stay)
        nursery.cancel_scope.cancel()


async def scoped_nursery_cancel(n: int, lap: Lap) -> None:
    """Cancelling a nursery of tasks that have a scope of their own."""

    async def stay() -> None:
        with trio.CancelScope():
            await trio.sleep_forever()

    async with trio.open_nursery() as nursery:
        for _ in range(n):
            nursery.start_soon(stay)
        await trio.testing.wait_all_tasks_blocked()
        lap.start()
        nursery.cancel_scope.cancel()
    lap.stop()


async def dict_lookups(n: int, lap: Lap) -> None:
    """Look-ups in a plain dict of 1,000 tuples."""
    table = {("board", i): i for i in range(1000)}
    with lap:
        for number in range(n):
            table["board", number % 1000]
