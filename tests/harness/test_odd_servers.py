"""Servers that do odd things, all of them right: the harness has nothing to say."""

from contextlib import suppress
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
    Stop,
    Supervisor,
    WouldDeadlock,
    call,
    cast,
    child,
    supervisor,
)
from trio_sup.testing import (
    Crash,
    Fault,
    Flood,
    Rush,
    Slow,
    StopServer,
    Suspend,
    Terminate,
    Vanish,
    World,
    replay,
)

DOWN = (NoProcess, ServerExit, MailboxFull, trio.TooSlowError)


class Odd(GenServer):
    """Has a task of its own, timers, a message for when nothing comes."""

    async def init(self) -> Continue:
        self.callers: list[Caller[str]] = []
        self.every(0.25, Odd.tick)
        self.send_info_after(0.5, "info")
        self.idle_after(0, Odd.tidy)
        return Continue(3)

    async def handle_continue(self, number: int) -> None:
        if number:
            self.continue_with(number - 1)
        await trio.sleep(0.0625)

    async def handle_info(self, message: object) -> None:
        self.send_after(0, Odd.tidy)

    @cast
    async def tick(self) -> None:
        await trio.sleep(0.375)

    @cast
    async def tidy(self) -> None:
        self.idle_after(1, Odd.tidy)

    @call.deferred
    async def later(self, caller: Caller[str]) -> None:
        self.callers.append(caller)
        if len(self.callers) > 1:
            caller.reply("the last first")
            caller.reply("and not twice")

    @call(raises=(KeyError,))
    async def fails(self) -> None:
        raise KeyError("declared")

    @call
    async def stops(self) -> str:
        raise Stop(reply="gone")

    @call
    async def asks_itself(self) -> str:
        try:
            return await self.ref.call(Odd.asks_itself)
        except WouldDeadlock:
            return "refused"

    async def terminate(self, exit: Exit) -> None:
        for caller in self.callers:
            caller.reply("good-bye")
        await trio.sleep(0.125)
        if exit.kind == "normal":
            raise OSError("the clean-up fails")


def odd(**options: Any) -> ChildSpec[Supervisor]:
    mailbox = Mailbox(3, on_crash=options.pop("on_crash", "fail"))
    return supervisor(
        [child(Odd, id="odd", mailbox=mailbox, **options)], max_restarts=30, id="r"
    )


async def uses(world: World) -> None:
    """Every way to ask, and to give up on it."""
    odd = world.root.server(Odd, "odd").when_running()

    async def wants(op: Any, seconds: float) -> None:
        while True:
            try:
                with trio.move_on_after(seconds):
                    await odd.call(op)
                await odd.expiring(seconds / 4).call(op)
            except (*DOWN, KeyError):
                pass
            await trio.sleep(0.375)

    async def sends() -> None:
        while True:
            with trio.move_on_after(0.25):
                try:
                    await odd.cast_wait(Odd.tidy)
                    odd.send("info")
                except DOWN:
                    pass
            await trio.sleep(0.125)

    async with trio.open_nursery() as nursery:
        for op in Odd.later, Odd.fails, Odd.asks_itself, Odd.later:
            nursery.start_soon(wants, op, 0.5)
        nursery.start_soon(sends)
        nursery.start_soon(sends)
        await trio.sleep(4)
        try:
            await odd.call(Odd.stops)
        except DOWN:
            pass
        await trio.sleep(1)
        try:
            await odd.get_status()
            await odd.suspend()
            await odd.stop()
        except DOWN:
            pass


PATH = "r/odd"
SCRIPTS: list[list[Fault]] = [
    [],
    [Rush(PATH, at=1.0, count=9), Crash(PATH, at=1.125)],
    [Rush(PATH, at=0.0), Vanish(PATH, at=0.5), Rush(PATH, at=0.5)],
    [Rush(PATH, at=1.0), StopServer(PATH, at=1.125), StopServer(PATH, at=1.125)],
    [Suspend(PATH, at=1.0, seconds=2), Rush(PATH, at=1.5), Crash(PATH, at=2.0)],
    [Suspend(PATH, at=1.0), Rush(PATH, at=1.25), StopServer(PATH, at=1.5)],
    [Suspend(PATH, at=1.0, seconds=20), Rush(PATH, at=1.25), Terminate(PATH, at=2.0)],
    [Slow(PATH, at=1.0, seconds=2.0), Rush(PATH, at=1.5), Flood(PATH, at=2.0)],
    [Crash(PATH, checkpoint=place) for place in range(12)],
]


def test_nothing_is_said_of_a_server_that_does_all_there_is() -> None:
    errors = [OSError]
    for script in SCRIPTS:
        replay(odd, script, client=uses, allow=errors)
        replay(lambda: odd(on_crash="keep"), script, client=uses, allow=errors)


def test_nothing_is_said_of_one_that_is_killed() -> None:
    for script in SCRIPTS[:4]:
        replay(lambda: odd(shutdown="brutal_kill"), script, client=uses)


