"""How long a call has waited is what the node has seen of it, and no more."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from attrs import evolve

from tests.inspector.fake_node import FakeNode
from tests.inspector.rig import open_rig
from tests.inspector.rows import server
from trio_sup.inspect.protocol.wire_details import WaitEdge, Waits
from trio_sup_inspector.state.waiting import SILENT_LOOKS, waited

SEEN = WaitEdge(2, 3, "rate", 1000.0, "waits")


def run(story: Callable[[], Coroutine[Any, Any, None]]) -> None:
    asyncio.run(story())


def rates() -> FakeNode:
    rows = [server(2, label="till", began=990.0), server(3, label="rates", began=999.9)]
    return FakeNode(rows=rows, topics={"waits": Waits(1000.0, [SEEN])})


def test_a_call_that_was_just_found_has_not_waited_since() -> None:
    assert waited(SEEN, Waits(1000.0, [SEEN]), 1000.9) == 0.0


def test_a_call_has_waited_until_the_look_that_found_it_again() -> None:
    assert waited(SEEN, Waits(1007.0, [SEEN]), 1007.8) == 7.0


def test_a_node_that_is_heard_and_says_nothing_of_its_calls_has_found_them_again() -> (
    None
):
    assert waited(SEEN, Waits(1000.0, [SEEN]), 1009.0) == 9.0 - SILENT_LOOKS


def test_short_calls_do_not_grow_older_by_the_inspectors_own_clock() -> None:
    async def story() -> None:
        node = rates()
        async with open_rig(node) as rig:
            await rig.press("9")
            await rig.until_shown("till")
            await rig.pass_time(0.9)
            assert rig.line("till  ").endswith("now")
            assert "in rate as of now" in rig.text()
            node.at = 1001.0
            node.say(Waits(1001.0, [evolve(SEEN, since=1001.0)]))
            node.beat()
            await rig.until(lambda: rig.state.now() == 1001.0)
            await rig.pass_time(0.9)
            assert rig.line("till  ").endswith("now")
            node.at = 1005.0
            node.beat()
            await rig.until_shown("for 1.5s")

    run(story)


def test_a_life_is_as_long_as_the_node_has_said_so() -> None:
    async def story() -> None:
        node = rates()
        async with open_rig(node) as rig:
            await rig.pass_time(0.9)
            assert "100ms" in rig.line("rates")
            node.at = 1000.3
            node.beat()
            await rig.until_shown("400ms")

    run(story)
