"""The application without a terminal, beside a fake node, on a clock of its own."""

import asyncio
import os
from collections.abc import AsyncGenerator, Callable
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

from attrs import define
from textual.pilot import Pilot
from textual.strip import Strip
from textual.widget import Widget

from tests.directories import short_directory
from tests.inspector.fake_node import STARTED, FakeNode
from trio_sup_inspector.app import InspectorApp
from trio_sup_inspector.connection import Target
from trio_sup_inspector.observer import Observation
from trio_sup_inspector.screens.main import MainScreen
from trio_sup_inspector.settings import Settings
from trio_sup_inspector.state.node import NodeState

PATIENCE = 60.0
"""Real seconds after which what a test waits for will not happen any more."""


@define
class Clock:
    """Stands still until it is moved."""

    now: float = 50.0

    def __call__(self) -> float:
        return self.now


@define
class Rig:
    app: InspectorApp
    pilot: Pilot[int]
    clock: Clock
    directory: Path

    @property
    def main(self) -> MainScreen:
        assert self.app.main is not None
        return self.app.main

    @property
    def state(self) -> NodeState:
        return self.main.state

    async def press(self, *keys: str) -> None:
        for key in keys:
            await self.pilot.press(key)
        await self.paint()

    async def type(self, text: str) -> None:
        names = {"/": "slash", ":": "colon", " ": "space", "!": "exclamation_mark"}
        names |= {">": "greater_than_sign", "(": "left_parenthesis"}
        for char in text:
            await self.pilot.press(names.get(char, char))
        await self.paint()

    async def paint(self) -> None:
        """Take what was heard, and draw it."""
        self.app.tick()
        await self._rest()
        self.app.tick()
        await self._rest()

    async def _rest(self) -> None:
        """Wait until all is drawn: the pilot takes a process without a core for idle."""
        async with asyncio.timeout(PATIENCE):
            await self.pilot.pause()
            while self._is_at_work():
                await self.pilot.pause()

    def _is_at_work(self) -> bool:
        screen = self.app.screen
        return any(
            widget.message_queue_size
            or widget._layout_required  # pyright: ignore[reportPrivateUsage]
            or widget._repaint_required  # pyright: ignore[reportPrivateUsage]
            for widget in screen.walk_children(Widget, with_self=True)
        )

    async def pass_time(self, seconds: float) -> None:
        self.clock.now += seconds
        await self.paint()

    async def until(self, happened: Callable[[], object]) -> None:
        """Wait for something that the other side of a socket brings about."""
        async with asyncio.timeout(PATIENCE):
            while not happened():
                await self.paint()
                await asyncio.sleep(0.005)
        await self.paint()

    async def until_shown(self, text: str) -> None:
        try:
            await self.until(lambda: text in self.text())
        except TimeoutError:
            raise AssertionError(f"{text!r} never came:\n{self.text()}") from None

    def strips(self) -> list[Strip]:
        """The top screen's lines, as Textual composed them."""
        compositor = self.app.screen._compositor  # pyright: ignore[reportPrivateUsage]
        return compositor.render_strips()

    def text(self) -> str:
        """The top screen as text."""
        strips = self.strips()
        return "\n".join(strip.text.rstrip() for strip in strips)

    def line(self, having: str) -> str:
        """The one line of the screen that holds a text."""
        found = [line for line in self.text().splitlines() if having in line]
        assert len(found) == 1, f"{having!r} is on {len(found)} lines:\n{self.text()}"
        return found[0]

    def cursor_line(self) -> str:
        """The line under the cursor."""
        view = self.main.lists.view
        y = view.region.y + view.cursor - view.scroll_offset.y
        return self.text().splitlines()[y]


@asynccontextmanager
async def open_rig(
    *nodes: FakeNode,
    size: tuple[int, int] = (80, 24),
    wanted: str | None = None,
    directory: Path | None = None,
    no_color: bool = False,
    wait: bool = True,
    cluster: Observation | None = None,
    observe: Callable[[str, str | None], Observation] | None = None,
    **settings: Any,
) -> AsyncGenerator[Rig]:
    """The application attached to the first node (or to what is wanted).

    The nodes live in the directory, and so do those that a test starts later.
    """
    stack = ExitStack()
    if directory is None:
        directory = stack.enter_context(short_directory())
    had_no_color = os.environ.get("NO_COLOR")
    clock = Clock()
    try:
        for node in nodes:
            await node.start(directory)
        if wanted is None and len(nodes) == 1:
            wanted = str(nodes[0].path)
        options: dict[str, Any] = {
            "ticking": False,
            "clock": clock,
            "jitter": lambda: 0.0,
        }
        # Silence is noticed only where a test makes it a subject.
        options |= {"poll": 1000.0, "wall": lambda: STARTED + 3600.0}
        app = InspectorApp(
            Target(directory, wanted),
            Settings(**(options | settings)),
            no_color=no_color,
            cluster=cluster,
            observe=observe,
        )
        async with app.run_test(size=size) as pilot:
            rig = Rig(app, pilot, clock, directory)
            if wait and cluster is None:
                await rig.until(lambda: app.main and not rig.state.empty)
            yield rig
    finally:
        for node in nodes:
            if node.server is not None:
                await node.stop()
        stack.close()
        os.environ.pop("NO_COLOR", None)
        if had_no_color is not None:
            os.environ["NO_COLOR"] = had_no_color
