"""A server with a secret."""

from typing import Any

import trio
import trio.testing

from trio_sup import (
    GenServer,
    Stop,
    call,
    cast,
    child,
    open_supervisor,
)


class Account(GenServer):
    def __init__(self, owner: Any = "ann") -> None:
        self.owner = owner
        self.balance = 0
        self.password = "hunter2"

    @call(raises=(ValueError,))
    async def put(self, amount: Any) -> Any:
        if amount < 0:
            raise ValueError("negative")
        self.balance += amount
        return self.balance

    @call
    async def hold(self, seconds: Any) -> None:
        await trio.sleep(seconds)

    @cast
    async def note(self, amount: Any) -> None:
        self.balance += amount

    @cast
    async def crash(self, after: float = 0) -> None:
        await trio.sleep(after)
        raise LookupError("crash")

    @cast
    async def finish(self, after: float) -> None:
        await trio.sleep(after)
        raise Stop

    @call.deferred
    async def later(self, caller: Any) -> None:
        self.caller = caller

    async def handle_info(self, message: Any) -> None:
        self.continue_with(message)

    async def handle_continue(self, message: Any) -> None:
        self.balance += message

    def format_status(self, status: Any) -> Any:
        if isinstance(status["state"], dict):
            status["state"]["password"] = "<hidden>"
        return status


def tree(**options: Any) -> Any:
    return open_supervisor([child(Account, id="account", **options)])
