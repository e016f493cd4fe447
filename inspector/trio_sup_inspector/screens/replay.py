"""The main screen on a recording: a position bar, and keys to move in time."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, ClassVar

from trio_sup_inspector.keys import REPLAY_KEYS
from trio_sup_inspector.lines.cells import Cell, Cells, cells_width, clip_cells
from trio_sup_inspector.screens.main import MainScreen
from trio_sup_inspector.widgets.bars import Bar

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual.app import ComposeResult
    from textual.binding import BindingType

    from trio_sup.inspect.recording.replay import Player

LIVE = " LIVE "


class ReplayScreen(MainScreen):
    """Everything about one node as it was."""

    BINDINGS: ClassVar[list[BindingType]] = [*REPLAY_KEYS]
    player: Player
    repaint: Callable[[], None]
    """Shows the player's present state at once."""

    def compose(self) -> ComposeResult:
        """The widgets of the main screen, and the position."""
        yield from super().compose()
        yield Bar(self._position, id="position")

    def header(self, width: int) -> Cells:
        """The header, which does not say that this is the present."""
        cells = super().header(width - 2)
        if cells and cells[-1][0] == LIVE:
            return (*cells[:-1], (" REPLAY ", "badge-busy"))
        return clip_cells(cells, width)

    def _position(self, width: int) -> Cells:
        return position_cells(self.player, width, plain=self.plain)

    # --- what the keys do ----------------------------------------------------

    def action_pause(self) -> None:
        """Stop the recording, or go on."""
        self.player.toggle()
        self._moved()

    def action_step(self) -> None:
        """Go to the next frame."""
        self.action_move_step(1)

    def action_move_step(self, direction: int) -> None:
        """Go to the next or the previous frame."""
        self.player.step(direction)
        self._moved()

    def action_skip(self, seconds: int) -> None:
        """Go forward or back."""
        self.player.skip(seconds)
        self._moved()

    def action_incident(self, direction: int) -> None:
        """Go to where something went down next, or before."""
        if not self.player.restart(direction):
            self.notify(f"nothing went down {'after' if direction > 0 else 'before'}")
        self._moved()

    def action_edge(self, end: int) -> None:
        """Go to the beginning or the end."""
        self.player.seek(self.player.index.length if end else 0.0)
        self._moved()

    def _moved(self) -> None:
        self.held_until = 0.0
        self.repaint()


def position_cells(player: Player, width: int, *, plain: bool) -> Cells:
    """Where the recording is: what fits `width`, the bar with what is left."""
    index = player.index
    if player.ended:
        mark = "end"
    elif player.playing:
        mark = ">" if plain else "▶"
    else:
        mark = "="
    left: Cells = (
        (f" {mark} ", "accent"),
        (f"{_clock(player.position)} / {_clock(index.length)}", "strong"),
    )
    wall = time.localtime(index.header.wall + player.position)
    right: list[Cell] = [(f" x{player.speed:g}", "text")]
    if width >= 60:
        right.append((f"  {time.strftime('%H:%M:%S', wall)}", "dim"))
    if width >= 100:
        right.append(("  [ ] 10 s  { } went down  , . step  + _ speed", "dim"))
    right.append((" ", "dim"))
    room = width - cells_width(left) - cells_width(tuple(right)) - 2
    bar: Cells = ()
    if room >= 8:
        bar = ((" ", "dim"), *_bar(player, room, plain), (" ", "dim"))
    return clip_cells((*left, *bar, *right), width, plain=plain)


def _bar(player: Player, room: int, plain: bool) -> Cells:
    """A line with a mark wherever something went down, and the present place."""
    length = player.index.length or 1.0
    track, went_down, here = ("-", "x", "O") if plain else ("─", "x", "●")
    cells = [track] * room
    for at in player.index.restarts:
        cells[min(int(at / length * room), room - 1)] = went_down
    place = min(int(player.position / length * room), room - 1)
    before, after = "".join(cells[:place]), "".join(cells[place + 1 :])
    return ((before, "accent"), (here, "strong"), (after, "dim"))


def _clock(seconds: float) -> str:
    whole = int(seconds)
    hours, minutes = divmod(whole // 60, 60)
    return (
        f"{hours}:{minutes:02}:{whole % 60:02}"
        if hours
        else f"{minutes}:{whole % 60:02}"
    )
