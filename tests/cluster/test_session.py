"""One incarnation of a node: its lease by its own clock, and what hangs on it."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest
import trio
from attrs import Factory, define
from trio.testing import wait_all_tasks_blocked

from tests.cluster.conformance import NAME, OTHER
from trio_sup.cluster._backends.local import LocalBackend
from trio_sup.cluster._nodes.session import Session, SessionLost
from trio_sup.cluster._rules.lease import MARGIN
from trio_sup.cluster._rules.words import Freed, Name, NodeId, NodeInfo, Push, Taken

TTL = 3.0


@define
class Heard:
    """What a session told, and when."""

    said: list[tuple[float, object]] = Factory(list[tuple[float, object]])

    def session_lost(self) -> None:
        self.said.append((trio.current_time(), "lost"))

    def name_lost(self, name: Name) -> None:
        self.said.append((trio.current_time(), name))

    def members_changed(self, came: list[NodeInfo], went: list[NodeInfo]) -> None:
        names = [each.name for each in came], [each.name for each in went]
        self.said.append((trio.current_time(), names))

    def beat_answered(self, beat: object) -> None:
        pass


@define
class Node:
    session: Session
    heard: Heard

    async def listen(self) -> None:
        await self.session.link.deliver(self.take)

    def take(self, push: Push) -> None:
        if isinstance(push, Freed):
            self.session.freed.wake()


@asynccontextmanager
async def node(
    backend: LocalBackend, name: str, *, grace: float = 0.0, number: int = 1
) -> AsyncGenerator[Node]:
    heard = Heard()
    async with backend.connect(name, grace=grace) as link:
        info = NodeInfo(NodeId(f"{name}.{number}"), name)
        one = Node(Session(link, info, TTL, heard), heard)
        await one.session.join()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(one.session.run)
            nursery.start_soon(one.listen)
            yield one
            nursery.cancel_scope.cancel()


@pytest.mark.trio
async def test_a_lease_is_kept_as_long_as_the_engine_answers(
    autojump_clock: trio.abc.Clock,
) -> None:
    async with node(LocalBackend(), "a") as a:
        await trio.sleep(100 * TTL)
        assert a.session.valid()


@pytest.mark.trio
async def test_who_is_cut_off_ends_before_another_is_given_its_name(
    autojump_clock: trio.abc.Clock,
) -> None:
    backend = LocalBackend()
    async with node(backend, "a") as a, node(backend, "b") as b:
        await a.session.claim(NAME, waits=False)
        await trio.sleep(10)
        backend.cut("a")
        cut = trio.current_time()
        await b.session.claim(NAME, waits=True)
        taken = trio.current_time()
        lost = a.heard.said[-1]
        assert lost[1] == "lost"
        assert cut < lost[0] <= cut + MARGIN * TTL
        assert lost[0] < taken <= cut + TTL * 4 / 3


@pytest.mark.trio
async def test_a_short_silence_of_the_engine_ends_nothing(
    autojump_clock: trio.abc.Clock,
) -> None:
    backend = LocalBackend()
    async with node(backend, "a") as a:
        for fault in (backend.cut, backend.pause):
            fault("a")
            await trio.sleep(0.6 * TTL)
            backend.heal("a")
            await trio.sleep(TTL)
        assert a.session.valid()
        assert [said for _, said in a.heard.said] == [(["a"], [])]


@pytest.mark.trio
async def test_a_node_that_the_engine_dropped_learns_it_with_its_heartbeat(
    autojump_clock: trio.abc.Clock,
) -> None:
    backend = LocalBackend()
    async with node(backend, "a") as a:
        backend.lose_lease("a")
        await a.session.lost.wait()
        assert trio.current_time() <= TTL / 3
        with pytest.raises(SessionLost):
            await a.session.claim(NAME, waits=True)


@pytest.mark.trio
async def test_a_claim_that_waits_gets_the_name_as_soon_as_it_is_free(
    autojump_clock: trio.abc.Clock,
) -> None:
    backend = LocalBackend()
    async with node(backend, "a") as a, node(backend, "b") as b:
        first = await a.session.claim(NAME, waits=False)
        assert isinstance(await b.session.claim(NAME, waits=False), Taken)
        async with trio.open_nursery() as nursery:

            async def want() -> None:
                second = await b.session.claim(NAME, waits=True)
                assert isinstance(second, int)
                assert second > first  # type: ignore[operator]

            nursery.start_soon(want)
            await wait_all_tasks_blocked()
            before = trio.current_time()
            a.session.release(NAME)
        assert trio.current_time() == before


@pytest.mark.trio
async def test_an_engine_that_forgot_is_told_and_nothing_ends(
    autojump_clock: trio.abc.Clock,
) -> None:
    backend = LocalBackend()
    async with node(backend, "a", grace=TTL) as a, node(backend, "b", grace=TTL) as b:
        token = await a.session.claim(NAME, waits=False)
        await trio.sleep(1)
        backend.forget()
        assert await b.session.link.lookup(NAME) is None
        other = await b.session.claim(OTHER, waits=True)
        assert trio.current_time() >= 1 + TTL, "nobody may claim during the grace"
        assert other != token
        held = await b.session.claim(NAME, waits=False)
        assert held == Taken(a.session.info.id, token)  # type: ignore[arg-type]
        assert a.session.valid()
        assert [said for _, said in a.heard.said if said == "lost"] == []


@pytest.mark.trio
async def test_an_engine_that_forgot_without_grace_gives_a_name_away(
    autojump_clock: trio.abc.Clock,
) -> None:
    # What the grace is for: without it there are two, until the first hears of it.
    backend = LocalBackend()
    async with node(backend, "a") as a, node(backend, "b") as b:
        await a.session.claim(NAME, waits=False)
        await trio.sleep(1.1)
        backend.forget()
        await b.session.link.join(b.session.info, TTL)
        assert isinstance(await b.session.claim(NAME, waits=False), int)
        assert a.session.valid()
        assert NAME in a.session.holdings.tokens, "two holders"
        await trio.sleep(TTL)
        assert NAME in [said for _, said in a.heard.said]
        assert NAME not in a.session.holdings.tokens


@pytest.mark.trio
async def test_what_the_engine_holds_too_much_is_given_back(
    autojump_clock: trio.abc.Clock,
) -> None:
    backend = LocalBackend()
    async with node(backend, "a") as a, node(backend, "b") as b:
        # As if the answer to a claim had been lost.
        await a.session.link.claim(a.session.info.id, OTHER)
        await b.session.claim(OTHER, waits=True)
        assert trio.current_time() <= 2 * TTL / 3


@pytest.mark.trio
async def test_who_stands_by_for_a_name_gives_back_another_that_it_has_too_much(
    autojump_clock: trio.abc.Clock,
) -> None:
    backend = LocalBackend()
    async with node(backend, "a") as a, node(backend, "b") as b:
        await b.session.claim(NAME, waits=False)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(lambda: a.session.claim(NAME, waits=True))
            await wait_all_tasks_blocked()
            # As if it could not be told that it is given up.
            await a.session.link.claim(a.session.info.id, OTHER)
            await b.session.claim(OTHER, waits=True)
            assert trio.current_time() <= 2 * TTL / 3
            nursery.cancel_scope.cancel()


@pytest.mark.trio
async def test_a_name_that_another_holds_with_a_higher_token_is_lost_alone(
    autojump_clock: trio.abc.Clock,
) -> None:
    backend = LocalBackend()
    async with node(backend, "a") as a, node(backend, "b") as b:
        token = await a.session.claim(NAME, waits=False)
        await a.session.claim(OTHER, waits=False)
        assert isinstance(token, int)
        higher = type(token)(token + 1)
        b.session.holdings.tokens[NAME] = higher
        await b.session.link.keep(b.session.info.id, NAME, higher)
        await trio.sleep(TTL)
        assert NAME in [said for _, said in a.heard.said]
        assert list(a.session.holdings.tokens) == [OTHER]
        assert a.session.valid()


@pytest.mark.trio
async def test_leaving_lets_the_next_one_in_at_once(
    autojump_clock: trio.abc.Clock,
) -> None:
    backend = LocalBackend()
    async with node(backend, "a") as a, node(backend, "b") as b:
        await a.session.claim(NAME, waits=False)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(lambda: b.session.claim(NAME, waits=True))
            await wait_all_tasks_blocked()
            before = trio.current_time()
            await a.session.leave()
        assert trio.current_time() == before
