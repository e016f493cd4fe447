"""The promise, under whatever faults are drawn: `python -m tests.cluster.promise`.

Three nodes on the embedded engine, in virtual time. Faults, crashes, calls and casts are
drawn; after each step, and at each step of each child, what `docs/explanation/what-is-promised.md` says has to hold.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import trio
import trio.testing
from attrs import Factory, define
from hypothesis import HealthCheck, Phase, given, settings, strategies as st

from tests.cluster.nodes import TTL, nodes
from trio_sup import GenServer, NoProcess, call, cast, child, open_supervisor
from trio_sup.cluster import (
    Cluster,
    ClusterError,
    LocalBackend,
    fence,
)
from trio_sup.testing._run.quiet import quiet_log

NAMES = ("a", "b", "c")
KEYS = ("one", "two")


class Broken(AssertionError):
    """The promise did not hold."""


@define
class World:
    """What has happened, as somebody sees it who sees all."""

    backend: LocalBackend = Factory(LocalBackend)
    owners: dict[str, str] = Factory(dict[str, str])
    tokens: dict[str, int] = Factory(dict[str, int])
    served: dict[int, int] = Factory(dict[int, int])
    orders: dict[tuple[str, str, int], int] = Factory(dict[tuple[str, str, int], int])
    ended: dict[int, str] = Factory(dict[int, str])
    wrong: list[str] = Factory(list[str])
    serial: int = 0

    def fail(self, what: str) -> None:
        """Note it: what a child raises is a crash, and restarted."""
        self.wrong.append(what)

    def judge(self) -> None:
        if self.wrong:
            raise Broken(self.wrong[0])

    def begins(self, key: str, node: str, token: int) -> None:
        if key in self.owners:
            self.fail(f"{key} runs on {self.owners[key]} and on {node}")
        if token < self.tokens.get(key, 0):
            self.fail(f"the token of {key} went back")
        self.owners[key], self.tokens[key] = node, token

    def ends(self, key: str) -> None:
        self.owners.pop(key, None)

    def serves(self, number: int, sender: str, key: str, token: int) -> None:
        self.served[number] = self.served.get(number, 0) + 1
        if self.served[number] > 1:
            self.fail(f"message {number} was served twice")
        if self.ended.get(number) == "not executed":
            self.fail(f"message {number} was served, and its caller told it was not")
        place = (sender, key, token)
        if self.orders.get(place, 0) > number:
            self.fail(f"message {number} of {sender} came late")
        self.orders[place] = number

    def called(self, number: int, how: str) -> None:
        if how == "not executed" and number in self.served:
            self.fail(f"call {number} was executed, and its caller told it was not")
        if how == "answered" and number not in self.served:
            self.fail(f"call {number} was answered by nobody")
        if number in self.ended:
            self.fail(f"call {number} ended twice")
        self.ended[number] = how


class Server(GenServer):
    def __init__(self, world: World, key: str, node: str) -> None:
        self.world, self.of, self.node = world, key, node

    async def init(self) -> None:
        self.token = fence().token
        self.world.begins(self.of, self.node, self.token)

    async def terminate(self, exit: object) -> None:
        self.world.ends(self.of)

    def check(self, number: int, sender: str) -> None:
        fence().check()
        self.world.serves(number, sender, self.of, self.token)

    @call
    async def ask(self, number: int, sender: str) -> int:
        self.check(number, sender)
        await trio.sleep(0.05)
        return number

    @cast
    async def tell(self, number: int, sender: str) -> None:
        self.check(number, sender)

    @call
    async def crash(self) -> None:
        raise ZeroDivisionError


STEPS = st.one_of(
    st.tuples(
        st.sampled_from(["cut", "pause", "heal", "forget"]), st.sampled_from(NAMES)
    ),
    st.tuples(st.just("wait"), st.floats(0.01, TTL * 1.5)),
    st.tuples(
        st.sampled_from(["ask", "tell", "crash", "burst"]),
        st.sampled_from(NAMES),
        st.sampled_from(KEYS),
    ),
    st.tuples(st.just("frozen"), st.sampled_from(NAMES), st.floats(0.1, TTL * 2)),
)
PLAYS = st.lists(STEPS, min_size=1, max_size=25)


class Play:
    """One run."""

    def __init__(
        self, world: World, clusters: list[Cluster], tasks: trio.Nursery
    ) -> None:
        self.world = world
        self.clusters = {each.node: each for each in clusters}
        self.tasks = tasks
        self.waiting = 0

    def number(self) -> int:
        self.world.serial += 1
        return self.world.serial

    async def ask(self, node: str, key: str) -> str:
        number = self.number()  # of the moment in which it is sent
        ref = self.clusters[node].ref(key, Server).with_timeout(20)
        how = "answered"
        self.waiting += 1
        try:
            answer = await ref.call(Server.ask, number, node)
            if answer != number:
                raise Broken(f"call {number} got the answer of {answer}")
        except NoProcess:
            how = "not executed"
        except Exception as error:
            if isinstance(error, Broken):
                raise
            how = "unknown"
        self.world.called(number, how)
        self.waiting -= 1
        return how

    async def crash(self, node: str, key: str) -> None:
        ref = self.clusters[node].ref(key, Server).with_timeout(20)
        try:
            await ref.call(Server.crash)
        except Exception as error:
            if isinstance(error, Broken):
                raise

    def tell(self, node: str, key: str) -> None:
        try:
            self.clusters[node].ref(key, Server).cast(Server.tell, self.number(), node)
        except (ClusterError, NoProcess):
            pass

    async def step(self, what: str, *more: Any) -> None:
        backend = self.world.backend
        match what:
            case "cut" | "pause" | "heal":
                getattr(backend, what)(*more)
            case "forget":
                backend.forget()
            case "wait":
                await trio.sleep(*more)
            case "ask":
                self.tasks.start_soon(self.ask, *more)
            case "crash":
                self.tasks.start_soon(self.crash, *more)
            case "tell":
                self.tell(*more)
            case "burst":
                for _ in range(5):
                    self.tell(*more)
                self.tasks.start_soon(self.ask, *more)
            case "frozen":
                node, seconds = more
                backend.pause(node)
                await trio.sleep(seconds)
                backend.heal(node)
            case _:
                raise ValueError(what)

    async def settle(self) -> None:
        """All faults are over: within a while each key runs, and each call has ended."""
        for name in NAMES:
            self.world.backend.heal(name)
        await trio.sleep(4 * TTL + 21)
        if self.waiting:
            raise Broken(f"{self.waiting} calls never ended")
        if set(self.world.owners) != set(KEYS):
            raise Broken(f"only {self.world.owners} run after all faults are over")
        for node in NAMES:
            for key in KEYS:
                if await self.ask(node, key) != "answered":
                    raise Broken(f"{node} cannot call {key} after all faults are over")


async def play(steps: list[tuple[Any, ...]]) -> None:
    """Play one list of steps; raises `Broken` if the promise does not hold."""
    world = World()
    async with trio.open_nursery() as trees:
        async with nodes(world.backend, *NAMES, grace=TTL + 0.5) as clusters:
            async with trio.open_nursery() as tasks:
                for cluster in clusters:
                    tasks.start_soon(run_tree, world, cluster)
                await trio.sleep(0.1)
                one = Play(world, clusters, tasks)
                for step in steps:
                    await one.step(*step)
                    world.judge()
                await one.settle()
                world.judge()
                tasks.cancel_scope.cancel()
        trees.cancel_scope.cancel()


async def run_tree(world: World, cluster: Cluster) -> None:
    specs = [
        cluster.singleton(key, child(Server, world, key, cluster.node), max_restarts=50)
        for key in KEYS
    ]
    async with open_supervisor(specs, max_restarts=5):
        await trio.sleep_forever()


def run(steps: list[tuple[Any, ...]]) -> None:
    with quiet_log():
        trio.run(play, steps, clock=trio.testing.MockClock(autojump_threshold=0))


def search(examples: int) -> Callable[[], None]:
    """Return a search through so many plays."""

    @settings(
        max_examples=examples,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        # To explain costs a trace of every line; the steps say enough.
        phases=[Phase.generate, Phase.shrink],
    )
    @given(PLAYS)
    def the_promise_holds(steps: list[tuple[Any, ...]]) -> None:
        run(steps)

    return the_promise_holds


if __name__ == "__main__":
    search(int(sys.argv[1]) if len(sys.argv) > 1 else 1000)()
    print("the promise held")
