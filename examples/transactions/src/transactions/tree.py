"""The tree: ledger, client, trackers, and who takes up again what was unfinished."""

from __future__ import annotations

import os
from pathlib import Path

import trio
from attrs import frozen

from trio_sup import (
    ChildSpec,
    DynamicSupervisor,
    ServerExit,
    StartIgnored,
    Supervisor,
    address,
    child,
    dynamic_supervisor,
    supervisor,
)

from .client import Client
from .ledger import LEDGER, Ledger
from .tracker import FINAL, Tracker, Way, tracker

TRACKERS = address("trackers", DynamicSupervisor, wait=True)
"""The supervisor of all trackers, made once and looked up at each use."""


@frozen
class Transactions:
    """What the rest of a program needs to know of the trackers."""

    way: Way

    # --8<-- [start:track]
    async def track(self, id: str) -> int:
        """Return the confirmations of a transaction, which is followed from now on.

        Starts, names and supervises its tracker, unless it runs or the transaction is
        final. Good from anywhere, at any moment: a tracker that is between two lives
        is waited for, and one that ends with the question unanswered is asked again,
        for to ask twice does no harm.
        """
        while True:
            try:
                return await TRACKERS.call_or_start(
                    tracker(id, self.way), Tracker.progress
                )
            except ServerExit:
                await trio.lowlevel.checkpoint()
            except StartIgnored:
                return FINAL

    # --8<-- [end:track]
    async def resume(self) -> None:
        """Start a tracker for all that the ledger knows as unfinished.

        The body of a child. It comes last in the tree and returns; when the ledger
        fails, it is started again with all that stands after the ledger.
        """
        for id in await LEDGER.call(Ledger.unfinished, FINAL):
            await self.track(id)


def transactions(
    url: str, file: Path, *, every: float = 30.0, connections: int = 20
) -> tuple[ChildSpec[Supervisor], Transactions]:
    """Describe the tree, and how to use it.

    Args:
        url: Where the source is.
        file: The ledger's SQLite file; made if it does not exist.
        every: Seconds between two looks at a transaction.
        connections: How many requests to the source may be under way.
    """
    # --8<-- [start:tree]
    client = Client(url, connections)
    app = Transactions(Way(client, every))
    children = [
        child(Ledger, file, name=LEDGER),
        child(client.serve, id="client"),
        # An outage of the source crashes every tracker, each of which has a backoff
        # and a budget of its own: their number is no reason to give up.
        dynamic_supervisor(
            id="trackers", name=TRACKERS, max_restarts=1_000_000, max_seconds=60.0
        ),
        child(app.resume, id="resume", restart="transient"),
    ]
    # Whoever stands after the ledger has its answers: without it all of it is void.
    return supervisor(children, id="transactions", strategy="rest_for_one"), app
    # --8<-- [end:tree]


async def feed(app: Transactions, number: int) -> None:
    """Begin to follow so many transactions, as a front end would."""
    for each in range(number):
        await app.track(f"T-{each}")
    await trio.sleep_forever()


def spec() -> ChildSpec[Supervisor]:
    """Describe the program: for ``trio-sup run transactions.tree:spec``.

    From the environment: `TRANSACTIONS_SOURCE`, the address of the source;
    `TRANSACTIONS_FILE`, where the ledger is; `TRANSACTIONS_NUMBER`, how many to follow;
    `TRANSACTIONS_EVERY`, the seconds between two looks.
    """
    tree, app = transactions(
        os.environ.get("TRANSACTIONS_SOURCE", "http://127.0.0.1:8750"),
        Path(os.environ.get("TRANSACTIONS_FILE", "transactions.db")),
        every=float(os.environ.get("TRANSACTIONS_EVERY", "30")),
    )
    number = int(os.environ.get("TRANSACTIONS_NUMBER", "100"))
    front = child(feed, app, number, id="front")
    return supervisor([tree, front], id="program")
