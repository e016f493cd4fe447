"""The menu of actions: whom it is about, and why something is not possible."""

import pytest

from tests.inspector.fake_node import FakeNode
from tests.inspector.rig import Rig
from tests.inspector.test_acting import play
from trio_sup.inspect.client.operating import NOT_ASKED
from trio_sup.inspect.protocol.wire_actions import Plan, Planned
from trio_sup_inspector.app import InspectorApp


def test_a_menu_says_why_nothing_is_to_be_released_once_the_node_has_said_it() -> None:
    async def story(rig: Rig, node: FakeNode) -> None:
        await rig.press("down", "a")
        await rig.until_shown("Act on shop/db")
        await rig.until(lambda: any(isinstance(m, Plan) for m in node.asked))
        [plan] = [m for m in node.asked if isinstance(m, Plan)]
        assert plan == Plan(plan.req, "release", 2, 3)
        why = "it is not quarantined but running"
        assert why not in rig.text()
        node.say(Planned(plan.req, "not_applicable", why))
        await rig.until_shown(f"release: let it be restarted again  {why}")
        await rig.press("down", "down", "down", "enter")
        await rig.until_shown(f"release: let it be restarted again: {why}")

    play(story)


def test_the_menu_of_a_line_about_the_node_says_so() -> None:
    async def story(rig: Rig, node: FakeNode) -> None:
        await rig.press("6", "a")
        await rig.until_shown("Act on the node shop")
        assert "terminate" not in rig.text()

    play(story)


def test_in_a_browser_it_is_said_where_one_can_act(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(InspectorApp, "is_web", True)

    async def story(rig: Rig, node: FakeNode) -> None:
        await rig.press("down", "a")
        await rig.until_shown("nobody acts from a browser: in a terminal")
        assert NOT_ASKED not in rig.text()

    play(story, control=False)
