"""The screens as text, compared with the files in `screens/`.

``TRIO_SUP_UPDATE_SCREENS=1 pytest tests/inspector/test_screens.py`` writes them anew:
look at the difference before committing it.
"""

import asyncio
import os
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from textual.strip import Strip

from tests.inspector import shop_inside
from tests.inspector.fake_node import FakeNode
from tests.inspector.rig import Rig, Shop, open_rig
from tests.inspector.shop import TRACEBACK, shop_rows, story

SCREENS = Path(__file__).parent / "screens"
SIZES = {"40x15": (40, 15), "80x24": (80, 24), "160x50": (160, 50)}


@pytest.fixture(autouse=True)
def _utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def compare(name: str, text: str) -> None:
    path = SCREENS / f"{name}.txt"
    if os.environ.get("TRIO_SUP_UPDATE_SCREENS"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(text + "\n", encoding="utf-8")
    assert path.exists(), f"{path} is missing: write it with TRIO_SUP_UPDATE_SCREENS=1"
    assert text + "\n" == path.read_text(encoding="utf-8")


def shop_node() -> FakeNode:
    node = Shop().node(rows=shop_rows(), tracebacks={4: TRACEBACK})
    node.insides[4] = shop_inside.charge()
    node.topics = shop_inside.topics()
    return node


async def tell_story(rig: Rig, node: FakeNode) -> None:
    events = story()
    for at, kind, below, text in events:
        path = f"shop/{below}"
        node.tell(kind, path, f"{path} {text}", at)
    await rig.until(lambda: len(rig.state.journal.entries) == len(events))


SCENES: dict[str, tuple[str, ...]] = {
    "tree": ("1",),
    "list": ("2",),
    "restarts": ("3", "j", "j"),
    "events": ("4",),
    "lints": ("5",),
    "node": ("6",),
    "tasks": ("8",),
    "calls": ("9",),
    "busy": ("0",),
    "detail": ("1", "g", "j", "j", "j", "enter"),
    "detail-mailbox": ("t",),
    "detail-state": ("t",),
    "detail-stack": ("t",),
    "detail-history": ("t",),
    "detail-links": ("t",),
    "folded": ("1", "minus"),
    "problems": ("1", "z"),
    "paused": ("1", "space"),
    "help": ("question_mark",),
}
"""The keys that lead there."""
BACK: dict[str, tuple[str, ...]] = {
    "detail": (),
    "detail-links": ("t", "escape"),
    "folded": ("asterisk",),
    "problems": ("z",),
    "paused": ("space",),
    "help": ("escape",),
}
"""The keys that undo what those did."""
WIDGETS_OF_TEXTUAL = str.maketrans("│▕▎▊▁▇▆▅▄▃▂█", "|" * 12)
"""Scrollbars and the input's edge, which do not ask for ASCII."""


async def visit(rig: Rig, node: FakeNode) -> AsyncIterator[tuple[str, str]]:
    """Every scene with its text, in one application."""
    await tell_story(rig, node)
    for scene, keys in SCENES.items():
        await rig.press(*keys)
        if scene == "detail":
            await rig.until(lambda: 4 in rig.state.session.details)
        elif scene in rig.main.panes:
            for topic in rig.main.pane.topics:
                store = rig.state.session.topics
                held = {"node": "info"}.get(topic, topic)
                await rig.until(lambda: getattr(store, held))  # noqa: B023
        elif scene.startswith("detail-"):
            part = scene.removeprefix("detail-")
            details = rig.state.session.details
            await rig.until(lambda: getattr(details[4], part) is not None)  # noqa: B023
        yield scene, rig.text()
        await rig.press(*BACK.get(scene, ()))


@pytest.mark.parametrize("size", SIZES)
def test_screens_look_as_they_did(size: str) -> None:
    async def main() -> None:
        node = shop_node()
        async with open_rig(node, size=SIZES[size]) as rig:
            async for scene, text in visit(rig, node):
                compare(f"{scene}-{size}", text)

    asyncio.run(main())


def test_ascii_screens_hold_nothing_but_ascii() -> None:
    async def main() -> None:
        node = shop_node()
        async with open_rig(node, size=(120, 30), plain=True) as rig:
            async for scene, text in visit(rig, node):
                assert text.translate(WIDGETS_OF_TEXTUAL).isascii(), scene
                if scene != "help":
                    lists = rig.main.query_one("#lists").region
                    for line in text.splitlines():
                        assert line[: lists.right].isascii(), line
                compare(f"{scene}-ascii", text)

    asyncio.run(main())


def test_without_colours_the_same_words_are_there_and_no_colour_is_sent() -> None:
    async def main() -> tuple[str, str]:
        texts: list[str] = []
        for no_color in (False, True):
            async with open_rig(shop_node(), no_color=no_color) as rig:
                texts.append(rig.text())
                coloured = [
                    segment
                    for strip in rendered(rig)
                    for segment in strip
                    if segment.style is not None
                    and any(
                        color is not None and not color.is_default
                        for color in (segment.style.color, segment.style.bgcolor)
                    )
                ]
                assert bool(coloured) == (not no_color)
        return texts[0], texts[1]

    with_colours, without = asyncio.run(main())
    assert with_colours == without


def rendered(rig: Rig) -> Iterator[Strip]:
    """What goes to the terminal: lines after the application's filters."""
    screen = rig.app.screen
    background = screen.background_colors[0]
    for strip in screen._compositor.render_strips():  # pyright: ignore[reportPrivateUsage]
        last = rig.app._filters[-1]  # pyright: ignore[reportPrivateUsage]
        yield strip.apply_filter(last, background)


def test_without_colours_the_cursor_is_reversed_and_trouble_is_bold() -> None:
    async def main() -> None:
        async with open_rig(shop_node(), size=(80, 40), no_color=True) as rig:
            view = rig.main.view
            top = view.region.y
            strips = rig.strips()
            cursor = strips[top]
            assert all(s.style and s.style.reverse for s in cursor if "shop" in s.text)
            row = next(n for n, s in enumerate(strips) if "quarantine" in s.text)
            assert all(
                s.style and s.style.bold for s in strips[row] if "quarantine" in s.text
            )
            badge = [s for s in strips[0] if "LIVE" in s.text]
            assert badge
            assert badge[0].style
            assert badge[0].style.reverse

    asyncio.run(main())
