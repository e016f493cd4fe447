"""The Lints screen: what its lines are about, and what keys do on them."""

import asyncio
from collections.abc import Awaitable, Callable

from tests.inspector.fake_node import FakeNode
from tests.inspector.rig import Rig, open_rig
from tests.inspector.rows import make_row, supervisor

Story = Callable[[Rig, FakeNode], Awaitable[None]]


def play(story: Story) -> None:
    async def main() -> None:
        rows = [
            supervisor(1, path="shop", label="shop"),
            make_row(2, 1, path="shop/a", label="a", status="quarantined"),
            make_row(3, 1, path="shop/b", label="b", status="quarantined"),
        ]
        node = FakeNode(rows=rows)
        async with open_rig(node, size=(100, 30)) as rig:
            await rig.until(lambda: len(rig.state.model.rows) == 3)
            await rig.press("5")
            await rig.until_shown("2 children are in quarantine")
            await story(rig, node)

    asyncio.run(main())


def test_the_cursor_starts_on_the_first_entry() -> None:
    async def story(rig: Rig, node: FakeNode) -> None:
        assert rig.main.lists.view.cursor == 1
        assert rig.main.lists.view.scroll_offset.y == 0
        assert rig.main.lists.pointed() == 2
        await rig.press("down")
        assert rig.main.lists.pointed() == 3

    play(story)


def test_keys_on_a_heading_act_on_its_first_entry() -> None:
    async def story(rig: Rig, node: FakeNode) -> None:
        await rig.press("up")
        assert rig.main.lists.view.cursor == 0
        await rig.press("a")
        await rig.until_shown("this client only looks")
        assert "quarantine: stop it" in rig.text()
        await rig.press("escape", "enter")
        await rig.until(lambda: rig.main.details.side.subject_id == 2)

    play(story)


def test_why_a_child_is_in_quarantine_is_said_of_the_line_under_the_cursor() -> None:
    async def story(rig: Rig, node: FakeNode) -> None:
        assert "or an operator said so" in rig.text()
        spent = "shop/b quarantined: more than 1 restarts in 60 s"
        node.tell("child_quarantined", "shop/a", "shop/a quarantined by hand")
        node.tell("child_quarantined", "shop/b", spent)
        await rig.until_shown("An operator said so")
        await rig.press("down")
        await rig.until_shown("It used up its own restart budget, and stays")

    play(story)


def test_enter_on_a_line_about_the_node_says_that_it_has_no_details() -> None:
    async def story(rig: Rig, node: FakeNode) -> None:
        node.beat(lag=0.9)
        await rig.until_shown("lag 900ms")
        await rig.pass_time(1.0)
        await rig.until_shown("1 loop is held")
        await rig.press("end", "enter")
        said = rig.app._notifications  # pyright: ignore[reportPrivateUsage]
        await rig.until(lambda: said)
        assert any("this line is about no child" in each.message for each in said)
        assert rig.main.details.side.subject_id is None

    play(story)
