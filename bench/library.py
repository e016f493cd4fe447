"""The same work through trio-sup."""

from __future__ import annotations

import time

import trio

import trio_sup
from trio_sup import GenServer, ServerRef, call, cast, child, open_supervisor


class Echo(GenServer):
    """A server that does next to nothing."""

    @call
    async def ping(self) -> int:
        """Answer."""
        return 1

    @cast
    async def note(self) -> None:
        """Take a message."""


async def calls(n: int) -> float:
    """Calls, one after the other."""
    async with open_supervisor([child(Echo)]) as sup:
        return await _calls(sup.server(Echo, "Echo"), n)


async def calls_with_timeout(n: int) -> float:
    """Calls through a view with a timeout."""
    async with open_supervisor([child(Echo)]) as sup:
        return await _calls(sup.server(Echo, "Echo").with_timeout(5), n)


async def calls_under_fail_after(n: int) -> float:
    """Calls, each under `trio.fail_after`."""
    async with open_supervisor([child(Echo)]) as sup:
        echo = sup.server(Echo, "Echo")
        began = time.thread_time()
        for _ in range(n):
            with trio.fail_after(5):
                await echo.call(Echo.ping)
        return time.thread_time() - began


async def _calls(echo: ServerRef[Echo], n: int) -> float:
    began = time.thread_time()
    for _ in range(n):
        await echo.call(Echo.ping)
    return time.thread_time() - began


async def calls_by_name(n: int) -> float:
    """Calls, each after a look-up in the registry."""
    key = ("board", 7)
    async with open_supervisor([child(Echo, name=key)]):
        registry = trio_sup.current_node().registry
        began = time.thread_time()
        for _ in range(n):
            await registry.lookup(key, Echo).call(Echo.ping)
        return time.thread_time() - began


async def fan_in(n: int) -> float:
    """Calls of 100 tasks to one server."""

    async def client(echo: ServerRef[Echo]) -> None:
        for _ in range(n // 100):
            await echo.call(Echo.ping)

    async with open_supervisor([child(Echo)]) as sup:
        echo = sup.server(Echo, "Echo")
        began = time.thread_time()
        async with trio.open_nursery() as nursery:
            for _ in range(100):
                nursery.start_soon(client, echo)
        return time.thread_time() - began


async def casts(n: int) -> float:
    """Casts, handling included, in bursts of 500."""
    async with open_supervisor([child(Echo)]) as sup:
        echo = sup.server(Echo, "Echo")
        began = time.thread_time()
        for number in range(n):
            echo.cast(Echo.note)
            if number % 500 == 499:
                await echo.call(Echo.ping)
        await echo.call(Echo.ping)
        return time.thread_time() - began


async def restarts(n: int) -> float:
    """Crashes of one child, each followed by its restart."""
    done, count = trio.Event(), 0

    async def crash() -> None:
        nonlocal count
        count += 1
        if count > n:
            done.set()
            await trio.sleep_forever()
        raise ValueError

    async with open_supervisor([child(crash)], max_restarts=10**9):
        began = time.thread_time()
        await done.wait()
        return time.thread_time() - began


async def group_restarts(n: int) -> float:
    """One group restart of n children: stopped in reverse, started in order."""
    go = trio.Event()

    async def stay() -> None:
        await trio.sleep_forever()

    async def crash_once() -> None:
        if not go.is_set():
            await go.wait()
            raise ValueError
        await trio.sleep_forever()

    specs = [child(crash_once), *(child(stay, id=i) for i in range(n))]
    async with open_supervisor(specs, strategy="one_for_all") as sup:
        last = sup.child(n - 1)
        began = time.thread_time()
        go.set()
        await last.wait_exit(1)
        await last.wait_running()
        return time.thread_time() - began


async def starts(n: int) -> float:
    """`start_child` of a dynamic supervisor, one after the other."""
    return (await _dynamic(n))[0]


async def stops(n: int) -> float:
    """The stop of a dynamic supervisor with n children."""
    return (await _dynamic(n))[1]


async def _dynamic(n: int) -> tuple[float, float]:
    async def stay() -> None:
        await trio.sleep_forever()

    spec = child(stay)
    async with open_supervisor([trio_sup.dynamic_supervisor(id="d")]) as sup:
        dynamic = sup.dynamic("d")
        began = time.thread_time()
        for _ in range(n):
            await dynamic.start_child(spec)
        started = time.thread_time()
    return started - began, time.thread_time() - started


async def lookups(n: int) -> float:
    """Look-ups in the registry, 1,000 names."""
    specs = [child(Echo, id=i, name=("board", i)) for i in range(1000)]
    async with open_supervisor(specs):
        registry = trio_sup.current_node().registry
        began = time.thread_time()
        for number in range(n):
            registry.lookup(("board", number % 1000), Echo)
        return time.thread_time() - began
