"""What every engine has to do: one list of facts, asked of each backend in its own file."""

from __future__ import annotations

import math
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Protocol
from weakref import WeakKeyDictionary

import trio

from trio_sup._trio.beside import Beside
from trio_sup.cluster._backends.link import Backend, Link
from trio_sup.cluster._rules.words import (
    Beat,
    Claimed,
    Frame,
    Freed,
    Frozen,
    Gone,
    Kept,
    Name,
    NodeId,
    NodeInfo,
    Push,
    Stale,
    Taken,
    Token,
    Undelivered,
)

NAME = Name('["s","name"]')
OTHER = Name('["s","other"]')


LONG = 600.0
"""A lease that outlasts every fact, however busy the machine is."""
SHORT = 3.0
"""A lease whose end is a fact: to be met once by its holder, and then waited for."""


class UnderTest(Protocol):
    """One engine, and how to treat it badly."""

    @property
    def backend(self) -> Backend: ...

    async def forget(self) -> None:
        """Lose all data."""


Check = Callable[[UnderTest], Awaitable[None]]
CHECKS: list[Check] = []
_CAME = WeakKeyDictionary[Link, trio.MemoryReceiveChannel[Push]]()
"""What was delivered to each `member`."""


def fact(check: Check) -> Check:
    CHECKS.append(check)
    return check


def info(name: str) -> NodeInfo:
    return NodeInfo(NodeId(f"{name}.1"), name)


@asynccontextmanager
async def member(
    engine: UnderTest, name: str, grace: float = 0.0, ttl: float = LONG
) -> AsyncGenerator[Link]:
    async with engine.backend.connect(name, grace=grace) as link:
        await link.join(info(name), ttl)
        send, came = trio.open_memory_channel[Push](math.inf)
        _CAME[link] = came
        async with Beside(link.deliver, send.send_nowait):
            yield link


async def beat(link: Link, name: str) -> Beat:
    answer = await link.beat(info(name).id)
    assert isinstance(answer, Beat)
    return answer


async def claim(link: Link, name: str, what: Name = NAME) -> Token:
    answer = await link.claim(info(name).id, what)
    assert isinstance(answer, Claimed), answer
    return answer.token


async def received(link: Link) -> Push:
    """Wait for the next that came to a `member`."""
    return await _CAME[link].receive()


async def next_of(link: Link, kind: type[Push]) -> Push:
    with trio.fail_after(60):  # a crowded machine is slow; what is lost never comes
        while True:
            push = await received(link)
            if isinstance(push, kind):
                return push


@fact
async def a_heartbeat_names_the_members(engine: UnderTest) -> None:
    async with member(engine, "a") as a, member(engine, "b"):
        told = await beat(a, "a")
    assert sorted(each.name for each in told.members) == ["a", "b"]
    assert {each.id for each in told.members} == {info("a").id, info("b").id}


@fact
async def what_a_node_tells_of_itself_reaches_the_others(engine: UnderTest) -> None:
    mine = NodeInfo(NodeId("x.1"), "x", accepts_children=False, factories=("room", "é"))
    async with engine.backend.connect("x", grace=0) as x, member(engine, "a") as a:
        await x.join(mine, LONG)
        assert mine in (await beat(a, "a")).members


@fact
async def a_lease_that_is_not_renewed_ends_and_its_names_are_free(
    engine: UnderTest,
) -> None:
    async with member(engine, "a", ttl=SHORT) as a, member(engine, "b") as b:
        token = await claim(a, "a")
        await trio.sleep(1.1 * SHORT)
        taken = await claim(b, "b")
        assert taken > token
        assert await b.lookup(NAME) == Taken(info("b").id, taken)
        assert isinstance(await a.beat(info("a").id), Gone)
        assert isinstance(await a.claim(info("a").id, OTHER), Gone)
        assert isinstance(await a.keep(info("a").id, NAME, token), Gone)
        assert [each.name for each in (await beat(b, "b")).members] == ["b"]


@fact
async def a_name_has_one_holder(engine: UnderTest) -> None:
    async with member(engine, "a") as a, member(engine, "b") as b:
        token = await claim(a, "a")
        held = Taken(info("a").id, token)
        assert await b.claim(info("b").id, NAME) == held
        assert await b.lookup(NAME) == held
        assert await b.lookup(OTHER) is None


