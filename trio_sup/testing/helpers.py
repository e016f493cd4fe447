"""Helpers for plain Trio tests: events, waiting, children that end with the test."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Self, TypeVar

import trio
import trio.testing

from trio_sup._children.record import Child
from trio_sup._core import events
from trio_sup._core.anatomy import is_a, leaves
from trio_sup._core.events import LifecycleEvent
from trio_sup._core.exits import Ignore
from trio_sup._core.specs import ChildSpec
from trio_sup._node.node import Node, current_node
from trio_sup._tree.dynamic import DynamicSupervisor
from trio_sup._tree.open import OpenSupervisor, open_supervisor
from trio_sup._tree.specs import dynamic_supervisor
from trio_sup.testing.timeline import timeline

E = TypeVar("E", bound=events.Event)
H = TypeVar("H", bound=Child)
T = TypeVar("T")


class EventRecorder:
    """The events of a node, kept in order; a hook that can be asked."""

    def __init__(self) -> None:
        self.events: list[LifecycleEvent] = []
        """All of them, oldest first."""

    def __call__(self, event: LifecycleEvent) -> None:
        """Keep an event."""
        self.events.append(event)

    @contextmanager
    def recording(self, node: Node | None = None) -> Generator[Self]:
        """Record a node for the length of a block.

        Args:
            node: By default that of the present Trio run.
        """
        node = node or current_node()
        node.add_hook(self)
        try:
            yield self
        finally:
            node.remove_hook(self)

    def of(self, kind: type[E], path: str | None = None) -> list[E]:
        """Return the events of a kind, of one child or of all."""
        return [
            event
            for event in self.events
            if isinstance(event, kind) and path in (None, event.path)
        ]

    def story(self) -> list[tuple[str, str]]:
        """Return kind and path of each event: handy to compare."""
        return [(event.kind, event.path) for event in self.events]

    def timeline(self) -> str:
        """Return what happened as text, one lane a child."""
        return timeline(self.events, ())

    def crashes(self) -> list[events.ChildCrashed | events.ChildStartFailed]:
        """Return the events that tell of an error of a child."""
        return [
            event
            for event in self.events
            if isinstance(event, events.ChildCrashed | events.ChildStartFailed)
            and event.exit.error is not None
        ]

    def check_no_crash(self, *allowed: type[BaseException]) -> None:
        """Raise if a child failed by an error that is not of an allowed type.

        Raises:
            AssertionError: with a timeline; the first such error is its cause.
        """
        for event in self.crashes():
            error = event.exit.error
            assert error is not None
            if not all(is_a(leaf, (*allowed, Ignore)) for leaf in leaves(error)):
                text = f"{event.summary}\n\n{self.timeline()}"
                raise AssertionError(f"a child crashed unexpectedly: {text}") from error


async def assert_restarted(
    handle: Child, *, times: int = 1, within: float = 5.0, since: int | None = None
) -> None:
    """Wait until a child has been restarted and runs.

    Args:
        handle: The child.
        times: How many lives more than at the call, or than `since`.
        within: Seconds.
        since: The number of the life to count from; by default the present one.

    Raises:
        AssertionError: it was not in time, or it is down for good.
    """
    wanted = (handle.life if since is None else since) + times
    record = handle.record
    with trio.move_on_after(within):
        while not (record.running and record.life >= wanted):
            if not record.may_return and not record.alive:
                break
            await record.wait_change()
        else:
            await trio.lowlevel.checkpoint()
            return
    raise AssertionError(
        f"{handle!r} was not restarted within {within:g} s: life {handle.life}, "
        f"not {wanted}; its last exit: {handle.last_exit}"
    )


async def settled() -> None:
    """Wait until no task can go on without time passing."""
    await trio.testing.wait_all_tasks_blocked()


def run_virtual(async_fn: Callable[..., Awaitable[T]], *args: object) -> T:
    """Run an async function under a clock that jumps whenever all tasks wait.

    The same as `trio.run` with an autojump clock: seconds cost nothing and are exact.
    """
    clock = trio.testing.MockClock(autojump_threshold=0)
    return trio.run(async_fn, *args, clock=clock)


class Supervised:
    """Children for the length of a test, each on its own; made by `supervised`.

    After ExUnit's ``start_supervised``: they are started one by one as the test asks,
    and stopped at its end, the last one first.
    """

    def __init__(self) -> None:
        spec = dynamic_supervisor(id="test", max_restarts=1_000_000)
        self._open: OpenSupervisor = open_supervisor([spec], id="supervised")
        self._started: list[Child] = []
        self._sup: DynamicSupervisor

    async def __aenter__(self) -> Self:
        root = await self._open.__aenter__()
        self._sup = root.dynamic("test")
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool | None:
        with trio.CancelScope(shield=True):
            while self._started:
                await self.stop(self._started[-1])
        return await self._open.__aexit__(kind, error, trace)

    async def start(self, spec: ChildSpec[H]) -> H:
        """Start a child and wait until it is ready; see `DynamicSupervisor`.

        It is restarted as its specification says, without a limit.

        Raises:
            StartFailed: it did not become ready; the cause is chained.
        """
        handle = await self._sup.start_child(spec)
        self._started.append(handle)
        return handle

    async def stop(self, handle: Child) -> None:
        """Stop a child for good and wait for its end; harmless if it is gone."""
        self._started = [each for each in self._started if each != handle]
        if handle.status != "gone":
            await self._sup.terminate_child(handle)


async def start_supervised(nursery: trio.Nursery, spec: ChildSpec[H]) -> H:
    """Start a child that is stopped in order when the nursery is cancelled.

    For tests that have a nursery, such as pytest-trio's fixture, which is cancelled
    at the end of the test. For several children of one test see `Supervised`.

    Args:
        nursery: Where its supervisor runs.
        spec: What to start.

    Raises:
        StartFailed: it did not become ready; the cause is chained.
    """
    box: list[Any] = []

    async def host(task_status: trio.TaskStatus[None]) -> None:
        try:
            async with Supervised() as supervised:
                box.append(await supervised.start(spec))
                task_status.started()
                await trio.sleep_forever()
        except Exception as error:
            if box:
                raise
            box.append(error)
            task_status.started()

    await nursery.start(host)
    result = box[0]
    if isinstance(result, Exception):
        raise result
    handle: H = result
    return handle
