"""What each key does, pressed in a whole application; for the tree see `test_tree_keys`."""

import asyncio
import json
import os
from pathlib import Path

import pytest
from attrs import evolve
from textual.binding import Binding

from tests.inspector.fake_node import FakeNode
from tests.inspector.playing import play
from tests.inspector.rig import Rig, open_rig
from tests.inspector.rows import server, supervisor
from trio_sup.inspect.protocol.wire import Rate, Unwatch, Watch
from trio_sup_inspector.keys import (
    GROUPS,
    IDS,
    MAIN_KEYS,
    TREE_KEYS,
    KeymapError,
    load_keymap,
)
from trio_sup_inspector.screens.help import TROUBLE
from trio_sup_inspector.widgets.document import Document


def test_pause_stops_the_picture_and_a_step_shows_one_more() -> None:
    async def story(rig: Rig, node: FakeNode) -> None:
        await rig.press("space")
        assert "PAUSED" in rig.text()
        db = next(row for row in node.rows if row.id == 2)
        node.change(evolve(db, mailbox_len=777))
        await rig.until(lambda: rig.state.session.rows[2].mailbox_len == 777)
        await rig.pass_time(3.0)
        assert "777" not in rig.text()
        assert "16m39s" in rig.line("● db")
        await rig.press("full_stop")
        assert "777" in rig.text()
        assert "PAUSED" in rig.text()
        await rig.press("space")
        assert "LIVE" in rig.text()

    play(story)


def test_enter_opens_details_and_escape_closes_them_but_never_quits() -> None:
    async def story(rig: Rig, node: FakeNode) -> None:
        node.tracebacks[4] = "Traceback\nBoom: for the detail pane\n"
        await rig.press("down", "down", "down", "enter")
        await rig.until_shown("Boom: for the detail pane")
        assert Watch(4, ["overview"]) in node.asked
        await rig.press("escape")
        await rig.until(lambda: Unwatch(4) in node.asked)
        assert "Boom" not in rig.text()
        await rig.press("escape", "escape")
        assert rig.app.is_running

    play(story)


def test_beside_a_wide_list_the_details_follow_the_cursor() -> None:
    async def story(rig: Rig, node: FakeNode) -> None:
        await rig.press("enter", "down")
        await rig.until(lambda: Watch(2, ["overview"]) in node.asked)
        assert Unwatch(1) in node.asked
        assert "app.db.Pool" in rig.text()

    play(story, size=(150, 40))


def test_a_child_that_dies_keeps_its_last_known_data_in_the_details() -> None:
    async def story(rig: Rig, node: FakeNode) -> None:
        await rig.press("down", "enter")
        node.change(gone=(2,))
        await rig.until(lambda: 2 in rig.state.model.dead)
        await rig.pass_time(7.0)
        assert 2 not in rig.state.model.rows
        assert "shop/db - gone 7.0s ago" in rig.text()
        assert "app.db.Pool" in rig.text()

    play(story)


def test_the_dead_stay_dimmed_for_six_seconds_or_until_told() -> None:
    async def story(rig: Rig, node: FakeNode) -> None:
        await rig.press("D")
        node.change(gone=(2,))
        await rig.until(lambda: 2 in rig.state.model.dead)
        await rig.pass_time(30.0)
        assert "gone" in rig.line("db ")
        await rig.press("D")
        assert "db " not in rig.text()

    play(story)


def test_the_process_list_sorts_by_what_is_chosen_and_inverts() -> None:
    async def story(rig: Rig, node: FakeNode) -> None:
        await rig.press("2")
        assert "mailer" in rig.cursor_line()
        await rig.press("s", "down", "down", "down", "enter")
        assert "by restarts" in rig.text()
        await rig.pass_time(2.0)
        await rig.press("g")
        assert "legacy" in rig.cursor_line()
        await rig.press("I", "g")
        assert "legacy" not in rig.cursor_line()

    play(story)


def test_a_sorted_list_holds_still_while_the_user_moves() -> None:
    async def story(rig: Rig, node: FakeNode) -> None:
        await rig.press("2", "down")
        metrics = next(row for row in node.rows if row.id == 35)
        node.change(evolve(metrics, mailbox_len=5000))
        await rig.until(lambda: rig.state.model.rows[35].mailbox_len == 5000)
        assert "held" in rig.text()
        assert rig.main.lists.view.keys[0] != 35
        await rig.pass_time(1.5)
        assert rig.main.lists.view.keys[0] == 35
        assert "charge" in rig.cursor_line()

    play(story)


def test_the_log_follows_its_end_until_the_cursor_leaves_it() -> None:
    async def story(rig: Rig, node: FakeNode) -> None:
        for n in range(60):
            node.tell("child_started", "shop/db", f"event number {n}.")
        await rig.until(lambda: len(rig.state.journal.entries) == 60)
        await rig.press("4")
        assert "event number 59." in rig.cursor_line()
        await rig.press("up")
        node.tell("child_started", "shop/db", "one more.")
        await rig.until(lambda: len(rig.state.journal.entries) == 61)
        assert "event number 58." in rig.cursor_line()
        await rig.press("f")
        assert "one more." in rig.cursor_line()
        await rig.press("slash")
        await rig.type("/r 7|r 8/")
        assert len(rig.main.lists.view.keys) == 2

    play(story)


