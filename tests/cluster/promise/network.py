"""The embedded engine behind a network: questions and answers take time, and get lost.

What is asked arrives also if its asker was cancelled meanwhile, as on a socket; what is
answered to a node that is cut off is lost, though it was done. Messages can come twice.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from functools import partial
from random import Random
from typing import Any, TypeVar

import outcome
import trio
from attrs import Factory, define

from trio_sup._trio.beside import Beside
from trio_sup.cluster._backends.link import Link, LinkDown, Records, States
from trio_sup.cluster._backends.local import LocalBackend
from trio_sup.cluster._rules.words import NodeId, Push

T = TypeVar("T")


class Network(LocalBackend):
    """An engine that is not next door."""

    def __init__(self, seed: int) -> None:
        super().__init__()
        self.random = Random(seed)
        self.sent: list[tuple[NodeId, bytes]] = []
        self.asked: Counter[tuple[str, int]] = Counter()

    @asynccontextmanager
    async def connect(self, name: str, *, grace: float) -> AsyncGenerator[Link]:
        async with super().connect(name, grace=grace) as link:
            far = FarLink(self, name, link)
            async with Beside(far.run):
                yield far

    def delay(self) -> float:
        """Mostly milliseconds; now and then nearly as long as anybody waits."""
        often = self.random.random() < 0.9
        return self.random.uniform(0.001, 0.01 if often else 0.45)

    def is_asked(self, node: str) -> None:
        """Count what a node asks, by the second."""
        self.asked[node, int(trio.current_time())] += 1

    def replay(self, node: str) -> None:
        """Deliver what a node got lately once more."""
        for to, data in self.sent[-20:]:
            if to.rpartition(".")[0] == node and (link := self.listener(to)):
                link.take(data)


@define(eq=False)
class Asked:
    """A question on its way."""

    arrives: float
    what: Callable[[], Coroutine[Any, Any, Any]]
    came: trio.Event = Factory(trio.Event)
    answer: outcome.Outcome[Any] | None = None
    take: Callable[[], None] | None = None
    """What is to be done when it has come back."""


class FarLink:
    """A link on which all takes time: a `Link`, as far as nodes see."""

    def __init__(self, network: Network, name: str, near: Link) -> None:
        self._network = network
        self._name = name
        self._near = near
        self._send, self._asked = trio.open_memory_channel[Asked](math.inf)
        self._send_back, self._done = trio.open_memory_channel[Asked](math.inf)
        self.guarantees = near.guarantees
        self.time = near.time
        self.topics = near.topics
        self.records: Any = FarPart(self, near.records)
        self.states: Any = FarPart(self, near.states)

    def send(self, to: NodeId, data: bytes) -> None:
        if not self._network.is_open(self._name):
            self._near.send(to, data)  # which refuses it

        async def sent() -> None:
            with suppress(LinkDown):  # lost
                self._near.send(to, data)
                self._network.sent.append((to, data))

        self._put(sent)

    async def deliver(self, take: Callable[[Push], None]) -> None:
        """What comes takes the way of the answers, in their order."""

        def comes(push: Push) -> None:
            asked = Asked(self._later(), self._nothing, take=partial(take, push))
            self._send_back.send_nowait(asked)

        await self._near.deliver(comes)

    async def _nothing(self) -> None:
        """Nothing was asked."""

    def __getattr__(self, name: str) -> Any:
        return self.far(getattr(self._near, name))

    def far(self, near: Callable[..., Coroutine[Any, Any, T]]) -> Any:
        """Return what asks from afar."""
        self._network.is_asked(self._name)
        return lambda *args: self._ask(lambda: near(*args))

    async def _ask(self, what: Callable[[], Coroutine[Any, Any, T]]) -> T:
        asked = self._put(what)
        await asked.came.wait()
        assert asked.answer is not None
        answer: T = asked.answer.unwrap()
        return answer

    def _put(self, what: Callable[[], Coroutine[Any, Any, Any]]) -> Asked:
        asked = Asked(self._later(), what)
        self._send.send_nowait(asked)
        return asked

    def _later(self) -> float:
        return trio.current_time() + self._network.delay()

    async def run(self) -> None:
        """Carry, both ways."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._carry)
            nursery.start_soon(self._carry_back)

    async def _carry(self) -> None:
        """Bring what is asked to the engine, in its order."""
        async for asked in self._asked:
            await trio.sleep(max(0.0, asked.arrives - trio.current_time()))
            asked.answer = await outcome.acapture(asked.what)
            asked.arrives = self._later()
            self._send_back.send_nowait(asked)

    async def _carry_back(self) -> None:
        """Bring the answers, in the same order."""
        async for asked in self._done:
            await trio.sleep(max(0.0, asked.arrives - trio.current_time()))
            try:
                await self._network.pass_gate(self._name)
            except LinkDown as down:
                asked.answer, asked.take = outcome.Error(down), None
            if asked.take is not None:
                asked.take()
            asked.came.set()


@define(eq=False)
class FarPart:
    """Records, or states, asked for on the same way."""

    _link: FarLink
    _near: Records | States

    def __getattr__(self, name: str) -> Any:
        return self._link.far(getattr(self._near, name))
