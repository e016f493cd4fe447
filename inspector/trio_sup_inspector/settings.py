"""How the application appears and behaves: what its caller and its user say."""

from __future__ import annotations

import locale
import os
import sys
import time
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from attrs import field, frozen

from trio_sup.inspect.text.terminal import shows_unicode
from trio_sup_inspector.connection import POLL
from trio_sup_inspector.keys import KeymapError, keymap_path, load_keymap
from trio_sup_inspector.remembered import settings_path
from trio_sup_inspector.state.node import RATES

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

Color: TypeAlias = Literal["auto", "always", "never"]

EXIT_USAGE: Final = 2


@frozen
class Settings:
    """How the application appears and behaves."""

    plain: bool = False
    """ASCII only."""
    rate: float = 4.0
    """Refreshes a second, 1 to 10."""
    control: bool = False
    """Whether to ask nodes for leave to act."""
    keymap: Mapping[str, str] = field(factory=dict["str", "str"])
    """Action ids to keys."""
    clock: Callable[[], float] = time.monotonic
    """A steady clock in seconds."""
    wall: Callable[[], float] = time.time
    """Seconds since 1970."""
    jitter: Callable[[], float] = lambda: time.time() % 1.0
    """0 to 1: spreads the attempts to reconnect."""
    poll: float = POLL
    """Seconds after which a silent connection, or a due attempt, is noticed."""
    remember: Path | None = None
    """The file in which theme, sort and columns are remembered, if they are."""
    ticking: bool = True
    """False: nothing is refreshed but by `InspectorApp.tick`."""


def speaks_unicode() -> bool:
    """Whether the locale's encoding can show more than ASCII."""
    return shows_unicode(locale.getpreferredencoding(False), os.environ)


def settings_for(
    *, plain: bool | None, rate: float, control: bool = False, remember: bool = True
) -> Settings | int:
    """The user's settings; or an exit code, after a line on stderr."""
    try:
        keymap = load_keymap(keymap_path())
    except KeymapError as error:
        sys.stderr.write(f"trio-sup: {error}\n")
        return EXIT_USAGE
    return Settings(
        plain=not speaks_unicode() if plain is None else plain,
        rate=min(max(rate, RATES[0]), RATES[-1]),
        keymap=keymap,
        control=control,
        remember=settings_path() if remember else None,
    )
