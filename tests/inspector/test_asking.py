"""What is asked of the node besides rows: its log, its registries, steps of servers."""

import asyncio
from collections.abc import Awaitable, Callable

from tests.inspector import shop_inside
from tests.inspector.fake_node import FakeNode
from tests.inspector.rig import Rig, open_rig
from tests.inspector.shop import TRACEBACK, shop_rows
from trio_sup.inspect.protocol.wire_details import Follow, Unfollow

Story = Callable[[Rig, FakeNode], Awaitable[None]]


def play(story: Story, *, caps: tuple[str, ...] | None = None) -> None:
    async def main() -> None:
        node = FakeNode(rows=shop_rows(), tracebacks={4: TRACEBACK})
        node.topics = shop_inside.topics()
        if caps is not None:
            node.caps = caps
        async with open_rig(node) as rig:
            await story(rig, node)

    asyncio.run(main())


def test_the_log_is_asked_for_by_level_and_no_longer_than_it_is_shown() -> None:
    async def story(rig: Rig, node: FakeNode) -> None:
        await rig.press("L")
        await rig.until_shown("slow answer")
        assert Follow("logs") in node.asked
        await rig.press("v", "v", "v")
        await rig.until(lambda: Follow("logs", level=30) in node.asked)
        assert "level WARNING" in rig.text()
        assert "opened for reader" not in rig.text()
        await rig.press("1")
        await rig.until(lambda: Unfollow("logs") in node.asked)

    play(story)


def test_a_record_opens_its_child_and_a_filter_chooses_records() -> None:
    async def story(rig: Rig, node: FakeNode) -> None:
        await rig.press("L")
        await rig.until_shown("slow answer")
        await rig.press("slash")
        await rig.type("slow")
        await rig.until_shown("1 of 5")
        await rig.press("enter", "g", "enter")
        assert rig.main.details.side.subject_id == 4

    play(story)


def test_a_search_among_names_is_the_nodes_and_leads_to_the_child_and_back() -> None:
    async def story(rig: Rig, node: FakeNode) -> None:
        await rig.press("K")
        await rig.until_shown("1024/1024 que")
        await rig.press("slash")
        # No error here: it is no filter of children.
        await rig.type("order:8119")
        await rig.until(lambda: Follow("registry", text="order:8119") in node.asked)
        assert "order is no field" not in rig.text()
        await rig.press("escape")
        await rig.until(lambda: node.asked[-1] == Follow("registry"))
        await rig.until_shown("1024/1024 que")
        await rig.press("g", "j", "u")
        assert rig.main.lists.current == "tree"
        assert rig.main.lists.pointed() == 4
        await rig.press("u")
        assert rig.main.lists.current == "registry"
        wish = Follow("registry", text="shop/payments/charge")
        await rig.until(lambda: wish in node.asked)

    play(story)


def test_a_child_is_traced_where_one_points_and_one_operation_alone() -> None:
    async def story(rig: Rig, node: FakeNode) -> None:
        await rig.press("down", "down", "down", "c")
        await rig.until_shown("card expired")
        assert Follow("trace", child=4) in node.asked
        assert "9 servers, costs 0.4%" in rig.text()
        await rig.press("G", "C")
        await rig.until(lambda: Follow("trace", child=4, text="charge") in node.asked)
        await rig.press("C")
        await rig.until(lambda: node.asked[-1] == Follow("trace", child=4))
        await rig.press("1")
        await rig.until(lambda: Unfollow("trace") in node.asked)

    play(story)


def test_below_the_trace_stands_the_whole_way_of_the_request() -> None:
    async def story(rig: Rig, node: FakeNode) -> None:
        await rig.press("c")
        await rig.until_shown("card expired")
        await rig.press("g")
        assert "request #61: 6 steps" in rig.text()

    play(story)


def test_nobody_is_traced_unasked_and_an_old_node_is_asked_for_nothing() -> None:
    async def unasked(rig: Rig, node: FakeNode) -> None:
        rig.main.body.go_to("trace")
        await rig.until_shown("Nobody is traced. c on a child")
        assert not [each for each in node.asked if isinstance(each, Follow)]

    play(unasked)
    play(old, caps=("watch", "follow"))


async def old(rig: Rig, node: FakeNode) -> None:
    await rig.until(lambda: rig.main.state.session.node is not None)
    for key in "LKc":
        await rig.press(key)
        await rig.until_shown("This node cannot tell")
