"""From a key to a result: choose, see the consequence, confirm, hear how it went."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final, TypeVar

from trio_sup.inspect.protocol.wire_actions import LEVELS
from trio_sup_inspector.acting import options_for, result_of, title_of
from trio_sup_inspector.screens.choose import Choose
from trio_sup_inspector.screens.confirm import Confirm, Menu

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from textual.app import App
    from textual.screen import ModalScreen

    from trio_sup.inspect.protocol.wire_actions import Planned
    from trio_sup.inspect.protocol.wire_rows import Row
    from trio_sup_inspector.acting import Option
    from trio_sup_inspector.connection import Connection

T = TypeVar("T")

PATIENCE: Final = 10.0
"""Seconds that the node has to say what an action would do."""
LONG: Final = 3600.0
"""Seconds that an action may take: as long as the child needs to stop."""


async def act(
    app: App[Any],
    connection: Connection,
    row: Row | None,
    say: Callable[[str, bool], None],
    *,
    plain: bool,
) -> None:
    """Let the user act on a line or on the node. Run it as a worker of the app.

    Args:
        app: Where menus and questions are shown.
        connection: The node's.
        row: The child; None for the node only.
        say: Takes a line for people, and whether it is good news.
        plain: ASCII only.
    """
    chosen = await _choose(app, connection, row, plain)
    if chosen is None:
        return
    option, argument = chosen
    if option.problem:
        say(f"{option.words}: {option.problem}", False)
        return
    asked = (option.action, option.id, option.life, argument)
    session, answers = connection.session, connection.answers
    epoch = session.node.epoch if session.node is not None else ""
    plan = await _within(PATIENCE, answers.plan(*asked))
    if plan is None or plan.code:
        say(*result_of(option, plan))
    elif not await _confirm(app, option, argument, plan, plain):
        say("nothing was done", True)
    elif session.node is None or session.node.epoch != epoch:
        # Its children have the same numbers, and are others.
        say(f"{option.words}: the node started anew, nothing was done", False)
    else:
        say(f"{option.words} {option.path}: under way", True)
        # The life of the plan: who waits for the present one never gets at a child
        # that crashes all the time.
        meant = (option.action, option.id, plan.life or option.life, argument)
        say(*result_of(option, await _within(LONG, answers.act(*meant))))


async def _choose(
    app: App[Any], connection: Connection, row: Row | None, plain: bool
) -> tuple[Option, str] | None:
    """What the user wants done, with its argument; None for nothing."""
    operating = connection.session.operating
    options = options_for(row, operating)
    title = operating.why_not or (f"Act on {row.path}" if row is not None else "Act")
    index = await _shown(app, Menu(title, options), plain)
    if index is None:
        return None
    option = options[index]
    if option.action != "log_level" or option.problem:
        return option, ""
    menu = Choose("Level of the logger trio_sup", LEVELS, LEVELS.index("INFO"))
    level = await _shown(app, menu, plain)
    return None if level is None else (option, LEVELS[level])


async def _confirm(
    app: App[Any], option: Option, argument: str, plan: Planned, plain: bool
) -> bool:
    """Show what would happen, and ask whether it shall."""
    question = Confirm(
        title_of(option, argument),
        plan.lines,
        word=option.words[0].upper() + option.words[1:],
        confirm=plan.confirm,
        plain=plain,
    )
    yes: bool | None = await _shown(app, question, plain)
    return bool(yes)


async def _shown(app: App[Any], screen: ModalScreen[T], plain: bool) -> T | None:
    """Show it until the user has answered."""
    screen.set_class(plain, "-plain")
    return await app.push_screen_wait(screen)


async def _within(seconds: float, answer: Awaitable[T]) -> T | None:
    """The answer; None if it takes too long."""
    try:
        async with asyncio.timeout(seconds):
            return await answer
    except TimeoutError:
        return None
