"""What people write by hand: memory channels of Trio, and queues of asyncio."""

from __future__ import annotations

import asyncio
from typing import Any

import trio

from bench.lap import Lap


async def channel_calls(n: int, lap: Lap) -> None:
    """Ask over a memory channel, with a channel for each answer."""
    send, receive = trio.open_memory_channel[Any](64)

    async def serve() -> None:
        async for answer in receive:
            await answer.send(1)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(serve)
        with lap:
            for _ in range(n):
                answer, answered = trio.open_memory_channel[int](1)
                await send.send(answer)
                await answered.receive()
        await send.aclose()


async def queue_calls(n: int, lap: Lap) -> None:
    """Ask over an `asyncio.Queue`, with a future for each answer."""
    queue: asyncio.Queue[asyncio.Future[int]] = asyncio.Queue(64)

    async def serve() -> None:
        while True:
            (await queue.get()).set_result(1)

    server = asyncio.create_task(serve())
    loop = asyncio.get_running_loop()
    with lap:
        for _ in range(n):
            future = loop.create_future()
            await queue.put(future)
            await future
    server.cancel()


async def queue_messages(n: int, lap: Lap) -> None:
    """Messages through an `asyncio.Queue` with room for 64."""
    queue: asyncio.Queue[int] = asyncio.Queue(64)

    async def consume() -> None:
        for _ in range(n):
            await queue.get()

    with lap:
        consumer = asyncio.create_task(consume())
        for number in range(n):
            await queue.put(number)
        await consumer
