"""How what is drawn is played."""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import trio
import trio.testing
from hypothesis import HealthCheck, Phase, given, settings, strategies as st

from tests.cluster.nodes import TTL
from tests.cluster.promise.network import Network
from tests.cluster.promise.nodes import GRACE, Node, Server
from tests.cluster.promise.steps import MEDIUM, NAMES, PLAYS, Step
from tests.cluster.promise.world import KEYS, Broken, World
from trio_sup import (
    NoProcess,
    SupervisionError,
)
from trio_sup.cluster import ClusterError

PATIENCE = 10.0
"""Seconds that a call may take."""


class Play:
    """One run."""

    def __init__(self, world: World, tasks: trio.Nursery) -> None:
        self.world = world
        self.backend = world.backend
        self.nodes = {name: Node(world, name) for name in NAMES}
        self.tasks = tasks
        self.waiting = 0

    def number(self) -> int:
        self.world.serial += 1
        return self.world.serial

    # What is asked.

    async def ask(self, node: str, key: str) -> str:
        own = self.nodes[node].present
        if own is None:
            return "not there"
        number = self.number()  # of the moment in which it is sent
        how = "answered"
        self.waiting += 1
        try:
            ref = own.ref(key, Server).with_timeout(PATIENCE)
            answer = await ref.call(Server.ask, number, node)
            if answer != number:
                self.world.fail(f"call {number} got the answer of {answer}")
        except NoProcess:
            how = "not executed"
        except Exception:  # noqa: BLE001 - whatever it is: nobody knows
            how = "unknown"
        self.world.called(number, how, key)
        self.waiting -= 1
        return how

    async def crash(self, node: str, key: str) -> None:
        own = self.nodes[node].present
        if own is not None:
            try:
                await own.ref(key, Server).with_timeout(PATIENCE).call(Server.crash)
            except Exception:  # noqa: BLE001 - the server, as it should; or the way
                pass

    def tell(self, node: str, key: str) -> None:
        own = self.nodes[node].present
        if own is not None:
            try:
                own.ref(key, Server).cast(Server.tell, self.number(), node)
            except (ClusterError, NoProcess):
                pass

    def burst(self, node: str, key: str) -> None:
        for _ in range(3):
            self.tell(node, key)
        self.tasks.start_soon(self.ask, node, key)
        self.tasks.start_soon(self.ask, node, key)

    async def meet(
        self, node: str, key: str, when: float, what: str, victim: str, seconds: float
    ) -> None:
        """Break the way of somebody while messages are served."""
        self.burst(node, key)
        await trio.sleep(when)
        await self.fault_for(what, victim, seconds)

    async def hand_over(self, key: str, node: str) -> None:
        """Let a key move to another node in the midst of many messages."""
        first = self.world.owners.get(key, node)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self.stop_and_start, first, key, 1.0)
            await self.many(node, key, 0.004)

    async def take_in(self, key: str, node: str) -> None:
        """Let a key move to who sends it many messages."""
        others = [name for name in NAMES if name != node]
        if any(key in each.stopped for each in self.nodes.values()):
            return
        async with trio.open_nursery() as nursery:
            for other in others:
                nursery.start_soon(self._stop, other, key)
            await self.many(node, key, 0.001)
        for other in others:
            await self.start(other, key)

    async def many(self, node: str, key: str, pause: float) -> None:
        """Send a hundred messages, mostly casts."""
        for number in range(100):
            if number % 3:
                self.tell(node, key)
            else:
                self.tasks.start_soon(self.ask, node, key)
            await trio.sleep(pause)

    async def unheard(self, key: str, seconds: float) -> None:
        """Let nobody hear that a key is given up, for less than a lease."""
        first = self.world.owners.get(key)
        if first is not None:
            self.fault("cut", first)
            await self.stop(first, key)
            await trio.sleep(seconds)
            self.fault("heal", first)

    async def late(self, key: str, node: str, when: float) -> None:
        """Let a write arrive when a later holder has written, and look what is left."""
        first = self.world.owners.get(key)
        if first is None:
            return
        other = next(name for name in NAMES if name != first)
        self.tasks.start_soon(self.ask, node, key)
        await trio.sleep(when)
        self.fault("pause", first)
        await trio.sleep(TTL + 1)
        await self.ask(other, key)
        self.fault("heal", first)
        await trio.sleep(0.5)
        await self.crash(other, key)
        await self.ask(other, key)

    # What happens to nodes.

    async def stop(self, node: str, key: str) -> None:
        """One node is not to run a key: another is to take over."""
        if not any(key in each.stopped for each in self.nodes.values()):
            await self._stop(node, key)

    async def _stop(self, node: str, key: str) -> None:
        one = self.nodes[node]
        if one.root is not None:
            one.stopped.add(key)
            with suppress(SupervisionError):
                await one.root.terminate_child(f"singleton {key!r}")

    async def start(self, node: str, key: str) -> None:
        """A node may run a key again."""
        one = self.nodes[node]
        if one.root is not None and key in one.stopped:
            with suppress(SupervisionError):
                await one.root.restart_child(f"singleton {key!r}")
            one.stopped.discard(key)

    async def stop_and_start(self, node: str, key: str, seconds: float) -> None:
        await self.stop(node, key)
        await trio.sleep(seconds)
        await self.start(node, key)

    def fault(self, what: str, node: str) -> None:
        getattr(self.backend, what)(node)
        if what == "heal":
            self.world.reaches(node)
        else:
            self.world.is_cut_off(node)

    async def fault_for(self, what: str, node: str, seconds: float) -> None:
        self.fault(what, node)
        await trio.sleep(seconds)
        self.fault("heal", node)

    async def drain(self, node: str) -> None:
        own = self.nodes[node].present
        if own is None:
            return
        with trio.move_on_after(5 * TTL) as limit:
            await own.drain()
        if limit.cancelled_caught:
            self.world.fail(f"{node} could not be drained")
        self.world.drained.add(node)
        await trio.sleep(0.5)
        self.world.judge()
        self.nodes[node].scope.cancel()

    def forget(self) -> None:
        self.backend.forget()
        self.world.forgets()

    async def healthy(self) -> None:
        """Wait until all faults are over."""
        for name in NAMES:
            self.fault("heal", name)
        await trio.sleep(2 * TTL + GRACE)

    async def takeover(self, key: str) -> None:
        """Whoever takes over does so within a lease and a third."""
        await self.healthy()
        victim = self.world.owners.get(key)
        if victim is None:
            raise Broken(f"{key} runs nowhere without any fault")
        self.fault("cut", victim)
        # And what a question and its answer may take.
        await trio.sleep(4 / 3 * TTL + 1.2)
        if self.world.owners.get(key) in (victim, None):
            raise Broken(f"{key} was not taken over in time")
        self.fault("heal", victim)

    async def lapse(self) -> None:
        """An engine that forgets while all nodes can tell it stops no child."""
        await self.healthy()
        before = dict(self.world.lives)
        self.forget()
        await trio.sleep(3 * TTL)
        if self.world.lives != before:
            raise Broken("a child was stopped because the engine had forgotten")

    def named(self, whom: Any) -> Any:
        """Return the node that is meant."""
        if isinstance(whom, str) and whom.startswith("@"):
            return self.world.owners.get(whom[1:], "a")
        return whom

    async def step(self, what: str, *more: Any) -> None:
        whom, *rest = more or ("",)
        whom = self.named(whom)
        match what:
            case "wait":
                await trio.sleep(whom)
            case "cut" | "pause" | "heal":
                self.fault(what, whom)
            case "pause for" | "cut for":
                await self.fault_for(what.removesuffix(" for"), whom, *rest)
            case "replay":
                self.backend.replay(whom)
            case "forget":
                self.forget()
            case "leave":
                self.nodes[whom].scope.cancel()
            case "ask" | "crash":
                self.tasks.start_soon(getattr(self, what), whom, *rest)
            case "meet":
                key, when, fault, victim, seconds = rest
                await self.meet(whom, key, when, fault, self.named(victim), seconds)
            case "late":
                await self.late(whom, self.named(rest[0]), rest[1])
            case "unheard":
                await self.unheard(whom, rest[0])
            case "hand over" | "take in":
                move = self.hand_over if what == "hand over" else self.take_in
                await move(whom, self.named(rest[0]))
            case "stop" | "start":
                await getattr(self, what)(whom, rest[0])
            case "stop and start":
                await self.stop_and_start(whom, *rest)
            case "tell" | "burst":
                getattr(self, what)(whom, *rest)
            case "drain":
                await self.drain(whom)
            case "takeover @one":
                await self.takeover("one")
            case "lapse":
                await self.lapse()
            case _:
                raise ValueError(what)

    async def watch(self) -> None:
        """Look also while a step takes its time."""
        while True:
            await trio.sleep(0.25)
            self.world.judge()

    async def settle(self) -> None:
        """All faults are over: within a while each key runs, and each call has ended."""
        await self.healthy()
        await trio.sleep(PATIENCE + 1)
        if self.waiting:
            raise Broken(f"{self.waiting} calls never ended")
        if set(self.world.owners) != set(KEYS):
            raise Broken(f"only {self.world.owners} run after all faults are over")
        for node in NAMES:
            for key in KEYS:
                if await self.ask(node, key) != "answered":
                    raise Broken(f"{node} cannot call {key} after all faults are over")


