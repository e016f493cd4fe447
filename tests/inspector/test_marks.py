"""Marked children are acted on together, after one question."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial

from tests.inspector.fake_node import FakeNode
from tests.inspector.rig import Rig, open_rig
from tests.inspector.rows import server, supervisor
from trio_sup.inspect.protocol.wire_actions import (
    ACTIONS,
    Act,
    Acted,
    AskControl,
    Plan,
    Planned,
    Role,
)

Story = Callable[[Rig, FakeNode], Awaitable[None]]


def play(story: Story) -> None:
    async def main() -> None:
        names = ["a", "b", "c"]
        servers = [
            server(n, 1, path=f"shop/{name}", label=name, life=n)
            for n, name in enumerate(names, 2)
        ]
        node = FakeNode(rows=[supervisor(1, path="shop", label="shop"), *servers])
        async with open_rig(node, size=(100, 30), control=True) as rig:
            await rig.until(lambda: AskControl() in node.asked)
            node.say(Role("control", "", list(ACTIONS)))
            await rig.until_shown("CONTROL")
            await story(rig, node)

    asyncio.run(main())


def plans(node: FakeNode) -> list[Plan]:
    found = [message for message in node.asked if isinstance(message, Plan)]
    # Each menu of one child asks whether a release is possible.
    return [plan for plan in found if plan.action != "release"]


def asked(node: FakeNode, n: int) -> Callable[[], bool]:
    return lambda: len(plans(node)) == n


def acts(node: FakeNode) -> list[Act]:
    return [message for message in node.asked if isinstance(message, Act)]


def test_one_question_lists_what_would_happen_to_each_that_is_marked() -> None:
    async def story(rig: Rig, node: FakeNode) -> None:
        await rig.press("down", "m", "m", "m")
        assert rig.text().count("◆") == 3
        await rig.press("a")
        await rig.until_shown("Act on 3 marked children")
        await rig.press("enter")
        answers = [
            partial(Planned, lines=["life 2 of shop/a ends"], affected=1, life=9),
            partial(Planned, code="not_applicable", why="it is a pity"),
            partial(Planned, lines=["life 4 of shop/c ends"], affected=1),
        ]
        for n, answer in enumerate(answers, 1):
            await rig.until(asked(node, n))
            node.say(answer(plans(node)[-1].req))
        await rig.until_shown("Restart: 2 children?")
        text = rig.text()
        assert "shop/a: life 2 of shop/a ends" in text
        assert "shop/b: left out: it is a pity" in text
        assert "2 of 3 children, 2 processes stop" in text
        await rig.until_shown("Type 2 to go on")
        await rig.type("2")
        await rig.press("enter")
        await rig.until(lambda: len(acts(node)) == 2)
        assert [(act.id, act.life) for act in acts(node)] == [(2, 9), (4, 4)]
        for act in acts(node):
            node.say(Acted(act.req, "done", "", "done"))
        await rig.until_shown("restart: 2 of 3 done")
        await rig.press("M")
        assert "◆" not in rig.text()

    play(story)


def test_without_the_number_nothing_is_done() -> None:
    async def story(rig: Rig, node: FakeNode) -> None:
        await rig.press("down", "m", "a")
        await rig.until_shown("Act on 1 marked child")
        await rig.press("enter")
        await rig.until(lambda: plans(node))
        node.say(Planned(plans(node)[-1].req, lines=["it ends"], affected=1))
        await rig.until_shown("Type 1 to go on")
        await rig.press("enter")
        await rig.until_shown("nothing was done")
        assert acts(node) == []

    play(story)


def test_tab_goes_through_menu_and_question() -> None:
    async def story(rig: Rig, node: FakeNode) -> None:
        await rig.press("down", "a")
        await rig.until_shown("Act on shop/a")
        await rig.press("tab", "enter")
        await rig.until(lambda: plans(node))
        assert plans(node)[0].action == "hold"
        node.say(Planned(plans(node)[0].req, lines=["it stops"], affected=1))
        await rig.until_shown("Stop restarting shop/a?")
        await rig.press("tab", "shift+tab", "tab", "enter")
        await rig.until(lambda: acts(node))
        node.say(Acted(acts(node)[0].req, "done", "", "stopped"))
        await rig.until_shown("hold shop/a: stopped")

    play(story)
