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
from attrs import define, field
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from tests.inspector import shop_inside
from tests.inspector.fake_node import FakeNode
from tests.inspector.rig import Rig, open_rig
from tests.inspector.shop import TRACEBACK, shop_rows, story

pytestmark = pytest.mark.slow

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
    node = FakeNode(rows=shop_rows(), tracebacks={4: TRACEBACK})
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
    "logs": ("L",),
    "registry": ("K",),
    "trace": ("1", "g", "c", "k"),
    "charts": ("6", "p"),
    "detail": ("1", "g", "j", "j", "j", "enter"),
    "detail-mailbox": ("t",),
    "detail-state": ("t",),
    "detail-stack": ("t",),
    "detail-history": ("t",),
    "detail-links": ("t",),
    "detail-times": ("t",),
    "folded": ("1", "minus"),
    "problems": ("1", "z"),
    "paused": ("1", "space"),
    "help": ("question_mark",),
}
"""The keys that lead there."""
WITHIN = {"registry": tuple("jjjjjj")}
"""The keys for when the node has answered what a scene asks for."""
BACK: dict[str, tuple[str, ...]] = {
    "detail": (),
    "detail-times": ("t", "escape"),
    "folded": ("asterisk",),
    "problems": ("z",),
    "paused": ("space",),
    "help": ("escape",),
}
"""The keys that undo what those did."""
FEW = (
    "tree",
    "list",
    "restarts",
    "lints",
    "calls",
    "busy",
    "logs",
    "registry",
    "trace",
    "detail",
)
"""Those that say enough where only the width differs from what was seen."""
WIDGETS_OF_TEXTUAL = str.maketrans("│▕▎▊▁▇▆▅▄▃▂█", "|" * 12)
"""Scrollbars and the input's edge, which do not ask for ASCII."""


async def visit(
    rig: Rig, node: FakeNode, *, few: bool = False
) -> AsyncIterator[tuple[str, str]]:
    """Every scene with its text, in one application; a few of them if so wanted."""
    await tell_story(rig, node)
    for scene in FEW if few else SCENES:
        keys = SCENES[scene]
        await rig.pilot.press(*keys)
        await rig.until(lambda: has_come(rig, scene))  # noqa: B023
        await rig.press(*WITHIN.get(scene, ()))
        yield scene, rig.text()
        await rig.pilot.press(*BACK.get(scene, ()))


def has_come(rig: Rig, scene: str) -> bool:
    """Whether the node has answered all that a scene asks for."""
    session = rig.state.session
    part = scene.removeprefix("detail-")
    if scene == "detail":
        return 4 in session.details
    if part != scene:
        return getattr(session.details[4], part) is not None
    if scene not in rig.main.lists.panes:
        return True
    wanted = [{"node": "info"}.get(t, t) for t in rig.main.lists.panes[scene].topics]
    return all(getattr(session.topics, topic) for topic in wanted)


@pytest.mark.parametrize("size", SIZES)
def test_screens_look_as_they_did(size: str) -> None:
    async def main() -> None:
        node, looks = shop_node(), Looks()
        async with open_rig(node, size=SIZES[size]) as rig:
            async for scene, text in visit(rig, node):
                compare(f"{scene}-{size}", text)
                looks.add(scene, rig.strips())
        compare(f"colours-{size}", looks.text())

    asyncio.run(main())


@define
class Looks:
    """The styles of screens as text: runs of cells with one style, by a letter."""

    lines: list[str] = field(factory=list["str"])
    letters: dict[str, str] = field(factory=dict["str", "str"])

    def add(self, scene: str, strips: list[Strip]) -> None:
        self.lines.append(f"--- {scene}")
        for strip in strips:
            runs: list[tuple[str, int]] = []
            for segment in strip:
                letter = self._letter(segment.style)
                if runs and runs[-1][0] == letter:
                    runs[-1] = letter, runs[-1][1] + segment.cell_length
                else:
                    runs.append((letter, segment.cell_length))
            self.lines.append(" ".join(f"{letter}{size}" for letter, size in runs))

    def _letter(self, style: Style | None) -> str:
        name = "none"
        if style is not None:
            ink = style.color.name if style.color is not None else "-"
            paper = style.bgcolor.name if style.bgcolor is not None else "-"
            ways = [w for w in ("bold", "reverse", "dim") if getattr(style, w)]
            name = " ".join([ink, "on", paper, *ways])
        number = len(self.letters)
        letter = chr(ord("a") + number) if number < 26 else chr(ord("A") + number - 26)
        return self.letters.setdefault(name, letter)

    def text(self) -> str:
        legend = [f"{letter} = {name}" for name, letter in self.letters.items()]
        return "\n".join([*legend, *self.lines])


@pytest.mark.parametrize("size", SIZES)
def test_ascii_screens_hold_nothing_but_ascii(size: str) -> None:
    async def main() -> None:
        node = shop_node()
        async with open_rig(node, size=SIZES[size], plain=True) as rig:
            async for scene, text in visit(rig, node, few=size != "80x24"):
                assert text.translate(WIDGETS_OF_TEXTUAL).isascii(), scene
                if scene != "help":
                    lists = rig.main.query_one("#lists").region
                    for line in text.splitlines():
                        assert line[: lists.right].isascii(), line
                compare(f"{scene}-{size}-ascii", text)

    asyncio.run(main())


@pytest.mark.parametrize("size", SIZES)
def test_without_colours_the_same_words_are_there_and_no_colour_is_sent(
    size: str,
) -> None:
    async def main() -> None:
        node = shop_node()
        async with open_rig(node, size=SIZES[size], no_color=True) as rig:
            async for scene, text in visit(rig, node, few=size != "80x24"):
                compare(f"{scene}-{size}", text)
                assert not coloured(rig), scene

    asyncio.run(main())


def test_with_colours_colours_are_sent() -> None:
    async def main() -> None:
        async with open_rig(shop_node()) as rig:
            assert coloured(rig)

    asyncio.run(main())


def coloured(rig: Rig) -> list[Segment]:
    """What goes to the terminal with a colour: after the application's filters."""
    background = rig.app.screen.background_colors[0]
    last = rig.app._filters[-1]  # pyright: ignore[reportPrivateUsage]
    return [
        segment
        for strip in rig.strips()
        for segment in strip.apply_filter(last, background)
        if segment.style is not None
        and any(
            color is not None and not color.is_default
            for color in (segment.style.color, segment.style.bgcolor)
        )
    ]


def test_without_colours_the_cursor_is_reversed_and_trouble_is_bold() -> None:
    async def main() -> None:
        async with open_rig(shop_node(), size=(80, 40), no_color=True) as rig:
            view = rig.main.lists.view
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
