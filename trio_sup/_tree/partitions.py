"""The partition supervisor: n children of one kind, and a key that picks one.

For state or work that can be split by a key: each partition has a mailbox of its
own, and a crash costs one n-th. The picking is a look-up by the caller; no message
goes through the supervisor (checklist PART-009).
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar, Unpack, cast

from trio_sup._children.record import Child
from trio_sup._core.checks import ChildSpecError
from trio_sup._core.options import (
    OF_A_SUPERVISOR,
    SupervisorOptions,
    check_options,
    owner_of,
    supervisor_spec,
)
from trio_sup._core.specs import ChildSpec, Flags
from trio_sup._core.words import Strategy
from trio_sup._supervisors.partition import PartitionShell
from trio_sup._supervisors.shell import runs_with
from trio_sup._tree.supervisor import PartitionSupervisor

if TYPE_CHECKING:
    from trio_sup._servers.genserver import GenServer

S = TypeVar("S", bound="GenServer")
H = TypeVar("H", bound=Child)
H_co = TypeVar("H_co", bound=Child, covariant=True)

_PARTITIONS = runs_with(PartitionSupervisor, PartitionShell, roots=True)

DEFAULT_PARTITIONS = 8
"""One thread runs them all, so the number of processors says nothing about it: this
shortens a queue to an eighth, and a restart concerns an eighth of the state."""


def partition_supervisor(
    spec: ChildSpec[H] | Callable[[int], ChildSpec[H]],
    *,
    partitions: int = DEFAULT_PARTITIONS,
    strategy: Strategy = "one_for_one",
    **options: Unpack[SupervisorOptions],
) -> ChildSpec[PartitionSupervisor[H]]:
    """Describe a partition supervisor: n children of one kind, picked by a key.

    Args:
        spec: What each partition runs; its id is replaced by the partition's
            number. Or a function that is called once with each number, here, and
            returns the specification for it (PART-005).
        partitions: How many; the most that `PartitionSupervisor.resize` can set.
        strategy: As for `supervisor`.
        options: As for `supervisor`; `max_restarts` is shared by all partitions, and
            `backoff` and `budget` are for the supervisor itself.

    Raises:
        ChildSpecError: an invalid value or combination; several partitions with one
            and the same name; significant partitions.
        TypeError: no option of a supervisor.
    """
    check_options(partition_supervisor, options, OF_A_SUPERVISOR)
    owner = owner_of(options, "partition_supervisor")
    count = cast("object", partitions)
    if not isinstance(count, int) or isinstance(count, bool) or count < 1:
        raise ChildSpecError("partitions", count, "a whole number >= 1", owner)
    children = tuple(_spec_for(spec, number, owner) for number in range(partitions))
    _check_names(children, owner)
    flags = partial(Flags, strategy=strategy, children=children)
    return supervisor_spec(
        "supervisor",
        "partition_supervisor",
        _PARTITIONS,
        flags,
        options,
        named_by_key=True,
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