@fact
async def of_many_who_ask_at_once_one_gets_it(engine: UnderTest) -> None:
    got: list[object] = []

    async def ask(name: str) -> None:
        async with member(engine, name) as link:
            ready.append(name)
            while len(ready) < 8:
                await trio.sleep(0.001)
            got.append(await link.claim(info(name).id, NAME))
            while len(got) < 8:
                await trio.sleep(0.001)

    ready: list[str] = []
    async with trio.open_nursery() as nursery:
        for number in range(8):
            nursery.start_soon(ask, f"n{number}")
    assert sum(isinstance(answer, Claimed) for answer in got) == 1
    assert sum(isinstance(answer, Taken) for answer in got) == 7


@fact
async def tokens_only_grow(engine: UnderTest) -> None:
    tokens: list[Token] = []
    async with member(engine, "a") as a, member(engine, "b") as b:
        for _ in range(5):
            tokens.append(await claim(a, "a"))
            assert await a.release(info("a").id, NAME, tokens[-1])
            tokens.append(await claim(b, "b"))
            assert await b.release(info("b").id, NAME, tokens[-1])
            tokens.append(await claim(b, "b", OTHER))
    assert tokens == sorted(set(tokens))


@fact
async def tokens_grow_even_if_the_engine_forgets(engine: UnderTest) -> None:
    async with member(engine, "a") as a:
        before = await claim(a, "a")
    await engine.forget()
    async with member(engine, "a") as a:
        assert await claim(a, "a") > before


@fact
async def only_the_present_token_releases(engine: UnderTest) -> None:
    async with member(engine, "a") as a, member(engine, "b") as b:
        old = await claim(a, "a")
        new = await claim(a, "a")
        assert new > old
        assert not await a.release(info("a").id, NAME, old)
        assert not await b.release(info("b").id, NAME, new)
        assert await a.lookup(NAME) == Taken(info("a").id, new)
        assert await a.release(info("a").id, NAME, new)
        assert await a.lookup(NAME) is None


@fact
async def the_engine_counts_and_lists_what_a_node_holds(engine: UnderTest) -> None:
    async with member(engine, "a") as a:
        assert (await beat(a, "a")).owned == 0
        held = {NAME: await claim(a, "a"), OTHER: await claim(a, "a", OTHER)}
        assert (await beat(a, "a")).owned == 2
        assert await a.owned(info("a").id) == held
        await a.release(info("a").id, NAME, held[NAME])
        assert await a.owned(info("a").id) == {OTHER: held[OTHER]}
        assert (await beat(a, "a")).owned == 1


@fact
async def leaving_frees_all_names_at_once(engine: UnderTest) -> None:
    async with member(engine, "a") as a, member(engine, "b") as b:
        await claim(a, "a")
        await a.leave(info("a").id)
        await next_of(b, Freed)
        await claim(b, "b")
        assert isinstance(await a.beat(info("a").id), Gone)


@fact
async def a_release_is_told_to_those_who_may_wait(engine: UnderTest) -> None:
    async with member(engine, "a") as a, member(engine, "b") as b:
        token = await claim(a, "a")
        await a.release(info("a").id, NAME, token)
        await next_of(b, Freed)


@fact
async def an_engine_that_forgot_has_another_generation_and_waits_for_holders(
    engine: UnderTest,
) -> None:
    async with member(engine, "a", grace=30) as a:
        before = await beat(a, "a")
    await engine.forget()
    async with member(engine, "a", grace=30) as a:
        after = await beat(a, "a")
        answer = await a.claim(info("a").id, NAME)
    assert before.generation != after.generation
    assert isinstance(answer, Frozen)
    assert 0 < answer.retry_after <= 30


@fact
async def holders_assert_what_they_hold_while_nobody_may_claim(
    engine: UnderTest,
) -> None:
    async with member(engine, "a") as a:
        token = await claim(a, "a")
    await engine.forget()
    async with member(engine, "a", 30) as a, member(engine, "b", 30) as b:
        assert await a.keep(info("a").id, NAME, token) == Claimed(token)
        assert await b.claim(info("b").id, NAME) == Taken(info("a").id, token)
        assert (await beat(a, "a")).owned == 1


