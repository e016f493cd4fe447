"""A recording in the application: the position, the keys, and what is shown."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from textual.app import App

from tests.commands.test_recording import SECONDS, write
from tests.inspector.rig import Clock, Rig
from trio_sup.inspect.recording.replay import read_index
from trio_sup_inspector.keys import REPLAY_KEYS
from trio_sup_inspector.replay import ReplayApp
from trio_sup_inspector.screens.replay import position_cells
from trio_sup_inspector.settings import Settings

Story = Callable[[Rig, ReplayApp], Awaitable[None]]


@pytest.fixture
def play(tmp_path: Path) -> Callable[..., None]:
    def play(
        story: Story, *, size: tuple[int, int] = (110, 30), plain: bool = False
    ) -> None:
        async def main() -> None:
            write(tmp_path / "a.rec", 3)
            clock = Clock()
            app = ReplayApp(
                read_index(tmp_path / "a.rec"),
                Settings(ticking=False, clock=clock, plain=plain),
            )
            async with app.run_test(size=size) as pilot:
                rig = Rig(app, pilot, clock, tmp_path)
                await rig.paint()
                await story(rig, app)

        asyncio.run(main())

    return play


def test_it_plays_by_itself_and_says_that_it_is_a_recording(
    play: Callable[..., None],
) -> None:
    async def story(rig: Rig, app: ReplayApp) -> None:
        assert "REPLAY" in rig.text()
        assert "LIVE" not in rig.text()
        assert "0:00 / 1:00" in rig.text()
        await rig.pass_time(5.0)
        assert "0:05 / 1:00" in rig.text()
        alive = set(rig.state.model.rows) - set(rig.state.model.dead)
        assert alive == set(app.player.session.rows)

    play(story)


def test_every_key_of_a_recording_does_something(play: Callable[..., None]) -> None:
    async def story(rig: Rig, app: ReplayApp) -> None:
        assert {binding.id for binding in REPLAY_KEYS} <= set(rig.main.doing)

    play(story)


def test_space_stops_and_goes_on_and_plus_is_faster(play: Callable[..., None]) -> None:
    async def story(rig: Rig, app: ReplayApp) -> None:
        await rig.press("space")
        await rig.pass_time(5.0)
        assert app.player.position < 1.0
        await rig.press("space", "plus")
        await rig.pass_time(5.0)
        assert 10.0 <= app.player.position < 11.0
        assert "x2" in rig.text()

    play(story)


def test_jumps_show_what_was_then_and_nothing_that_came_later(
    play: Callable[..., None],
) -> None:
    async def story(rig: Rig, app: ReplayApp) -> None:
        await rig.press("space", "greater_than_sign")
        assert app.player.position == SECONDS
        late = {entry.event.n for entry in rig.state.journal.entries if entry.event}
        await rig.press("less_than_sign", "right_square_bracket", "right_curly_bracket")
        restarts = app.player.index.restarts
        assert app.player.position == next(at for at in restarts if at > 10)
        shown = {entry.event.n for entry in rig.state.journal.entries if entry.event}
        assert shown < late
        assert shown == {event.n for event in app.player.session.events}
        assert set(rig.state.model.rows) == set(app.player.session.rows)
        await rig.press("3")
        found = rig.state.journal.incidents.found
        assert found
        assert max(incident.at for incident in found) <= app.player.position
        await rig.press("left_curly_bracket")
        assert app.player.position == [at for at in restarts if at <= 10][-1]

    play(story)


def test_what_the_user_chose_survives_a_jump(play: Callable[..., None]) -> None:
    async def story(rig: Rig, app: ReplayApp) -> None:
        await rig.press("2", "slash")
        await rig.type("c3")
        await rig.press("enter", "right_curly_bracket")
        assert rig.main.lists.current == "list"
        assert rig.state.filter.query.text == "c3"
        assert "c3" in rig.text()
        assert "c4" not in rig.text()

    play(story)


def test_single_steps_go_both_ways(play: Callable[..., None]) -> None:
    async def story(rig: Rig, app: ReplayApp) -> None:
        await rig.press("right_square_bracket")
        at = app.player.position
        await rig.press("full_stop", "full_stop", "comma")
        assert app.player.position == pytest.approx(at + 0.25)
        assert not app.player.playing

    play(story)


def test_every_screen_can_be_seen_in_ascii_and_in_a_narrow_terminal(
    play: Callable[..., None],
) -> None:
    async def story(rig: Rig, app: ReplayApp) -> None:
        for key in ("1", "2", "3", "4", "enter"):
            await rig.press("right_curly_bracket", key)
            assert "REPLAY" in rig.text()
        bar = rig.line("/ 1:00")
        assert bar.isascii()

    play(story, size=(40, 15), plain=True)


def test_the_bar_marks_the_place_and_where_something_went_down(
    play: Callable[..., None],
) -> None:
    async def story(rig: Rig, app: ReplayApp) -> None:
        await rig.press("space", "greater_than_sign")
        text = "".join(text for text, _ in position_cells(app.player, 80, plain=True))
        assert len(text) == 80
        assert text.startswith(" end 1:00 / 1:00")
        assert text.index("x") < text.index("O")
        assert isinstance(app, App)

    play(story)


def test_what_a_recording_does_not_hold_is_said_so(play: Callable[..., None]) -> None:
    async def story(rig: Rig, app: ReplayApp) -> None:
        await rig.press("greater_than_sign")
        for key in ("8", "9", "0", "K", "L"):
            await rig.press(key)
            text = " ".join(rig.text().split())
            assert "recording" in text, key
            assert "older than this inspector" not in text, key
        await rig.press("1", "down", "down", "enter")
        for _ in range(6):
            await rig.press("t")
            assert "older than this inspector" not in rig.text()

    play(story, size=(120, 40))


def test_the_header_counts_what_the_lists_hold_after_every_jump(
    play: Callable[..., None],
) -> None:
    async def story(rig: Rig, app: ReplayApp) -> None:
        jumps = ("greater_than_sign", "left_curly_bracket", "left_square_bracket")
        for key in (*jumps, "less_than_sign", "right_curly_bracket", "full_stop"):
            await rig.press(key)
            rows = app.player.session.rows
            assert f"  {len(rows)} procs  " in rig.text(), key
            lately = [at for i in rig.state.journal.incidents.found for at in i.ends]
            assert f"  restarts {len(lately)}/min  " in rig.text(), key
            assert set(rig.state.model.rows) - set(rig.state.model.dead) == set(rows)

    play(story, size=(160, 30))
