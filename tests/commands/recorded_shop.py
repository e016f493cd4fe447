"""A tree that is recorded as a node of its own, and that plays the recording."""

from contextlib import suppress

import trio

from trio_sup import (
    Child,
    ChildSpec,
    GenServer,
    NoProcess,
    Supervisor,
    cast,
    child,
    supervisor,
    whereis,
)


class Db(GenServer):
    """Is told of pulses."""

    @cast
    async def note(self, number: int, word: str) -> None:
        """Forget it."""


async def pulse() -> None:
    while True:
        await trio.sleep(0.25)
        db = whereis("db", Db)
        if db is not None:
            with suppress(NoProcess):
                db.cast(Db.note, 7, "beat")


def spec() -> ChildSpec[Supervisor]:
    children: list[ChildSpec[Child]] = [
        child(Db, id="db", name="db"),
        child(trio.sleep_forever, id="cache"),
        child(trio.sleep_forever, id="mail"),
        child(pulse, id="pulse"),
    ]
    return supervisor(children, id="shop", max_restarts=50)
