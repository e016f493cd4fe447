"""A screen with keys that do what stands in a table, and with a filter to type."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.screen import Screen

if TYPE_CHECKING:
    from collections.abc import Callable

    from trio_sup_inspector.screens.filter_bar import FilterBar


class KeyedScreen(Screen[None]):
    """The part that the screens of a node and of a cluster have in common."""

    doing: dict[str, Callable[[], None]]
    """What a key is for, by the action's id."""
    filter_bar: FilterBar

    def action_do(self, id: str) -> None:
        """Do what a key is for."""
        self.doing[id]()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Whether a key may be what it is: a slash in the filter is a slash."""
        if action == "do" and parameters == ("filter",):
            return not self.filter_bar.typing
        return super().check_action(action, parameters)
