"""A node in chaos that can say what is true.

``python -m tests.inspect.converge.node DIRECTORY SEED`` prints the path of its socket.
Then it obeys lines on stdin: ``calm`` ends the chaos, and once every child rests it
prints the truth, as the library's own records have it, as one line of JSON.
"""

from __future__ import annotations

import json
import random
import sys
from pathlib import Path
from typing import Any

import trio

from trio_sup import (
    Backoff,
    Budget,
    GenServer,
    call,
    cast,
    child,
    current_node,
    dynamic_supervisor,
    open_supervisor,
    supervisor,
)
from trio_sup._children.record import Record
from trio_sup._inspected.faults import FAULTS
from trio_sup._inspected.operator import Operator
from trio_sup.inspect.node.listener import serve_inspector
from trio_sup.inspect.node.table import build_row
from trio_sup.inspect.protocol.wire import ROW_COLUMNS

RATE = 40.0
"""Faults a second."""
POOL = 300
"""Children of the dynamic supervisor at most."""


class Worker(GenServer):
    """Handles what comes."""

    @cast
    async def work(self, seconds: float) -> None:
        """Take that long."""
        await trio.sleep(seconds)

    @call
    async def ask(self) -> int:
        """Answer."""
        return self.life


async def ticker() -> None:
    """A child without a mailbox."""
    while True:
        await trio.sleep(0.5)


def tree() -> list[Any]:
    """Every strategy, backoff, quarantine, and room to come and go."""
    backoff = Backoff(initial=0.05, maximum=0.5)
    tight = Budget(5, 10.0, then="quarantine")
    flags: dict[str, Any] = {"max_restarts": 10_000, "max_seconds": 1.0}

    def group(id: str, strategy: Any) -> Any:
        records: list[Any] = [child(Worker, id=f"{id}{n}") for n in range(6)]
        records.append(child(ticker, id="tick", backoff=backoff))
        return supervisor(records, id=id, strategy=strategy, **flags)

    singles: list[Any] = [
        child(Worker, id=f"w{n}", budget=tight if n % 4 == 0 else None, name=f"w{n}")
        for n in range(40)
    ]
    weak = [child(Worker, id=f"x{n}") for n in range(4)]
    return [
        supervisor(singles, id="single", **flags),
        group("all", "one_for_all"),
        group("rest", "rest_for_one"),
        # It gives up again and again, so that whole branches come and go.
        supervisor(weak, id="weak", max_restarts=1, max_seconds=1.0),
        dynamic_supervisor(id="pool", **flags),
    ]


def all_records(node: Any) -> list[Record]:
    """Every child of the node, supervisors included."""
    found: list[Record] = []
    todo: list[Record] = [*node.roots()]
    while todo:
        record = todo.pop()
        found.append(record)
        todo += record.observed_children()
    return found


class Chaos:
    """Draws what goes wrong next, until told to stop."""

    def __init__(self, root: Any, seed: int) -> None:
        self._root = root
        self._draw = random.Random(seed)
        self.faults = 0
        self.calm = trio.Event()

    async def run(self, nursery: trio.Nursery) -> None:
        """Go on until calm."""
        while not self.calm.is_set():
            with trio.move_on_after(self._draw.expovariate(RATE)):
                await self.calm.wait()
            self.faults += 1
            records = [
                record for record in all_records(current_node()) if record.shell is None
            ]
            await self._strike(self._draw.choice(records), nursery)

    async def _strike(self, record: Record, nursery: trio.Nursery) -> None:
        match self._draw.randrange(8):
            case 0 | 1 | 2:
                if record.alive:
                    FAULTS[self._draw.choice(["crash", "vanish"])](record, "")
            case 3:
                if record.mailbox is not None and record.alive:
                    FAULTS["flood"](record, "200")
            case 4:
                ref: Any = record.handle
                if record.mailbox is not None:
                    ref.try_cast(Worker.work, self._draw.uniform(0, 0.3))
            case 5:
                nursery.start_soon(self._quietly, self._restart, record)
            case _:
                nursery.start_soon(self._quietly, self._come_and_go, record)

    async def _quietly(self, what: Any, record: Record) -> None:
        try:
            with trio.move_on_after(20):
                await what(record)
        except Exception:  # noqa: BLE001 - chaos: the child may be anywhere by now
            pass

    async def _restart(self, record: Record) -> None:
        operator = Operator(current_node())
        if operator.consequence("restart", record, record.life, "").allowed:
            await operator.perform("restart", record, record.life, "")

    async def _come_and_go(self, record: Record) -> None:
        pool = self._root.dynamic("pool")
        if pool.count_children().specs < POOL and self._draw.random() < 0.6:
            await pool.start_child(child(Worker, restart="transient"))
        elif record.parent is not None and record.parent is pool.record.shell:
            await pool.terminate_child(record.handle)


def settled(records: list[Record]) -> bool:
    """Whether nothing is about to happen by itself."""
    return all(
        record.status in ("running", "stopped", "quarantined")
        and (
            record.mailbox is None
            or (not record.mailbox.depth and not record.mailbox.current)
        )
        # A restart that leaves its window changes what is seen, too.
        and (record.budget is None or not record.budget[0])
        for record in records
    )


async def main(directory: Path, seed: int) -> None:
    """Run until stdin closes."""
    node = current_node()
    async with (
        open_supervisor(tree(), max_restarts=10_000, max_seconds=1.0) as root,
        trio.open_nursery() as nursery,
    ):
        for _ in range(50):
            await root.dynamic("pool").start_child(child(Worker, restart="transient"))

        async def serve(*, task_status: trio.TaskStatus[Path]) -> None:
            await serve_inspector(
                node, name="chaos", runtime_dir=directory, task_status=task_status
            )

        print(await nursery.start(serve), flush=True)
        chaos = Chaos(root, seed)
        nursery.start_soon(chaos.run, nursery)
        async with trio.lowlevel.FdStream(0) as stdin:
            while data := await stdin.receive_some(100):
                if b"calm" in data:
                    chaos.calm.set()
                    while not settled(all_records(node)):
                        await trio.sleep(0.05)
                    print(json.dumps(truth(node, chaos.faults)), flush=True)
        nursery.cancel_scope.cancel()


def truth(node: Any, faults: int) -> dict[str, Any]:
    """What any client should see: read from the records, not through the hub."""
    rows = [build_row(record) for record in all_records(node)]
    return {
        "faults": faults,
        "events": node.events_emitted,
        "rows": {row.id: [getattr(row, name) for name in ROW_COLUMNS] for row in rows},
    }


if __name__ == "__main__":
    trio.run(main, Path(sys.argv[1]), int(sys.argv[2]))
