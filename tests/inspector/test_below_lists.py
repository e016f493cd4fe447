"""What stands below a list is about that list, from the first moment on."""

import asyncio
from functools import partial

from tests.inspector import shop_inside
from tests.inspector.fake_node import FakeNode
from tests.inspector.rig import Rig, open_rig
from tests.inspector.shop import shop_rows
from trio_sup.inspect.protocol.wire import Heartbeat
from trio_sup_inspector.widgets.document import Document


def last_beat_is(rig: Rig, at: float) -> bool:
    return rig.state.figures.beats[-1].at == at


def test_no_list_stands_above_what_is_about_another_not_even_for_a_moment() -> None:
    async def story() -> None:
        node = FakeNode(rows=shop_rows())
        async with open_rig(node, size=(60, 24)) as rig:
            box = rig.main.query_one("#explain", Document)
            await rig.press("3")
            assert "restarts used" in box.text
            rig.main.body.bring("busy")
            assert not box.text
            await rig.paint()
            assert not box.display
            busy = shop_inside.busy()
            node.say(busy)
            await rig.until(lambda: rig.state.session.topics.busy is not None)
            assert "the loop ran for" in box.text
            await rig.press("3")
            assert "restarts used" in box.text

    asyncio.run(story())


def test_what_is_hidden_forgets_what_it_was_about() -> None:
    async def story() -> None:
        node = FakeNode(rows=shop_rows())
        async with open_rig(node, size=(60, 24)) as rig:
            box = rig.main.query_one("#explain", Document)
            await rig.press("3")
            box.display = False
            box.update_page()
            assert not box.text

    asyncio.run(story())


def test_the_worst_lag_says_of_which_time_it_is_the_worst() -> None:
    async def story() -> None:
        node = FakeNode(rows=shop_rows())
        async with open_rig(node, size=(110, 40)) as rig:
            await rig.press("6")
            for seconds, lag in ((1, 0.0), (40, 0.606), (64, 0.001)):
                node.say(Heartbeat(1000.0 + seconds, lag, 0.0))
                await rig.until(partial(last_beat_is, rig, 1000.0 + seconds))
            assert "606ms in the last 1m05s" in rig.line("worst seen")

    asyncio.run(story())
