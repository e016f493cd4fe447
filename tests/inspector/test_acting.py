"""Acting on a node from the terminal: allowed or not, confirmed or not."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from tests.inspect.hostile.run import target
from tests.inspector.fake_node import FakeNode
from tests.inspector.rig import Rig, open_rig
from tests.inspector.rows import make_row, server, supervisor
from trio_sup.inspect.client.operating import NOT_ASKED, Operating
from trio_sup.inspect.client.session import Phase
from trio_sup.inspect.protocol.wire import ClientMessage
from trio_sup.inspect.protocol.wire_actions import (
    ACTIONS,
    Act,
    Acted,
    AskControl,
    Plan,
    Planned,
    Role,
)
from trio_sup_inspector.acting import options_for, result_of
from trio_sup_inspector.answers import Answers

Story = Callable[[Rig, FakeNode], Awaitable[None]]
FIRST = ["restart", "hold", "quarantine", "release", "terminate"]
LINE = "life 3 of shop/db ends, life 4 starts"


def play(story: Story, *, control: bool = True, **settings: Any) -> None:
    async def main() -> None:
        rows = [
            supervisor(1, path="shop", label="shop"),
            server(2, 1, path="shop/db", label="db", life=3),
            make_row(3, 1, path="shop/tick", label="tick", restart="temporary"),
        ]
        node = FakeNode(rows=rows)
        async with open_rig(node, size=(100, 30), control=control, **settings) as rig:
            if control:
                await rig.until(lambda: AskControl() in node.asked)
                node.say(Role("control", "", ["restart"]))
                await rig.until_shown("CONTROL")
            await story(rig, node)

    asyncio.run(main())


def sent(node: FakeNode, kind: type[Plan | Act]) -> list[ClientMessage]:
    """What was asked, but for the look of each menu whether a release is possible."""
    found = [message for message in node.asked if isinstance(message, kind)]
    return [message for message in found if message.action != "release"]


async def choose_restart(rig: Rig, node: FakeNode, **fields: Any) -> int:
    """Up to the confirmation; the number of the plan."""
    await rig.press("down", "a")
    await rig.until_shown("terminate")
    await rig.press("enter")
    await rig.until(lambda: sent(node, Plan))
    [plan] = sent(node, Plan)
    assert isinstance(plan, Plan)
    assert (plan.action, plan.id, plan.life) == ("restart", 2, 3)
    node.say(Planned(plan.req, lines=[LINE], affected=1, **fields))
    return plan.req


def test_what_would_happen_is_shown_and_enter_alone_cancels() -> None:
    async def story(rig: Rig, node: FakeNode) -> None:
        await choose_restart(rig, node)
        await rig.until_shown("Restart shop/db?")
        assert LINE in rig.text()
        await rig.press("enter")
        await rig.until_shown("nothing was done")
        assert sent(node, Act) == []

    play(story)


def test_a_confirmed_action_names_the_life_that_was_seen_and_shows_the_result() -> None:
    async def story(rig: Rig, node: FakeNode) -> None:
        req = await choose_restart(rig, node)
        await rig.until_shown(LINE)
        # The child crashes while the question is on screen.
        node.change(server(2, 1, path="shop/db", label="db", life=4))
        await rig.until(lambda: rig.state.session.rows[2].life == 4)
        await rig.press("down", "enter")
        await rig.until(lambda: sent(node, Act))
        assert sent(node, Act) == [Act(req + 1, "restart", 2, 3)]
        node.say(Acted(req + 1, "accepted"))
        why = "meant was life 3, but shop/db is in life 4"
        node.say(Acted(req + 1, "refused", "stale", why))
        await rig.until_shown("refused: meant was life 3")

    play(story)


def test_the_life_of_the_plan_is_what_is_acted_on() -> None:
    async def story(rig: Rig, node: FakeNode) -> None:
        # It crashed between the look and the plan, and again since.
        req = await choose_restart(rig, node, life=7)
        await rig.until_shown(LINE)
        await rig.press("down", "enter")
        await rig.until(lambda: sent(node, Act))
        assert sent(node, Act) == [Act(req + 1, "restart", 2, 7)]

    play(story)


def test_what_a_node_does_not_know_yet_is_not_offered() -> None:
    operating = granted()
    operating.take(Role("control", "", ["restart", "terminate"]))
    problems = {o.action: o.problem for o in options_for(server(1, 9), operating)}
    assert problems["quarantine"] == problems["hold"] == "this node is too old for it"
    assert problems["restart"] == ""


def test_what_concerns_several_has_to_be_typed() -> None:
    async def story(rig: Rig, node: FakeNode) -> None:
        await choose_restart(rig, node, confirm="db")
        await rig.until_shown("Type db to go on")
        await rig.type("d")
        await rig.press("enter")
        await rig.until_shown("nothing was done")
        assert sent(node, Act) == []

        node.asked.clear()
        await rig.press("up")
        req = await choose_restart(rig, node, confirm="db")
        await rig.until_shown("Type db to go on")
        await rig.type("db")
        await rig.press("enter")
        await rig.until(lambda: sent(node, Act))
        node.say(Acted(req + 1, "done", "", "shop/db is in life 4, running"))
        await rig.until_shown("restart shop/db: shop/db is in life 4")

    play(story)


def test_what_the_node_refuses_to_plan_is_told_and_not_asked() -> None:
    async def story(rig: Rig, node: FakeNode) -> None:
        await rig.press("down", "a", "enter")
        await rig.until(lambda: sent(node, Plan))
        [plan] = sent(node, Plan)
        assert isinstance(plan, Plan)
        node.say(Planned(plan.req, "busy", "shop restarts a group already"))
        await rig.until_shown("shop restarts a group already")
        assert sent(node, Act) == []

    play(story)


def test_without_control_the_actions_are_shown_with_the_reason() -> None:
    async def story(rig: Rig, node: FakeNode) -> None:
        assert "CONTROL" not in rig.text()
        await rig.press("down", "a")
        await rig.until_shown(NOT_ASKED)
        assert "restart" in rig.text()
        await rig.press("enter")
        await rig.until_shown(f"restart: {NOT_ASKED}")
        assert sent(node, Plan) == []
        assert AskControl() not in node.asked

    play(story, control=False)


def test_the_level_of_the_log_is_chosen_from_a_list() -> None:
    async def story(rig: Rig, node: FakeNode) -> None:
        await rig.press("a")
        await rig.until_shown("set the log level")
        await rig.press("end", "up", "enter")
        await rig.until_shown("Level of the logger trio_sup")
        await rig.press("home", "enter")
        await rig.until(lambda: sent(node, Plan))
        assert sent(node, Plan) == [Plan(1, "log_level", 0, 0, "DEBUG")]

    play(story)


def test_escape_leaves_menu_and_question_without_doing_anything() -> None:
    async def story(rig: Rig, node: FakeNode) -> None:
        await rig.press("down", "a", "escape")
        await rig.until(lambda: rig.app.screen is rig.main)
        await rig.press("up")
        await choose_restart(rig, node)
        await rig.until_shown("Restart shop/db?")
        await rig.press("escape")
        await rig.until_shown("nothing was done")
        assert sent(node, Act) == []

    play(story)


def test_a_node_that_ends_while_it_plans_is_told_at_once() -> None:
    async def story(rig: Rig, node: FakeNode) -> None:
        await rig.press("down", "a", "enter")
        await rig.until(lambda: sent(node, Plan))
        await node.stop()
        lost = "restart shop/db: the connection was lost, nothing was done"
        await rig.until(lambda: rig.state.said and rig.state.said[0] == lost)
        assert sent(node, Act) == []

    play(story)


def test_a_node_that_ends_while_it_acts_may_have_done_it() -> None:
    async def story(rig: Rig, node: FakeNode) -> None:
        await choose_restart(rig, node)
        await rig.until_shown(LINE)
        await rig.press("down", "enter")
        await rig.until(lambda: sent(node, Act))
        await node.stop()
        lost = "restart shop/db: failed: the connection was lost: it may have been done"
        await rig.until(lambda: rig.state.said and rig.state.said[0] == lost)

    play(story)


def test_what_was_confirmed_for_a_node_that_started_anew_is_not_done() -> None:
    async def story(rig: Rig, node: FakeNode) -> None:
        await choose_restart(rig, node)
        await rig.until_shown(LINE)
        await node.stop()
        session = rig.state.session
        await rig.until(lambda: session.state.phase is Phase.RECONNECTING)
        node.epoch = "e2"
        node.asked.clear()
        await node.start()
        rig.clock.now += 30.0
        await rig.until(lambda: AskControl() in node.asked)
        node.say(Role("control", "", ["restart"]))
        await rig.until(lambda: session.operating.granted)
        # The same id and life, in another process: perhaps another child.
        await rig.press("down", "enter")
        await rig.until_shown("restart: the node started anew, nothing was done")
        assert sent(node, Act) == []

    play(story, poll=0.01)


@pytest.mark.parametrize("marked", [False, True])
def test_what_was_chosen_for_a_node_that_started_anew_is_not_even_asked_for(
    marked: bool,
) -> None:
    async def story(rig: Rig, node: FakeNode) -> None:
        await rig.until(lambda: AskControl() in node.asked)
        node.say(Role("control", "", ["restart"]))
        await rig.until_shown("CONTROL")
        await rig.press("down", *(["m", "m"] if marked else []), "a")
        await rig.until_shown("Act on")
        await node.stop()
        session = rig.state.session
        await rig.until(lambda: session.state.phase is Phase.RECONNECTING)
        node.epoch = "e2"
        node.asked.clear()
        await node.start()
        rig.clock.now += 30.0
        await rig.until(lambda: AskControl() in node.asked)
        node.say(Role("control", "", ["restart"]))
        await rig.until(lambda: session.operating.granted)
        await rig.press("enter")
        await rig.until_shown("restart: the node started anew, nothing was done")
        assert sent(node, Plan) == []

    play(story, poll=0.01)


def test_who_leaves_for_another_node_waits_for_no_answer_of_the_first() -> None:
    async def story(rig: Rig, node: FakeNode) -> None:
        await choose_restart(rig, node)
        await rig.until_shown(LINE)
        await rig.press("down", "enter")
        await rig.until(lambda: sent(node, Act))
        first = rig.state
        rig.app.attach(rig.app.target)
        await rig.until(lambda: first.said and "may have been done" in first.said[0])

    play(story)


# --- awaiting ----------------------------------------------------------------------


def test_each_answer_wakes_the_one_who_asked() -> None:
    async def main() -> None:
        operating = granted()
        answers = Answers(operating, lambda: None)
        first = asyncio.create_task(answers.plan("restart", 2, 3, ""))
        second = asyncio.create_task(answers.act("collect", 0, 0, ""))
        given_up = asyncio.create_task(answers.plan("drain", 2, 3, ""))
        await asyncio.sleep(0)
        operating.take(Acted(2, "accepted"))
        answers.deliver()
        given_up.cancel()
        operating.take(Acted(2, "done"))
        operating.take(Planned(3))
        answers.deliver()
        assert await second == Acted(2, "done")
        assert not first.done()
        operating.take(Planned(1, lines=[LINE]))
        answers.deliver()
        assert (await first).lines == [LINE]
        with pytest.raises(asyncio.CancelledError):
            await given_up

    asyncio.run(main())


def test_what_may_not_be_asked_is_answered_without_the_node() -> None:
    async def main() -> None:
        answers = Answers(Operating(False, lambda _: None), lambda: None)
        assert (await answers.plan("restart", 2, 3, "")).code == "no_role"
        assert (await answers.act("restart", 2, 3, "")).state == "refused"

    asyncio.run(main())


# --- what a line offers ------------------------------------------------------------


def granted() -> Operating:
    return Operating(True, lambda _: None, Role("control", "", list(ACTIONS)))


@pytest.mark.parametrize(
    ("row", "possible"),
    [
        (supervisor(1), []),
        (make_row(1, 9), FIRST),
        (make_row(1, 9, restart="temporary"), ["terminate"]),
        (server(1, 9, mailbox_len=3), [*FIRST, "suspend", "drain"]),
        (server(1, 9, status="suspended"), [*FIRST, "resume"]),
        (server(1, 9, status="quarantined"), ["restart", "release", "suspend"]),
    ],
)
def test_a_line_offers_what_can_be(row: Any, possible: list[str]) -> None:
    options = [o.action for o in options_for(row, granted()) if not o.problem]
    assert options == [*possible, "reload", "log_level", "collect"]


def test_actions_keep_their_places_whatever_state_a_child_is_in() -> None:
    rows = [
        server(1, 9, status=status)
        for status in ("running", "quarantined", "stopped", "backing_off", "stopping")
    ]
    orders = {tuple(o.action for o in options_for(row, granted())) for row in rows}
    [order] = orders
    assert order[:2] == ("restart", "hold")
    suspended = options_for(server(1, 9, status="suspended"), granted())
    swapped = tuple("resume" if a == "suspend" else a for a in order)
    assert tuple(o.action for o in suspended) == swapped


def test_without_a_line_there_is_the_node() -> None:
    node = ["reload", "log_level", "collect"]
    assert [o.action for o in options_for(None, granted())] == node


def test_a_node_that_says_nothing_is_told() -> None:
    [option, *_] = options_for(make_row(1, 9, path="shop/db"), granted())
    assert result_of(option, None) == (
        "restart shop/db: the node did not answer",
        False,
    )


# --- a real node -------------------------------------------------------------------


@pytest.mark.slow
def test_a_child_of_a_real_node_is_restarted_from_the_terminal() -> None:
    async def main() -> None:
        with target(control=True) as node:
            wanted = str(node.path)
            async with open_rig(wanted=wanted, control=True, size=(110, 30)) as rig:
                await rig.until_shown("CONTROL")
                await rig.press("slash")
                await rig.type("odd/s3")
                await rig.press("enter", "e", "down", "down", "a")
                await rig.until_shown("Act on root/odd/s3")
                await rig.press("enter")
                await rig.until_shown("Restart root/odd/s3?")
                await rig.until_shown("life 1 of root/odd/s3 ends, life 2 starts")
                await rig.press("down", "enter")
                await rig.until_shown("restart root/odd/s3: root/odd/s3 is in life 2")
            lives = {path: life for path, _, life, _ in node.tree()}
            assert lives["root/odd/s3"] == 2
            assert sum(lives.values()) == len(lives) + 1

    asyncio.run(main())
