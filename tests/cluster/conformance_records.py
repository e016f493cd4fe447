"""What every engine has to do with records, announcements and topics.

They join the list of `tests.cluster.conformance`: take `CHECKS` from here.
"""

from __future__ import annotations

import math

import trio

from tests.cluster.conformance import (
    CHECKS as CHECKS,
    NAME,
    OTHER,
    SHORT,
    UnderTest,
    beat,
    claim,
    fact,
    info,
    member,
    next_of,
    received,
)
from trio_sup.cluster._backends.link import Link
from trio_sup.cluster._rules.words import (
    Frame,
    Gone,
    Name,
    NodeInfo,
    Posted,
    Recorded,
    Swapped,
)


async def swap(
    link: Link, name: str, old: str | None, new: str | None, what: Name = NAME
) -> Swapped:
    answer = await link.records.swap(info(name).id, "shelf", what, old, new)
    assert isinstance(answer, Swapped), answer
    return answer


@fact
async def a_record_is_changed_by_who_knows_what_it_is(engine: UnderTest) -> None:
    async with member(engine, "a") as a, member(engine, "b") as b:
        assert await swap(a, "a", None, "one") == Swapped(True, "one")
        assert await swap(b, "b", None, "two") == Swapped(False, "one")
        assert await swap(b, "b", "one", "zwölf /\n'") == Swapped(True, "zwölf /\n'")
        assert await swap(a, "a", "one", None) == Swapped(False, "zwölf /\n'")
        assert (await a.records.listing("shelf")).records == {NAME: "zwölf /\n'"}
        assert (await a.records.listing("other")).records == {}
        assert await swap(a, "a", "zwölf /\n'", None) == Swapped(True, None)
        assert (await a.records.listing("shelf")).records == {}


@fact
async def only_a_member_changes_records_and_they_outlive_it(engine: UnderTest) -> None:
    async with member(engine, "a") as a, member(engine, "b") as b:
        await swap(a, "a", None, "one")
        await a.leave(info("a").id)
        late = await a.records.swap(info("a").id, "shelf", NAME, "one", None)
        assert isinstance(late, Gone)
        assert late.generation == (await beat(b, "b")).generation
        assert (await b.records.listing("shelf")).records == {NAME: "one"}


@fact
async def who_follows_is_told_of_each_change_and_which_was_before(
    engine: UnderTest,
) -> None:
    async with member(engine, "a") as a, member(engine, "b") as b:
        await b.records.follow()
        first = await b.records.listing("shelf")
        await swap(a, "a", None, "é/")
        await swap(b, "b", None, "two", OTHER)
        await swap(a, "a", "é/", None)
        told = [await next_of(b, Recorded) for _ in range(3)]
        last = await b.records.listing("shelf")
        known = first.version
        texts: list[str | None] = []
        for each in told:
            assert isinstance(each, Recorded)
            assert each.before == known < each.version
            assert each.shelf == "shelf"
            known = each.version
            texts.append(each.text)
        assert texts == ["é/", "two", None]
        assert known == last.version == (await beat(a, "a")).version
        assert last.generation == first.generation


@fact
async def an_engine_that_forgot_has_no_records(engine: UnderTest) -> None:
    async with member(engine, "a") as a:
        await swap(a, "a", None, "one")
        before = await a.records.listing("shelf")
    await engine.forget()
    async with member(engine, "a") as a:
        after = await a.records.listing("shelf")
        assert after.records == {}
        assert after.generation != before.generation
        await swap(a, "a", None, "one")
        assert (await a.records.listing("shelf")).version > before.version


@fact
async def what_a_node_announces_the_others_see_and_it_keeps_its_names(
    engine: UnderTest,
) -> None:
    new = NodeInfo(info("a").id, "a", True, ("room",), ("rooms",))
    async with member(engine, "a") as a, member(engine, "b") as b:
        await claim(a, "a")
        assert await a.records.announce(new)
        assert new in (await beat(b, "b")).members
        assert (await beat(a, "a")).owned == 1
        await a.leave(info("a").id)
        assert not await a.records.announce(new)
        assert new not in (await beat(b, "b")).members


@fact
async def a_heartbeat_tells_when_the_next_lease_of_another_ends(
    engine: UnderTest,
) -> None:
    async with member(engine, "a") as a:
        assert (await beat(a, "a")).next_end == math.inf
        async with member(engine, "b", ttl=SHORT):
            await trio.sleep(SHORT / 4)
            told = await beat(a, "a")
            assert 0 < told.next_end <= 0.76 * SHORT
            await trio.sleep(told.next_end + 0.002)
            assert len((await beat(a, "a")).members) == 1


@fact
async def a_topic_reaches_all_who_listen_in_order(engine: UnderTest) -> None:
    async with member(engine, "a") as a, member(engine, "b") as b:
        await beat(b, "b")
        b.topics.subscribe("täglich")
        a.topics.subscribe("täglich")
        await beat(b, "b")  # what is asked reaches the engine in order
        sent = [b"%d\x00\xff" % number for number in range(50)]
        for data in sent:
            a.topics.publish("täglich", data)
            a.topics.publish("other", b"nobody")
        for link in (a, b):
            got = [await next_of(link, Posted) for _ in sent]
            assert got == [Posted("täglich", data) for data in sent]
        b.topics.unsubscribe("täglich")
        await beat(b, "b")
        a.topics.publish("täglich", b"last")
        a.send(info("b").id, b"end")
        assert await next_of(a, Posted) == Posted("täglich", b"last")
        with trio.fail_after(60):
            while not isinstance(push := await received(b), Frame):
                assert not isinstance(push, Posted)
