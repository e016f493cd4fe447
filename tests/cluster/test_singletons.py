"""Singletons, handing over, and the token for the user's own stores."""

import pytest
import trio
from trio.testing import wait_all_tasks_blocked

from tests.cluster.nodes import KEY, TTL, Board, User, board, nodes
from trio_sup import RestartLimitExceeded, child, open_supervisor, supervisor
from trio_sup.cluster import Cluster, LeaseLost, LocalBackend, Token, fence


class Store:
    """Refuses who comes with less than the greatest token."""

    def __init__(self) -> None:
        self.greatest = 0
        self.refused = 0
        self.writers: list[str] = []

    def write(self, who: str, token: Token) -> None:
        if token < self.greatest:
            self.refused += 1
            return
        self.greatest = token
        if self.writers[-1:] != [who]:
            self.writers.append(who)


@pytest.mark.trio
async def test_a_singleton_runs_on_one_node_and_moves_when_that_dies(
    autojump_clock: trio.abc.Clock,
) -> None:
    backend, store, running = LocalBackend(), Store(), set[str]()

    async def work(node: str) -> None:
        running.add(node)
        try:
            while True:
                assert len(running) == 1
                store.write(node, fence().token)
                await trio.sleep(0.1)
        finally:
            running.discard(node)

    async with nodes(backend, "a", "b", "c") as clusters, trio.open_nursery() as tasks:
        for cluster in clusters:

            async def run(own: Cluster = cluster) -> None:
                spec = child(work, own.node)
                async with open_supervisor([own.singleton("job", spec)]):
                    await trio.sleep_forever()

            tasks.start_soon(run)
        await trio.sleep(1)
        for _ in range(5):
            (victim,) = running
            backend.cut(victim)
            began = trio.current_time()
            while not running - {victim}:
                await trio.sleep(0.01)
            assert trio.current_time() - began <= TTL * 4 / 3 + 0.02
            backend.heal(victim)
            await trio.sleep(TTL)
            assert len(running) == 1
        assert len(store.writers) == 6
        assert store.refused == 0
        tasks.cancel_scope.cancel()


@pytest.mark.trio
async def test_a_singleton_is_ready_before_it_runs_and_crashes_stay_local(
    autojump_clock: trio.abc.Clock, quiet_log: None
) -> None:
    async with nodes(LocalBackend(), "a", "b") as (a, b):
        async with (
            open_supervisor([a.singleton(KEY, child(Board))]),
            open_supervisor([b.singleton(KEY, child(Board))]),
        ):
            await trio.sleep(0.1)
            assert await b.whereis(KEY) == "a"
            ref = b.ref(KEY, Board)
            await ref.call(Board.join, User("x"))
            with pytest.raises(Exception, match="on purpose"):
                await ref.call(Board.crash)
            assert await ref.call(Board.life_now) == 2
            assert await b.whereis(KEY) == "a"


@pytest.mark.trio
async def test_a_singleton_that_crashes_too_often_is_a_crash_of_its_place(
    autojump_clock: trio.abc.Clock, quiet_log: None
) -> None:
    async def broken() -> None:
        raise ValueError

    async with nodes(LocalBackend(), "a") as (a,):
        with pytest.raises(RestartLimitExceeded):
            async with open_supervisor([a.singleton("x", child(broken))]):
                await trio.sleep_forever()
        assert await a.whereis("x") is None


@pytest.mark.trio
async def test_draining_hands_over_at_once_and_nothing_comes_back(
    autojump_clock: trio.abc.Clock,
) -> None:
    async with nodes(LocalBackend(), "a", "b") as (a, b):
        async with open_supervisor([a.singleton("s", child(Board)), board(a)]) as root:
            async with open_supervisor([b.singleton("s", child(Board))]):
                await trio.sleep(0.1)
                assert await b.whereis("s") == "a"
                before = trio.current_time()
                await a.drain()
                await wait_all_tasks_blocked()
                assert trio.current_time() == before
                assert await b.whereis("s") == "b"
                assert await b.whereis(KEY) is None
                await trio.sleep(3 * TTL)
                assert await b.whereis("s") == "b"
                assert await b.whereis(KEY) is None
                assert root.status == "running"
                assert a.id is not None


@pytest.mark.trio
async def test_a_fence_tells_when_the_name_is_gone(
    autojump_clock: trio.abc.Clock,
) -> None:
    backend, fences = LocalBackend(), []

    async def work() -> None:
        fences.append(fence())
        await trio.sleep_forever()

    async with nodes(backend, "a", "b") as (a, b):
        # It may stand above.
        spec = supervisor([child(work)], id="tree", name=a.name("n"))
        async with open_supervisor([spec]) as root:
            await wait_all_tasks_blocked()
            first = fences[0]
            first.check()
            assert first.key == "n"
            await root.terminate_child("tree")
            with pytest.raises(LeaseLost, match="'n' is no longer"):
                first.check()
            async with open_supervisor([child(work, name=b.name("n"))]):
                await wait_all_tasks_blocked()
                second = fences[1]
                assert second.token > first.token
                second.check()
                backend.cut("b")
                await trio.sleep(TTL)
                with pytest.raises(LeaseLost):
                    second.check()


@pytest.mark.trio
async def test_a_fence_is_for_named_children_only() -> None:
    with pytest.raises(RuntimeError, match="fence\\(\\) is for children"):
        fence()
