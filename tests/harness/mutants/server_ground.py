"""Trees of servers that the mutants are tried on: the usual mailboxes and callbacks."""

from __future__ import annotations

from enum import Enum
from typing import Any

import trio

from trio_sup import (
    Caller,
    ChildSpec,
    Continue,
    Down,
    Exit,
    GenServer,
    Mailbox,
    MailboxFull,
    NoProcess,
    ServerExit,
    StateMachine,
    Supervisor,
    WouldDeadlock,
    call,
    cast,
    child,
    supervisor,
    whereis,
)
from trio_sup.testing import World

DOWN = (NoProcess, ServerExit, MailboxFull, WouldDeadlock)


class Mail(GenServer):
    """Takes its time for what it is sent, and for its end."""

    @cast
    async def put(self, letter: int) -> None:
        await trio.sleep(0.125)

    @call
    async def look(self) -> int:
        return self.life

    async def terminate(self, exit: Exit) -> None:
        await trio.sleep(0.25)


class Slow(GenServer):
    """Starts slowly, so that messages come meanwhile."""

    async def init(self) -> Continue:
        await trio.sleep(0.25)
        return Continue(1)

    async def handle_continue(self, number: int) -> None:
        await trio.sleep(0.125)

    @cast
    async def put(self, number: int) -> None:
        await trio.sleep(0.0625)

    @call
    async def work(self, number: int) -> int:
        self.continue_with(number)
        return number


def mail() -> ChildSpec[Supervisor]:
    keep = Mailbox(4, on_crash="keep")
    return supervisor(
        [
            child(Mail, id="kept", mailbox=keep),
            child(Mail, id="lost", mailbox=Mailbox(4)),
            child(Slow, id="slow", mailbox=Mailbox(8, on_crash="keep")),
            child(Mail, id="killed", shutdown="brutal_kill", mailbox=Mailbox(3)),
        ],
        max_restarts=6,
        id="mail",
    )


async def writes(world: World) -> None:
    """Several writers; those of one server in turn."""

    async def write(kind: type[Any], id: str) -> None:
        ref: Any = world.root.server(kind, id)
        number = 0
        while True:
            try:
                for _ in range(3):
                    number += 1
                    await ref.cast_wait(kind.put, number)
                if kind is Mail:
                    await ref.call(Mail.look)
                elif await ref.call(Slow.work, number) != number:
                    raise AssertionError("the answer is another's")
            except DOWN:
                pass
            await trio.sleep(0.75)

    async with trio.open_nursery() as nursery:
        for id in "kept", "lost", "killed":
            nursery.start_soon(write, Mail, id)
            nursery.start_soon(write, Mail, id)
        nursery.start_soon(write, Slow, "slow")


class Gauge(GenServer):
    @cast
    async def show(self, value: int) -> None:
        await trio.sleep(0.25)

    @call
    async def read(self) -> int:
        return 1


def gauges() -> ChildSpec[Supervisor]:
    return supervisor(
        [
            child(Gauge, id="oldest", mailbox=Mailbox(3, when_full="drop_oldest")),
            child(Gauge, id="newest", mailbox=Mailbox(3, when_full="drop_newest")),
            child(Gauge, id="all", mailbox=Mailbox(2, when_full="reject")),
        ],
        max_restarts=5,
        id="gauges",
    )


async def shows(world: World) -> None:
    while True:
        for id in "oldest", "newest", "all":
            gauge = world.root.server(Gauge, id)
            for value in range(5):
                gauge.try_cast(Gauge.show, value)
            try:
                await gauge.call(Gauge.read)
            except DOWN:
                pass
        await trio.sleep(1)


class Clock(GenServer):
    """Ticks, is slow at times, and does something when nothing comes."""

    async def init(self) -> None:
        self.ticks = 0
        self.every(0.5, Clock.tick)

    @cast
    async def tick(self) -> None:
        self.ticks += 1
        if self.ticks % 4 == 0:
            await trio.sleep(1.25)


class Idler(GenServer):
    async def init(self) -> None:
        self.idle_after(1.0, Idler.tidy)

    @cast
    async def tidy(self) -> None:
        self.idle_after(1.5, Idler.tidy)

    @call
    async def ask(self, number: int) -> int:
        if number % 2:
            self.idle_after(0.25, Idler.tidy)
        elif number % 3 == 0:
            self.idle_after(0, Idler.tidy)
        self.send_after(0.75, Idler.later, number)
        return number

    @cast
    async def later(self, number: int) -> None:
        pass


def clocks() -> ChildSpec[Supervisor]:
    return supervisor(
        [
            child(Clock, id="clock", mailbox=Mailbox(on_crash="keep")),
            child(Idler, id="idler", mailbox=Mailbox(on_crash="keep")),
        ],
        max_restarts=6,
        id="clocks",
    )


