"""Runs a scenario on trio-sup, under virtual time and with a defined schedule."""

import math

import trio
import trio.testing

import trio_sup
from tests.proof.servers.scenario import Scenario, Server, Steps, normalise
from tests.proof.servers.trio_actors import Actor, InHand, ScriptedServer, Stage
from tests.proof.servers.trio_reasons import Scripted, reason_of
from tests.proof.servers.trio_steps import perform
from tests.proof.trace import Trace, Value
from trio_sup._core import events
from trio_sup.testing._run.quiet import quiet_log
from trio_sup.testing.schedule import scheduled

TICK = 0.005
"""Seconds that the clock moves at a time, so that times keep their order."""


def run(scenario: Scenario) -> Trace:
    """What trio-sup does in `scenario`."""
    clock = trio.testing.MockClock()
    with scheduled(), quiet_log():
        return normalise(trio.run(_Run(scenario, clock).run, clock=clock))


class _Run:
    def __init__(self, scenario: Scenario, clock: trio.testing.MockClock) -> None:
        self.scenario = scenario
        self.clock = clock
        self.stage = Stage(scenario)
        self.kept: set[str] = set()
        self.scopes: dict[str, trio.CancelScope] = {}
        self.supervisor: trio_sup.DynamicSupervisor
        self.nursery: trio.Nursery

    async def run(self) -> Trace:
        log = self.stage.log
        trio_sup.current_node().add_hook(self.note)
        spec = trio_sup.dynamic_supervisor(id="all", max_restarts=10**6)
        async with (
            trio_sup.open_supervisor([spec]) as root,
            trio.open_nursery() as self.nursery,
        ):
            self.supervisor = root.dynamic("all")
            for index, op in enumerate(self.scenario.script):
                log.append(("step", index))
                await self.perform(index, op)
                await trio.testing.wait_all_tasks_blocked()
            await self.finish()
            trace = Trace(tuple(log), tuple(sorted({*self.kept, *self.scopes})))
            self.nursery.cancel_scope.cancel()
        return trace

    async def perform(self, index: int, op: Value) -> None:
        match op:
            case ("start", str(id)):
                if id in self.kept:
                    self.stage.note(f"parent of {id}", "start", "running")
                else:
                    self.kept.add(id)
                    self.nursery.start_soon(self.start, id)
            case ("do", tuple(steps)):
                self.nursery.start_soon(self.client, f"c{index}", steps)
            case ("open", str(gate)):
                self.stage.gates[gate].set()
            case ("shutdown", str(id)):
                self.shutdown(id)
            case ("kill", str(name)):
                if name in self.scopes:
                    self.scopes[name].cancel()
            case ("elapse", int(ms)):
                for _ in range(round(ms / 1000 / TICK)):
                    self.clock.jump(TICK)
                    await trio.testing.wait_all_tasks_blocked()
            case _:
                raise ValueError(op)

    # Servers

    def spec(self, id: str) -> trio_sup.ChildSpec[trio_sup.ServerRef[ScriptedServer]]:
        server: Server = self.scenario.servers[id]
        name = None
        if server.name is not None:
            registry, key, value = server.name
            name = self.stage.registry(registry).via(key, value)
        return trio_sup.child(
            ScriptedServer,
            self.stage,
            server,
            id=id,
            name=name,
            restart="permanent" if server.restart == "permanent" else "temporary",
            shutdown=_seconds(server.shutdown),
        )

    async def start(self, id: str) -> None:
        outcome: Value
        try:
            await self.supervisor.start_child(self.spec(id))
        except trio_sup.StartIgnored:
            outcome = "ignore"
        except trio_sup.StartFailed as error:
            outcome = ("error", reason_of(error.exit))
        except trio_sup.AlreadyRegistered as error:
            outcome = ("already_registered", str(error.handle.id))
        else:
            return
        self.kept.discard(id)
        self.stage.note(f"parent of {id}", "start", outcome)

    def shutdown(self, id: str) -> None:
        if id in self.kept:
            stop = self.supervisor.terminate_child
            self.nursery.start_soon(stop, self.stage.handles[id])

    def note(self, event: events.LifecycleEvent) -> None:
        """Takes an event of the node: beginnings, and ends of what began."""
        id = event.path.rpartition("/")[2]
        if id not in self.scenario.servers:
            return
        if isinstance(event, events.ChildStarted):
            self.stage.note(f"parent of {id}", "start", "ok")
        if not isinstance(event, events.ChildCrashed | events.ChildStopped):
            return
        self.stage.note(id, "exit", reason_of(event.exit))
        asked = isinstance(event, events.ChildStopped) and event.requested
        if asked or self.scenario.servers[id].restart != "permanent":
            self.kept.discard(id)

    # Clients

    async def client(self, name: str, steps: Steps) -> None:
        with trio.CancelScope() as self.scopes[name]:
            try:
                async with trio_sup.attach(id=name) as me:
                    self.stage.handles[name] = me
                    actor = Actor(self.stage, name, me.monitor, me.receive)
                    await perform(actor, InHand(name), steps)
            except Scripted:
                pass
        del self.scopes[name]

    # The end

    async def finish(self) -> None:
        for id in sorted(self.scenario.servers):
            await self.open_all()
            self.stage.log.append(("ended", id))
            self.shutdown(id)
            await trio.testing.wait_all_tasks_blocked()
            await self.open_all()

    async def open_all(self) -> None:
        waiting = self.stage.waiting
        while gates := sorted(gate for gate in waiting if waiting[gate]):
            self.stage.log.append(("opened", gates[0]))
            self.stage.gates[gates[0]].set()
            await trio.testing.wait_all_tasks_blocked()


def _seconds(shutdown: int | str) -> float:
    if isinstance(shutdown, int):
        return shutdown / 1000
    return math.inf if shutdown == "infinity" else "brutal_kill"  # type: ignore[return-value]
