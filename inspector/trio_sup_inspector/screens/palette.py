"""What the palette of commands offers besides Textual's own: every action with a name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from textual.app import SystemCommand
from textual.binding import Binding

from trio_sup_inspector.keys import shown_keys

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from textual.screen import Screen


def named_actions(
    screen: Screen[Any], keymap: Mapping[str, str]
) -> Iterator[SystemCommand]:
    """The actions of a screen that have a name, with their keys."""
    for binding in screen.BINDINGS:
        if isinstance(binding, Binding) and binding.description:
            yield SystemCommand(
                binding.description.capitalize(),
                f"key {shown_keys(binding, keymap)}",
                _runner(screen, binding.action),
            )


def _runner(screen: Screen[Any], action: str) -> Callable[[], None]:
    def run() -> None:
        # Textual leaves the type of its applications open.
        screen.app.call_later(screen.run_action, action)  # pyright: ignore[reportUnknownMemberType]

    return run
