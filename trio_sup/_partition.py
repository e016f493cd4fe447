"""The partition supervisor: n children of one kind, and a key that picks one.

For state or work that can be split by a key: each partition has a mailbox of its
own, and a crash costs one n-th. The picking is a look-up by the caller; no message
goes through the supervisor (checklist PART-009).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable
from functools import partial
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast, overload

import trio

from trio_sup._child import Child, Supervisor
from trio_sup._core.errors import ChildSpecError, NoProcess, NoSuchChild
from trio_sup._core.partitions import PartitionCore, partition_of
from trio_sup._core.policies import Backoff, Budget
from trio_sup._core.specs import ChildSpec, Flags, check_flags
from trio_sup._core.strategy import SupervisorCore
from trio_sup._core.words import Restart, Shutdown, Strategy
from trio_sup._registry import key_of
from trio_sup._supervisor import StaticDriver
from trio_sup._waits import refuse_half_way

if TYPE_CHECKING:
    from trio_sup._kid import Kid
    from trio_sup._server import GenServer
    from trio_sup._server_ref import ServerRef

S = TypeVar("S", bound="GenServer")
H = TypeVar("H", bound=Child)
H_co = TypeVar("H_co", bound=Child, covariant=True)

DEFAULT_PARTITIONS = 8
"""One thread runs them all, so the number of processors says nothing about it: this
shortens a queue to an eighth, and a restart concerns an eighth of the state."""


class PartitionDriver(StaticDriver):
    """The shell of `partition_supervisor(...)`: a static one that can be resized."""

    def _new_core(self) -> SupervisorCore[Kid]:
        plain = super()._new_core()
        core: PartitionCore[Kid]
        core = PartitionCore(self.flags, dynamic=False, draw=plain.draw)
        core.size = len(self.flags.children)
        return core

    @property
    def partitions(self) -> PartitionCore[Kid]:
        """The decisions, as what they are."""
        assert isinstance(self.core, PartitionCore)
        return self.core

    def kid_for(self, number: int) -> Kid:
        """The record of a partition, alive or not."""
        kid = self._originals.get(number)
        if kid is None:
            raise NoProcess(self.path_text, "has not been started")
        return kid

    async def start_child(self, spec: ChildSpec[Child]) -> Child:
        """Refused: all partitions are of one kind."""
        raise ChildSpecError(
            "children", spec, "left alone: partitions come and go by resize()"
        )

    async def delete_child(self, id: Hashable) -> None:
        """Refused: partitions are disabled by `resize`, never deleted."""
        raise ChildSpecError("children", id, "kept: partitions go by resize()")

    async def restart_child(self, id: Hashable) -> Child:
        """Start an enabled partition that is down."""
        if not self.partitions.is_enabled(self.find(id)):
            raise NoSuchChild(f"{self.path_text!r} (partition disabled)", id)
        return await super().restart_child(id)

    async def resize(self, count: int) -> int:
        """Enable or disable partitions, in order; return how many there were."""
        before = self.partitions.size
        if count < before:
            await self._shrink(count, before)
        else:
            for number in range(before, count):
                await self._enable(number)
        return before

    async def _shrink(self, count: int, before: int) -> None:
        # First the count: from here on nobody picks what is about to stop.
        self.partitions.size = count
        waiting = self._due_group
        pivot = self._stalled if waiting is None else waiting.pivot
        for number in range(count, before):
            if number in self.core.kids:
                await self.terminate_child(number)
            self._check_going()
        if pivot is None or self.partitions.is_enabled(pivot) or count == 0:
            return
        if self.flags.strategy == "one_for_all":
            # The group waited for a partition that is gone: go on without it.
            at = trio.current_time() if waiting is None else waiting.at
            self._wait_for_group(self.all_kids()[0], at)

    async def _enable(self, number: int) -> None:
        self._check_going()  # the one before it may have ended everything
        if number not in self.core.kids:  # temporary: forgotten at its end
            kid = self.new_kid(self.flags.children[number], number)
            self.core.kids[number] = self._list(number, kid)
        self.partitions.size = number + 1
        try:
            await super().restart_child(number)
        except Exception:
            self.partitions.size = number
            raise


class PartitionSupervisor(Supervisor, Generic[H_co]):
    """A supervisor of equal children, one of which is picked by a key.

    It is a static supervisor; the ids of its children are 0, 1, 2 and so on. They
    cannot be added or deleted one by one: see `resize`.
    """

    __slots__ = ()

    @property
    def _partition_driver(self) -> PartitionDriver:
        driver = self.kid.driver
        assert isinstance(driver, PartitionDriver)
        return driver

    @property
    def partitions(self) -> int:
        """How many partitions are in use."""
        return self._partition_driver.partitions.size

    @overload
    def pick(self, key: Hashable) -> H_co: ...
    @overload
    def pick(self, key: Hashable, kind: type[S]) -> ServerRef[S]: ...
    @overload
    def pick(self, key: Hashable, kind: type[H]) -> H: ...
    def pick(self, key: Hashable, kind: type[object] | None = None) -> object:
        """Return the handle of the partition that a key belongs to. No checkpoint.

        The same key picks the same partition as long as their number stays; after
        `resize` most keys move. Whole numbers pick ``abs(key) % partitions``; which
        one other keys pick is the same in every process for text, bytes, None,
        UUIDs, enum members, and tuples and frozensets of such.

        The handle may be between two lives: then its uses raise `NoProcess`, or wait
        by `when_running`.

        Args:
            key: Any hashable value.
            kind: A server or handle class, where the type of this supervisor's
                partitions is not known.

        Raises:
            NoProcess: there are zero partitions, or it has never been started.
            WrongKind: the partitions are of another kind.
        """
        driver = self._partition_driver
        count = driver.partitions.size
        if count == 0:
            raise NoProcess(self.path_text, "has zero partitions")
        kid = driver.kid_for(partition_of(key, count))
        return kid.handle_as(kind)

    def handles(self) -> list[H_co]:
        """Return the handles of all partitions in use, in order."""
        driver = self._partition_driver
        kids = [driver.kid_for(number) for number in range(driver.partitions.size)]
        return [cast("H_co", kid.handle) for kid in kids]

    async def resize(self, count: int) -> int:
        """Change how many partitions are in use. A checkpoint.

        Growing starts those that were stopped, in order; shrinking first picks no
        more of those that go, then stops them. Disabled partitions stay down, whatever
        the strategy restarts. Requests are served one after the other. A restart of
        this supervisor uses all again. (PART-012)

        Args:
            count: From 0 to the number that the supervisor was made with.

        Returns:
            How many there were before.

        Raises:
            ValueError: `count` is out of that range.
            StartFailed: a partition did not start; those before it are in use.
            SupervisorStopping: the supervisor is going down.
            WrongRun: called from a thread or from another Trio run.
            WouldDeadlock: asked by a partition whose own start or stop is in progress.
        """
        driver = self._partition_driver
        limit, number = len(driver.flags.children), cast("object", count)
        whole = isinstance(number, int) and not isinstance(number, bool)
        if not whole or not 0 <= count <= limit:
            raise ValueError(
                f"resize() needs a number from 0 to {limit}, not {count!r}"
            )
        refuse_half_way(self.kid, "resize")
        before: int = await driver.submit(partial(driver.resize, count))
        return before


def partition_supervisor(
    spec: ChildSpec[H] | Callable[[int], ChildSpec[H]],
    *,
    partitions: int = DEFAULT_PARTITIONS,
    strategy: Strategy = "one_for_one",
    max_restarts: int = 3,
    max_seconds: float = 5.0,
    id: Hashable | None = None,
    name: Hashable | None = None,
    restart: Restart = "permanent",
    shutdown: Shutdown = math.inf,
    significant: bool = False,
    start_timeout: float = math.inf,
    backoff: Backoff | None = None,
    budget: Budget | None = None,
) -> ChildSpec[PartitionSupervisor[H]]:
    """Describe a partition supervisor: n children of one kind, picked by a key.

    Args:
        spec: What each partition runs; its id is replaced by the partition's
            number. Or a function that is called once with each number, here, and
            returns the specification for it (PART-005).
        partitions: How many; the most that `PartitionSupervisor.resize` can set.
        strategy: As for `supervisor`, like the rest.
        max_restarts: The restart limit, shared by all partitions.
        max_seconds: Its window, in seconds.
        id: The place under its supervisor; by default the name's key, or
            ``"partition_supervisor"``.
        name: An address, as for `child`.
        restart: As for `supervisor`.
        shutdown: Seconds for all partitions; unlimited by default.
        significant: As for `child`.
        start_timeout: Seconds in which all partitions must be ready.
        backoff: As for `child`, for the supervisor itself.
        budget: As for `child`, for the supervisor itself.

    Raises:
        ChildSpecError: an invalid value or combination; several partitions with one
            and the same name; significant partitions.
    """
    owner = str(id or "partition_supervisor")
    count = cast("object", partitions)
    if not isinstance(count, int) or isinstance(count, bool) or count < 1:
        raise ChildSpecError("partitions", count, "a whole number >= 1", owner)
    children = tuple(_spec_for(spec, number, owner) for number in range(partitions))
    _check_names(children, owner)
    flags = Flags(
        strategy=strategy,
        max_restarts=max_restarts,
        max_seconds=max_seconds,
        children=children,
    )
    check_flags(flags, owner, dynamic=False)
    return ChildSpec(
        kind="supervisor",
        target="partition_supervisor",
        id=id if id is not None or name is None else key_of(name),
        name=name,
        restart=restart,
        shutdown=shutdown,
        significant=significant,
        start_timeout=start_timeout,
        backoff=backoff,
        budget=budget,
        flags=flags,
    )


def _spec_for(
    spec: ChildSpec[H] | Callable[[int], ChildSpec[H]], number: int, owner: str
) -> ChildSpec[H]:
    made: object = spec
    if callable(spec) and not isinstance(spec, ChildSpec):
        made = spec(number)
    if not isinstance(made, ChildSpec):
        accepted = "a child spec, or a function that returns one for each partition"
        raise ChildSpecError("spec", made, accepted, owner)
    return cast("ChildSpec[H]", made).replace(id=number)


def _check_names(children: tuple[ChildSpec[Any], ...], owner: str) -> None:
    seen: set[Hashable] = set()
    for spec in children:
        if spec.name is not None and spec.name in seen:
            accepted = "different for each partition: pick() finds them without a name"
            raise ChildSpecError("name", spec.name, accepted, owner)
        seen.add(spec.name)
