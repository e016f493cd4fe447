"""Transaction tracker: one server a transaction, started by the first call.

One call starts, names and supervises the server of a transaction. Who knows only the
id finds it, also after a crash: the new life reads its state back from the ledger. A
transaction that is settled ends its server in order, and its name is free.
"""

from __future__ import annotations

import trio

from trio_sup import (
    ChildSpec,
    GenServer,
    ServerExit,
    ServerRef,
    Stop,
    call,
    child,
    dynamic_supervisor,
    open_supervisor,
    whereis,
)

Ledger = dict[str, list[str]]
"""What survives a crash; in real life a database."""


class Transaction(GenServer):
    """Follows one transaction through its steps."""

    def __init__(self, id: str, ledger: Ledger) -> None:
        self.steps = ledger.setdefault(id, [])

    @call
    async def record(self, step: str) -> list[str]:
        """Note a step and return all so far."""
        if step == "corrupt":
            raise ValueError("cannot parse this step")
        self.steps.append(step)
        return list(self.steps)

    @call
    async def settle(self) -> int:
        """Finish: answer with the number of steps, and end."""
        raise Stop(reply=len(self.steps))


def transaction(id: str, ledger: Ledger) -> ChildSpec[ServerRef[Transaction]]:
    """The server of one transaction; it comes back after a crash only."""
    return child(Transaction, id, ledger, name=("tx", id), restart="transient")


async def main() -> None:
    """Walk one transaction through steps, a crash, and its end."""
    ledger: Ledger = {}
    async with open_supervisor([dynamic_supervisor(id="transactions")]) as sup:
        transactions = sup.dynamic("transactions")
        spec = transaction("T-1", ledger)
        await transactions.call_or_start(spec, Transaction.record, "opened")
        await transactions.call_or_start(spec, Transaction.record, "paid")

        tracked = await transactions.get_or_start(spec)
        try:
            await tracked.call(Transaction.record, "corrupt")
        except ServerExit as error:
            print("ServerExit:", error.__cause__)

        again = await transactions.get_or_start(spec)
        print(f"life {again.life} knows", await again.call(Transaction.record, "sent"))
        print("settled after", await again.call(Transaction.settle), "steps")
        await again.wait_stopped()
        print("still registered:", whereis(("tx", "T-1"), Transaction) is not None)


if __name__ == "__main__":
    trio.run(main)
