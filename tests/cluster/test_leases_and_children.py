"""What runs under a name of the cluster ends with the lease, and before anybody else has it."""

from collections.abc import Awaitable, Callable
from typing import TypeAlias

import pytest
import trio
from trio.testing import wait_all_tasks_blocked

from tests.cluster.nodes import KEY, TTL, Board, User, board, board_on_a, nodes
from trio_sup import StartFailed, child, open_supervisor, supervisor
from trio_sup.cluster import Cluster, LocalBackend
from trio_sup.cluster._rules.keys import encode_key
from trio_sup.cluster._rules.lease import MARGIN

Owner: TypeAlias = Callable[[str], Awaitable[None]]


@pytest.mark.trio
async def test_losing_the_engine_stops_named_children_and_no_others(
    autojump_clock: trio.abc.Clock,
) -> None:
    backend = LocalBackend()
    steps: list[float] = []

    async def plain() -> None:
        while True:
            await trio.sleep(0.1)

    async def named() -> None:
        while True:
            steps.append(trio.current_time())
            await trio.sleep(0.01)

    async with nodes(backend, "a") as (a,):
        specs = [child(plain), child(named, name=a.name("n"))]
        async with open_supervisor(specs, max_restarts=0) as root:
            other, one = (info.handle for info in root.which_children())
            assert one is not None
            assert other is not None
            await trio.sleep(TTL)
            backend.cut("a")
            await trio.sleep(10 * TTL)
            assert steps[-1] <= TTL + MARGIN * TTL + 1e-9
            assert (other.life, other.status) == (1, "running")
            assert (one.life, one.status) == (2, "restarting")
            backend.heal("a")
            await one.wait_running()
            assert root.status == "running"
        assert a.statistics().incarnations == 2


@pytest.mark.trio
@pytest.mark.parametrize("fault", ["cut", "pause"])
async def test_a_name_is_never_two_nodes_at_a_time(
    fault: str, autojump_clock: trio.abc.Clock
) -> None:
    backend = LocalBackend()
    running: set[str] = set()
    overlaps: list[set[str]] = []

    async def owner(node: str) -> None:
        running.add(node)
        if len(running) > 1:
            overlaps.append(set(running))
        try:
            await trio.sleep_forever()
        finally:
            running.discard(node)

    async with nodes(backend, "a", "b") as clusters, trio.open_nursery() as tasks:
        for cluster in clusters:
            tasks.start_soon(keep_trying, cluster, owner)
        await trio.sleep(1)
        for _ in range(10):
            (victim,) = running
            getattr(backend, fault)(victim)
            await trio.sleep(4 * TTL / 3 + 0.1)
            assert len(running) == 1
            assert running != {victim}
            backend.heal(victim)
            await trio.sleep(TTL)
        assert not overlaps
        tasks.cancel_scope.cancel()


async def keep_trying(cluster: Cluster, owner: Owner) -> None:
    """Want a name for ever, in a tree of one's own."""
    while True:
        spec = child(owner, cluster.node, name=cluster.name(KEY))
        try:
            async with open_supervisor([spec]):
                await trio.sleep_forever()
        except StartFailed:
            await trio.sleep(0.05)


@pytest.mark.trio
async def test_an_engine_that_restarts_empty_within_the_lease_stops_no_child(
    autojump_clock: trio.abc.Clock,
) -> None:
    backend = LocalBackend()
    async with nodes(backend, "a", "b", grace=TTL) as (a, b):
        async with open_supervisor([board(a)]) as root:
            await b.ref(KEY, Board).call(Board.join, User("x"))
            for _ in range(5):
                backend.forget()
                await trio.sleep(TTL)
                assert await b.whereis(KEY) == "a"
            ref = b.ref(KEY, Board)
            assert await ref.call(Board.join, User("y")) == [User("x"), User("y")]
            (info,) = root.which_children()
            assert info.handle is not None
            assert info.handle.life == 1
            assert (a.statistics().incarnations, b.statistics().incarnations) == (1, 1)


