"""The program under test: ``python -m tests.soak.node``.

It obeys lines on stdin: ``storm`` lets its own children cause trouble, ``calm`` ends
that, and once everything is at rest the node prints what it holds as a line of JSON.
"""

from __future__ import annotations

import gc
import json
import logging
import os
import random
from pathlib import Path
from typing import Any

import trio

from trio_sup import (
    Backoff,
    Budget,
    GenServer,
    Registry,
    SupervisionError,
    Supervisor,
    call,
    cast,
    child,
    current_node,
    dynamic_supervisor,
    partition_supervisor,
    run,
    supervisor,
    task_supervisor,
)

topics: Registry = Registry(keys="duplicate")
REST_WITHIN = 60.0
"""Seconds after which a child that is busy is stuck."""
storm = trio.Event()
"""Set while there is one; replaced when it ends."""


class Worker(GenServer):
    """Answers, takes casts, watches a neighbour now and then."""

    async def init(self) -> None:
        """Everybody hears the news."""
        topics.register("news", self.ref)

    @call
    async def ask(self, size: int) -> int:
        """Answer, or crash over something large."""
        if size > 999_000:
            json.loads("x" * size)
        await trio.lowlevel.checkpoint()
        return size

    @cast
    async def work(self, seconds: float) -> None:
        """Take that long."""
        await trio.sleep(seconds)

    async def handle_info(self, message: object) -> None:
        """News, and ends of neighbours."""


async def ticker() -> None:
    """A child without a mailbox."""
    while True:
        await trio.sleep(0.1)


def find_root() -> Supervisor:
    """The tree that this program is."""
    (root,) = current_node().trees()
    handle = root.handle
    assert isinstance(handle, Supervisor)
    return handle


class Storms:
    """What the children do to each other while there is a storm."""

    def __init__(self, seed: int) -> None:
        self._draw = random.Random(seed)

    async def __call__(self) -> None:
        """Go on for ever; at rest while it is calm."""
        root = find_root()
        while True:
            await storm.wait()
            try:
                await self._strike(root)
            except SupervisionError:
                pass  # the child may be anywhere by now
            await trio.sleep(self._draw.uniform(0, 0.02))

    async def _strike(self, root: Supervisor) -> None:
        number = self._draw.randrange(20)
        worker = root.server(Worker, "single", f"w{number}")
        pool = root.dynamic("pool")
        match self._draw.randrange(8):
            case 0:
                for _ in range(2_000):
                    worker.try_cast(Worker.work, 0)
            case 1:
                await worker.with_timeout(0.5).call(Worker.ask, 10)
            case 2:
                await worker.with_timeout(0.5).call(Worker.ask, 1_000_000)
            case 3:
                topics.publish("news", "something happened")
            case 4 if pool.count_children().specs < 200:
                await pool.start_child(child(Worker, restart="transient"))
            case 4 | 5:
                for info in pool.which_children()[:20]:
                    await pool.terminate_child(info.handle)
            case 6:
                await self._tasks(root)
            case _:
                parts = root.partition_supervisor("parts")
                await parts.pick(number).wait_running()

    async def _tasks(self, root: Supervisor) -> None:
        tasks = root.task_supervisor("tasks")

        async def fail() -> None:
            await trio.sleep(0.001)
            raise ValueError("a task of the storm failed")

        for task in [tasks.async_nolink(fail) for _ in range(20)]:
            await task.wait()


def tree(seed: int) -> Any:
    """Supervisors of every kind."""
    flags: dict[str, Any] = {"max_restarts": 100_000, "max_seconds": 1.0}
    backoff = Backoff(initial=0.05, maximum=0.5)
    tight = Budget(5, 10.0, then="quarantine")
    singles: list[Any] = [
        child(Worker, id=f"w{n}", name=f"w{n}", budget=tight if n % 7 == 6 else None)
        for n in range(20)
    ]

    def group(id: str, strategy: Any) -> Any:
        members: list[Any] = [child(Worker, id=f"{id}{n}") for n in range(5)]
        members.append(child(ticker, id="tick", backoff=backoff))
        return supervisor(members, id=id, strategy=strategy, **flags)

    return supervisor(
        [
            supervisor(singles, id="single", **flags),
            group("all", "one_for_all"),
            group("rest", "rest_for_one"),
            dynamic_supervisor(id="pool", **flags),
            task_supervisor(id="tasks"),
            partition_supervisor(child(Worker), partitions=3, id="parts", **flags),
            child(orders, id="orders", restart="temporary"),
            *(child(Storms(seed + n), id=f"storm{n}") for n in range(3)),
        ],
        id="soak",
        **flags,
    )


async def orders() -> None:
    """Obey stdin."""
    global storm
    async with trio.lowlevel.FdStream(os.dup(0)) as stdin:
        while data := await stdin.receive_some(100):
            if b"storm" in data:
                storm.set()
            if b"calm" in data:
                storm = trio.Event()
                restless = await settle()
                print(json.dumps({"restless": restless, "held": held()}), flush=True)


async def settle() -> list[str]:
    """Wait until nothing is about to happen by itself, and remove what came.

    Returns:
        Who does not come to rest.
    """
    pool = find_root().dynamic("pool")
    for info in pool.which_children():
        await pool.terminate_child(info.handle)
    restless: list[Any] = []
    with trio.move_on_after(REST_WITHIN):
        while restless := [record for record in all_records() if not _at_rest(record)]:
            await trio.sleep(0.05)
        await trio.sleep(0.5)
    return [
        f"{record.path_text} {record.status} {record.mailbox and record.mailbox.depth}"
        for record in restless
    ]


def _at_rest(record: Any) -> bool:
    busy = record.mailbox is not None and (
        record.mailbox.depth or record.mailbox.current
    )
    return not busy and record.status in ("running", "stopped", "quarantined")


def all_records() -> list[Any]:
    """Every child of the node, supervisors included."""
    found: list[Any] = []
    todo: list[Any] = [*current_node().trees()]
    while todo:
        record = todo.pop()
        found.append(record)
        todo += record.observed_children()
    return found


def held() -> dict[str, int]:
    """What the process holds, everything that is garbage collected."""
    gc.collect()
    objects = gc.get_objects()
    names = [type(one).__name__ for one in objects]
    pages = Path("/proc/self/statm").read_text(encoding="ascii").split()[1]
    return {
        "resident": int(pages) * os.sysconf("SC_PAGE_SIZE"),
        "objects": len(objects),
        "records": names.count("Record"),
        "tasks": names.count("Task"),
        "servers": names.count("Worker"),
        "children": len(all_records()),
        "descriptors": len(os.listdir("/proc/self/fd")),
        "threads": len(os.listdir("/proc/self/task")),
        "events": current_node().events_emitted,
    }


if __name__ == "__main__":
    logging.getLogger("trio_sup").setLevel(logging.CRITICAL)
    run(
        tree(int(os.environ.get("SOAK_SEED", "0"))),
        name="soak",
        inspect="control",
    )
