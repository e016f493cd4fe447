"""The embedded engine does what every engine has to do; and its faults are faults."""

import pytest
import trio
from attrs import Factory, define

from tests.cluster.conformance import (
    NAME,
    Check,
    beat,
    claim,
    info,
    member,
    received,
)
from tests.cluster.conformance_records import CHECKS
from trio_sup.cluster._backends.link import LinkDown
from trio_sup.cluster._backends.local import LocalBackend
from trio_sup.cluster._rules.words import Frame, Gone, Reset


@define
class Local:
    backend: LocalBackend = Factory(LocalBackend)

    async def forget(self) -> None:
        await trio.sleep(0.001)
        self.backend.forget()


@pytest.mark.trio
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
async def test_the_embedded_engine_conforms(
    check: Check, autojump_clock: trio.abc.Clock
) -> None:
    await check(Local())


@pytest.mark.trio
async def test_what_a_paused_node_asks_and_gets_waits(
    autojump_clock: trio.abc.Clock,
) -> None:
    engine = Local()
    async with member(engine, "a") as a, member(engine, "b") as b:
        engine.backend.pause("a")
        b.send(info("a").id, b"to")
        a.send(info("b").id, b"from")
        with trio.move_on_after(1) as waited:
            await beat(a, "a")
        assert waited.cancelled_caught
        with trio.move_on_after(1) as waited:
            await received(b)
        assert waited.cancelled_caught
        engine.backend.heal("a")
        assert await received(a) == Frame(b"to")
        assert await received(b) == Frame(b"from")


@pytest.mark.trio
async def test_what_is_sent_to_a_node_that_is_cut_off_is_lost(
    autojump_clock: trio.abc.Clock,
) -> None:
    engine = Local()
    async with member(engine, "a") as a, member(engine, "b") as b:
        engine.backend.cut("a")
        b.send(info("a").id, b"lost")
        with pytest.raises(LinkDown):
            await beat(a, "a")
        with pytest.raises(LinkDown):
            a.send(info("b").id, b"lost")
        engine.backend.heal("a")
        b.send(info("a").id, b"later")
        assert await received(a) == Reset()
        assert await received(a) == Frame(b"later")


@pytest.mark.trio
async def test_a_node_that_lost_its_lease_is_no_member(
    autojump_clock: trio.abc.Clock,
) -> None:
    engine = Local()
    async with member(engine, "a") as a, member(engine, "b") as b:
        await claim(a, "a")
        engine.backend.lose_lease("a")
        assert isinstance(await a.beat(info("a").id), Gone)
        assert await b.lookup(NAME) is None
