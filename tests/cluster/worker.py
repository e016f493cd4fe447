"""A node as a process of its own: writes each step that it does under a name.

To a file, and behind that, in the same step, to a store that looks at the token.

python -m tests.cluster.worker NODE URL TTL GRACE FILE STORE
"""

from __future__ import annotations

import logging
import sys
import time
from pathlib import Path

import trio

from tests.cluster.fenced_store import FencedStore
from trio_sup import child, open_supervisor
from trio_sup.cluster import EngineUnavailable, fence, open_cluster
from trio_sup.cluster.redis import RedisBackend


async def main(
    node: str, url: str, ttl: float, grace: float, file: Path, store: Path
) -> None:
    with file.open("a", buffering=1) as steps, FencedStore(store) as stored:

        async def work() -> None:
            token = fence().token
            while True:
                steps.write(f"{time.monotonic():.6f} {token} {node}\n")
                stored.write(token, node)
                await trio.sleep(0.002)

        backend = RedisBackend(url)
        while True:
            try:
                async with open_cluster(
                    backend, node=node, ttl=ttl, grace=grace
                ) as own:
                    async with open_supervisor([own.singleton("job", child(work))]):
                        steps.write("ready\n")
                        await trio.sleep_forever()
            except EngineUnavailable:  # not up yet, or slow
                await trio.sleep(0.05)


if __name__ == "__main__":
    logging.disable()
    _, node, url, ttl, grace, file, store = sys.argv
    trio.run(main, node, url, float(ttl), float(grace), Path(file), Path(store))
