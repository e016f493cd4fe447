"""From a key to a result: choose, see the consequence, confirm, hear how it went."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final, TypeVar

from trio_sup_inspector.acting import LEVELS, options_for, result_of, title_of
from trio_sup_inspector.screens.choose import Choose
from trio_sup_inspector.screens.confirm import Confirm, Menu

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual.app import App

    from trio_sup.inspect.protocol.wire_rows import Row
    from trio_sup_inspector.connection import Connection

T = TypeVar("T")

PATIENCE: Final = 10.0
"""Seconds that the node has to say what an action would do."""
LONG: Final = 3600.0
"""Seconds that an action may take: as long as the child needs to stop."""
POLL: Final = 0.02


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
    operating = connection.session.operating
    options = options_for(row, operating)
    title = operating.why_not or (f"Act on {row.path}" if row is not None else "Act")
    index = await app.push_screen_wait(_plainly(Menu(title, options), plain))
    if index is None:
        return
    option = options[index]
    if option.problem:
        say(f"{option.words}: {option.problem}", False)
        return
    argument = ""
    if option.action == "log_level":
        level = await app.push_screen_wait(
            _plainly(Choose("Level of the logger trio_sup", LEVELS, 1), plain)
        )
        if level is None:
            return
        argument = LEVELS[level]
    asked = operating.plan(option.action, option.id, option.life, argument)
    connection.flush()
    plan = await _answer(lambda: operating.plans.get(asked), PATIENCE)
    if plan is None or plan.code:
        say(*result_of(option, plan))
        return
    word = option.words[0].upper() + option.words[1:]
    question = Confirm(
        title_of(option, argument),
        plan.lines,
        word=word,
        confirm=plan.confirm,
        plain=plain,
    )
    if not await app.push_screen_wait(_plainly(question, plain)):
        say("nothing was done", True)
        return
    done = operating.act(option.action, option.id, option.life, argument)
    connection.flush()
    say(f"{option.words} {option.path}: under way", True)
    outcome = await _answer(lambda: operating.final(done), LONG)
    say(*result_of(option, outcome))


def _plainly(screen: T, plain: bool) -> T:
    set_class = getattr(screen, "set_class", None)
    if set_class is not None:
        set_class(plain, "-plain")
    return screen


async def _answer(look: Callable[[], T | None], seconds: float) -> T | None:
    """Wait until there is something to see; None if it takes too long."""
    try:
        async with asyncio.timeout(seconds):
            # The session is pure and wakes nobody; people don't see 20 ms.
            while (found := look()) is None:  # noqa: ASYNC110
                await asyncio.sleep(POLL)
            return found
    except TimeoutError:
        return None
