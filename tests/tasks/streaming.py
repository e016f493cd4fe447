"""Work for streams, and a supervisor to do it."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import trio

from trio_sup import (
    TaskSupervisor,
    open_supervisor,
    task_supervisor,
)


@asynccontextmanager
async def open_tasks(max_children: float = 1e9) -> AsyncGenerator[TaskSupervisor, None]:
    spec = task_supervisor(id="t", max_children=int(max_children))
    async with open_supervisor([spec]) as sup:
        yield sup.task_supervisor("t")


class Work:
    """Sleeps as long as its item says, and remembers what happened when."""

    def __init__(self) -> None:
        self.began = trio.current_time()
        self.starts: list[tuple[float, float]] = []
        self.ended: list[float] = []
        self.running = self.most = 0

    async def __call__(self, seconds: float) -> float:
        self.starts.append((seconds, trio.current_time() - self.began))
        self.running += 1
        self.most = max(self.most, self.running)
        try:
            await trio.sleep(abs(seconds))
            if seconds < 0:
                raise KeyError(seconds)
            return seconds
        finally:
            self.running -= 1
            self.ended.append(seconds)