async def asks(world: World) -> None:
    """Two who ask, at times at once."""

    async def ask(number: int) -> None:
        while True:
            try:
                idler = world.root.server(Idler, "idler").when_running()
                await idler.call(Idler.ask, number)
            except DOWN:
                pass
            number += 1
            await trio.sleep(0.875 if number % 3 else 2.0)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(ask, 0)
        nursery.start_soon(ask, 0)


class NotFound(Exception):
    pass


class Desk(GenServer):
    """Defers, forwards, declares an error, watches, asks who asks it."""

    async def init(self) -> None:
        self.callers: list[Caller[int]] = []
        self.downs: list[Down] = []

    @call(raises=(NotFound,))
    async def find(self, number: int) -> int:
        if number % 2:
            raise NotFound(number)
        return number

    @call.deferred
    async def later(self, caller: Caller[int], number: int) -> None:
        self.callers.append(caller)
        self.send_after(0.25, Desk.answer, number)

    @cast
    async def answer(self, number: int) -> None:
        if self.callers:
            self.callers.pop(0).reply(number)

    @call.deferred
    async def forward(self, caller: Caller[int], number: int) -> None:
        office = whereis("office", Office)
        if office is None:
            caller.reply(number)
        else:
            office.try_cast(Office.answer, caller, number)

    @call
    async def round_trip(self, number: int) -> int:
        office = whereis("office", Office)
        if office is None:
            return number
        try:
            return await office.call(Office.ask_back, number)
        except DOWN:
            return number

    async def handle_info(self, message: object) -> None:
        if isinstance(message, Down):
            self.downs.append(message)


class Office(GenServer):
    async def init(self) -> None:
        desk = whereis("desk", Desk)
        if desk is not None:
            self.monitor(desk)

    @cast
    async def answer(self, caller: Caller[int], number: int) -> None:
        await trio.sleep(0.125)
        caller.reply(number)

    @call
    async def ask_back(self, number: int) -> int:
        desk = whereis("desk", Desk)
        if desk is not None and number % 3 == 0:
            try:
                await desk.call(Desk.find, 2)
            except DOWN:
                return number
        return number

    async def handle_info(self, message: object) -> None:
        pass


def desks() -> ChildSpec[Supervisor]:
    return supervisor(
        [
            child(Desk, id="desk", name="desk"),
            child(Office, id="office", name="office", mailbox=Mailbox(4)),
        ],
        max_restarts=6,
        id="desks",
    )


async def visits(world: World) -> None:
    async def visit(number: int) -> None:
        desk = world.root.server(Desk, "desk").when_running()
        while True:
            for op in Desk.find, Desk.later, Desk.forward, Desk.round_trip:
                try:
                    with trio.move_on_after(5):
                        if await desk.call(op, number) != number:
                            raise AssertionError("the answer is another's")
                except NotFound:
                    pass
                except DOWN:
                    pass
            number += 2
            await trio.sleep(0.5)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(visit, 0)
        nursery.start_soon(visit, 1)


class Mode(Enum):
    SHUT = 0
    OPEN = 1


class Door(StateMachine[Mode]):
    state = Mode.SHUT

    @cast
    async def push(self) -> None:
        if self.state is Mode.SHUT:
            self.state = Mode.OPEN
            self.state_timeout(0.75, Door.fall_shut)
            self.event_timeout(0.375, Door.ring)
            self.next_event(Door.ring)

    @cast
    async def ring(self) -> None:
        if self.state is Mode.OPEN:
            self.event_timeout(0.125, Door.shut)

    @cast
    async def fall_shut(self) -> None:
        self.state = Mode.SHUT

    @call
    async def walk_through(self, number: int) -> int:
        if self.state is Mode.SHUT:
            self.postpone()
        return number

    @cast
    async def shut(self) -> None:
        self.state = Mode.SHUT


def doors() -> ChildSpec[Supervisor]:
    return supervisor(
        [child(Door, id="door", mailbox=Mailbox(8))], max_restarts=6, id="doors"
    )


async def walks(world: World) -> None:
    async def walk(number: int) -> None:
        while True:
            try:
                door = world.root.server(Door, "door").when_running()
                if await door.call(Door.walk_through, number) != number:
                    raise AssertionError("the answer is another's")
            except DOWN:
                pass
            await trio.sleep(0.25)

    async with trio.open_nursery() as nursery:
        for number in range(3):
            nursery.start_soon(walk, number)
        while True:
            await trio.sleep(0.5)
            door = world.root.server(Door, "door")
            door.try_cast(Door.push)
            await trio.sleep(0.5)
            door.try_cast(Door.shut)


SERVER_TREES = [
    ("mail", mail, writes),
    ("gauges", gauges, shows),
    ("clocks", clocks, asks),
    ("desks", desks, visits),
    ("doors", doors, walks),
]
