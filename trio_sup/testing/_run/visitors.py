"""What people do with a tree, as faults: they start children, run tasks, watch, ask.

Each visitor is a task of the harness's. What it starts is its own, and it tidies up
behind itself; what it is refused is no news, for the tree may be on its way down.
"""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

import trio
from trio.lowlevel import spawn_system_task

from trio_sup._children.current import current_record
from trio_sup._children.watching import monitor
from trio_sup._core.errors import SupervisionError
from trio_sup._core.outcomes import Ok
from trio_sup._tasks.many import await_many, yield_many
from trio_sup._tasks.supervisor import TaskSupervisor
from trio_sup._tree.dynamic import DynamicSupervisor
from trio_sup._tree.specs import child
from trio_sup._tree.supervisor import PartitionSupervisor, Supervisor
from trio_sup.testing._beside import laws
from trio_sup.testing.faults import (
    Ask,
    Fault,
    InjectedCrash,
    Newcomer,
    Onlooker,
    Resize,
    Work,
)

if TYPE_CHECKING:
    from trio_sup._children.record import Child, Record

NAME = "harness: visitor"
REFUSED = (SupervisionError, trio.TooSlowError)
LATE = "a call with a timeout ends by then"
VISITS = (Ask, Newcomer, Onlooker, Resize, Work)


class Visitors:
    """The visitors of one run.

    Args:
        find: Returns the child at a path that lives, if one does.
        problem: Told of what must not be.
        made: Told of each exception that is raised on purpose.
    """

    def __init__(
        self,
        find: Callable[[str], Record | None],
        problem: Callable[[str, str], object],
        made: Callable[[BaseException], object],
    ) -> None:
        self._find = find
        self._problem = problem
        self._made = made
        self._number = 0

    def comes(self, fault: Fault) -> bool:
        """Let one come; return whether there is anybody to visit."""
        record = self._find(fault.path)
        if record is None:
            return False
        handle: Any = record.handle
        match fault:
            case Newcomer() if type(handle) in (Supervisor, DynamicSupervisor):
                self._go(self._newcomer, handle, fault)
            case Work() if isinstance(handle, TaskSupervisor):
                self._go(self._work, handle)
            case Resize() if isinstance(handle, PartitionSupervisor):
                self._go(self._resize, handle, fault.count)
            case Onlooker():
                self._go(self._watch, handle, fault)
            case Ask() if fault.op in _operations(record):
                self._go(self._ask, handle, _operations(record)[fault.op], fault)
            case _:
                return False
        return True

    def _go(self, visit: Callable[..., Awaitable[None]], *args: Any) -> None:
        async def come() -> None:
            try:
                await visit(*args)
            except* REFUSED:
                pass

        spawn_system_task(come, name=NAME)

    # Children.

    async def _newcomer(self, handle: Any, fault: Newcomer) -> None:
        self._number += 1
        id = f"newcomer {self._number}" if isinstance(handle, Supervisor) else None
        came: list[Child] = []
        lives: Callable[..., Awaitable[None]]
        lives = partial(self._lives, came, fails=fault.fails)
        spec = child(lives, id=id, restart="temporary", ready="auto")
        with trio.move_on_after(fault.patience):
            await handle.start_child(spec)
        await trio.sleep(fault.stays)
        for one in came:  # who was given up may be there all the same
            await handle.terminate_child(one if id is None else id)

    async def _lives(
        self, came: list[Child], *, fails: bool, task_status: trio.TaskStatus[None]
    ) -> None:
        record = current_record.get()
        assert record is not None
        came.append(record.handle)
        await trio.sleep(0.25)
        if fails:
            error = InjectedCrash("a newcomer fails to start")
            self._made(error)
            raise error
        task_status.started()
        try:
            await trio.sleep_forever()
        finally:
            with trio.CancelScope(shield=True):
                await trio.sleep(0.125)

    # Tasks.

    async def _work(self, tasks: TaskSupervisor) -> None:
        values = [object() for _ in range(3)]
        made = [tasks.async_nolink(_gives, one, n) for n, one in enumerate(values)]
        fails = tasks.async_nolink(self._fails)
        stopped = tasks.async_nolink(trio.sleep_forever)
        late = tasks.async_nolink(trio.sleep_forever, deadline=0.5)
        found = await await_many(made)
        if any(one is not other for one, other in zip(found, values, strict=True)):
            self._problem(laws.OUTCOME, f"{tasks.path_text}: results are others'")
        await yield_many([fails, late], 1)
        await stopped.shutdown()
        if isinstance(fails.outcome, Ok) or isinstance(stopped.outcome, Ok):
            self._problem(laws.OUTCOME, f"{tasks.path_text}: a failure is a result")
        async with tasks.stream(_soon, range(5), max_concurrency=2) as numbers:
            given = [number async for number in numbers]
        if given != list(range(5)):
            self._problem(laws.STREAM, f"{tasks.path_text}: it gives {given}")

    async def _fails(self) -> None:
        await trio.sleep(0.125)
        error = InjectedCrash("a task fails")
        self._made(error)
        raise error

    # Others.

    async def _resize(self, handle: Any, count: int) -> None:
        most = len(handle.record.spec.flags.children)
        await handle.resize(count % (most + 1))
        for key in range(4):
            with suppress(SupervisionError):  # there may be none
                handle.pick(key)
            await trio.sleep(0.125)
        await handle.resize(most)

    async def _watch(self, handle: Any, fault: Onlooker) -> None:
        with trio.move_on_after(fault.seconds):
            async with monitor(handle, until=fault.until) as exits:
                async for _ in exits:
                    pass

    async def _ask(self, handle: Any, op: Any, fault: Ask) -> None:
        if op.kind != "call":
            handle.cast(op, *fault.args)
            return
        began, timeout = trio.current_time(), fault.timeout
        asked = handle if timeout is None else handle.with_timeout(timeout)
        try:
            await asked.call(op, *fault.args)
        except trio.TooSlowError:
            if trio.current_time() - began < (timeout or math.inf):
                self._problem(LATE, f"{fault.path}: {fault.op} is late too early")
        except Exception as error:
            if not isinstance(error, (*op.raises, SupervisionError)):
                raise
        if timeout is not None and trio.current_time() - began > timeout + 1e-6:
            self._problem(LATE, f"{fault.path}: {fault.op} takes longer")


def _operations(record: Record) -> dict[str, Any]:
    handlers: dict[Any, Any] = getattr(record.spec.target, "__handlers__", {})
    return {op.name: op for op in handlers}


async def _gives(value: object, number: int) -> object:
    await trio.sleep((0.25, 0.125, 0)[number])
    return value


async def _soon(number: int) -> int:
    await trio.sleep(0.125 if number % 2 else 0.25)
    return number
