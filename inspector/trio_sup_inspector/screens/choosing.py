"""What is chosen for the lists: their order, and their columns."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trio_sup.inspect.model.order import ORDERS
from trio_sup_inspector.lines.columns import USUAL
from trio_sup_inspector.screens.choose import Choose
from trio_sup_inspector.screens.columns import ColumnChoice, Columns

if TYPE_CHECKING:
    from trio_sup_inspector.screens.main import MainScreen


def choose_order(screen: MainScreen, *, plain: bool) -> None:
    """Choose by what the process list is sorted."""

    def chosen(index: int | None) -> None:
        if index is not None:
            screen.state.order = ORDERS[index]
            screen.state.reverse = False
            screen.body.go_to("list")

    at = ORDERS.index(screen.state.order)
    titles = [order.title for order in ORDERS]
    menu = Choose("Sort processes by", titles, at)
    menu.set_class(plain, "-plain")
    screen.app.push_screen(menu, chosen)  # pyright: ignore[reportUnknownMemberType]


def choose_columns(
    screen: MainScreen, columns: dict[str, tuple[str, ...]], *, plain: bool
) -> None:
    """Choose the columns of the list on screen, or those of the process list.

    Args:
        screen: Shows at once what is chosen.
        columns: What is chosen for each list; is changed.
        plain: ASCII only.
    """
    here = screen.lists.current
    name = here if here in USUAL else "list"
    before = columns.get(name)
    choice = ColumnChoice(name, before)

    def put(ids: tuple[str, ...] | None) -> None:
        columns.pop(name, None)
        if ids is not None:
            columns[name] = ids

    def done(keeping: bool | None) -> None:
        put(choice.chosen() if keeping else before)
        if keeping and here != name:
            screen.body.go_to(name)

    def try_on() -> None:
        put(choice.chosen())
        screen.refresh_view()

    menu = Columns(choice, try_on, plain=plain)
    screen.app.push_screen(menu, done)  # pyright: ignore[reportUnknownMemberType]
