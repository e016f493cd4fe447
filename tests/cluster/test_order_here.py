"""The order of messages for a name that comes to the node of their sender meanwhile."""

from __future__ import annotations

import pytest
import trio
from trio.testing import wait_all_tasks_blocked

from tests.cluster.nodes import KEY, Board, User, board, board_on_a, nodes
from trio_sup import open_supervisor
from trio_sup.cluster import Cluster, EngineUnavailable, LocalBackend, Refused
from trio_sup.cluster._backends.local import LocalLink
from trio_sup.cluster._nodes.outbox import MOST_ROUTES
from trio_sup.cluster._rules.words import Name, NodeId, Taken

pytestmark = pytest.mark.trio


class Brake:
    """Holds back what nodes ask, or send, until it is let go."""

    def __init__(self) -> None:
        self._free = trio.Event()
        self._sent: list[tuple[LocalLink, NodeId, bytes]] = []

    def let_go(self) -> None:
        self._free.set()
        for link, to, data in self._sent:
            SEND(link, to, data)

    async def lookup(self, link: LocalLink, name: Name) -> Taken | None:
        await self._free.wait()
        return await LOOKUP(link, name)

    def send(self, link: LocalLink, to: NodeId, data: bytes) -> None:
        if self._free.is_set():
            SEND(link, to, data)
        else:
            self._sent.append((link, to, data))


LOOKUP, SEND = LocalLink.lookup, LocalLink.send


@pytest.mark.parametrize("last", ["cast", "call", "monitor"])
async def test_what_waits_for_a_look_up_is_not_overtaken_by_what_is_given_here(
    last: str, autojump_clock: trio.abc.Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    brake = Brake()
    async with nodes(LocalBackend(), "a") as [a]:
        ref = a.ref(KEY, Board)
        with monkeypatch.context() as patch:
            patch.setattr(LocalLink, "lookup", lambda *args: brake.lookup(*args))
            for number in range(3):
                ref.cast(Board.see, number)
            await wait_all_tasks_blocked()
        async with open_supervisor([board(a)]), trio.open_nursery() as nursery:
            ref.cast(Board.see, 3)
            if last == "call":
                nursery.start_soon(ref.call, Board.numbers)
            if last == "monitor":
                await nursery.start(watch, a)
            ref.cast(Board.see, 4)
            brake.let_go()
            assert await ref.call(Board.numbers) == [0, 1, 2, 3, 4]
            ref.cast(Board.see, 5)
            assert await ref.call(Board.numbers) == [0, 1, 2, 3, 4, 5]
            nursery.cancel_scope.cancel()


async def watch(
    cluster: Cluster, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED
) -> None:
    async with cluster.ref(KEY, Board).monitor():
        task_status.started()
        await trio.sleep_forever()


async def test_a_call_that_was_refused_is_not_sent_again_after_what_was_given_here(
    autojump_clock: trio.abc.Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    brake, refused = Brake(), list[Refused]()
    async with board_on_a(LocalBackend()) as (_, b, root):
        ref = b.ref(KEY, Board)
        await ref.call(Board.nothing)  # the way is known

        async def first() -> None:
            with pytest.raises(Refused) as error:
                await ref.call(Board.join, User("first"))
            refused.append(error.value)

        async with trio.open_nursery() as nursery:
            with monkeypatch.context() as patch:
                patch.setattr(LocalLink, "send", lambda *args: brake.send(*args))
                nursery.start_soon(first)
                await wait_all_tasks_blocked()
            await root.terminate_child(str(KEY))
            async with open_supervisor([board(b)]):
                assert await ref.call(Board.join, User("second")) == [User("second")]
                brake.let_go()
                await wait_all_tasks_blocked()
                assert [error.may_have_run for error in refused] == [False]
                assert await ref.call(Board.join, User("third")) == [
                    User("second"),
                    User("third"),
                ]


async def test_what_waited_while_the_lease_was_lost_is_given_back(
    autojump_clock: trio.abc.Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    brake = Brake()
    async with board_on_a(LocalBackend()) as (_, b, _root):
        ref, began = b.ref(KEY, Board), trio.current_time()
        with monkeypatch.context() as patch:
            patch.setattr(LocalLink, "lookup", lambda *args: brake.lookup(*args))
            async with trio.open_nursery() as nursery:

                @nursery.start_soon
                async def call() -> None:
                    with pytest.raises(EngineUnavailable, match="lease meanwhile"):
                        await ref.call(Board.nothing)

                await wait_all_tasks_blocked()
                b._membership.session().end()
                await wait_all_tasks_blocked()
                brake.let_go()
        assert trio.current_time() == began, "at once"
        await ref.call(Board.nothing)


async def test_so_many_ways_are_remembered_and_no_more() -> None:
    async with nodes(LocalBackend(), "a") as [a]:
        outbox = a._membership.outbox
        waits = outbox.route(Name("waits"))
        waits.waiting = []
        for number in range(2 * MOST_ROUTES):
            outbox.route(Name(str(number)))
        assert len(outbox._routes) <= MOST_ROUTES
        assert outbox.route(Name("waits")) is waits


async def test_a_call_that_nobody_took_is_asked_of_who_holds_the_name_now(
    autojump_clock: trio.abc.Clock,
) -> None:
    backend = LocalBackend()
    async with nodes(backend, "b", "c") as (b, c):
        ref, began = b.ref(KEY, Board), trio.current_time()
        async with nodes(backend, "a") as [a], open_supervisor([board(a)]):
            assert await ref.call(Board.join, User("first")) == [User("first")]
        # The way to it is known, and b has not heard that its node is gone.
        async with open_supervisor([board(c)]):
            assert await ref.call(Board.join, User("second")) == [User("second")]
        assert trio.current_time() == began, "before any heartbeat"
