"""Long mailboxes: what one message costs, whatever waits before it."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest
import trio
import trio.testing
from trio.testing import MockClock

from tests.growth.steps import LINEAR, Measured, Steps, grows, name_of
from trio_sup import (
    GenServer,
    Mailbox,
    NoProcess,
    ServerExit,
    ServerRef,
    call,
    cast,
    child,
    open_supervisor,
)


class Slow(GenServer):
    """Does nothing before it is let go."""

    def __init__(self, go: trio.Event) -> None:
        self.go = go
        self.seen: list[object] = []

    @call
    async def wait(self) -> None:
        await self.go.wait()

    @call
    async def ask(self, number: object) -> object:
        return number

    @cast
    async def note(self, number: object) -> None:
        self.seen.append(number)

    @cast
    async def poison(self) -> None:
        raise ValueError


@asynccontextmanager
async def busy(mailbox: Mailbox) -> AsyncGenerator[tuple[ServerRef[Slow], trio.Event]]:
    """A server with a handler in hand, and the event that ends that."""
    go = trio.Event()
    spec = child(Slow, go, mailbox=mailbox, id="slow")
    async with open_supervisor([spec], max_restarts=10**9) as sup:
        ref = sup.server(Slow, "slow")
        async with trio.open_nursery() as nursery:
            nursery.start_soon(ref.call, Slow.wait)
            await trio.testing.wait_all_tasks_blocked()
            yield ref, go
            go.set()


async def oldest_behind_waiting_calls(n: int, steps: Steps) -> None:
    async with (
        busy(Mailbox(4, when_full="drop_oldest")) as (ref, go),
        trio.open_nursery() as nursery,
    ):
        for number in range(n):
            nursery.start_soon(ref.call, Slow.ask, number)
        await trio.testing.wait_all_tasks_blocked()
        with steps:
            for number in range(n):
                ref.cast(Slow.note, number)
        go.set()
        await ref.call(Slow.ask, None)
        assert (await ref.get_state())["seen"] == list(range(n))[-4:]


async def oldest_of_a_large_mailbox(n: int, steps: Steps) -> None:
    async with busy(Mailbox(n, when_full="drop_oldest")) as (ref, _):
        for number in range(n):
            ref.cast(Slow.note, number)
        with steps:
            for number in range(n):
                ref.cast(Slow.note, number)


async def blocked_senders_are_cancelled(n: int, steps: Steps) -> None:
    scopes: list[trio.CancelScope] = []

    async def send(ref: ServerRef[Slow]) -> None:
        with trio.CancelScope() as scope:
            scopes.append(scope)
            await ref.cast_wait(Slow.note, 1)

    async with busy(Mailbox(1)) as (ref, _), trio.open_nursery() as nursery:
        ref.cast(Slow.note, 0)
        for _ in range(n):
            nursery.start_soon(send, ref)
        await trio.testing.wait_all_tasks_blocked()
        with steps:
            for scope in reversed(scopes):
                scope.cancel()
                await trio.lowlevel.checkpoint()


async def callers_are_cancelled(n: int, steps: Steps) -> None:
    scopes: list[trio.CancelScope] = []

    async def ask(ref: ServerRef[Slow]) -> None:
        with trio.CancelScope() as scope:
            scopes.append(scope)
            await ref.call(Slow.ask, 1)

    async with busy(Mailbox()) as (ref, _), trio.open_nursery() as nursery:
        for _ in range(n):
            nursery.start_soon(ask, ref)
        await trio.testing.wait_all_tasks_blocked()
        with steps:
            for scope in scopes:
                scope.cancel()
                await trio.lowlevel.checkpoint()


async def requests_expire(n: int, steps: Steps) -> None:
    async def ask(ref: ServerRef[Slow], seconds: float) -> None:
        with pytest.raises(trio.TooSlowError):
            await ref.expiring(seconds).call(Slow.ask, 1)

    async with busy(Mailbox()) as (ref, _), trio.open_nursery() as nursery:
        with steps:
            for number in range(n):
                nursery.start_soon(ask, ref, 1 + number)
            await trio.sleep(n + 2)


async def many_ask_the_system(n: int, steps: Steps) -> None:
    async with busy(Mailbox()) as (ref, go), trio.open_nursery() as nursery:
        for _ in range(n):
            nursery.start_soon(ref.get_state)
        await trio.testing.wait_all_tasks_blocked()
        with steps:
            go.set()
            await trio.testing.wait_all_tasks_blocked()


async def a_kept_mailbox_is_handed_over(n: int, steps: Steps) -> None:
    async with busy(Mailbox(2 * n, on_crash="keep")) as (ref, go):
        for number in range(n):
            if number % 2:
                ref.cast(Slow.poison)
            else:
                ref.cast(Slow.note, number)
        with steps:
            go.set()
            await ref.when_running().call(Slow.ask, 1)
        assert ref.life > n / 2


async def a_crash_answers_all_callers(n: int, steps: Steps) -> None:
    async def ask(ref: ServerRef[Slow]) -> None:
        with pytest.raises((ServerExit, NoProcess)):
            await ref.call(Slow.ask, 1)

    async with busy(Mailbox()) as (ref, go):
        ref.cast(Slow.poison)
        async with trio.open_nursery() as nursery:
            for _ in range(n):
                nursery.start_soon(ask, ref)
            await trio.testing.wait_all_tasks_blocked()
            with steps:
                go.set()
                await trio.testing.wait_all_tasks_blocked()


WORK = [
    oldest_behind_waiting_calls,
    oldest_of_a_large_mailbox,
    blocked_senders_are_cancelled,
    callers_are_cancelled,
    requests_expire,
    many_ask_the_system,
    a_kept_mailbox_is_handed_over,
    a_crash_answers_all_callers,
]


@pytest.mark.parametrize("work", WORK, ids=name_of)
@pytest.mark.trio
async def test_a_message_costs_the_same_whatever_waits(
    work: Measured,
    autojump_clock: MockClock,
) -> None:
    assert await grows(work) < LINEAR