def test_tab_and_numbers_change_the_screen() -> None:
    async def story(rig: Rig, node: FakeNode) -> None:
        for key, name in [
            ("tab", "list"),
            ("tab", "restarts"),
            ("4", "events"),
            ("5", "lints"),
        ]:
            await rig.press(key)
            assert rig.main.lists.current == name
        await rig.press("tab", "shift+tab")
        assert rig.main.lists.current == "lints"

    play(story)


def test_plus_and_underscore_ask_the_node_for_another_rate() -> None:
    async def story(rig: Rig, node: FakeNode) -> None:
        await rig.press("plus")
        await rig.until(lambda: Rate(10.0) in node.asked)
        await rig.press("underscore", "underscore")
        await rig.until(lambda: Rate(2.0) in node.asked)
        assert "2 Hz" in rig.text()

    play(story, size=(150, 30))


def test_y_copies_the_path() -> None:
    async def story(rig: Rig, node: FakeNode) -> None:
        await rig.press("down", "y")
        assert rig.app.clipboard == "shop/db"

    play(story)


def test_shift_y_copies_what_is_known_as_json() -> None:
    async def story(rig: Rig, node: FakeNode) -> None:
        await rig.press("down", "Y")
        known = json.loads(rig.app.clipboard)
        assert (known["path"], known["mailbox_len"]) == ("shop/db", 12)

    play(story)


def test_o_moves_the_column_that_is_sorted_by() -> None:
    async def story(rig: Rig, node: FakeNode) -> None:
        await rig.press("O")
        assert rig.main.lists.current == "list"
        assert "by path" in rig.text()
        await rig.press("o", "o")
        assert "by mailbox growth/s" in rig.text()

    play(story)


@pytest.mark.parametrize("key", ["q", "ctrl+c"])
def test_quit_keys_quit(key: str) -> None:
    async def story(rig: Rig, node: FakeNode) -> None:
        await rig.pilot.press(key)
        await rig.pilot.pause()
        assert not rig.app.is_running or rig.app._exit  # pyright: ignore[reportPrivateUsage]

    play(story)


def test_the_palette_offers_every_named_action() -> None:
    async def story(rig: Rig, node: FakeNode) -> None:
        titles = {command.title for command in rig.app.get_system_commands(rig.main)}
        assert {"Pause", "Next problem", "Copy the path"} <= titles

    play(story)


def test_a_keymap_moves_a_key_and_the_help_shows_it() -> None:
    async def story(rig: Rig, node: FakeNode) -> None:
        await rig.press("z")
        assert not rig.state.filter.only_problems
        await rig.press("P")
        assert rig.state.filter.only_problems
        await rig.press("question_mark")
        page = rig.app.screen.query_one("#help-page", Document)
        assert "P                only problems" in page.text

    play(story, keymap={"problem.only": "P"})


def test_what_to_press_in_trouble_can_be_read_at_eighty_columns() -> None:
    for id, text in TROUBLE:
        assert id in IDS
        assert len(text) <= 51, text


def test_keymap_files_are_checked(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    assert load_keymap(path) == {}
    path.write_text(json.dumps({"list.down": "ctrl+n,down"}))
    assert load_keymap(path) == {"list.down": "ctrl+n,down"}
    wrong = ('{"list.sideways": "x"}', '{"quit": 3}', "[]", "{", "[" * 60_000, "\udcff")
    for bad in (*wrong, " " * 70_000):
        path.write_text(bad, errors="surrogateescape")
        with pytest.raises(KeymapError, match=r"keys\.json"):
            load_keymap(path)
    path.write_text('\ufeff{"quit": "Q"}', encoding="utf-8")
    assert load_keymap(path) == {"quit": "Q"}


def test_a_pipe_in_place_of_the_keymap_holds_nobody_up(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "keys.json")
    with pytest.raises(KeymapError, match="is not a file"):
        load_keymap(tmp_path / "keys.json")


def test_every_action_has_an_id_of_its_own() -> None:
    bindings = [binding for _, group in GROUPS for binding in group]
    assert len(IDS) == len(bindings)
    keys = [key for b in bindings for key in Binding.make_bindings([b])]
    assert len({each.key for each in keys}) == len(keys)


def test_every_key_of_the_main_screen_does_something_and_nothing_has_no_key() -> None:
    async def story(rig: Rig, node: FakeNode) -> None:
        keys = {b.id for b in (*MAIN_KEYS, *TREE_KEYS) if b.action.startswith("do(")}
        assert set(rig.main.doing) == keys

    play(story)


def test_only_lines_that_changed_are_painted() -> None:
    async def story(rig: Rig, node: FakeNode) -> None:
        assert rig.main.lists.view.update_lines() == 0
        db = next(row for row in node.rows if row.id == 2)
        before = rig.main.lists.view.painted[1]
        node.change(evolve(db, mailbox_len=99))
        await rig.until(lambda: rig.state.model.rows[2].mailbox_len == 99)
        assert rig.main.lists.view.painted[1] != before
        assert rig.main.lists.view.update_lines() == 0

    play(story)


def test_ten_thousand_children_fold_and_cost_only_their_lines() -> None:
    async def main() -> None:
        rows = [supervisor(1, path="pool", label="pool")]
        rows += [server(n, 1, f"w{n}", path=f"pool/w{n}") for n in range(2, 10_002)]
        async with open_rig(FakeNode(rows=rows)) as rig:
            assert "10000 below" in rig.text()
            await rig.press("right", "G")
            assert "w10001" in rig.cursor_line()
            assert len(rig.main.lists.view.strips) < 200

    asyncio.run(main())
