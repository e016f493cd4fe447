"""The node that is attacked: a real tree that goes on working.

``python -m tests.inspect.hostile.target DIRECTORY`` prints the path of its socket, and
writes to ``DIRECTORY/work.json`` how its own calls fare, until stdin closes.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import trio
from attrs import asdict, define

from trio_sup import (
    GenServer,
    call,
    child,
    current_node,
    dynamic_supervisor,
    open_supervisor,
    supervisor,
)
from trio_sup._inspected.operator import Operator
from trio_sup.inspect.node.listener import serve_inspector

SERVERS = 40
PAUSE = 0.005
"""Seconds between two calls of the node's own."""


class Adder(GenServer):
    """Something that must be answered whatever happens at the socket."""

    def __init__(self) -> None:
        self.total = 0

    @call
    async def add(self, n: int) -> int:
        """Count."""
        self.total += n
        return self.total


@define
class Work:
    """How the node's own calls fare."""

    answered: int = 0
    failed: int = 0
    worst: float = 0.0
    """Seconds that the slowest call took."""


async def main(directory: Path, control: bool) -> None:
    """Run until stdin closes."""
    servers = [child(Adder, id=f"s{n}") for n in range(SERVERS)]
    tree = [
        supervisor(servers[::2], id="even", strategy="one_for_all"),
        supervisor(servers[1::2], id="odd"),
        dynamic_supervisor(id="pool"),
    ]
    work = Work()
    async with open_supervisor(tree) as sup, trio.open_nursery() as nursery:
        for n in range(10):
            await sup.dynamic("pool").start_child(child(Adder, id=f"d{n}"))

        async def serve(*, task_status: trio.TaskStatus[Path]) -> None:
            node = current_node()
            await serve_inspector(
                node,
                name="target",
                runtime_dir=directory,
                operator=Operator(node),
                control=control,
                task_status=task_status,
            )

        path: Path = await nursery.start(serve)
        print(path, flush=True)

        async def call_for_ever() -> None:
            ref = sup.server(Adder, "odd", "s1")
            while True:
                began = trio.current_time()
                try:
                    with trio.fail_after(10):
                        await ref.call(Adder.add, 1)
                    work.answered += 1
                except Exception:  # noqa: BLE001 - what is counted
                    work.failed += 1
                work.worst = max(work.worst, trio.current_time() - began)
                await trio.sleep(PAUSE)

        async def report() -> None:
            file = directory / "work.json"
            while True:
                part = file.with_suffix(".part")
                part.write_text(json.dumps(asdict(work)), encoding="utf-8")
                part.replace(file)
                await trio.sleep(0.2)

        nursery.start_soon(call_for_ever)
        nursery.start_soon(report)
        async with trio.lowlevel.FdStream(os.dup(0)) as stdin:
            while await stdin.receive_some(1024):
                pass
        nursery.cancel_scope.cancel()


if __name__ == "__main__":
    trio.run(main, Path(sys.argv[1]), "control" in sys.argv)
