"""``greet-many 1000000``: so many different guests, and nothing that is left of them."""

from __future__ import annotations

import argparse
import gc
import time
from pathlib import Path

import trio
from attrs import frozen

from trio_sup import dynamic_supervisor, open_supervisor

from .server import GREETERS, greet

AT_ONCE = 1_000
"""Guests who are there together."""


@frozen
class Left:
    """What is there after all guests have gone."""

    children: int
    objects: int
    """Python objects, of all kinds."""
    resident: int
    """Bytes of memory; 0 where the system does not tell."""


async def greet_many(guests: int) -> tuple[Left, Left]:
    """Greet so many different guests; return what is there after a few, and after all.

    Args:
        guests: How many; at least twice `AT_ONCE`.
    """
    async with open_supervisor([dynamic_supervisor(name=GREETERS)]):
        first = await _crowds(0, AT_ONCE)
        return first, await _crowds(AT_ONCE, guests)


async def _crowds(first: int, last: int) -> Left:
    for begin in range(first, last, AT_ONCE):
        async with trio.open_nursery() as nursery:
            for guest in range(begin, min(begin + AT_ONCE, last)):
                nursery.start_soon(_come_and_go, ("guest", guest))
    while GREETERS.count_children().specs:  # noqa: ASYNC110 - it takes but a moment
        await trio.sleep(0.01)
    gc.collect()
    return Left(GREETERS.count_children().specs, len(gc.get_objects()), _resident())


async def _come_and_go(guest: object) -> None:
    answer = await greet(guest, preparation=0, idle=0.001)
    assert answer == f"Hello, {guest}! (1)", answer


def _resident() -> int:
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    except OSError:
        return 0
    return pages * 4096


def main() -> None:
    """Greet as many as the command line says, and tell what is left."""
    parser = argparse.ArgumentParser(description="Greet many different guests.")
    parser.add_argument("guests", type=int, nargs="?", default=20_000)
    guests: int = parser.parse_args().guests
    if guests < 2 * AT_ONCE:
        parser.error(f"at least {2 * AT_ONCE} guests")
    began = time.monotonic()
    few, all_ = trio.run(greet_many, guests)
    seconds = time.monotonic() - began
    print(f"{guests} guests in {seconds:.0f} s, {guests / seconds:.0f} a second")
    for label, left in (("after the first thousand", few), ("after all", all_)):
        print(
            f"{label}: {left.children} children, {left.objects} objects, "
            f"{left.resident / 1e6:.1f} MB"
        )


if __name__ == "__main__":
    main()
