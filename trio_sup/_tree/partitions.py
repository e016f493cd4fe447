"""The partition supervisor: n children of one kind, and a key that picks one.

For state or work that can be split by a key: each partition has a mailbox of its
own, and a crash costs one n-th. The picking is a look-up by the caller; no message
goes through the supervisor (checklist PART-009).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable
from typing import TYPE_CHECKING, Any, TypeVar, cast

from trio_sup._children.record import Child
from trio_sup._core.addresses import key_of
from trio_sup._core.checks import ChildSpecError
from trio_sup._core.policies import Backoff, Budget
from trio_sup._core.specs import ChildSpec, Flags, check_flags
from trio_sup._core.words import Restart, Shutdown, Strategy
from trio_sup._supervisors.partition import PartitionShell
from trio_sup._supervisors.shell import runs_with
from trio_sup._tree.supervisor import PartitionSupervisor

if TYPE_CHECKING:
    from trio_sup._servers.genserver import GenServer

S = TypeVar("S", bound="GenServer")
H = TypeVar("H", bound=Child)
H_co = TypeVar("H_co", bound=Child, covariant=True)

_PARTITIONS = runs_with(PartitionSupervisor, PartitionShell)

DEFAULT_PARTITIONS = 8
"""One thread runs them all, so the number of processors says nothing about it: this
shortens a queue to an eighth, and a restart concerns an eighth of the state."""


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
        runs=_PARTITIONS,
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
