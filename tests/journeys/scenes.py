"""The journeys that are recorded: small programs, begun and ended by their children."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import trio
import trio.testing

from trio_sup import GenServer, call, child, open_supervisor
from trio_sup._core.words import Strategy
from trio_sup.testing._run.quiet import quiet_log

from .journey import Journey


def crash() -> Journey:
    """A child crashes; until it runs again."""
    return _crash("one_for_one", alone=True)


def group_restart() -> Journey:
    """A child crashes and takes a sibling along; until the sibling runs again."""
    return _crash("one_for_all", alone=False)


def _crash(strategy: Strategy, *, alone: bool) -> Journey:
    journey, lives = Journey(), {"first": 0, "last": 0}

    async def main() -> None:
        go = trio.Event()

        async def first() -> None:
            lives["first"] += 1
            if lives["first"] == 1:
                await go.wait()
                journey.begin()
                raise ValueError
            if alone:
                journey.end()
            await trio.sleep_forever()

        async def last() -> None:
            lives["last"] += 1
            if lives["last"] == 2:
                journey.end()
            await trio.sleep_forever()

        specs = [child(first)] if alone else [child(first), child(last)]
        async with open_supervisor(specs, strategy=strategy):
            await trio.testing.wait_all_tasks_blocked()
            go.set()
            await trio.testing.wait_all_tasks_blocked()

    _run(journey, main)
    return journey


def named_start() -> Journey:
    """`start_child` with a name, from the call to its return."""
    journey = Journey()

    async def main() -> None:
        async with open_supervisor([]) as root:
            await trio.testing.wait_all_tasks_blocked()
            spec = child(trio.sleep_forever, id="one", name="one")
            journey.begin()
            await root.start_child(spec)
            journey.end()

    _run(journey, main)
    return journey


class Echo(GenServer):
    """Answers."""

    @call
    async def echo(self, value: int) -> int:
        """Return it."""
        return value


def one_call() -> Journey:
    """A call of a server, from the call to its answer."""
    journey = Journey()

    async def main() -> None:
        async with open_supervisor([child(Echo)]) as root:
            ref = root.server(Echo, "Echo")
            await trio.testing.wait_all_tasks_blocked()
            journey.begin()
            await ref.call(Echo.echo, 1)
            journey.end()

    _run(journey, main)
    return journey


def _run(journey: Journey, main: Callable[[], Awaitable[None]]) -> None:
    with quiet_log():
        try:
            trio.run(main)
        finally:
            journey.end()


SCENES: dict[str, Callable[[], Journey]] = {
    "the crash of one child": crash,
    "a group restart of two": group_restart,
    "`start_child` with a name": named_start,
    "a call": one_call,
}
