"""Random trees, random requests, random schedules: the laws of `injection` hold.

On top of them: after a while without news every child is either running or at rest,
and holds its name exactly when it should. Each seed is one reproducible run.
"""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable

import pytest
import trio

from tests.injection.faults import Kind
from tests.injection.laws import World, check_laws, has, leaves
from tests.injection.runs import run
from tests.supervision.stage import Boom, Stage, quiet
from trio_sup import (
    Backoff,
    Budget,
    Child,
    ChildSpec,
    DynamicSupervisor,
    Ignore,
    RestartLimitExceeded,
    StartFailed,
    Stop,
    SupervisionError,
    Supervisor,
    current_node,
    dynamic_supervisor,
    open_supervisor,
    supervisor,
)
from trio_sup._children.record import Record
from trio_sup._core.words import Restart, Strategy

IDS = "abc"
STRATEGIES: list[Strategy] = ["one_for_one", "one_for_all", "rest_for_one"]
RESTARTS: list[Restart] = ["permanent", "permanent", "transient", "temporary"]


pytestmark = pytest.mark.usefixtures("quiet_log")  # thousands of crashes


class Trial:
    """One random tree, and one random story about it."""

    def __init__(self, seed: int) -> None:
        self.draw = random.Random(seed)
        self.dynamic = self.draw.random() < 0.3
        self.strategy: Strategy = self.draw.choice(STRATEGIES)
        faults: list[Kind] = ["none", "none", "cancel", "sigint"]
        self.fault: Kind = self.draw.choice(faults)
        self.at = self.draw.randint(10, 150)

    def spec(self, stage: Stage, id: str) -> ChildSpec[Child]:
        draw = self.draw
        spec = stage.spec(
            id,
            restart=draw.choice(RESTARTS),
        )
        if draw.random() < 0.3:
            first = draw.random() < 0.5
            wait = Backoff(initial=0.5, jitter=0, immediate_first=first)
            spec = spec.replace(backoff=wait)
        if draw.random() < 0.3:
            spec = spec.replace(name=id)
        if draw.random() < 0.2:
            spec = spec.replace(start_timeout=0.3)
        if self.strategy == "one_for_one" and draw.random() < 0.2:
            spec = spec.replace(budget=Budget(1, 5.0, then="quarantine"))
        return spec

    async def body(self, world: World) -> None:
        world.order = {"root": ["z", "in"]}
        draw, stage = self.draw, world.stage
        for id in IDS:
            if draw.random() < 0.3:
                stage.stop_seconds[id] = 0.25
            if draw.random() < 0.3:
                stage.start_seconds[id] = draw.choice([0.25, 0.5])
        restart = draw.choice(RESTARTS[:3])
        limit = draw.choice([1, 3, 20, 100])
        if self.dynamic:
            inner: ChildSpec[Child] = dynamic_supervisor(
                id="in", max_restarts=limit, restart=restart
            )
        else:
            inner = supervisor(
                [self.spec(stage, id) for id in IDS if draw.random() < 0.7],
                id="in",
                strategy=self.strategy,
                max_restarts=limit,
                restart=restart,
            )
        async with open_supervisor(
            [stage.spec("z"), inner], strategy="rest_for_one", max_restarts=50
        ) as sup:
            await self.tell(stage, sup)
            if draw.random() < 0.5:
                await trio.sleep(100)
                await quiet()
                with trio.fail_after(50):  # it still serves requests
                    await self.probe(stage, sup.child("in"))
                for record in sup.child("in").record.observed_children():
                    check_rest(record)

    async def probe(self, stage: Stage, handle: Child) -> None:
        assert isinstance(handle, Supervisor | DynamicSupervisor)
        if handle.status == "running":
            await handle.start_child(stage.spec("probe"))

    async def tell(self, stage: Stage, sup: Supervisor) -> None:
        draw = self.draw
        handle = sup.child("in")
        async with trio.open_nursery() as nursery:
            for _ in range(draw.randint(2, 40)):
                id = draw.choice(IDS)
                match draw.choice(WORDS):
                    case "crash" if id in stage.up:
                        stage.crash(id)
                    case "finish" if id in stage.up:
                        stage.finish(id)
                    case "all":
                        for up in list(stage.up):
                            stage.crash(up)
                    case "above" if "z" in stage.up:
                        stage.crash("z")
                    case "fail":
                        error = draw.choice([Boom(id), Ignore(), Stop(id)])
                        stage.failing_starts.setdefault(id, []).append(error)
                    case "blink":
                        stage.blinks[id] = draw.randint(1, 3)
                    case "sleep":
                        await trio.sleep(draw.choice([0.1, 0.3, 1, 6]))
                    case "quiet":
                        await quiet()
                    case "request":
                        nursery.start_soon(self.ask, self.request(stage, handle, id))
                    case "bounce":
                        if draw.random() < 0.5:
                            stage.blinks[id] = 1
                        elif draw.random() < 0.5:
                            stage.failing_starts[id] = [Boom(id)]
                        nursery.start_soon(self.ask, self.bounce(handle, id))
                    case "watch":
                        nursery.start_soon(self.ask, self.watch(sup, id))
                    case _:
                        pass
            await trio.sleep(draw.choice([0, 70]))

    def request(
        self, stage: Stage, handle: Child, id: str
    ) -> Callable[[], Awaitable[object]]:
        spec = self.spec(stage, id)
        assert isinstance(handle, Supervisor | DynamicSupervisor)
        if self.draw.random() < 0.03:
            return handle.stop
        if isinstance(handle, DynamicSupervisor):
            named = spec.replace(name=id)
            return self.draw.choice(
                [
                    lambda: handle.start_child(spec),
                    lambda: handle.get_or_start(named),
                    lambda: handle.terminate_child(id),
                    lambda: handle.restart_child(id),
                ]
            )
        return self.draw.choice(
            [
                lambda: handle.start_child(spec),
                lambda: handle.terminate_child(id),
                lambda: handle.restart_child(id),
                lambda: handle.delete_child(id),
            ]
        )

    def bounce(self, handle: Child, id: str) -> Callable[[], Awaitable[object]]:
        async def bounce() -> None:
            assert isinstance(handle, Supervisor | DynamicSupervisor)
            await handle.terminate_child(id)
            await handle.restart_child(id)

        async def restart() -> None:
            assert isinstance(handle, Supervisor | DynamicSupervisor)
            await handle.restart_child(id)

        return self.draw.choice([bounce, restart])

    def watch(self, sup: Supervisor, id: str) -> Callable[[], Awaitable[object]]:
        kind = self.draw.choice(["running", "stopped", "exit"])

        async def watch() -> None:
            child = sup.child("in", id)
            if kind == "running":
                await child.wait_running()
            elif kind == "stopped":
                await child.wait_stopped()
            else:
                await child.wait_exit()

        return watch

    async def ask(self, request: Callable[[], Awaitable[object]]) -> None:
        """Ask, and perhaps lose patience."""
        with trio.move_on_after(self.draw.choice([0.3, 60, 60])):
            try:
                await request()
            except (SupervisionError, LookupError):
                pass


