"""The main screen on a recording: a position bar, and keys to move in time."""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING, ClassVar, Final

from trio_sup_inspector.keys import REPLAY_KEYS
from trio_sup_inspector.lines.cells import Cell, Cells, cells_width, clip_cells
from trio_sup_inspector.screens.main import MainScreen
from trio_sup_inspector.widgets.bars import Bar

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from textual.app import ComposeResult
    from textual.binding import BindingType

    from trio_sup.inspect.recording.replay import Player
    from trio_sup_inspector.state.node import NodeState

LIVE: Final = " LIVE "
SKIP: Final = 10.0
"""Seconds."""


class ReplayScreen(MainScreen):
    """Everything about one node as it was.

    Args:
        state: The node.
        player: Plays the recording; its clock is the application's.
        plain: ASCII only.
        where: The recording, for people.
        repaint: Shows the player's present state at once.
    """

    BINDINGS: ClassVar[list[BindingType]] = [*REPLAY_KEYS]

    def __init__(
        self,
        state: NodeState,
        player: Player,
        *,
        plain: bool,
        where: str,
        repaint: Callable[[], None],
        keymap: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(
            state, clock=player.clock, plain=plain, where=where, keymap=keymap
        )
        self._player = player
        self._repaint = repaint
        self.doing |= {
            "pause": self._toggle,
            "step": partial(self._step, 1),
            "replay.step_back": partial(self._step, -1),
            "replay.back": partial(self._skip, -SKIP),
            "replay.forward": partial(self._skip, SKIP),
            "replay.incident_before": partial(self._incident, -1),
            "replay.incident_next": partial(self._incident, 1),
            "replay.start": partial(self._seek, 0.0),
            "replay.end": partial(self._seek, player.index.length),
        }

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
        return position_cells(self._player, width, plain=self.plain)

    # --- what the keys do ----------------------------------------------------

    def _toggle(self) -> None:
        """Stop the recording, or go on."""
        self._player.toggle()
        self._moved()

    def _step(self, direction: int) -> None:
        """Go to the next or the previous frame."""
        self._player.step(direction)
        self._moved()

    def _skip(self, seconds: float) -> None:
        """Go forward or back."""
        self._player.skip(seconds)
        self._moved()

    def _incident(self, direction: int) -> None:
        """Go to where something went down next, or before."""
        if not self._player.restart(direction):
            self.notify(f"nothing went down {'after' if direction > 0 else 'before'}")
        self._moved()

    def _seek(self, position: float) -> None:
        """Go to the beginning or the end."""
        self._player.seek(position)
        self._moved()

    def _moved(self) -> None:
        self.lists.release()
        self._repaint()


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