@fact
async def of_two_who_assert_a_name_the_higher_token_wins(engine: UnderTest) -> None:
    async with member(engine, "a") as a, member(engine, "b") as b:
        low, high = Token(10), Token(20)
        assert await a.keep(info("a").id, NAME, low) == Claimed(low)
        assert await b.keep(info("b").id, NAME, high) == Claimed(high)
        assert await a.keep(info("a").id, NAME, low) == Taken(info("b").id, high)
        assert await a.owned(info("a").id) == {}
        assert (await beat(a, "a")).owned == 0
        # And no later token is below one that was asserted.
        far = Token(1 << 52)
        assert await b.keep(info("b").id, NAME, far) == Claimed(far)
        assert await claim(a, "a", OTHER) > far


@fact
async def asserting_what_the_engine_knows_changes_nothing(engine: UnderTest) -> None:
    async with member(engine, "a") as a:
        old = await claim(a, "a")
        new = await claim(a, "a")
        assert await a.keep(info("a").id, NAME, old) == Claimed(new)
        assert await a.lookup(NAME) == Taken(info("a").id, new)


@fact
async def messages_arrive_in_order_and_once(engine: UnderTest) -> None:
    got: list[bytes] = []
    async with member(engine, "a") as a, member(engine, "b") as b:
        sent = [b"%d:\x00\xff" % number for number in range(200)]
        for data in sent:
            a.send(info("b").id, data)
        while len(got) < len(sent):
            push = await next_of(b, Frame)
            assert isinstance(push, Frame)
            got.append(push.data)
    assert got == sent


@fact
async def a_node_may_send_to_itself(engine: UnderTest) -> None:
    async with member(engine, "a") as a:
        a.send(info("a").id, b"me")
        assert await next_of(a, Frame) == Frame(b"me")


@fact
async def a_message_to_nobody_comes_back(engine: UnderTest) -> None:
    async with member(engine, "a") as a:
        a.send(NodeId("nobody.1"), b"lost")
        assert await next_of(a, Undelivered) == Undelivered(NodeId("nobody.1"), b"lost")


@fact
async def a_state_is_read_as_it_was_written_whoever_holds_the_name(
    engine: UnderTest,
) -> None:
    data = bytes(range(256)) * 100
    async with member(engine, "a") as a:
        token = await claim(a, "a")
        assert await a.states.open(NAME, token) == Kept(None)
        assert await a.states.write(NAME, token, b"old")
        assert await a.states.write(NAME, token, data)
        assert await a.states.open(OTHER, token) == Kept(None)
        await a.leave(info("a").id)
    async with member(engine, "b") as b:
        assert await b.states.open(NAME, await claim(b, "b")) == Kept(data)


@fact
async def who_lost_a_name_cannot_write_its_state(engine: UnderTest) -> None:
    async with member(engine, "a") as a, member(engine, "b") as b:
        old = await claim(a, "a")
        assert await a.states.open(NAME, old) == Kept(None)
        assert await a.states.write(NAME, old, b"a")
        await a.release(info("a").id, NAME, old)
        new = await claim(b, "b")
        # From the moment in which the next one reads it.
        assert await a.states.write(NAME, old, b"late")
        assert await b.states.open(NAME, new) == Kept(b"late")
        assert not await a.states.write(NAME, old, b"too late")
        assert await a.states.open(NAME, old) == Stale(new)
        assert await b.states.write(NAME, new, b"b")
        assert not await a.states.write(NAME, old, b"too late")
        assert await b.states.open(NAME, new) == Kept(b"b")


@fact
async def a_state_is_dropped_on_request(engine: UnderTest) -> None:
    async with member(engine, "a") as a:
        token = await claim(a, "a")
        assert not await a.states.drop(NAME)
        await a.states.write(NAME, token, b"x")
        assert await a.states.drop(NAME)
        assert not await a.states.drop(NAME)
        assert await a.states.open(NAME, token) == Kept(None)
