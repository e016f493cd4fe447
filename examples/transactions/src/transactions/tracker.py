"""A server for each transaction: looks at the source until the transaction is final."""

from __future__ import annotations

import random

from attrs import frozen

from trio_sup import (
    Backoff,
    Budget,
    ChildSpec,
    Continue,
    GenServer,
    Ignore,
    ServerRef,
    Stop,
    call,
    cast,
    child,
)

from .client import Client
from .ledger import LEDGER, Ledger

FINAL = 12
"""So many confirmations are enough."""


@frozen
class Way:
    """What every tracker needs to do its work."""

    client: Client
    every: float
    """Seconds between two looks at the source."""


# --8<-- [start:tracker]
class Tracker(GenServer):
    """Follows one transaction.

    It begins with what the ledger knows, so a new life goes on where the last one was.
    When the source fails, it crashes: its supervisor waits longer from time to time,
    and the code here knows the good case only.
    """

    def __init__(self, id: str, way: Way) -> None:
        self.transaction = id
        self.way = way
        self.confirmations = 0

    async def init(self) -> Continue:
        """Be there when the state is right; look for the first time after that."""
        known = await LEDGER.call(Ledger.read, self.transaction)
        if known is None:
            await LEDGER.call(Ledger.record, self.transaction, 0)
        self.confirmations = known or 0
        if self.confirmations >= FINAL:
            raise Ignore  # nothing is left to follow
        return Continue()

    async def handle_continue(self) -> None:
        """Spread the looks of thousands over the time between two."""
        self.send_after(random.uniform(0, self.way.every), Tracker.look)

    @call
    async def progress(self) -> int:
        """Return the confirmations so far."""
        return self.confirmations

    @cast
    async def look(self) -> None:
        """Ask the source; end in order when the transaction is final."""
        self.confirmations = await self.way.client.confirmations(self.transaction)
        await LEDGER.call(Ledger.record, self.transaction, self.confirmations)
        if self.confirmations >= FINAL:
            raise Stop
        self.send_after(self.way.every, Tracker.look)


# --8<-- [end:tracker]
# --8<-- [start:spec]
def tracker(id: str, way: Way) -> ChildSpec[ServerRef[Tracker]]:
    """The tracker of one transaction: comes back after a crash, not after its end."""
    return child(
        Tracker,
        id,
        way,
        name=("transaction", id),
        restart="transient",
        backoff=Backoff(initial=0.5, maximum=30.0),
        budget=Budget(100, 3600.0, then="quarantine"),
    )


# --8<-- [end:spec]