WORDS = [
    *("crash", "crash", "finish", "all", "above", "fail", "blink", "blink"),
    *("sleep", "quiet", "quiet", "watch"),
    *["request"] * 4,
    *["bounce"] * 4,
]


def check_rest(record: Record) -> None:
    """Check a child that nothing has happened to for a while."""
    what = f"{record.path_text} is {record.status}"
    assert record.status in ("running", "stopped", "quarantined"), what
    assert (record.status == "running") == record.alive, what
    assert not record.in_plan, what
    assert record.pending == 0, what
    if record.spec.name is not None and record.status != "quarantined":
        holds = current_node().registry.holder(record.spec.name) is record
        assert holds == record.alive, f"{what}, holds its name: {holds}"


def check_trial(seed: int) -> None:
    """Run one trial and check everything."""
    trial = Trial(seed)
    at = -1 if trial.fault == "none" else trial.at
    world, _ = run(trial.body, at, trial.fault, str(seed))
    what = f"seed {seed}, {trial.fault}"
    check_laws(world, what)
    if trial.fault == "sigint" and world.struck:
        assert has(world.raised, KeyboardInterrupt), what
    allowed = (KeyboardInterrupt, trio.Cancelled, RestartLimitExceeded, StartFailed)
    strange = [e for e in leaves(world.raised) if not isinstance(e, allowed)]
    assert strange == [], f"{what}: {strange}"


@pytest.mark.parametrize("first", range(0, 300, 50))
def test_random_stories_obey_the_laws(first: int) -> None:
    for seed in range(first, first + 50):
        check_trial(seed)
