"""Acting on all marked children, with one question that lists them."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from trio_sup.inspect.protocol.wire_actions import Acted
from trio_sup_inspector.acting import WORDS, Option, options_for_many
from trio_sup_inspector.screens.act import (
    ANEW,
    LONG,
    PATIENCE,
    Ask,
    act,
    shown,
    within,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from trio_sup.inspect.protocol.wire_actions import Planned
    from trio_sup.inspect.protocol.wire_rows import Row
    from trio_sup_inspector.answers import Answers
    from trio_sup_inspector.state.node import NodeState

LISTED: Final = 12
"""Lines of the question; what is more is counted."""


async def act_here(
    ask: Ask, state: NodeState, pointed: int | None, say: Callable[[str, bool], None]
) -> None:
    """Let the user act on the marked children, or on the one under the cursor.

    Args:
        ask: Where menus and questions are shown, and whom they are about.
        state: The node.
        pointed: The child under the cursor; None for the node only.
        say: Takes a line for people, and whether it is good news.
    """
    rows = state.model.rows
    marked = [rows[id] for id in state.marks if id in rows]
    if marked:
        await act_on_many(ask, marked, say)
    else:
        await act(ask, state.row(pointed), say)


async def act_on_many(
    ask: Ask, rows: Sequence[Row], say: Callable[[str, bool], None]
) -> None:
    """Let the user act on the marked children. Run it as a worker of the app.

    Args:
        ask: Where menus and questions are shown, and whom they are about.
        rows: The children.
        say: Takes a line for people, and whether it is good news.
    """
    session, answers = ask.connection.session, ask.connection.answers
    process = ask.process()
    options = options_for_many(rows, session.operating)
    many = "1 marked child" if len(rows) == 1 else f"{len(rows)} marked children"
    title = session.operating.why_not or f"Act on {many}"
    index = await shown(ask, ask.menu(title, options))
    if index is None:
        return
    option = options[index]
    if option.problem:
        say(f"{option.words}: {option.problem}", False)
        return
    if not ask.answered_by(process):
        say(f"{option.words}: {ANEW}", False)
        return
    plans = await within(PATIENCE, _plans(answers, option, rows))
    possible = [(row, plan) for row, plan in plans or () if not plan.code]
    if not plans or not possible:
        say(_refusal(option, plans), False)
    elif not await _confirm(ask, option, plans, len(possible)):
        say("nothing was done", True)
    elif not ask.answered_by(process):
        say(f"{option.words}: {ANEW}", False)
    else:
        say(f"{option.words}, {len(possible)} children: under way", True)
        deeds = [_act(answers, option, row, plan) for row, plan in possible]
        say(*_result(option, await asyncio.gather(*deeds), len(plans)))


async def _plans(
    answers: Answers, option: Option, rows: Sequence[Row]
) -> list[tuple[Row, Planned]]:
    action = option.action
    return [(row, await answers.plan(action, row.id, row.life, "")) for row in rows]


def _refusal(option: Option, plans: Sequence[tuple[Row, Planned]] | None) -> str:
    if plans is None:
        return f"{option.words}: the node did not answer"
    row, plan = plans[0]
    more = f", and so are {len(plans) - 1} more" if len(plans) > 1 else ""
    return f"{option.action} {row.path}: refused: {plan.why}{more}"


async def _confirm(
    ask: Ask, option: Option, plans: Sequence[tuple[Row, Planned]], possible: int
) -> bool:
    lines: list[str] = []
    for row, plan in plans:
        text = f"left out: {plan.why}" if plan.code else "; ".join(plan.lines[:2])
        lines.append(f"{row.path}: {text}")
    if len(lines) > LISTED:
        more = len(lines) - LISTED + 1
        lines[LISTED - 1 :] = [f"and {more} more"]
    affected = sum(plan.affected for _, plan in plans)
    lines.append(f"{possible} of {len(plans)} children, {affected} processes stop")
    word = option.words[0].upper() + option.words[1:]
    many = "1 child" if possible == 1 else f"{possible} children"
    title = f"{word.partition(':')[0]}: {many}?"
    # More than one is concerned: a yes is not enough.
    question = ask.question(title, lines, word, confirm=str(possible))
    yes: bool | None = await shown(ask, question)
    return bool(yes)


async def _act(
    answers: Answers, option: Option, row: Row, plan: Planned
) -> tuple[Row, Acted]:
    deed = answers.act(option.action, row.id, plan.life or row.life, "")
    done = await within(LONG, deed)
    return row, done or Acted(0, "failed", "", "the node did not answer")


def _result(
    option: Option, done: Sequence[tuple[Row, Acted]], asked: int
) -> tuple[str, bool]:
    words = WORDS[option.action].partition(":")[0]
    wrong = [(row, each) for row, each in done if each.state != "done"]
    text = f"{words}: {len(done) - len(wrong)} of {asked} done"
    if wrong:
        row, each = wrong[0]
        text += f"; {row.path}: {each.state}: {each.text}"
    return text, not wrong and len(done) == asked
