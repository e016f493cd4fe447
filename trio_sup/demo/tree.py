"""The supervision of the whole service, as data."""

from __future__ import annotations

from typing import TYPE_CHECKING

import trio

from trio_sup import (
    Backoff,
    Child,
    ChildSpec,
    DynamicSupervisor,
    Mailbox,
    Supervisor,
    child,
    dynamic_supervisor,
    supervisor,
)
from trio_sup.demo import board, index, store
from trio_sup.demo.board import Boards
from trio_sup.demo.chaos import cause_chaos
from trio_sup.demo.door import door
from trio_sup.demo.index import Index
from trio_sup.demo.store import Store
from trio_sup.demo.ticker import Ticker
from trio_sup.demo.visitor import chatter

if TYPE_CHECKING:
    from pathlib import Path

    from trio_sup.demo.options import Options

MAX_BOARDS = 100
BACKOFF = Backoff(initial=0.1, maximum=2.0, reset_after=5.0)
ENOUGH = 20
"""Restarts in 5 s that a supervisor allows. With `BACKOFF` a child needs at most 7,
however often somebody crashes it: to exceed this, something must be truly broken."""


def service(
    options: Options, file: Path, owner: ChildSpec[Child]
) -> ChildSpec[Supervisor]:
    """Describe the board server.

    Args:
        options: What the user asked for.
        file: Where it keeps posts.
        owner: A significant child, started first and stopped last: the service runs
            for its sake and ends with it.
    """
    children: list[ChildSpec[Child]] = [
        owner,
        _memory(file),
        _boards(),
        child(Ticker, id="ticker", name="ticker", backoff=BACKOFF),
        door(options.port, Boards()),
        _visitors(options),
    ]
    if options.duration is not None:
        children.append(_deadline(options.duration))
    return supervisor(
        children,
        id=options.name,
        auto_shutdown="any_significant",
        max_restarts=ENOUGH,
    )


def _memory(file: Path) -> ChildSpec[Supervisor]:
    """The index stands on the store: when the store crashes, both start anew."""
    # Calls that wait when the store crashes are answered by its next life.
    keep = Mailbox(on_crash="keep")
    # One of them may be the index's own, and the store starts when the index has
    # ended. The index has nothing to lose: it need not be given much time.
    hardly = 0.1
    return supervisor(
        [
            child(
                Store,
                file,
                name=store.NAME,
                id=store.NAME,
                backoff=BACKOFF,
                mailbox=keep,
            ),
            child(
                Index, name=index.NAME, id=index.NAME, backoff=BACKOFF, shutdown=hardly
            ),
        ],
        id="memory",
        strategy="rest_for_one",
        max_restarts=ENOUGH,
    )


def _boards() -> ChildSpec[DynamicSupervisor]:
    return dynamic_supervisor(
        id=board.NAME,
        name=board.NAME,
        max_children=MAX_BOARDS,
        # All that the boards' own budgets allow together.
        max_restarts=MAX_BOARDS * board.BUDGET.max_restarts,
        max_seconds=board.BUDGET.max_seconds,
    )


def _visitors(options: Options) -> ChildSpec[Supervisor]:
    children = [
        child(chatter, number, id=f"client-{number}")
        for number in range(1, options.clients + 1)
    ]
    if options.chaos is not None:
        children.append(child(cause_chaos, options.chaos, id="chaos"))
    return supervisor(children, id="visitors")


def _deadline(seconds: float) -> ChildSpec[Child]:
    """A child whose end ends the service."""
    return child(
        trio.sleep, seconds, id="deadline", restart="temporary", significant=True
    )
