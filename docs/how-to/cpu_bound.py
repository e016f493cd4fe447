"""The program of the page beside it: its workers import it, so it is a file."""

import math

import trio
import trio_parallel

from trio_sup import (
    Child,
    TaskSupervisor,
    address,
    child,
    open_supervisor,
    task_supervisor,
)

WORKERS = address("workers", Child[trio_parallel.WorkerContext], wait=True)
JOBS = address("jobs", TaskSupervisor)


async def workers(*, task_status: trio.TaskStatus[trio_parallel.WorkerContext]) -> None:
    """Keep worker processes for everybody."""
    async with trio_parallel.open_worker_context() as context:
        task_status.started(context)
        await trio.sleep_forever()


async def digits(n: int) -> int:
    """Count the digits of n!, in a worker."""
    context = await WORKERS.wait_value()
    found = await context.run_sync(math.factorial, n, cancellable=True)
    return len(str(found))


async def main() -> None:
    """Run a tree, and a job in it."""
    jobs = task_supervisor(name=JOBS, deadline=60)
    async with open_supervisor([child(workers, name=WORKERS), jobs]):
        job = JOBS.async_nolink(digits, 1000)
        print(await job.result())


if __name__ == "__main__":
    trio.run(main)
