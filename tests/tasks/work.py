"""Tasks that end after a time, and a supervisor to run them."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import TypeVar

import trio

from trio_sup import (
    TaskSupervisor,
    open_supervisor,
    task_supervisor,
)


@asynccontextmanager
async def open_tasks() -> AsyncGenerator[TaskSupervisor, None]:
    async with open_supervisor([task_supervisor(id="t")]) as sup:
        yield sup.task_supervisor("t")


T = TypeVar("T")


async def after(seconds: float, value: T) -> T:
    await trio.sleep(seconds)
    return value


async def fail_after(seconds: float, error: Exception | None = None) -> int:
    await trio.sleep(seconds)
    raise error or KeyError("boom")
