"""Children that do as they are told, and a story of what they did."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import trio
from attrs import Factory, define
from trio.testing import wait_all_tasks_blocked

from trio_sup import Child, ChildSpec, GenServer, call, child, current_node
from trio_sup._core.events import LifecycleEvent


class Boom(Exception):
    """What a child crashes with."""


class Holder(GenServer):
    """A server that tells what it was given."""

    def __init__(self, value: int) -> None:
        self.value = value

    @call
    async def get(self) -> int:
        return self.value


class Other(Holder):
    """The same by another class."""

    @call
    async def get(self) -> int:
        return -self.value


@define
class Stage:
    """Makes children, gives them orders, and keeps the story.

    The story has ``a up`` when a life of `a` is ready and ``a down`` when its last
    clean-up is done. Overlapping lives of one child are an error at once.
    """

    story: list[str] = Factory(list[str])
    up: list[str] = Factory(list[str])
    """Who is up, in start order."""
    lives: dict[str, int] = Factory(dict[str, int])
    failing_starts: dict[str, list[BaseException]] = Factory(
        dict[str, list[BaseException]]
    )
    """What the next starts of a child raise, before it is ready."""
    start_seconds: dict[str, float] = Factory(dict[str, float])
    blinks: dict[str, int] = Factory(dict[str, int])
    """How many of the next lives crash in the very step in which they are ready."""
    stop_seconds: dict[str, float] = Factory(dict[str, float])
    """How long the clean-up of a child takes, shielded."""
    stop_errors: dict[str, BaseException] = Factory(dict[str, BaseException])
    """What the clean-up of a child raises."""
    _orders: dict[str, tuple[trio.Event, list[BaseException]]] = Factory(
        dict[str, tuple[trio.Event, list[BaseException]]]
    )
    inside: set[str] = Factory(set[str])

    def spec(self, id: str, **options: Any) -> ChildSpec[Child]:
        """Describe a child that is ready after `start_seconds`."""
        return child(partial(self._play, id), id=id, ready="signalled", **options)

    def specs(self, ids: str, **options: Any) -> list[ChildSpec[Child]]:
        """Describe several children: ``specs("a b c")``."""
        return [self.spec(id, **options) for id in ids.split()]

    async def _play(self, id: str, *, task_status: trio.TaskStatus[int]) -> None:
        assert id not in self.inside, f"two lives of {id} at a time"
        self.inside.add(id)
        life = self.lives[id] = self.lives.get(id, 0) + 1
        try:
            await trio.sleep(self.start_seconds.get(id, 0))
            failures = self.failing_starts.get(id)
            if failures:
                raise failures.pop(0)
            told, errors = trio.Event(), list[BaseException]()
            self._orders[id] = told, errors
            self.story.append(f"{id} up")
            self.up.append(id)
            task_status.started(life)
            if self.blinks.get(id, 0) > 0:
                self.blinks[id] -= 1
                raise Boom(f"{id} blinked")
            await told.wait()
            if errors:
                raise errors[0]
        finally:
            try:
                await self._clean_up(id)
            finally:
                if id in self.up:
                    self.up.remove(id)
                    self.story.append(f"{id} down")
                self.inside.discard(id)
            if id in self.stop_errors:
                raise self.stop_errors.pop(id)

    async def _clean_up(self, id: str) -> None:
        if id in self.stop_seconds:
            with trio.CancelScope(shield=True):
                await trio.sleep(self.stop_seconds[id])

    def crash(self, id: str, error: BaseException | None = None) -> None:
        """Let the present life of a child raise."""
        told, errors = self._orders[id]
        errors.append(Boom(id) if error is None else error)
        told.set()

    def finish(self, id: str) -> None:
        """Let the present life of a child return."""
        self._orders[id][0].set()

    def take(self) -> list[str]:
        """Return the story since the last time."""
        story, self.story = self.story, []
        return story


async def quiet() -> None:
    """Let everything that can happen without time passing happen."""
    await wait_all_tasks_blocked()


def record_events() -> list[LifecycleEvent]:
    """Return a list that all further events of the node are added to."""
    seen: list[LifecycleEvent] = []
    current_node().add_hook(seen.append)
    return seen


def of_kind(events: list[LifecycleEvent], *kinds: type[Any]) -> list[Any]:
    """Return the events of these kinds."""
    return [event for event in events if isinstance(event, kinds)]


def paths(events: list[LifecycleEvent], *kinds: type[Any]) -> list[str]:
    """Return the paths of the events of these kinds."""
    return [event.path for event in of_kind(events, *kinds)]


async def eventually(fact: Callable[[], bool]) -> None:
    """Wait until something is so, in steps of virtual time."""
    while not fact():
        await trio.sleep(0.01)
