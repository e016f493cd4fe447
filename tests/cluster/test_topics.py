"""Topics: who listens gets what is published, in order, and sees what is missing."""

import pytest
import trio

from tests.cluster.nodes import TTL, User, nodes
from trio_sup.cluster import (
    EngineUnavailable,
    Gap,
    LocalBackend,
    NotPortable,
    Published,
    Subscription,
)
from trio_sup.cluster._rules.words import NodeId, Posted


async def take(
    subscription: Subscription[User], number: int
) -> list[Published[User] | Gap]:
    with trio.fail_after(5):
        return [await anext(subscription) for _ in range(number)]


@pytest.mark.trio
async def test_all_who_listen_get_it_as_its_type_and_in_order(
    autojump_clock: trio.abc.Clock,
) -> None:
    async with nodes(LocalBackend(), "a", "b", "c") as (a, b, c):
        topics = [each.topic("users", User) for each in (a, b, c)]
        topics[0].publish(User("nobody listens"))
        async with topics[1].subscribe() as at_b, topics[0].subscribe() as at_a:
            for age in range(3):
                topics[0].publish(User("x", age))
            b.topic("others", User).publish(User("y"))
            got = [Published(User("x", age), "a", age + 2) for age in range(3)]
            assert await take(at_b, 3) == got
            assert await take(at_a, 3) == got
            async with topics[2].subscribe() as at_c:
                topics[1].publish(User("z"))
                for each in (at_a, at_b, at_c):
                    assert await take(each, 1) == [Published(User("z"), "b", 1)]
            topics[1].publish(User("only two"))
            assert await take(at_a, 1) == [Published(User("only two"), "b", 2)]


@pytest.mark.trio
async def test_what_is_missing_is_seen(autojump_clock: trio.abc.Clock) -> None:
    backend = LocalBackend()
    async with nodes(backend, "a", "b") as (a, b):
        topic = a.topic("t", User)
        async with b.topic("t", User).subscribe() as at_b:
            topic.publish(User("1"))
            backend.cut("b")
            topic.publish(User("2"))
            topic.publish(User("3"))
            backend.heal("b")
            topic.publish(User("4"))
            assert await take(at_b, 4) == [
                Published(User("1"), "a", 1),
                Gap(None, None),
                Gap("a", 2),
                Published(User("4"), "a", 4),
            ]


@pytest.mark.trio
async def test_who_reads_too_slowly_misses_the_latest_and_sees_it(
    autojump_clock: trio.abc.Clock,
) -> None:
    async with nodes(LocalBackend(), "a", "b") as (a, b):
        topic = a.topic("t", User)
        async with b.topic("t", User).subscribe(capacity=2) as at_b:
            for age in range(5):
                topic.publish(User("x", age))
            await trio.sleep(0.1)
            first = await take(at_b, 2)
            topic.publish(User("y"))
            assert first == [Published(User("x", n), "a", n + 1) for n in (0, 1)]
            assert await take(at_b, 2) == [Gap("a", 3), Published(User("y"), "a", 6)]
        with pytest.raises(ValueError, match="at least 1"):
            async with topic.subscribe(capacity=0):
                pass


@pytest.mark.trio
async def test_a_node_that_joined_anew_counts_anew_and_that_is_no_gap(
    autojump_clock: trio.abc.Clock, quiet_log: None
) -> None:
    backend = LocalBackend()
    async with nodes(backend, "a", "b") as (a, b):
        topic = a.topic("t", User)
        async with b.topic("t", User).subscribe() as at_b:
            topic.publish(User("1"))
            backend.cut("a")
            await trio.sleep(2 * TTL)
            with pytest.raises(EngineUnavailable):
                topic.publish(User("lost"))
            backend.heal("a")
            await trio.sleep(TTL)
            topic.publish(User("2"))
            assert await take(at_b, 2) == [
                Published(User("1"), "a", 1),
                Published(User("2"), "a", 1),
            ]


@pytest.mark.trio
async def test_what_does_not_fit_is_refused_here_and_missing_there(
    autojump_clock: trio.abc.Clock,
) -> None:
    async with nodes(LocalBackend(), "a", "b") as (a, b):
        with pytest.raises(NotPortable):
            a.topic("t", User).publish("text")  # type: ignore[arg-type]
        async with b.topic("t", User).subscribe() as at_b:
            a.topic("t", User).publish(User("1"))
            a.topic("t", int).publish(3)  # a version that means something else
            a.topic("t", User).publish(User("2"))
            got = await take(at_b, 3)
            assert got[1] == Gap("a", 1)
            # Nonsense harms nobody.
            link = b._membership.session().link
            for data in (
                b"",
                b"[]",
                b'[1,"post",1,"x","y",3]',
                b'[1,"again",1,"x","y"]',
            ):
                link.topics.publish('["s","t"]', data)
            a.topic("t", User).publish(User("3"))
            assert await take(at_b, 1) == [Published(User("3"), "a", 4)]
            assert b.statistics().malformed == 4
            b._membership.take(Posted("other", b"x"))
            assert NodeId("x") not in b.nodes()
