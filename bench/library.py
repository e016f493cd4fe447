"""The same work through trio-sup."""

from __future__ import annotations

from typing import Any

import trio
import trio.testing

import trio_sup
from bench.lap import Lap
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


async def calls(n: int, lap: Lap) -> None:
    """Calls, one after the other."""
    async with open_supervisor([child(Echo)]) as sup:
        await _calls(sup.server(Echo, "Echo"), n, lap)


async def calls_with_timeout(n: int, lap: Lap) -> None:
    """Calls through a view with a timeout."""
    async with open_supervisor([child(Echo)]) as sup:
        await _calls(sup.server(Echo, "Echo").with_timeout(5), n, lap)


async def calls_under_fail_after(n: int, lap: Lap) -> None:
    """Calls, each under `trio.fail_after`."""
    async with open_supervisor([child(Echo)]) as sup:
        echo = sup.server(Echo, "Echo")
        with lap:
            for _ in range(n):
                with trio.fail_after(5):
                    await echo.call(Echo.ping)


async def _calls(echo: ServerRef[Echo], n: int, lap: Lap) -> None:
    await echo.call(Echo.ping)  # the first one finds the server still starting
    with lap:
        for _ in range(n):
            await echo.call(Echo.ping)


async def calls_by_name(n: int, lap: Lap) -> None:
    """Calls, each after a look-up in the registry."""
    key = ("board", 7)
    async with open_supervisor([child(Echo, name=key)]):
        registry = trio_sup.current_node().registry
        with lap:
            for _ in range(n):
                await registry.lookup(key, Echo).call(Echo.ping)


async def fan_in(n: int, lap: Lap) -> None:
    """Calls of 100 tasks to one server."""

    async def client(echo: ServerRef[Echo]) -> None:
        for _ in range(n // 100):
            await echo.call(Echo.ping)

    async with open_supervisor([child(Echo)]) as sup:
        echo = sup.server(Echo, "Echo")
        with lap:
            async with trio.open_nursery() as nursery:
                for _ in range(100):
                    nursery.start_soon(client, echo)


async def casts(n: int, lap: Lap) -> None:
    """Casts, handling included, in bursts of 500."""
    async with open_supervisor([child(Echo)]) as sup:
        echo = sup.server(Echo, "Echo")
        with lap:
            for number in range(n):
                echo.cast(Echo.note)
                if number % 500 == 499:
                    await echo.call(Echo.ping)
            await echo.call(Echo.ping)


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

    async with open_supervisor([child(crash)], max_restarts=10**9):
        with lap:
            await done.wait()


async def group_restarts(n: int, lap: Lap) -> None:
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
        await trio.testing.wait_all_tasks_blocked()
        with lap:
            go.set()
            await last.wait_exit(1)
            await last.wait_running()


async def stay() -> None:
    """Do nothing until cancelled."""
    await trio.sleep_forever()


async def starts(n: int, lap: Lap) -> None:
    """`start_child` of a dynamic supervisor, one after the other."""
    await _dynamic(child(stay), n, lap, Lap())


async def stops(n: int, lap: Lap) -> None:
    """The stop of a dynamic supervisor with n children."""
    await _dynamic(child(stay), n, Lap(), lap)


async def server_starts(n: int, lap: Lap) -> None:
    """`start_child` of servers."""
    await _dynamic(child(Echo), n, lap, Lap())


async def server_stops(n: int, lap: Lap) -> None:
    """The stop of a dynamic supervisor with n servers."""
    await _dynamic(child(Echo), n, Lap(), lap)


async def _dynamic(
    spec: trio_sup.ChildSpec[Any], n: int, starting: Lap, stopping: Lap
) -> None:
    async with open_supervisor([trio_sup.dynamic_supervisor(id="d")]) as sup:
        dynamic = sup.dynamic("d")
        with starting:
            for _ in range(n):
                await dynamic.start_child(spec)
        await trio.testing.wait_all_tasks_blocked()
        stopping.start()
    stopping.stop()


async def lookups(n: int, lap: Lap) -> None:
    """Look-ups in the registry, 1,000 names."""
    specs = [child(Echo, id=i, name=("board", i)) for i in range(1000)]
    async with open_supervisor(specs):
        registry = trio_sup.current_node().registry
        with lap:
            for number in range(n):
                registry.lookup(("board", number % 1000), Echo)
