"""What all nodes tell of themselves, asked by one that runs nothing."""

import pytest
import trio

from tests.cluster.nodes import KEY, TTL, Board, board, nodes
from tests.cluster.test_dynamic import places, room
from trio_sup import NoProcess, open_supervisor
from trio_sup.cluster import (
    EngineUnavailable,
    LocalBackend,
    NodeSnapshot,
    Unreachable,
    open_cluster,
)
from trio_sup.cluster._nodes.looking import Looks
from trio_sup.cluster._rules.frames import Look, Seen, encode
from trio_sup.cluster._rules.words import Frame, NodeId


@pytest.mark.trio
async def test_an_observer_sees_names_with_holders_and_children_and_takes_none(
    autojump_clock: trio.abc.Clock,
) -> None:
    backend = LocalBackend()
    async with places(backend, "a", "b") as ((a, _), (rooms, _)):
        async with (
            open_supervisor([board(a)]),
            open_cluster(
                backend, node="observer", ttl=TTL, accepts_children=False
            ) as observer,
        ):
            for number in range(10):
                await rooms.start_child(number, room, number)
            began = trio.current_time()
            seen = await observer.snapshot()
            assert trio.current_time() == began
            assert [each.node for each in seen.values()] == ["a", "b", "observer"]
            at_a, at_b, own = seen.values()
            assert isinstance(at_a, NodeSnapshot)
            assert isinstance(at_b, NodeSnapshot)
            assert isinstance(own, NodeSnapshot)
            (held,) = [name for name in at_a.names if name.key == repr(KEY)]
            assert held.path.endswith(str(KEY))
            assert (held.status, held.life) == ("running", 1)
            assert held.token > 0
            assert 0 < at_a.lease_left <= TTL
            assert (at_a.up, at_a.lag, at_a.ttl) == (trio.current_time(), 0.0, TTL)
            assert at_a.children["rooms"] + at_b.children["rooms"] == 10
            assert at_a.held + at_b.held == 11
            assert (own.held, own.children, own.accepts_children) == (0, {}, False)
            assert at_a.counted["incarnations"] == 1


@pytest.mark.trio
async def test_a_node_that_does_not_answer_costs_its_own_time_out_only(
    autojump_clock: trio.abc.Clock,
) -> None:
    backend = LocalBackend()
    async with nodes(backend, "a", "b", "c", "d") as (a, *_):
        await trio.sleep(TTL / 2)
        backend.pause("c")
        backend.pause("d")
        began = trio.current_time()
        seen = await a.snapshot(timeout=0.3)
        assert trio.current_time() - began == pytest.approx(0.3)
        assert [type(each) for each in seen.values()] == [
            NodeSnapshot,
            NodeSnapshot,
            Unreachable,
            Unreachable,
        ]
        assert list(seen.values())[2:] == [
            Unreachable("c", "no answer in 0.3 s"),
            Unreachable("d", "no answer in 0.3 s"),
        ]
        await trio.sleep(TTL * 1.1)
        assert list(await a.snapshot(timeout=0.3)) == list(a.nodes())
        backend.cut("a")
        await trio.sleep(2 * TTL)
        with pytest.raises(EngineUnavailable):
            await a.snapshot()


@pytest.mark.trio
async def test_calls_that_cross_nodes_are_seen_while_they_wait(
    autojump_clock: trio.abc.Clock,
) -> None:
    async with nodes(LocalBackend(), "a", "b") as (a, b), open_supervisor([board(a)]):
        await trio.sleep(TTL / 2)

        async def wait() -> None:
            await b.ref(KEY, Board).call(Board.wait)

        async with trio.open_nursery() as nursery:
            nursery.start_soon(wait)
            await trio.testing.wait_all_tasks_blocked()
            seen = {each.node: each for each in (await a.snapshot()).values()}
            at_b = seen["b"]
            assert isinstance(at_b, NodeSnapshot)
            assert at_b.waiting == 1
            (crossing,) = at_b.calls
            assert (crossing.key, crossing.op) == (repr(KEY), "wait")
            assert crossing.node == "a"
            nursery.cancel_scope.cancel()


@pytest.mark.trio
async def test_an_answer_that_nobody_asked_for_or_can_read_harms_nobody(
    autojump_clock: trio.abc.Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with nodes(LocalBackend(), "a", "b") as (a, b):
        await trio.sleep(TTL / 2)
        assert a.id is not None
        assert b.id is not None
        own = a._membership
        own.take(Frame(encode(Seen(1, NodeId("x.1"), a.id, 7, "nonsense"))))
        assert a.statistics().unexpected == 1

        def nonsense(self: Looks, look: Look) -> None:
            self.own.outbox.tell(look.sender, Seen, look.look, 3)

        monkeypatch.setattr(Looks, "take", nonsense)
        seen = await a.snapshot()
        assert list(seen.values())[1] == Unreachable("b", "it is of another version")
        with pytest.raises(NoProcess):
            await a.ref("nobody", Board).call(Board.numbers)
