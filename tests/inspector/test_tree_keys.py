"""What keys do in the tree: move, fold, filter, search, show problems."""

from tests.inspector.fake_node import FakeNode
from tests.inspector.playing import play
from tests.inspector.rig import Rig
from tests.inspector.rows import make_row


def test_arrows_and_letters_move_the_cursor() -> None:
    async def story(rig: Rig, node: FakeNode) -> None:
        await rig.press("down", "j")
        assert "payments" in rig.cursor_line()
        await rig.press("up", "k")
        assert "shop" in rig.cursor_line()
        await rig.press("G")
        assert "metrics" in rig.cursor_line()
        await rig.press("g", "pagedown")
        assert rig.main.lists.view.cursor == 24
        await rig.press("pageup")
        assert rig.main.lists.view.cursor == 0

    play(story)


def test_left_folds_then_goes_up_and_right_unfolds_then_goes_down() -> None:
    async def story(rig: Rig, node: FakeNode) -> None:
        await rig.press("down", "down", "down")
        assert "charge" in rig.cursor_line()
        await rig.press("left")
        assert "payments" in rig.cursor_line()
        await rig.press("h")
        assert "▸ ● payments" in rig.cursor_line()
        assert "3 below · 1 down · 1 waiting · 7 restarts" in rig.cursor_line()
        assert "refund" not in rig.text()
        await rig.press("l")
        assert "refund" in rig.text()
        await rig.press("right")
        assert "charge" in rig.cursor_line()

    play(story)


def test_minus_folds_all_and_asterisk_unfolds_all_below() -> None:
    async def story(rig: Rig, node: FakeNode) -> None:
        await rig.press("minus")
        assert len(rig.main.lists.view.keys) == 6
        await rig.press("asterisk")
        assert len(rig.main.lists.view.keys) == 25

    play(story)


def test_the_cursor_stays_on_its_child_and_on_its_screen_line() -> None:
    async def story(rig: Rig, node: FakeNode) -> None:
        await rig.press("G")
        before = rig.text().splitlines().index(rig.cursor_line())
        node.change(*(make_row(60 + n, 7, f"new{n}") for n in range(40)))
        await rig.until(lambda: len(rig.state.model.rows) == 65)
        assert "metrics" in rig.cursor_line()
        node.change(gone=tuple(range(11, 23)))
        await rig.until(lambda: len(rig.state.model.dead) == 12)
        await rig.pass_time(7.0)
        assert len(rig.state.model.rows) == 53
        assert "metrics" in rig.cursor_line()
        assert rig.text().splitlines().index(rig.cursor_line()) == before

    play(story, size=(100, 20))


def test_a_filter_keeps_supervisors_and_counts_and_escape_ends_it() -> None:
    async def story(rig: Rig, node: FakeNode) -> None:
        await rig.press("slash")
        await rig.type("charge")
        assert "1 of 25" in rig.text()
        assert [line.dim for line in rig.main.lists.panes["tree"].lines] == [  # type: ignore[attr-defined]
            True,
            True,
            False,
        ]
        await rig.press("enter")
        assert rig.main.lists.view.has_focus
        await rig.press("escape")
        assert len(rig.main.lists.view.keys) == 25

    play(story)


def test_a_bad_regex_is_shown_and_the_last_good_filter_stays() -> None:
    async def story(rig: Rig, node: FakeNode) -> None:
        await rig.press("slash")
        await rig.type("db")
        assert rig.state.filter.query.text == "db"
        await rig.type(" /(/")
        assert "bad regex" in rig.text()
        assert rig.state.filter.query.text.strip() == "db"
        assert "2 of 25" not in rig.text()
        assert len(rig.main.lists.view.keys) == 2

    play(story)


def test_letters_typed_into_the_filter_are_no_commands() -> None:
    async def story(rig: Rig, node: FakeNode) -> None:
        await rig.press("slash")
        await rig.type("qz")
        assert rig.state.filter.query.text == "qz"
        assert not rig.state.filter.only_problems
        assert "Nothing passes the filter" in rig.text()
        await rig.press("escape")
        assert rig.state.filter.query.text == ""

    play(story)


def test_n_and_shift_n_visit_the_matches_only() -> None:
    async def story(rig: Rig, node: FakeNode) -> None:
        await rig.press("slash")
        await rig.type("under:workers")
        await rig.press("enter", "g", "n")
        assert "workers" in rig.cursor_line()
        await rig.press("n")
        assert "index" in rig.cursor_line()
        await rig.press("N", "N")
        assert "legacy" in rig.cursor_line()

    play(story)


def test_e_visits_every_problem_and_unfolds_what_hides_it() -> None:
    async def story(rig: Rig, node: FakeNode) -> None:
        await rig.press("minus", "g")
        seen: list[str] = []
        for _ in range(6):
            await rig.press("e")
            row = rig.state.row(rig.main.lists.pointed())
            assert row is not None
            seen.append(row.label)
        assert seen == ["legacy", "mailer", "charge", "refund", "payments", "legacy"]

    play(story)


def test_z_shows_only_problems() -> None:
    async def story(rig: Rig, node: FakeNode) -> None:
        await rig.press("2", "z")
        assert len(rig.main.lists.view.keys) == 5
        await rig.press("escape")
        assert len(rig.main.lists.view.keys) == 25

    play(story)
