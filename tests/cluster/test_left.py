"""Whoever still has a node that was left is told so, and nothing breaks."""

from collections.abc import Awaitable, Callable

import pytest
import trio

from tests.cluster.nodes import KEY, Board, User, nodes
from trio_sup.cluster import Cluster, EngineUnavailable, LocalBackend, open_cluster


async def left() -> Cluster:
    """Return a node that was left."""
    async with open_cluster(LocalBackend(), node="a", grace=0) as own:
        await own.whereis(KEY)
    return own


async def cast(own: Cluster) -> None:
    own.ref(KEY, Board).cast(Board.see, 1)


async def publish(own: Cluster) -> None:
    own.topic("t", User).publish(User("x"))


async def watch(own: Cluster) -> None:
    async with own.ref(KEY, Board).monitor():
        pass


ASKS: list[Callable[[Cluster], Awaitable[object]]] = [
    lambda own: own.whereis(KEY),
    lambda own: own.snapshot(),
    lambda own: own.forget_state(KEY),
    lambda own: own.ref(KEY, Board).call(Board.numbers),
    cast,
    publish,
    watch,
]


@pytest.mark.trio
@pytest.mark.parametrize("ask", ASKS)
async def test_what_needs_the_engine_is_refused_by_a_node_that_was_left(
    ask: Callable[[Cluster], Awaitable[object]], autojump_clock: trio.abc.Clock
) -> None:
    own = await left()
    with pytest.raises(EngineUnavailable), trio.fail_after(1):
        await ask(own)


@pytest.mark.trio
async def test_a_node_that_was_left_has_nothing_to_hand_over(
    autojump_clock: trio.abc.Clock,
) -> None:
    own = await left()
    with trio.fail_after(1):
        await own.drain()
    assert (own.id, dict(own.nodes())) == (None, {})
    assert own.statistics().incarnations == 1


@pytest.mark.trio
async def test_a_node_may_be_drained_at_any_moment_of_its_leaving(
    autojump_clock: trio.abc.Clock,
) -> None:
    async def drain(own: Cluster) -> None:
        while not over.is_set():
            await own.drain()
            await trio.sleep(0.0001)

    over = trio.Event()
    async with trio.open_nursery() as beside:
        with trio.CancelScope() as leaving:
            async with nodes(LocalBackend(), "a") as (own,):
                beside.start_soon(drain, own)
                await trio.sleep(0.1)
                leaving.cancel()
                await trio.sleep_forever()
        over.set()
