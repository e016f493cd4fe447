"""Greeter: servers on demand that end by themselves and leave nothing behind.

The first greeting of somebody starts their greeter; what is slow to prepare happens
in `handle_continue`, before any message but after the start; a minute without a
message ends it. A million different keys leave nothing behind.
"""

from __future__ import annotations

import trio

from trio_sup import (
    ChildSpec,
    Continue,
    DynamicSupervisor,
    GenServer,
    ServerRef,
    Stop,
    call,
    cast,
    child,
    dynamic_supervisor,
    open_supervisor,
)

IDLE = 60.0
"""Seconds without a message after which a greeter ends."""


class Greeter(GenServer):
    """Greets one person."""

    def __init__(self, person: str) -> None:
        self.person = person
        self.salutation = ""
        self.greeted = 0

    async def init(self) -> Continue:
        """Be there at once; prepare before the first message."""
        return Continue()

    async def handle_continue(self) -> None:
        """Prepare what takes a while."""
        await trio.sleep(0.5)
        self.salutation = f"Hello, {self.person}!"
        self.idle_after(IDLE, Greeter.leave)

    @call
    async def greet(self) -> str:
        """Greet, and wait for the next greeting anew."""
        self.idle_after(IDLE, Greeter.leave)
        self.greeted += 1
        return f"{self.salutation} ({self.greeted})"

    @cast
    async def leave(self) -> None:
        """Nobody came for a while: end in order."""
        raise Stop


def greeter(person: str) -> ChildSpec[ServerRef[Greeter]]:
    """The greeter of one person; not restarted when it ends in order."""
    return child(Greeter, person, name=("greeter", person), restart="transient")


async def greet(greeters: DynamicSupervisor, person: str) -> str:
    """Greet somebody; also right when their greeter is just going."""
    return await greeters.call_or_start(greeter(person), Greeter.greet)


async def main() -> None:
    """Greet, wait, and see that nothing is left."""
    async with open_supervisor([dynamic_supervisor(id="greeters")]) as sup:
        greeters = sup.dynamic("greeters")
        print(await greet(greeters, "Ada"))
        print(await greet(greeters, "Ada"))
        print(await greet(greeters, "Bob"))
        print("greeters:", greeters.count_children().active)
        await trio.sleep(2 * IDLE)
        print("a while later:", greeters.count_children().active)
        print(await greet(greeters, "Ada"))


if __name__ == "__main__":
    trio.run(main)
