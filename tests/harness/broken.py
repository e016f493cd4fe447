"""Trees with a bug in them."""

from typing import Any

import trio
import trio.lowlevel

from trio_sup import Registry, child, supervisor

from .trees import tick

boards = Registry()


async def forgets_to_unregister() -> None:
    """Releases its place only after an await: never, if it is cut off there."""
    if "place" in boards.meta:
        raise RuntimeError("the place is taken")
    boards.meta["place"] = True
    try:
        await trio.sleep_forever()
    finally:
        await trio.lowlevel.checkpoint()
        del boards.meta["place"]


def leaky() -> Any:
    boards.meta.clear()
    return supervisor([child(tick, id="t"), child(forgets_to_unregister)], id="leaky")


async def spins() -> None:
    while True:
        await trio.lowlevel.checkpoint()
