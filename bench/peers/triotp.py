"""The same work through triotp."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import logbook
import trio
import trio.testing
from triotp import dynamic_supervisor, gen_server, mailbox, supervisor

from bench.lap import Lap


async def _init(_: object) -> None: ...


async def _handle_call(message: object, caller: object, state: object) -> Any:
    return gen_server.Reply(payload=1), state


async def _handle_cast(message: object, state: object) -> Any:
    return gen_server.NoReply(), state


ECHO = ModuleType("echo")
ECHO.__dict__.update(init=_init, handle_call=_handle_call, handle_cast=_handle_cast)


async def calls(n: int, lap: Lap) -> None:
    """Calls, one after the other."""
    mailbox._init()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(gen_server.start, ECHO, None, "echo")
        await trio.testing.wait_all_tasks_blocked()
        with lap:
            for _ in range(n):
                await gen_server.call("echo", "ping")
        nursery.cancel_scope.cancel()


async def casts(n: int, lap: Lap) -> None:
    """Casts, handling included."""
    mailbox._init()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(gen_server.start, ECHO, None, "echo")
        await trio.testing.wait_all_tasks_blocked()
        with lap:
            for _ in range(n):
                await gen_server.cast("echo", "note")
            await gen_server.call("echo", "ping")
        nursery.cancel_scope.cancel()


async def restarts(n: int, lap: Lap) -> None:
    """Crashes of one child, each followed by its restart."""
    done, count = trio.Event(), 0

    async def crash() -> None:
        nonlocal count
        count += 1
        if count > n:
            done.set()
            await trio.sleep_forever()
        raise ValueError

    spec = supervisor.child_spec("crash", crash, [])
    options = supervisor.options(max_restarts=10**9)
    with logbook.NullHandler().applicationbound():
        async with trio.open_nursery() as nursery:
            with lap:
                nursery.start_soon(supervisor.start, [spec], options)
                await done.wait()
            nursery.cancel_scope.cancel()


async def starts(n: int, lap: Lap) -> None:
    """Children of a dynamic supervisor, until all of them run."""
    await _dynamic(n, lap, Lap())


async def stops(n: int, lap: Lap) -> None:
    """The stop of a dynamic supervisor with n children."""
    await _dynamic(n, Lap(), lap)


async def _dynamic(n: int, starting: Lap, stopping: Lap) -> None:
    mailbox._init()
    running, all_run = 0, trio.Event()

    async def stay() -> None:
        nonlocal running
        running += 1
        if running == n:
            all_run.set()
        await trio.sleep_forever()

    async with trio.open_nursery() as nursery:
        mid = await nursery.start(dynamic_supervisor.start, supervisor.options())
        with starting:
            for number in range(n):
                spec = supervisor.child_spec(str(number), stay, [])
                await dynamic_supervisor.start_child(mid, spec)
            await all_run.wait()
        stopping.start()
        nursery.cancel_scope.cancel()
    stopping.stop()
