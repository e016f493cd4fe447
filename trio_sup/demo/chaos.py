"""Chaos: a client that sends what makes things crash."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import trio

from trio_sup.demo.visitor import BOARDS, Denied, keep_visiting

if TYPE_CHECKING:
    from trio_sup.demo.visitor import Visitor

FAULTS = {"POST": 6, "CRASH store": 1, "CRASH index": 1, "CRASH ticker": 1, "CRASH": 1}
"""Requests that crash something, and how often each is sent in proportion."""


async def cause_chaos(seconds: float) -> None:
    """Crash something every so many seconds or so, through the front door.

    Args:
        seconds: The mean time between two faults.
    """

    async def talk(visitor: Visitor) -> None:
        while True:
            await trio.sleep(seconds * random.uniform(0.5, 1.5))
            [fault] = random.choices([*FAULTS], [*FAULTS.values()])
            if fault == "POST":
                fault = f"POST {random.choice(BOARDS)} =1/0"
            try:
                await visitor.ask(fault)
            except Denied:
                pass  # It crashed, as it should, or is down already.

    await keep_visiting(talk)
