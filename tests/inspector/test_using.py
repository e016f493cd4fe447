"""What a user meets at work: jumps in a small terminal, what lines leave out."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from tests.inspector.fake_node import FakeNode
from tests.inspector.rig import Rig, open_rig
from tests.inspector.rows import server, supervisor
from tests.inspector.shop import TRACEBACK, shop_rows
from trio_sup_inspector.lines.cells import cut_front, width_of

Story = Callable[[Rig, FakeNode], Awaitable[None]]
TO_CHARGE = ("down", "down", "down", "enter")


def play(story: Story, *, size: tuple[int, int] = (80, 24), **settings: Any) -> None:
    async def main() -> None:
        node = FakeNode(rows=shop_rows(), tracebacks={4: TRACEBACK, 32: TRACEBACK})
        async with open_rig(node, size=size, **settings) as rig:
            await story(rig, node)

    asyncio.run(main())


def test_details_that_cover_the_list_go_on_to_the_next_problem() -> None:
    async def story(rig: Rig, node: FakeNode) -> None:
        await rig.press(*TO_CHARGE)
        assert "shop/payments/charge" in rig.text()
        await rig.press("e")
        assert rig.main.details.side.subject_id == rig.main.lists.view.selected
        assert rig.main.details.side.subject_id != 4
        await rig.until_shown("runs         app.payments.Refund")

    play(story)


def test_a_filter_brings_back_the_list_that_details_covered() -> None:
    async def story(rig: Rig, node: FakeNode) -> None:
        await rig.press(*TO_CHARGE)
        await rig.press("slash")
        await rig.type("refund")
        await rig.until_shown("1 of 25")
        assert not rig.main.details.side.open
        assert "shop/payments/charge" not in rig.text()

    play(story)


def test_beside_a_list_a_filter_leaves_the_details_open() -> None:
    async def story(rig: Rig, node: FakeNode) -> None:
        await rig.press(*TO_CHARGE)
        await rig.press("slash")
        assert rig.main.details.side.open

    play(story, size=(140, 40))


def test_jumps_between_matches_take_covering_details_along() -> None:
    async def story(rig: Rig, node: FakeNode) -> None:
        await rig.press("slash")
        await rig.type("under:shop/payments")
        await rig.press("enter", "g", "n", "n", "enter")
        shown = rig.main.details.side.subject_id
        await rig.press("n")
        assert rig.main.details.side.subject_id not in (None, shown)
        assert rig.main.details.side.subject_id == rig.main.lists.view.selected

    play(story)


@pytest.mark.parametrize("screen", ["1", "2"])
def test_the_dead_on_screen_are_not_counted(screen: str) -> None:
    async def story(rig: Rig, node: FakeNode) -> None:
        node.change(gone=(11, 12))
        await rig.until(lambda: len(rig.state.model.dead) == 2)
        await rig.press(screen, "slash")
        await rig.type("boards/")
        assert "10 of 23" in rig.text()

    play(story)


def test_the_column_that_is_sorted_by_carries_the_mark() -> None:
    async def story(rig: Rig, node: FakeNode) -> None:
        await rig.press("2", "s", "down", "down", "enter")
        assert "by mailbox peak" in rig.text()
        assert "PEAK▾" in rig.text()
        assert "MAILBOX▾" not in rig.text()

    play(story, size=(110, 24))


def test_the_palette_names_keys_as_the_help_does() -> None:
    async def story(rig: Rig, node: FakeNode) -> None:
        commands = rig.app.get_system_commands(rig.main)
        keys = {command.title: command.help for command in commands}
        assert keys["Filter"] == "key /"
        assert keys["Only problems"] == "key P"

    play(story, keymap={"problem.only": "P"})


def test_a_long_path_in_the_log_keeps_its_end() -> None:
    async def story(rig: Rig, node: FakeNode) -> None:
        path = "shop/connections/guest-53916"
        node.tell("child_started", path, f"{path} started (life 1)")
        await rig.until(lambda: rig.state.journal.entries)
        await rig.press("4")
        assert "guest-53916 started (life 1)" in rig.text()

    play(story)


@pytest.mark.parametrize("width", range(9))
@pytest.mark.parametrize("text", ["shop/db", "店/番号/一"])
def test_what_is_cut_in_front_fits_and_ends_as_the_text_does(
    text: str, width: int
) -> None:
    shown = cut_front(text, width)
    assert width_of(shown) <= width
    assert text.endswith(shown.removeprefix("…"))
    assert (shown == text) == (width_of(text) <= width)


def test_a_traceback_older_than_the_last_exit_says_so() -> None:
    async def story(rig: Rig, node: FakeNode) -> None:
        root = supervisor(1, 0, "shop", path="shop")
        ended = server(2, 1, "db", path="shop/db", last_exit="shutdown: one_for_all")
        crashed = server(3, 1, "web", path="shop/web", last_exit="crashed: OSError")
        node.tracebacks.update({2: TRACEBACK, 3: TRACEBACK})
        gone = tuple(row.id for row in node.rows if row.id > 3)
        node.change(root, ended, crashed, gone=gone)
        await rig.until(lambda: rig.state.model.rows[3].label == "web")
        await rig.press("down", "enter")
        await rig.until_shown("Traceback")
        assert "its last crash was before that" in rig.text()
        await rig.press("down")
        await rig.until(lambda: 3 in rig.state.session.details)
        assert "Traceback" in rig.text()
        assert "its last crash was before that" not in rig.text()

    play(story, size=(140, 50))


def test_a_narrow_notice_of_a_loss_keeps_its_key_and_counts_whole_seconds() -> None:
    async def story(rig: Rig, node: FakeNode) -> None:
        await node.stop()
        await rig.until_shown("RECONNECTING in 1s")
        assert "r = try now" in rig.text()

    play(story, size=(60, 20))


def test_a_traceback_is_copied_and_saved_and_never_overwrites(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    async def story(rig: Rig, node: FakeNode) -> None:
        crashed = server(3, 1, "../\x1b[2J", path="shop/web", last_exit="crashed: x")
        node.tracebacks[3] = TRACEBACK
        node.change(crashed, gone=tuple(row.id for row in node.rows if row.id > 3))
        await rig.until(lambda: rig.state.model.rows[3].last_exit == "crashed: x")
        await rig.press("down", "down", "b")
        assert rig.app.clipboard == ""
        await rig.press("enter")
        await rig.until_shown("Traceback")
        await rig.press("b")
        assert rig.app.clipboard.startswith("Traceback")
        await rig.press("B", "B")
        said = rig.app._notifications  # pyright: ignore[reportPrivateUsage]
        assert any("File exists" in each.message for each in said)

    play(story, size=(140, 50))
    [saved] = tmp_path.iterdir()
    text = saved.read_text("utf-8")
    assert text.startswith("shop/web: crashed: x\n\nTraceback")
    assert "\x1b" not in saved.name + text


def test_of_who_is_down_by_a_crash_the_crash_stands_first() -> None:
    async def story(rig: Rig, node: FakeNode) -> None:
        crashed = server(3, 1, "web", path="shop/web", last_exit="crashed: OSError")
        crashed.status = "backing_off"
        node.change(crashed, gone=tuple(row.id for row in node.rows if row.id > 3))
        await rig.until(lambda: rig.state.model.rows[3].status == "backing_off")
        await rig.press("down", "down", "enter")
        await rig.until_shown("crashed: OSError")
        text = rig.text()
        assert text.index("Last exit ─") < text.index("Overview ─")

    play(story)
