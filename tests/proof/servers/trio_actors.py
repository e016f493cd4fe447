"""Scripted servers and clients on trio-sup: each message brings its steps."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable
from typing import Any, TypeAlias, cast as cast_to

import trio
from attrs import Factory, define

import trio_sup
from tests.proof.servers.scenario import Scenario, Server, Steps
from tests.proof.servers.trio_reasons import reason_of
from tests.proof.trace import Value
from trio_sup import Caller, Down, GenServer, call, cast

Message: TypeAlias = tuple[str, Steps]


@define(eq=False)
class Stage:
    """What the actors of one scenario share."""

    scenario: Scenario
    log: list[Value] = Factory(list[Value])
    unique: trio_sup.Registry = Factory(trio_sup.Registry)
    duplicate: trio_sup.Registry = Factory(lambda: trio_sup.Registry("duplicate"))
    handles: dict[str, trio_sup.Child] = Factory(dict[str, trio_sup.Child])
    lives: Counter[str] = Factory(Counter[str])
    callers: dict[str, Caller[Value]] = Factory(dict[str, Caller[Value]])
    waiting: Counter[str] = Factory(Counter[str])
    gates: defaultdict[str, trio.Event] = Factory(lambda: defaultdict(trio.Event))

    def note(self, actor: str, *event: Value) -> None:
        """Writes down what an actor goes through."""
        self.log.append((actor, *event))

    def registry(self, name: Value) -> trio_sup.Registry:
        """The registry that a scenario means."""
        return self.unique if name == "u" else self.duplicate

    def server(self, to: Value) -> trio_sup.ServerRef[ScriptedServer]:
        """Whom a message is for."""
        match to:
            case ("via", name, str(key)):
                return self.registry(name).ref(key, ScriptedServer)
            case _:
                handle = self.handles[str(to)]
                assert isinstance(handle, trio_sup.ServerRef)
                return cast_to("trio_sup.ServerRef[ScriptedServer]", handle)

    def send(self, to: Value, message: Message) -> None:
        """Sends to a server or a client."""
        handle = self.handles.get(to) if isinstance(to, str) else None
        if isinstance(handle, trio_sup.Attached):
            handle.send(message)
        else:
            self.server(to).send(message)

    async def wait_at(self, gate: str) -> None:
        """Waits until a gate is open."""
        self.waiting[gate] += 1
        try:
            await self.gates[gate].wait()
        finally:
            self.waiting[gate] -= 1


@define(eq=False)
class Actor:
    """A server or a client as its steps see it."""

    stage: Stage
    name: str
    watch: Callable[[trio_sup.Child], trio_sup.Monitor]
    receive: Callable[[], Any] | None = None
    server: ScriptedServer | None = None
    monitors: list[tuple[str, trio_sup.Monitor]] = Factory(
        list[tuple[str, trio_sup.Monitor]]
    )

    def note(self, *event: Value) -> None:
        """Writes down what it goes through."""
        self.stage.note(self.name, *event)

    def monitor(self, target: str) -> None:
        """Watches the present life of somebody."""
        self.note("watches", target)
        self.monitors.append((target, self.watch(self.stage.handles[target])))

    def demonitor(self, target: str) -> None:
        """Watches it no more."""
        for name, monitor in self.monitors:
            if name == target:
                monitor.cancel()
        self.monitors = [pair for pair in self.monitors if pair[0] != target]

    def down(self, down: Down) -> None:
        """A life has ended; the monitor was for this one only."""
        target = str(down.target.id)
        first = next(pair for pair in self.monitors if pair[0] == target)
        first[1].cancel()
        self.monitors.remove(first)
        self.note("down", target, reason_of(down.exit))


@define(eq=False)
class InHand:
    """The message in hand: how it may be answered."""

    label: str
    caller: Caller[Value] | None = None
    reply: Value = None


class ScriptedServer(GenServer):
    """The server under examination."""

    def __init__(self, stage: Stage, spec: Server) -> None:
        self.stage = stage
        self.spec = spec
        self.n = 0

    async def init(self) -> None:
        name = str(self.id)
        self.stage.lives[name] += 1
        self.number = self.stage.lives[name]
        self.stage.handles[name] = self.ref
        self.actor = Actor(self.stage, name, self.monitor, server=self)
        self.actor.note("init", self.number)
        await self.perform(InHand("init"), self.spec.init)

    @call
    async def ask(self, label: str, steps: Steps) -> Value:
        return await self.handle("call", InHand(label), steps)

    @call.deferred
    async def ask_later(self, caller: Caller[Value], label: str, steps: Steps) -> None:
        await self.handle("call", InHand(label, caller), steps)

    @cast
    async def tell(self, label: str, steps: Steps) -> None:
        await self.handle("cast", InHand(label), steps)

    @cast
    async def idle(self, label: str, steps: Steps) -> None:
        await self.handle("idle", InHand(label), steps)

    async def handle_info(self, message: Down | Message) -> None:
        if isinstance(message, Down):
            self.actor.down(message)
        else:
            label, steps = message
            await self.handle("info", InHand(label), steps)

    async def handle_continue(self, *args: Any) -> None:
        label, steps = args
        await self.handle("continue", InHand(label), steps)

    async def terminate(self, exit: trio_sup.Exit) -> None:
        self.actor.note("terminate", self.number, reason_of(exit), self.n)
        await self.perform(InHand("terminate"), self.spec.terminate)

    async def handle(self, kind: str, message: InHand, steps: Steps) -> Value:
        self.actor.note(kind, message.label, self.n)
        return await self.perform(message, steps)

    async def perform(self, message: InHand, steps: Steps) -> Value:
        from tests.proof.servers.trio_steps import perform

        await perform(self.actor, message, steps)
        return message.reply
