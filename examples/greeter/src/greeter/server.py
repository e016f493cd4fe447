"""A server for each guest: on demand, and gone when nobody comes any more."""

from __future__ import annotations

from collections.abc import Hashable

import trio

from trio_sup import (
    ChildSpec,
    Continue,
    DynamicSupervisor,
    GenServer,
    ServerRef,
    Stop,
    address,
    call,
    cast,
    child,
)

GREETERS = address("greeters", DynamicSupervisor, wait=True)
"""The supervisor of all greeters."""


# --8<-- [start:greeter]
class Greeter(GenServer, restart="transient"):
    """Greets one guest, and remembers how often.

    It is there at once; what takes a while, it does before its first message. When no
    greeting has come for `idle` seconds it ends, and leaves nothing behind.
    """

    def __init__(self, guest: Hashable, preparation: float, idle: float) -> None:
        self.guest = guest
        self.preparation = preparation
        self.idle = idle
        self.salutation = ""
        self.greeted = 0

    async def init(self) -> Continue:
        """Keep nobody waiting who starts many."""
        return Continue()

    async def handle_continue(self) -> None:
        """Look up how the guest likes to be greeted: no message comes before."""
        await trio.sleep(self.preparation)
        self.salutation = f"Hello, {self.guest}!"
        self.idle_after(self.idle, Greeter.leave)

    @call
    async def greet(self) -> str:
        """Greet, and wait for the next time from now on."""
        self.idle_after(self.idle, Greeter.leave)
        self.greeted += 1
        return f"{self.salutation} ({self.greeted})"

    @cast
    async def leave(self) -> None:
        """Nobody came for a while: an end in order, after which nobody comes back."""
        raise Stop


# --8<-- [end:greeter]
# --8<-- [start:greet]
def greeter(
    guest: Hashable, *, preparation: float = 0.5, idle: float = 60.0
) -> ChildSpec[ServerRef[Greeter]]:
    """The greeter of one guest, who may be anything that is hashable."""
    return child(Greeter, guest, preparation, idle, name=("greeter", guest))


async def greet(
    guest: Hashable, *, preparation: float = 0.5, idle: float = 60.0
) -> str:
    """Greet somebody: also right when the greeter is just about to leave."""
    spec = greeter(guest, preparation=preparation, idle=idle)
    return await GREETERS.call_or_start(spec, Greeter.greet)


# --8<-- [end:greet]
