"""In a narrow terminal, too, what one has to read is there to its end."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

from tests.inspector.fake_node import FakeNode
from tests.inspector.rig import Rig, open_rig
from tests.inspector.shop import shop_rows
from trio_sup.inspect.model.query_fields import NAMES
from trio_sup_inspector.screens.help import TROUBLE
from trio_sup_inspector.widgets.paragraph import MOST, wrapped

Story = Callable[[Rig, FakeNode], Awaitable[None]]


def play(story: Story, *, size: tuple[int, int], **settings: Any) -> None:
    async def main() -> None:
        node = FakeNode(rows=shop_rows())
        async with open_rig(node, size=size, **settings) as rig:
            await story(rig, node)

    asyncio.run(main())


def words(rig: Rig) -> str:
    """All that is on screen, as if it were one line."""
    return " ".join(rig.text().replace("│", " ").split())


def said(rig: Rig) -> list[str]:
    """What was said in a corner."""
    told = rig.app._notifications  # pyright: ignore[reportPrivateUsage]
    return [each.message for each in told]


@pytest.mark.parametrize("width", [60, 80])
def test_what_is_wrong_with_a_filter_is_told_with_all_fields(width: int) -> None:
    async def story(rig: Rig, node: FakeNode) -> None:
        await rig.press("slash")
        await rig.type("qqq:bar")
        assert f"no field 'qqq': {', '.join(NAMES)};" in words(rig)
        assert "qqq:bar" in rig.text().splitlines()[-2]
        await rig.press("backspace", "escape")
        assert "no field" not in rig.text()
        assert len(rig.text().splitlines()) == 24

    play(story, size=(width, 24))


@pytest.mark.parametrize("width", [40, 80])
def test_why_there_is_no_connection_is_told_to_its_end(width: int) -> None:
    async def story(rig: Rig, node: FakeNode) -> None:
        await node.stop()
        await rig.until_shown("RECONNECTING")
        await rig.press("r")
        await rig.until_shown("has ended")
        assert "shop (process 4711) has ended, and no other shop runs here" in words(
            rig
        )
        await node.start()
        await rig.press("r")
        await rig.until_shown("LIVE")
        assert rig.text().splitlines()[2].split()[0] == "NAME"

    play(story, size=(width, 24))


def test_a_text_without_an_end_takes_no_more_than_its_lines() -> None:
    lines = wrapped("word " * 500, "bad", 40, plain=True)
    assert len(lines) == MOST
    assert "".join(text for text, _ in lines[-1]).rstrip().endswith("~")


@pytest.mark.parametrize("width", [60, 80])
def test_the_restarts_of_a_storm_are_in_the_header_of_a_narrow_terminal(
    width: int,
) -> None:
    async def story(rig: Rig, node: FakeNode) -> None:
        node.at += 1.0
        row = next(row for row in node.rows if row.label == "charge")
        node.change(evolve(row, restarts=row.restarts + 1007))
        await rig.until_shown("1 looping")
        assert "/min" in rig.text().splitlines()[0]
        assert "1 looping" in rig.text().splitlines()[0]

    play(story, size=(width, 24))


@pytest.mark.parametrize("width", [40, 60, 80])
def test_the_help_is_there_to_the_end_of_each_sentence(width: int) -> None:
    async def story(rig: Rig, node: FakeNode) -> None:
        await rig.press("question_mark")
        inside = [
            line.rpartition("│")[0].rpartition("│")[2]
            for line in rig.text().splitlines()
        ]
        page = [line.rstrip(" ▁▂▃▄▅▆▇█") for line in inside]
        shown = " ".join(" ".join(page).split())
        for _, text in TROUBLE:
            assert text in shown
        assert "…" not in shown

    play(story, size=(width, 70))


def test_the_help_names_the_palette_and_what_it_has() -> None:
    async def story(rig: Rig, node: FakeNode) -> None:
        await rig.press("question_mark")
        assert "ctrl+p" in rig.text()
        assert "Theme" in rig.text()
        assert "Screenshot" in rig.text()

    play(story, size=(80, 150))


def test_a_screenshot_says_where_it_went(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    async def story(rig: Rig, node: FakeNode) -> None:
        rig.app.deliver_screenshot()
        await rig.paint()
        told.extend(said(rig))

    told: list[str] = []
    play(story, size=(80, 24))
    [file] = tmp_path.glob("trio-sup-*.svg")
    assert "payments" in file.read_text(encoding="utf-8")
    assert told == [f"saved {file}"]


def test_screenshots_of_one_second_are_two_and_a_name_stays_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    async def story(rig: Rig, node: FakeNode) -> None:
        for name in (None, None, "v1.2", "b.svg"):
            rig.app.deliver_screenshot(name)

    play(story, size=(80, 24))
    names = sorted(file.name for file in tmp_path.iterdir())
    assert names[:1] + names[-1:] == ["b.svg", "v1.2.svg"]
    assert len(names) == 4


def test_a_screenshot_says_why_there_is_none(tmp_path: Path) -> None:
    async def story(rig: Rig, node: FakeNode) -> None:
        rig.app.deliver_screenshot("a.svg", str(tmp_path / "none"))
        await rig.paint()
        file = tmp_path / "none" / "a.svg"
        assert said(rig) == [f"no screenshot: {file}: No such file or directory"]

    play(story, size=(80, 24))
