"""`get_or_start` beside a holder that is at rest while its supervisor goes down."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

import pytest
import trio
from trio.testing import MockClock

from trio_sup import (
    DynamicSupervisor,
    GenServer,
    ServerExit,
    ServerRef,
    SupervisorStopping,
    call,
    child,
    current_node,
    dynamic_supervisor,
    open_supervisor,
)
from trio_sup._core.words import Restart

pytestmark = pytest.mark.trio

ENOUGH = 200
"""Task steps that each of these tests does with, many times over."""


class Rounds(trio.abc.Instrument):
    """Counts task steps, and cuts off who takes very many: he spins."""

    def __init__(self) -> None:
        self.count = 0
        self.limit = trio.CancelScope()

    def before_task_step(self, task: trio.lowlevel.Task) -> None:
        self.count += 1
        if self.count == 100 * ENOUGH:
            self.limit.cancel("it spins")


@pytest.fixture
async def rounds() -> Any:
    instrument = Rounds()
    trio.lowlevel.add_instrument(instrument)
    yield instrument
    trio.lowlevel.remove_instrument(instrument)


class Echo(GenServer):
    @call
    async def echo(self, number: int) -> int:
        return number

    @call
    async def break_off(self) -> None:
        raise KeyboardInterrupt


async def lingers() -> None:
    try:
        await trio.sleep_forever()
    finally:
        with trio.CancelScope(shield=True):
            await trio.sleep(2)


ECHO = child(Echo, name="echo", id="echo", shutdown=1)

Ask = Callable[[DynamicSupervisor], Awaitable[object]]


async def ask_for_it(dynamic: DynamicSupervisor) -> object:
    return (await dynamic.get_or_start(child(Echo, name="echo"))).path_text


async def call_it(dynamic: DynamicSupervisor) -> object:
    return await dynamic.call_or_start(child(Echo, name="echo"), Echo.echo, 7)


both = pytest.mark.parametrize("ask", [ask_for_it, call_it])


async def ended_by_ctrl_c(ref: ServerRef[Echo]) -> None:
    with pytest.raises(ServerExit):
        await ref.call(Echo.break_off)


@both
async def test_after_a_fatal_end_the_supervisor_that_stops_says_so(
    ask: Ask, rounds: Rounds, autojump_clock: MockClock
) -> None:
    with pytest.raises(KeyboardInterrupt):
        async with open_supervisor([dynamic_supervisor(id="d")]) as root:
            dynamic = root.dynamic("d")
            await dynamic.start_child(child(lingers, id="l"))
            with trio.CancelScope(shield=True):
                await ended_by_ctrl_c(await dynamic.start_child(ECHO))
                assert current_node().registry.holder("echo") is None
                with pytest.raises(SupervisorStopping), rounds.limit:
                    await ask(dynamic)
    assert rounds.count < ENOUGH


async def go_down(
    restart: Restart, listed: bool, fatal: bool, asked: trio.Event
) -> None:
    """Run a tree whose holder of the name is down two seconds before the tree is."""
    spec = child(Echo, name="echo", id="echo", restart=restart)
    specs = [child(lingers, id="l"), *([spec] if listed else [])]
    async with open_supervisor(specs, id="down") as root:
        if not listed:
            await root.start_child(spec)
        if fatal:
            await ended_by_ctrl_c(current_node().registry.lookup("echo", Echo))
        asked.set()


@both
@pytest.mark.parametrize(
    ("restart", "listed", "fatal"),
    [
        ("permanent", True, True),
        ("permanent", True, False),
        ("permanent", False, False),
        ("temporary", True, False),
    ],
    ids=["fatal", "listed", "added", "temporary"],
)
async def test_a_name_is_taken_over_when_the_holders_supervisor_is_down(
    ask: Ask,
    restart: Restart,
    listed: bool,
    fatal: bool,
    rounds: Rounds,
    autojump_clock: MockClock,
) -> None:
    asked, answers = trio.Event(), list[object]()
    async with open_supervisor([dynamic_supervisor(id="d")], id="up") as up:

        async def tree() -> None:
            with suppress(KeyboardInterrupt):
                await go_down(restart, listed, fatal, asked)

        async with trio.open_nursery() as nursery:
            nursery.start_soon(tree)
            await asked.wait()
            await trio.sleep(1)  # the holder is down, its supervisor is not
            with rounds.limit:
                answers.append(await ask(up.dynamic("d")))
        assert trio.current_time() == 2
    assert answers in (["up/d/echo"], [7])
    assert rounds.count < ENOUGH
