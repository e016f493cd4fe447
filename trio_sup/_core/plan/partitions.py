"""A static supervisor of equal children, some of which may be out of use.

Disabled partitions stay down, whatever the strategy restarts: in Elixir a group restart
brings them back (checklist PART-014).
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any, NoReturn

from trio_sup._core.checks import ChildSpecError
from trio_sup._core.partitions import PartitionCore
from trio_sup._core.plan import requests
from trio_sup._core.plan.doing import K, Refused, Steps
from trio_sup._core.plan.static import StaticPlan
from trio_sup._core.strategy import SupervisorCore


class PartitionPlan(StaticPlan[K]):
    """What a partition supervisor decides."""

    __slots__ = ()

    def _new_core(self, draw: Callable[[], float]) -> SupervisorCore[K]:
        core: PartitionCore[K]
        core = PartitionCore(self.flags, dynamic=False, draw=draw)
        core.size = len(self.flags.children)
        return core

    @property
    def partitions(self) -> PartitionCore[K]:
        """The decisions about single ends, as what they are."""
        assert isinstance(self.core, PartitionCore)
        return self.core


def restart_child(plan: PartitionPlan[K], id: Hashable) -> Steps[K, K]:
    """Start an enabled partition that is down."""
    if not plan.partitions.is_enabled(requests.find(plan, id)):
        raise Refused("disabled", id=id)
    return (yield from requests.restart_child(plan, id))


def start_child(spec: object) -> Steps[Any, NoReturn]:
    """Refused when its turn has come: all partitions are of one kind."""
    yield from ()
    raise ChildSpecError(
        "children", spec, "left alone: partitions come and go by resize()"
    )


def delete_child(id: Hashable) -> Steps[Any, NoReturn]:
    """Refused when its turn has come: partitions are disabled, never deleted."""
    yield from ()
    raise ChildSpecError("children", id, "kept: partitions go by resize()")


def resize(plan: PartitionPlan[K], count: int) -> Steps[K, int]:
    """Enable or disable partitions, in order; return how many there were."""
    before = plan.partitions.size
    if count < before:
        yield from _shrink(plan, count, before)
    else:
        for number in range(before, count):
            yield from _enable(plan, number)
    return before


def _shrink(plan: PartitionPlan[K], count: int, before: int) -> Steps[K, None]:
    # First the count: from here on nobody picks what is about to stop.
    plan.partitions.size = count
    waiting = plan.groups.waiting
    for number in range(count, before):
        if number in plan.core.records:
            yield from requests.terminate_child(plan, number)
        requests.check_going(plan)
    if waiting is None or plan.partitions.is_enabled(waiting.pivot):
        return
    if plan.flags.strategy == "one_for_all":
        # The group waited for a partition that is gone: go on without it, if anybody
        # else is down. (Where it had begun to start, those before it are up already.)
        for record in plan.core.group_of(waiting.pivot):
            if not record.alive:
                yield plan.groups.wait(record, waiting.at)
                return


def _enable(plan: PartitionPlan[K], number: int) -> Steps[K, None]:
    requests.check_going(plan)  # the one before it may have ended everything
    if number not in plan.core.records:  # temporary: forgotten at its end
        record = plan.make(plan.flags.children[number], number)
        plan.core.records[number] = plan.list_child(number, record)
    plan.partitions.size = number + 1
    try:
        yield from requests.restart_child(plan, number)
    except Exception:
        plan.partitions.size = number
        raise
