"""A recording in the application: the same screens, fed by a player.

The application's clock is the player's: it stands still while paused and runs as
fast as the recording is played.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import evolve

from trio_sup.inspect.client.session import Session
from trio_sup.inspect.recording.replay import Player, read_index
from trio_sup_inspector.app import InspectorApp
from trio_sup_inspector.connection import Target
from trio_sup_inspector.screens.replay import ReplayScreen
from trio_sup_inspector.settings import Settings, settings_for
from trio_sup_inspector.state.node import NodeState

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from trio_sup.inspect.recording.replay import Index
    from trio_sup_inspector.settings import Color


class ReplayApp(InspectorApp):
    """The inspector on a recording.

    Args:
        index: The recording.
        settings: How it appears; its clock is the one that plays.
        no_color: See `InspectorApp`.
    """

    def __init__(
        self,
        index: Index,
        settings: Settings | None = None,
        *,
        no_color: bool | None = None,
    ) -> None:
        settings = settings or Settings()
        self.steady: Callable[[], float] = settings.clock
        """The clock that the player is driven by."""
        self.player = Player(index, Session(client="replay", rate_hz=settings.rate))
        settings = evolve(settings, clock=self.player.clock)
        where = Target(index.path.parent, str(index.path))
        super().__init__(where, settings, no_color=no_color)
        self._seeks = self.player.seeks

    def attach(self, target: Target) -> None:
        """Show the recording; there is nothing else to attach to."""
        state = self._recalled(NodeState(self.player.session, recorded=True))
        screen = ReplayScreen(
            state,
            self.player,
            plain=self.settings.plain,
            where=str(target.wanted),
            keymap=self.settings.keymap,
            repaint=self.tick,
        )
        self.push_screen(screen)
        self.main = screen

    def tick(self) -> None:
        """Play as far as the time is, and paint it."""
        self.player.tick(self.steady())
        if self.main is not None and self._seeks != self.player.seeks:
            self._seeks = self.player.seeks
            self.main.state.start_anew()
        if self.main is not None and self.player.wrong:
            said = f"the recording: {self.player.wrong}"
            self.main.state.said = (said, False, self.player.clock())
        super().tick()

    def action_nodes(self) -> None:
        """There are no other nodes in a recording."""
        self.notify("this is a recording: q leaves it")

    def action_next_node(self) -> None:
        """There are no other nodes in a recording."""
        self.action_nodes()

    def action_cluster(self) -> None:
        """A recording is of one node."""
        self.action_nodes()

    def action_rate(self, step: int) -> None:
        """Play faster or slower."""
        self.player.faster(step)


def replay(
    path: Path,
    *,
    plain: bool | None = None,
    color: Color = "auto",
    rate: float = 4.0,
    remember: bool = True,
) -> int:
    """Show a recording until the user quits.

    Args:
        path: The recording.
        plain: ASCII only; None to go by the locale.
        color: ``auto`` sends none if ``NO_COLOR`` is set.
        rate: Refreshes a second, 1 to 10.
        remember: See `main`.

    Returns:
        See `main`.

    Raises:
        RecordingError: it is none, or cannot be read.
    """
    index = read_index(path)
    settings = settings_for(plain=plain, rate=rate, remember=remember)
    if isinstance(settings, int):
        return settings
    no_color = {"auto": None, "always": False, "never": True}[color]
    return ReplayApp(index, settings, no_color=no_color).run() or 0
