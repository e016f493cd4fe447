"""Trees for bad moments: machines, agents, timers, groups, requests by hand."""

from __future__ import annotations

from enum import Enum
from typing import Any

import trio

from trio_sup import (
    Agent,
    Backoff,
    Budget,
    ChildSpec,
    GenServer,
    Mailbox,
    StateMachine,
    SupervisionError,
    Supervisor,
    call,
    cast,
    child,
    dynamic_supervisor,
    graceful_stop,
    supervisor,
)
from trio_sup.testing import World

from .group_ground import dines, feasts
from .using import again, all_of
from .work_ground import Shard


class Light(Enum):
    RED = 0
    GREEN = 1
    DARK = 2


class Signal(StateMachine[Light]):
    """All kinds of timeouts, set anew, cancelled, of no time at all."""

    state = Light.RED

    async def enter(self, old: Light | None) -> None:
        self.entered = (old, self.state)

    @cast
    async def go(self) -> None:
        if self.state is Light.RED:
            self.state = Light.GREEN
            self.state_timeout(0.5, Signal.stop)
            self.event_timeout(0.25, Signal.bore)
        else:
            self.state_timeout(0.75, Signal.stop)
        self.named_timeout("lamp", 1.25, Signal.fade)

    @cast
    async def stop(self) -> None:
        self.state = Light.RED
        self.state_timeout(0, Signal.blink)
        self.next_event(Signal.note)

    @cast
    async def blink(self) -> None:
        self.repeat_state()
        self.named_timeout("blink", 0.125, Signal.note)

    @cast
    async def note(self) -> None:
        pass

    @cast
    async def bore(self) -> None:
        self.state_timeout(0.75, Signal.stop)

    @cast
    async def fade(self) -> None:
        timer = self.named_timeout("other", 0.5, Signal.note)
        if self.state is Light.GREEN:
            timer.cancel()

    @cast
    async def hold(self) -> None:
        """Sets a timeout and cancels it while it waits."""
        timer = self.named_timeout("gone", 0.0625, Signal.note)
        await trio.sleep(0.125)
        timer.cancel()

    @call
    async def passes(self, number: int) -> int:
        if self.state is not Light.GREEN:
            self.postpone()
        return number


def signals() -> ChildSpec[Supervisor]:
    return supervisor([child(Signal, id="s")], max_restarts=6, id="signals")


async def drives(world: World) -> None:
    async def waits(number: int) -> None:
        signal = world.root.server(Signal, "s").when_running()
        if await signal.call(Signal.passes, number) != number:
            raise AssertionError("the answer is another's")

    async def steers() -> None:
        signal = world.root.server(Signal, "s")
        signal.cast(Signal.go)
        await trio.sleep(0.375)
        signal.cast(Signal.go)
        await trio.sleep(0.75)
        signal.cast(Signal.hold)
        signal.cast(Signal.stop)
        signal.cast(Signal.note)

    await all_of(
        lambda: again(lambda: waits(1), 0.25),
        lambda: again(lambda: waits(2), 0.5),
        lambda: again(steers, 0.75),
    )


class Bell(GenServer):
    """Timers: some cancelled, one that ticks into a small mailbox."""

    async def init(self) -> None:
        self.every(0.5, Bell.tick)
        self.first = self.send_after(0.375, Bell.tick)

    @cast
    async def tick(self) -> None:
        pass

    @call
    async def ask(self, number: int) -> int:
        self.first.cancel()
        self.first = self.send_after(0.375, Bell.tick)
        self.send_info_after(0.25, number)
        self.idle_after(0.125 if number % 2 else 0, Bell.tick)
        return number

    async def handle_info(self, message: object) -> None:
        await trio.sleep(0.0625)


class Guest(GenServer):
    """Slow, with a mailbox for two of which the oldest goes."""

    async def init(self) -> None:
        self.every(0.5, Guest.tick)

    @cast
    async def tick(self) -> None:
        pass

    @cast
    async def eat(self) -> None:
        await trio.sleep(1)


def bells() -> ChildSpec[Supervisor]:
    return supervisor(
        [
            child(Bell, id="bell"),
            child(Guest, id="guest", mailbox=Mailbox(2, when_full="drop_oldest")),
            child(Agent[list[int]], lambda: [0], id="agent"),
        ],
        max_restarts=6,
        id="bells",
    )


