"""Monitors across nodes."""

import pytest
import trio

from tests.cluster.nodes import KEY, TTL, Board, board_on_a, nodes
from trio_sup import open_supervisor
from trio_sup.cluster import EngineUnavailable, GlobalDown, LocalBackend


@pytest.mark.trio
@pytest.mark.parametrize("where", [0, 1])
async def test_each_end_of_a_life_is_told(
    where: int, quiet_log: None, autojump_clock: trio.abc.Clock
) -> None:
    async with board_on_a(LocalBackend()) as (a, b, root):
        async with (a, b)[where].ref(KEY, Board).monitor() as exits:
            await trio.sleep(0.1)
            (info,) = root.which_children()
            assert info.handle is not None
            for life in (1, 2):
                with pytest.raises(Exception, match="on purpose"):
                    await b.ref(KEY, Board).call(Board.crash)
                down = await anext(exits)
                assert (down.key, down.life, down.exit.kind) == (KEY, life, "crashed")
                assert down.exit.reason == "RuntimeError: on purpose"


@pytest.mark.trio
async def test_the_end_without_return_ends_the_iteration(
    quiet_log: None, autojump_clock: trio.abc.Clock
) -> None:
    async with board_on_a(LocalBackend()) as (_, b, root):
        ref = b.ref(KEY, Board)
        async with ref.monitor(until="stopped") as exits:
            with pytest.raises(Exception, match="on purpose"):
                await ref.call(Board.crash)
            await root.terminate_child(str(KEY))
            downs = [down async for down in exits]
            assert [(down.life, down.exit.kind) for down in downs] == [(2, "shutdown")]


@pytest.mark.trio
async def test_nobody_is_told_at_once(autojump_clock: trio.abc.Clock) -> None:
    async with nodes(LocalBackend(), "a") as (a,):
        async with a.ref("nobody", Board).monitor() as exits:
            downs = [down async for down in exits]
            assert [(down.life, down.exit.kind) for down in downs] == [(0, "noproc")]


@pytest.mark.trio
@pytest.mark.parametrize("victim", ["a", "b"])
async def test_a_node_that_is_down_ends_the_iteration(
    victim: str, autojump_clock: trio.abc.Clock
) -> None:
    backend = LocalBackend()
    async with board_on_a(backend) as (_, b, _root):
        async with b.ref(KEY, Board).monitor() as exits:
            await trio.sleep(0.1)
            backend.cut(victim)
            with trio.fail_after(2 * TTL):
                downs = [down async for down in exits]
            (down,) = downs
            assert isinstance(down, GlobalDown)
            assert down.exit.kind == "noproc"
            words = "its node is down" if victim == "a" else "this node lost its lease"
            assert down.exit.reason == words


@pytest.mark.trio
async def test_who_watches_no_more_is_told_no_more(
    quiet_log: None, autojump_clock: trio.abc.Clock
) -> None:
    async with board_on_a(LocalBackend()) as (a, b, root):
        ref = b.ref(KEY, Board)
        async with ref.monitor():
            await trio.sleep(0.1)
        await trio.sleep(0.1)
        with pytest.raises(Exception, match="on purpose"):
            await ref.call(Board.crash)
        await trio.sleep(0.1)
        assert b.statistics().unexpected == 0
        (info,) = root.which_children()
        assert info.handle is not None
        watchers = info.handle.record.watchers
        assert watchers is None or not watchers.all()
        assert a.statistics().unexpected == 0


@pytest.mark.trio
async def test_without_a_lease_nobody_can_be_watched(
    autojump_clock: trio.abc.Clock,
) -> None:
    backend = LocalBackend()
    async with nodes(backend, "a") as (a,), open_supervisor([]):
        backend.cut("a")
        await trio.sleep(2 * TTL)
        with pytest.raises(EngineUnavailable):
            async with a.ref(KEY, Board).monitor():
                pass
