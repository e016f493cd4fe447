"""What is on screen of a node whose process has ended."""

import asyncio

import pytest

from tests.inspector.fake_node import FakeNode
from tests.inspector.rig import Rig, open_rig
from tests.inspector.shop import shop_rows


async def until_ended(rig: Rig, node: FakeNode) -> None:
    await node.stop()
    await rig.until_shown("RECONNECTING")
    await rig.press("r")
    await rig.until_shown("has ended")


@pytest.mark.parametrize("plain", [False, True])
@pytest.mark.parametrize("screen", ["1", "2"])
def test_children_of_a_node_that_has_ended_bear_no_sign_of_life(
    screen: str, plain: bool
) -> None:
    async def main() -> None:
        node = FakeNode(rows=shop_rows())
        alive, gone = "*-" if plain else "●·"
        async with open_rig(node, size=(100, 40), plain=plain) as rig:
            await rig.press(screen)
            assert f"{alive} " in rig.line("mailer")
            await until_ended(rig, node)
            assert f"{alive} " not in rig.text()
            assert f"{gone} " in rig.line("mailer")
            assert "running" in rig.line("mailer")
            assert "quarantine" in rig.line("legacy")
            assert "LAST STATE" in rig.text()
            await node.start()
            await rig.press("r")
            await rig.until_shown("LIVE")
            assert f"{alive} " in rig.line("mailer")
            assert "LAST STATE" not in rig.text()

    asyncio.run(main())


def test_what_is_left_of_a_node_that_has_ended_is_dim_whatever_it_was() -> None:
    async def main() -> None:
        node = FakeNode(rows=shop_rows())
        async with open_rig(node) as rig:
            await until_ended(rig, node)
            pane = rig.main.lists.pane
            roles = {role for n in range(10) for _, role in pane.cells(n, 78)}
            assert roles == {"dim"}

    asyncio.run(main())


def test_while_a_node_may_still_answer_its_rows_keep_their_signs() -> None:
    async def main() -> None:
        node = FakeNode(rows=shop_rows())
        async with open_rig(node) as rig:
            await node.stop()
            await rig.until_shown("RECONNECTING")
            assert "has ended" not in rig.text()
            assert "● db" in rig.text()
            assert rig.main.lists.view.faded

    asyncio.run(main())
