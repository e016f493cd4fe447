"""Trees of work for others: tasks, streams and partitions."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import trio

from trio_sup import (
    ChildSpec,
    GenServer,
    Supervisor,
    TaskExit,
    await_many,
    call,
    child,
    partition_supervisor,
    supervisor,
    task_supervisor,
    yield_many,
)
from trio_sup.testing import InjectedCrash, World

from .using import REFUSED, again, all_of

ALLOWED = (ValueError, trio.TooSlowError)
"""What tasks fail with that are to fail."""

# Tasks.


async def makes(value: object) -> object:
    await trio.sleep(0.25)
    return value


async def breaks(words: str) -> None:
    await trio.sleep(0.25)
    raise ValueError(words)


async def sleeps() -> None:
    await trio.sleep(60)


async def cleans_up() -> None:
    try:
        await trio.sleep(60)
    finally:
        with trio.CancelScope(shield=True):
            await trio.sleep(0.25)


async def takes(number: int) -> int:
    await trio.sleep((0.375, 0.125, 0.25)[number % 3])
    return number


def jobs() -> ChildSpec[Supervisor]:
    return supervisor([task_supervisor(id="tasks", max_children=20)], id="jobs")


async def works(world: World) -> None:
    tasks = world.root.task_supervisor("tasks")

    async def asks() -> None:
        one, two = [object()], object()
        made = [tasks.async_nolink(makes, each) for each in (one, two)]
        bad = tasks.async_nolink(breaks, "bad")
        if await await_many(made) != [one, two] or await made[0].result() is not one:
            raise AssertionError("the results are others'")
        try:
            await bad.result()
        except TaskExit as error:
            if not isinstance(error.__cause__, ValueError | InjectedCrash | None):
                raise AssertionError("its error is another's") from error
        else:
            raise AssertionError("it has failed")

    async def stops() -> None:
        task = tasks.async_nolink(cleans_up)
        late = tasks.async_nolink(sleeps, deadline=0.5)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(task.wait)
            nursery.start_soon(late.wait)
            await trio.sleep(0.125)
            await task.shutdown()
        await yield_many([tasks.async_nolink(makes, 1), late], 0.125)

    async def links() -> None:
        async with tasks.linked() as linked:
            linked.start(makes, 1)
            linked.start(sleeps)
            linked.start(breaks, "linked")
            await trio.sleep(1)

    async def leaves() -> None:
        async with tasks.linked() as linked:
            linked.start(cleans_up)
            await linked.start(makes, 1).result()

    async def streams(ordered: bool) -> None:
        found: list[int] = []
        async with tasks.stream(
            takes, range(7), max_concurrency=3, ordered=ordered
        ) as stream:
            async for number in stream:
                found.append(number)
                await trio.sleep(0.0625)
        if sorted(found) != list(range(7)):
            raise AssertionError(f"results are missing: {found}")
        async with tasks.stream(takes, range(7), max_concurrency=2) as stream:
            await anext(stream)

    async def safely(use: Callable[[], Awaitable[None]]) -> None:
        try:
            await use()
        except* REFUSED:
            pass

    await all_of(
        lambda: again(lambda: safely(asks), 2.0),
        lambda: again(lambda: safely(stops), 1.5),
        lambda: again(lambda: safely(links), 2.0),
        lambda: again(lambda: safely(leaves), 2.0),
        lambda: again(lambda: safely(lambda: streams(True)), 2.5),
        lambda: again(lambda: safely(lambda: streams(False)), 2.75),
    )


# Partitions.


class Shard(GenServer):
    @call
    async def ask(self, key: object) -> object:
        return self.id


def shards() -> ChildSpec[Supervisor]:
    inner = partition_supervisor(
        child(Shard), partitions=4, strategy="one_for_all", id="shards", max_restarts=9
    )
    return supervisor([inner], id="app", max_restarts=5)


async def picks(world: World) -> None:
    inner = world.root.partition_supervisor("shards")
    size = 4

    async def asks() -> None:
        for key in (0, 7, -7, "a", "bc", b"a", None, ("a", 1)):
            shard = inner.pick(key, Shard)
            picked = shard.id
            if await shard.with_timeout(2).call(Shard.ask, key) != picked:
                raise AssertionError("another one answers")

    async def resizes() -> None:
        nonlocal size
        size = {4: 2, 2: 3, 3: 4}[size]
        await inner.resize(size)

    await all_of(lambda: again(asks, 0.625), lambda: again(resizes, 0.875))