async def play(seed: int, steps: list[Step]) -> None:
    """Play one list of steps; raises `Broken` if the promise does not hold."""
    world = World(Network(seed))
    async with trio.open_nursery() as tasks:
        one = Play(world, tasks)
        for node in one.nodes.values():
            tasks.start_soon(node.run)
        await trio.sleep(0.5)
        tasks.start_soon(one.watch)
        for step in steps:
            await one.step(*step)
            world.judge()
        await one.settle()
        world.judge()
        tasks.cancel_scope.cancel()


def run(steps: list[Step], seed: int = 0) -> None:
    """Play in virtual time; the same steps and seed are the same play."""
    scheduler: Any = trio._core._run
    before, silent = scheduler._r.getstate(), logging.root.manager.disable
    scheduler._r.seed(seed)
    logging.disable()
    try:
        clock = trio.testing.MockClock(autojump_threshold=0)
        trio.run(play, seed, steps, clock=clock)
    finally:
        logging.disable(silent)
        scheduler._r.setstate(before)


def search(
    examples: int,
    plays: st.SearchStrategy[tuple[int, list[Step]]] = PLAYS,
    *,
    shrink: bool = True,
) -> Callable[[], int]:
    """Return a search through so many plays; it returns how many steps held."""
    done = 0

    @settings(
        max_examples=examples,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        database=None,
        # To explain costs a trace of every line; the steps say enough.
        phases=[Phase.generate, *([Phase.shrink] if shrink else [])],
    )
    @given(plays)
    def the_promise_holds(drawn: tuple[int, list[Step]]) -> None:
        nonlocal done
        seed, steps = drawn
        run(steps, seed)
        done += len(steps)

    def searched() -> int:
        the_promise_holds()
        return done

    return searched


def first_broken(examples: int) -> str | None:
    """Search without shrinking; return what was found."""
    try:
        search(examples, MEDIUM, shrink=False)()
    except BaseException as error:
        found = error
        while isinstance(found, BaseExceptionGroup):
            broken = found.split(Broken)[0]
            found = (broken or found).exceptions[0]
        if isinstance(found, KeyboardInterrupt):
            raise
        return str(found) if isinstance(found, Broken) else repr(found)
    return None
