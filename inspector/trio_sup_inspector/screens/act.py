"""From a key to a result: choose, see the consequence, confirm, hear how it went."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final, TypeVar

from attrs import frozen

from trio_sup.inspect.protocol.wire_actions import LEVELS
from trio_sup_inspector.acting import (
    asked_of,
    may_be_held,
    menu_title,
    options_for,
    result_of,
    title_of,
    with_answer,
)
from trio_sup_inspector.screens.choose import Choose
from trio_sup_inspector.screens.confirm import Confirm, Menu

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from textual.app import App
    from textual.screen import ModalScreen

    from trio_sup.inspect.protocol.wire_actions import Planned
    from trio_sup.inspect.protocol.wire_rows import Row
    from trio_sup_inspector.acting import Option
    from trio_sup_inspector.connection import Connection

T = TypeVar("T")

PATIENCE: Final = 10.0
"""Seconds that the node has to say what an action would do."""
ANEW: Final = "the node started anew, nothing was done"
LONG: Final = 3600.0
"""Seconds that an action may take: as long as the child needs to stop."""


@frozen
class Ask:
    """Where menus and questions are shown, and of which node they are."""

    app: App[Any]
    connection: Connection
    plain: bool
    """ASCII only."""

    def menu(self, title: str, options: Sequence[Option]) -> Menu:
        """The actions to choose from."""
        return Menu(title, options)

    def question(
        self, title: str, lines: Sequence[str], word: str, *, confirm: str
    ) -> Confirm:
        """What would happen, and whether it shall."""
        asked = asked_of(title, self.connection.target.host)
        return Confirm(asked, lines, word=word, confirm=confirm, plain=self.plain)

    def process(self) -> str:
        """The process that the rows shown are of: another one has others by now."""
        node = self.connection.session.clock.node
        return "" if node is None else node.epoch

    def answered_by(self, process: str) -> bool:
        """Whether it is that process that answers.

        The children of another one have the same numbers, and are others.
        """
        node = self.connection.session.node
        return node is not None and node.epoch == process


async def act(ask: Ask, row: Row | None, say: Callable[[str, bool], None]) -> None:
    """Let the user act on a line or on the node. Run it as a worker of the app.

    Args:
        ask: Where menus and questions are shown, and of which node they are.
        row: The child; None for the node only.
        say: Takes a line for people, and whether it is good news.
    """
    connection, process = ask.connection, ask.process()
    chosen = await _choose(ask, row)
    if chosen is None:
        return
    option, argument = chosen
    if option.problem:
        say(f"{option.words}: {option.problem}", False)
        return
    if not ask.answered_by(process):
        say(f"{option.words}: {ANEW}", False)
        return
    asked = (option.action, option.id, option.life, argument)
    answers = connection.answers
    plan = await within(PATIENCE, answers.plan(*asked))
    if plan is None or plan.code:
        say(*result_of(option, plan))
    elif not await _confirm(ask, option, argument, plan):
        say("nothing was done", True)
    elif not ask.answered_by(process):
        say(f"{option.words}: {ANEW}", False)
    else:
        say(f"{option.words} {option.path}: under way", True)
        # The life of the plan: who waits for the present one never gets at a child
        # that crashes all the time.
        meant = (option.action, option.id, plan.life or option.life, argument)
        say(*result_of(option, await within(LONG, answers.act(*meant))))


async def _choose(ask: Ask, row: Row | None) -> tuple[Option, str] | None:
    """What the user wants done, with its argument; None for nothing."""
    options = options_for(row, ask.connection.session.operating)
    session = ask.connection.session
    node = session.node.node if session.node is not None else ""
    title = menu_title(row, session.operating, node)
    menu = ask.menu(title, options)
    asking = asyncio.ensure_future(_ask_for_release(ask, row, menu))
    try:
        index = await shown(ask, menu)
    finally:
        asking.cancel()
    if index is None:
        return None
    option = menu.choices[index]
    if option.action != "log_level" or option.problem:
        return option, ""
    levels = Choose("Level of the logger trio_sup", LEVELS, LEVELS.index("INFO"))
    level = await shown(ask, levels)
    return None if level is None else (option, LEVELS[level])


async def _ask_for_release(ask: Ask, row: Row | None, menu: Menu) -> None:
    """Say in a menu why nothing is to be released, as soon as the node has said it."""
    release = None if row is None else may_be_held(menu.choices, row)
    if release is not None and ask.answered_by(ask.process()):
        asked = ("release", release.id, release.life, "")
        plan = await within(PATIENCE, ask.connection.answers.plan(*asked))
        if plan is not None and plan.code:
            menu.change(with_answer(menu.choices, release, plan))


async def _confirm(ask: Ask, option: Option, argument: str, plan: Planned) -> bool:
    """Show what would happen, and ask whether it shall."""
    word = option.words[0].upper() + option.words[1:]
    question = ask.question(
        title_of(option, argument), plan.lines, word, confirm=plan.confirm
    )
    yes: bool | None = await shown(ask, question)
    return bool(yes)


async def shown(ask: Ask, screen: ModalScreen[T]) -> T | None:
    """Show it until the user has answered."""
    screen.set_class(ask.plain, "-plain")
    return await ask.app.push_screen_wait(screen)


async def within(seconds: float, answer: Awaitable[T]) -> T | None:
    """The answer; None if it takes too long."""
    try:
        async with asyncio.timeout(seconds):
            return await answer
    except TimeoutError:
        return None