async def rings(world: World) -> None:
    bell = world.root.server(Bell, "bell").when_running()
    guest = world.root.server(Guest, "guest")
    agent: Any = world.root.server(Agent, "agent").when_running()
    number = 0

    async def asks() -> None:
        nonlocal number
        number += 1
        own = number
        if await bell.call(Bell.ask, own) != own:
            raise AssertionError("the answer is another's")

    async def eats() -> None:
        for _ in range(3):
            guest.cast(Guest.eat)

    async def counts() -> None:
        await Agent.update(agent, lambda value: [*value, 1])
        Agent.cast(agent, lambda value: [*value, 2])
        await Agent.get_and_update(agent, lambda value: (len(value), value[-2:]))
        await Agent.get(agent, len)

    await all_of(
        lambda: again(asks, 0.75),
        lambda: again(asks, 1.125),
        lambda: again(eats, 1.25),
        lambda: again(counts, 0.75),
    )


# By hand.


async def fails_to_start(
    *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED
) -> None:
    await trio.sleep(0.125)
    raise OSError("no such device")


async def starts_slowly(
    *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED
) -> None:
    await trio.sleep(0.5)
    task_status.started()
    await trio.sleep_forever()


async def ends_slowly() -> None:
    try:
        await trio.sleep_forever()
    finally:
        with trio.CancelScope(shield=True):
            await trio.sleep(0.5)


async def hears_late() -> None:
    """Is asked to end before it can hear of that."""
    while True:
        with trio.CancelScope(shield=True):
            await trio.sleep(0.5)
        with graceful_stop() as stopping:
            with trio.CancelScope(shield=True):
                await trio.sleep(0.125)
            with trio.move_on_after(0.25):
                await stopping.wait()
            if stopping.is_set():
                return


async def takes_its_time() -> None:
    with graceful_stop() as stopping:
        await stopping.wait()
        await trio.sleep(1)


def yards() -> ChildSpec[Supervisor]:
    return supervisor(
        [
            child(hears_late, id="late", shutdown=3),
            child(ends_slowly, id="slow", shutdown=3),
            dynamic_supervisor(id="yard", max_children=3, max_restarts=4),
        ],
        max_restarts=5,
        id="yards",
    )


async def administers(world: World) -> None:
    root, yard = world.root, world.root.dynamic("yard")
    backs_off = Backoff(initial=2, jitter=0, immediate_first=False)

    async def fills() -> None:
        spec = child(
            Shard, id="named", restart="permanent", backoff=backs_off, shutdown=3
        )
        await yard.start_child(spec)

    async def grows() -> None:
        for what in starts_slowly, takes_its_time:
            await yard.start_child(child(what, shutdown=4))

    async def gives_up() -> None:
        with trio.move_on_after(0.25):
            await root.start_child(child(starts_slowly, id="more"))

    async def gives_up_soon() -> None:
        with trio.move_on_after(0.125):
            await root.start_child(child(starts_slowly, id="soon"))

    async def fails() -> None:
        for starter in root, yard:
            try:
                await starter.start_child(child(fails_to_start, id="bad"))
            except SupervisionError:
                pass

    async def clears() -> None:
        for info in yard.which_children():
            await yard.terminate_child(info.id)
            await trio.sleep(0.25)
        for id in "more", "soon":
            await root.terminate_child(id)
            await root.delete_child(id)

    await all_of(
        lambda: again(fills, 0.75),
        lambda: again(grows, 0.75),
        lambda: again(gives_up, 1.0),
        lambda: again(gives_up_soon, 1.0),
        lambda: again(fails, 1.5),
        lambda: again(clears, 2.0),
    )


async def tick() -> None:
    while True:
        await trio.sleep(2)


def parties(strategy: Any) -> ChildSpec[Supervisor]:
    """A group with backoffs of several lengths, slow ends, and budgets."""
    then: Any = "quarantine" if strategy == "one_for_one" else "escalate"
    waits = [Backoff(initial=n, jitter=0, immediate_first=False) for n in (2, 1)]
    party = supervisor(
        [
            child(tick, id="a", backoff=waits[0]),
            child(ends_slowly, id="b", backoff=Backoff(initial=0.5, jitter=0)),
            child(tick, id="c", budget=Budget(2, 4.0, then=then)),
            child(tick, id="d", backoff=waits[1]),
            child(tick, id="e", budget=Budget(1, 4.0, then=then)),
        ],
        strategy=strategy,
        max_restarts=4,
        max_seconds=4.0,
        id="party",
    )
    return supervisor([party], max_restarts=8, id="hall")


MOMENT_TREES: list[Any] = [
    ("signals", signals, drives),
    ("bells", bells, rings),
    ("yards", yards, administers, (OSError,)),
    ("feast", feasts, dines, (OSError,)),
    ("party", lambda: parties("rest_for_one"), None),
    ("party for all", lambda: parties("one_for_all"), None),
    ("party alone", lambda: parties("one_for_one"), None),
]
