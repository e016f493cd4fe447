"""What those who use the trees of the mutants have in common."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import trio

from trio_sup import SupervisionError

REFUSED = (SupervisionError, trio.TooSlowError)


async def all_of(*users: Callable[[], Awaitable[None]]) -> None:
    async with trio.open_nursery() as nursery:
        for user in users:
            nursery.start_soon(user)


async def again(use: Callable[[], Awaitable[None]], seconds: float) -> None:
    """Do something again and again; what is refused is tried later."""
    while True:
        try:
            with trio.move_on_after(4):
                await use()
        except REFUSED:
            pass
        await trio.sleep(seconds)
