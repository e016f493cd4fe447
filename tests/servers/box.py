"""A server that writes down what it serves, across its lives."""

from typing import Any

import trio
import trio.testing

from trio_sup import (
    GenServer,
    Mailbox,
    call,
    cast,
    child,
    open_supervisor,
)

SMALL = Mailbox(2)


class Box(GenServer):
    """Writes down what it serves, across its lives."""

    def __init__(self, served: Any, fail_starts: Any = ()) -> None:
        self.served = served
        self.fail_starts = fail_starts

    async def init(self) -> None:
        if self.life in self.fail_starts:
            raise ValueError("failed start")

    @call
    async def hold(self, seconds: Any) -> Any:
        await trio.sleep(seconds)
        return "held"

    @call
    async def get(self, item: Any) -> Any:
        self.served.append((self.life, item))
        return item

    @cast
    async def put(self, item: Any) -> None:
        self.served.append((self.life, item))

    @cast
    async def crash(self) -> None:
        raise ValueError("crash")

    @cast
    async def tick_soon(self) -> None:
        self.every(1, Box.put, "tick")

    @call.deferred
    async def never(self, caller: Any) -> None:
        self.caller = caller


def tree(served: Any, *args: Any, mailbox: Any = SMALL, **options: Any) -> Any:
    spec = child(Box, served, *args, id="box", mailbox=mailbox, **options)
    return open_supervisor([spec], max_restarts=9)


def items(served: Any) -> Any:
    return [item for _, item in served]