@pytest.mark.trio
async def test_a_name_is_free_at_once_when_its_child_is_down_for_good(
    autojump_clock: trio.abc.Clock,
) -> None:
    async with nodes(LocalBackend(), "a", "b") as (a, b):
        async with open_supervisor([board(a)]) as root:
            assert await b.whereis(KEY) == "a"
            await root.terminate_child(str(KEY))
            await wait_all_tasks_blocked()
            assert await b.whereis(KEY) is None
            async with open_supervisor([board(b)]):
                assert await a.whereis(KEY) == "b"


@pytest.mark.trio
async def test_a_restart_keeps_the_name(autojump_clock: trio.abc.Clock) -> None:
    async with board_on_a(LocalBackend()) as (_, b, root):
        (info,) = root.which_children()
        assert info.handle is not None
        await info.handle.stop()  # type: ignore[attr-defined]
        await info.handle.wait_running()
        assert info.handle.life == 2
        assert await b.whereis(KEY) == "a"
        assert await b.ref(KEY, Board).call(Board.life_now) == 2


@pytest.mark.trio
async def test_a_whole_supervisor_may_have_a_name(
    autojump_clock: trio.abc.Clock,
) -> None:
    backend = LocalBackend()
    async with nodes(backend, "a") as (a,):
        spec = supervisor([child(Board)], name=a.name("tree"), id="tree")
        async with open_supervisor([spec]) as root:
            tree = root.supervisor("tree")
            assert await a.whereis("tree") == "a"
            backend.cut("a")
            await trio.sleep(TTL)
            assert tree.life == 2
            assert tree.status == "restarting"
            backend.heal("a")
            await tree.wait_running()


@pytest.mark.trio
async def test_two_nodes_of_one_engine_see_each_other(
    autojump_clock: trio.abc.Clock,
) -> None:
    backend = LocalBackend()
    async with nodes(backend, "a", "b") as (a, b):
        await trio.sleep(TTL)
        assert sorted(info.name for info in a.nodes().values()) == ["a", "b"]
        backend.cut("b")
        await trio.sleep(2 * TTL)
        assert [info.name for info in a.nodes().values()] == ["a"]
        assert b.nodes() == {}


@pytest.mark.trio
async def test_a_live_process_that_was_frozen_stops_before_its_tasks_go_on(
    monkeypatch: pytest.MonkeyPatch, autojump_clock: trio.abc.Clock
) -> None:
    # As a process that was stopped: its clock jumps, and all its tasks may go on.
    from trio_sup.cluster._backends.local import LocalLink

    jump = 0.0
    monkeypatch.setattr(LocalLink, "time", lambda _: trio.current_time() + jump)
    backend, steps = LocalBackend(), 0

    async def named() -> None:
        nonlocal steps
        while True:
            await trio.sleep(0.01)
            steps += 1

    async with nodes(backend, "a") as (a,):
        async with open_supervisor([child(named, name=a.name("n"))]):
            await trio.sleep(1)
            backend.cut("a")
            before, jump = steps, TTL
            await trio.sleep(1)
            assert steps == before


@pytest.mark.trio
async def test_an_engine_that_drops_a_node_has_two_owners_until_its_next_heartbeat(
    autojump_clock: trio.abc.Clock,
) -> None:
    # A negative control: an engine that breaks its word breaks ours. So tokens count.
    backend = LocalBackend()
    async with nodes(backend, "a", "b") as (a, b), open_supervisor([board(a)]):
        first = a._membership.names.held(encode_key(KEY))
        backend.lose_lease("a")
        async with open_supervisor([board(b)]):
            second = b._membership.names.held(encode_key(KEY))
            assert first is not None
            assert second is not None
            assert first.session.valid(), "two owners"
            assert second.token > first.token
            await trio.sleep(TTL / 2)
            assert not first.session.valid()
            assert a._membership.names.held(encode_key(KEY)) is None
