"""A node with a place for rooms, as a process: writes each start of a room to a file.

python -m tests.cluster.placed_rooms NODE URL TTL FILE
"""

from __future__ import annotations

import logging
import sys
import time
from typing import TextIO

import trio

from trio_sup import ChildSpec, GenServer, ServerRef, call, child, open_supervisor
from trio_sup.cluster import child_factory, open_cluster
from trio_sup.cluster.redis import RedisBackend

NODE = ""
STARTS: TextIO = sys.stdout


class Room(GenServer):
    def __init__(self, number: int) -> None:
        self.number = number

    async def init(self) -> None:
        STARTS.write(f"{time.monotonic():.6f} {self.number} {NODE}\n")

    @call
    async def where(self) -> str:
        return NODE


@child_factory("placed room")
def room(number: int) -> ChildSpec[ServerRef[Room]]:
    return child(Room, number)


async def main(url: str, ttl: float) -> None:
    async with open_cluster(RedisBackend(url), node=NODE, ttl=ttl, grace=0) as own:
        async with open_supervisor([own.dynamic_supervisor("rooms").spec()]):
            await trio.sleep_forever()


if __name__ == "__main__":
    logging.disable()
    # This file twice would be two rooms.
    from tests.cluster import placed_rooms as own

    _, own.NODE, url, ttl, file = sys.argv
    with open(file, "a", buffering=1) as own.STARTS:
        trio.run(own.main, url, float(ttl))