# A server whose background task fails.


class Background(GenServer):
    async def init(self) -> None:
        self.block = trio.open_nursery()
        self.nursery = await self.block.__aenter__()
        self.nursery.start_soon(self.fail)

    async def fail(self) -> None:
        await trio.sleep(1)
        raise OSError("in the background")

    @call
    async def ask(self) -> int:
        await trio.sleep(0.25)
        return 1

    async def terminate(self, exit: Exit) -> None:
        self.nursery.cancel_scope.cancel()
        await self.block.__aexit__(None, None, None)


def test_nothing_is_said_of_a_task_of_a_server_that_fails() -> None:
    async def asks(world: World) -> None:
        server = world.root.server(Background, "s").when_running()
        while True:
            try:
                await server.call(Background.ask)
            except ServerExit:
                pass

    replay(
        lambda: supervisor([child(Background, id="s")], max_restarts=90, id="r"),
        [Rush("r/s", at=0.875)],
        client=asks,
        allow=[OSError],
        duration=3,
    )


# Monitors.


class Watcher(GenServer):
    async def init(self) -> None:
        self.downs = 0

    @cast
    async def look(self, whom: str) -> None:
        assert isinstance(self.supervisor, Supervisor)
        target = self.supervisor.child(whom)
        for _ in range(2):
            self.monitor(target)
            self.monitor(target, until="stopped")
        with self.monitor(target):
            await trio.sleep(0.5)

    async def handle_info(self, message: object) -> None:
        assert isinstance(message, Down)
        self.downs += 1
        await trio.sleep(0.25)


def test_nothing_is_said_of_many_monitors_of_a_child_that_dies_often() -> None:
    async def looks(world: World) -> None:
        watcher = world.root.server(Watcher, "w")
        while True:
            watcher.try_cast(Watcher.look, "t")
            await trio.sleep(1)

    def build() -> ChildSpec[Supervisor]:
        watcher = child(Watcher, id="w", mailbox=Mailbox(1))
        target = child(trio.sleep_forever, id="t")
        return supervisor([watcher, target], max_restarts=30, id="r")

    crashes = [Crash("r/t", at=at / 4) for at in range(1, 12)]
    replay(build, [*crashes, Terminate("r/t", at=4.0)], client=looks)
    replay(build, [*crashes, Crash("r/w", at=1.125)], client=looks)


# State machines.


class Gate(StateMachine[str]):
    state = "shut"

    async def init(self) -> None:
        self.next_event(Gate.knock, 0)
        self.state_timeout(0, Gate.swing)

    async def enter(self, old: str | None) -> None:
        self.named_timeout("squeak", 0.125, Gate.knock, 1)

    @cast
    async def knock(self, number: int) -> None:
        self.event_timeout(0.25, Gate.swing)
        if number:
            self.next_event(Gate.knock, number - 1)
            self.state_timeout(0, Gate.swing)
        await trio.sleep(0.0625)

    @cast
    async def swing(self) -> None:
        self.state = "open" if self.state == "shut" else "shut"
        self.state_timeout(0.5, Gate.swing)

    @call
    async def go(self) -> str:
        if self.state == "shut":
            self.postpone()
        return "through"


def test_nothing_is_said_of_a_machine_with_all_kinds_of_timeouts() -> None:
    async def goes(world: World) -> None:
        gate = world.root.server(Gate, "g").when_running()
        while True:
            try:
                await gate.expiring(0.125).call(Gate.go)
                gate.cast(Gate.knock, 2)
            except DOWN:
                await trio.sleep(0.25)

    keep = Mailbox(4, on_crash="keep")
    replay(
        lambda: supervisor(
            [child(Gate, id="g", mailbox=keep)], max_restarts=30, id="r"
        ),
        [Rush("r/g", at=1.0), Crash("r/g", at=1.25), Crash("r/g", at=2.0)],
        client=goes,
    )


class Turnstile(StateMachine[str]):
    state = "shut"

    @cast
    async def turn(self) -> None:
        self.state = "open"
        self.event_timeout(0.5, Turnstile.shut)

    @cast
    async def shut(self) -> None:
        self.state = "shut"

    @call
    async def go(self) -> None:
        if self.state == "shut":
            self.postpone()


def test_a_postponed_call_that_was_given_up_is_no_event() -> None:
    heard: list[str] = []

    async def gives_up(world: World) -> None:
        machine = world.root.server(Turnstile, "t")
        body: Any = machine.record.body
        for _ in range(3):
            with suppress(trio.TooSlowError):
                await machine.expiring(0.125).call(Turnstile.go)
            machine.cast(Turnstile.turn)
            await trio.sleep(0.25)
            heard.append(body.server.state)
            await trio.sleep(0.5)  # the event timeout comes: it was the next event
            heard.append(body.server.state)

    replay(lambda: [child(Turnstile, id="t")], client=gives_up)
    assert heard == ["open", "shut"] * 3
