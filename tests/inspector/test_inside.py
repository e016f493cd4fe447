"""What is asked for only while it is on screen: insides, tasks, calls, load."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from attrs import evolve

from tests.inspector import shop_inside
from tests.inspector.fake_node import FakeNode
from tests.inspector.rig import Rig, open_rig
from tests.inspector.rows import make_row, server
from tests.inspector.test_screens import shop_node
from trio_sup.inspect.protocol.wire import ClientMessage, Unwatch, Watch
from trio_sup.inspect.protocol.wire_details import (
    Follow,
    Held,
    TaskRow,
    Tasks,
    Unfollow,
    WaitEdge,
    Waits,
)
from trio_sup_inspector.detail.parts import TABS
from trio_sup_inspector.panes.tasks import TasksPane, task_lines
from trio_sup_inspector.state.waiting import chain

Story = Callable[[Rig, FakeNode], Awaitable[None]]


def play(story: Story, *, size: tuple[int, int] = (130, 36), **fields: Any) -> None:
    async def main() -> None:
        node = shop_node()
        for name, value in fields.items():
            setattr(node, name, value)
        async with open_rig(node, size=size) as rig:
            await story(rig, node)

    asyncio.run(main())


async def until_asked(rig: Rig, node: FakeNode, message: ClientMessage) -> None:
    await rig.until(lambda: message in node.asked)


def watched(node: FakeNode) -> list[list[str]]:
    return [m.parts for m in node.asked if isinstance(m, Watch)]


# --- tabs ----------------------------------------------------------------------


def test_only_the_tab_on_screen_is_asked_for() -> None:
    async def story(rig: Rig, node: FakeNode) -> None:
        await rig.press("j", "j", "j", "enter")
        for tab in TABS[1:]:
            await rig.press("t")
            await until_asked(rig, node, Watch(4, ["overview", tab]))
        assert watched(node)[0] == ["overview"]
        await rig.press("escape")
        await rig.until(lambda: Unwatch(4) in node.asked)

    play(story)


def test_a_tab_stays_while_the_cursor_moves_on() -> None:
    async def story(rig: Rig, node: FakeNode) -> None:
        await rig.press("j", "j", "j", "enter", "T", "T")
        assert rig.main.details.side.tab == "links"
        await rig.until_shown("is registered as")
        await rig.press("j")
        assert rig.main.details.side.subject_id == 5
        await rig.until_shown("It monitors nobody")

    play(
        story,
        insides={
            4: shop_inside.charge(),
            5: evolve(shop_inside.charge(), id=5, links=[]),
        },
    )


def test_the_state_is_read_again_on_request() -> None:
    async def story(rig: Rig, node: FakeNode) -> None:
        await rig.press("j", "j", "j", "enter", "t", "t")
        await rig.until_shown("gateway = Gateway")
        assert "R reads again" in rig.text()
        node.asked.clear()
        await rig.press("R")
        again = Watch(4, ["overview", "state"], True)
        await rig.until(lambda: again in node.asked)

    play(story)


def test_an_older_node_is_said_to_be_older() -> None:
    async def story(rig: Rig, node: FakeNode) -> None:
        await rig.press("j", "j", "j", "enter", "t")
        await rig.until_shown("its trio-sup is older")
        for key in "890":
            await rig.press(key)
            await rig.until_shown("its trio-sup is older")

    play(story, caps=("watch", "resume"))


def test_what_is_no_server_has_neither_mailbox_nor_state() -> None:
    async def story(rig: Rig, node: FakeNode) -> None:
        await rig.press("enter", "t")
        await rig.until_shown("it has no mailbox")
        await rig.press("t")
        await rig.until_shown("it has no state")

    play(story)


def test_control_characters_of_a_program_never_reach_the_terminal() -> None:
    inside = shop_inside.charge()
    assert inside.state is not None
    evil = evolve(
        inside, state=evolve(inside.state, text="a = '\x1b[2J\x07'\nb = \x9b31m")
    )

    async def story(rig: Rig, node: FakeNode) -> None:
        await rig.press("j", "j", "j", "enter", "t", "t")
        await rig.until_shown("a = '·[2J·'")
        assert "\x1b" not in rig.text()
        assert "\x9b" not in rig.text()

    play(story, insides={4: evil})


# --- topics ----------------------------------------------------------------------


def test_a_topic_is_followed_only_while_its_screen_is_there() -> None:
    async def story(rig: Rig, node: FakeNode) -> None:
        for key, topic in (
            ("8", "tasks"),
            ("9", "waits"),
            ("0", "busy"),
            ("6", "node"),
        ):
            await rig.press(key)
            await until_asked(rig, node, Follow(topic))
            await rig.press("1")
            await until_asked(rig, node, Unfollow(topic))

    play(story)


def test_tasks_fold_filter_and_lead_to_their_child() -> None:
    async def story(rig: Rig, node: FakeNode) -> None:
        await rig.press("8")
        await rig.until_shown("watch_limits")
        assert "run_sync_soon" not in rig.text()
        await rig.press("S")
        assert "run_sync_soon" in rig.text()
        await rig.press("S", "j", "j", "left")
        assert "shop  +4" in rig.cursor_line()
        assert "shop/db" not in rig.text()
        await rig.press("right", "right")
        assert "shop/db" in rig.cursor_line()
        await rig.press("left")
        assert "shop  " in rig.cursor_line()
        await rig.press("slash")
        await rig.type("mailer")
        pane = rig.main.lists.panes["tasks"]
        assert isinstance(pane, TasksPane)
        assert [line.dim for line in pane.lines] == [True] * 4 + [False]
        await rig.press("enter", "G", "enter")
        assert rig.main.details.side.subject_id == 33

    play(story)


def test_a_task_that_ends_leaves_and_a_new_one_comes() -> None:
    async def story(rig: Rig, node: FakeNode) -> None:
        await rig.press("8")
        await rig.until_shown("shop/db")
        new = TaskRow(50, 10, "task", "fresh", "a.py:1 in f", "runnable", 0, False)
        node.say(Tasks(1001.0, False, [new], [13]))
        await rig.until_shown("fresh")
        assert "shop/db" not in rig.text()

    play(story)


def test_a_nursery_has_a_line_only_beside_others() -> None:
    def row(id: int, parent: int, kind: str, name: str = "") -> TaskRow:
        return TaskRow(id, parent, kind, name, "", "", 0, False)

    rows = [row(1, 0, "task", "main"), row(2, 1, "nursery"), row(3, 2, "task", "a")]
    tasks = {r.id: r for r in rows}
    lines = task_lines(tasks, folded=frozenset(), own=False)
    assert [line.id for line in lines] == [1, 3]
    tasks |= {r.id: r for r in (row(4, 1, "nursery"), row(5, 4, "task", "b"))}
    lines = task_lines(tasks, folded=frozenset(), own=False)
    assert [line.id for line in lines] == [1, 2, 3, 4, 5]


def test_a_deadlock_is_told_as_a_ring_and_as_a_lint() -> None:
    async def story(rig: Rig, node: FakeNode) -> None:
        await rig.press("9")
        await rig.until_shown("deadlock")
        assert "none of them ever goes on by itself" in rig.text()
        await rig.press("5")
        await rig.until_shown("1 ring of calls waits for itself")
        assert "waits for metrics, for mailer" in rig.text()
        node.say(Waits(1001.0, []))
        await rig.until(lambda: "ring of calls" not in rig.text())

    play(story)


def test_a_chain_ends_at_who_holds_everybody_up() -> None:
    async def story(rig: Rig, node: FakeNode) -> None:
        await rig.press("9")
        await rig.until_shown("shop/boards/3")
        await rig.press("j", "j")
        assert "db waits for nobody" in rig.text()

    play(story)


def test_a_chain_that_runs_into_a_ring_comes_to_an_end() -> None:
    edges = [WaitEdge(a, b, "op", 1.0, "waits") for a, b in ((1, 2), (2, 3), (3, 2))]
    assert [e.source for e in chain(edges[0], edges)] == [1, 2, 3]


def test_who_held_the_loop_is_named_with_the_place() -> None:
    async def story(rig: Rig, node: FakeNode) -> None:
        await rig.press("0")
        await rig.until_shown("held the loop for 240ms")
        assert "app/search.py:40 in rank" in rig.text()
        assert "measuring adds at least 0.6%" in rig.text()
        late = Held(1001.0, 0.5, 0, "stray", "x.py:1 in f")
        node.say(evolve(shop_inside.busy(), at=1001.0, held=[late]))
        await rig.until_shown("stray held the loop for 500ms")
        assert "240ms" in rig.text()

    play(story)


def test_the_nodes_page_says_how_much_of_a_core_it_uses() -> None:
    async def story(rig: Rig, node: FakeNode) -> None:
        await rig.press("6")
        await rig.until_shown("61.8 MB")
        node.say(evolve(shop_inside.info(), at=1002.0, cpu=42.5))
        await rig.until_shown("40% of a core lately")

    play(story, size=(130, 44))


def test_rows_of_lines_that_go_do_not_confuse_the_lists() -> None:
    async def story(rig: Rig, node: FakeNode) -> None:
        await rig.press("9")
        await rig.until_shown("shop/boards/3")
        node.change(server(4, 3, "charge", path="shop/payments/charge"), gone=(13, 2))
        node.change(make_row(70, 1, "new", path="shop/new"))
        await rig.until(lambda: 70 in rig.state.model.rows)
        await rig.pass_time(7.0)
        assert "child 13" in rig.text()

    play(story)
