"""The shell of a partition supervisor."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

from trio_sup._children.record import Record
from trio_sup._core.errors import NoProcess
from trio_sup._core.partitions import PartitionCore
from trio_sup._core.plan import partitions
from trio_sup._core.plan.doing import Steps
from trio_sup._core.plan.partitions import PartitionPlan
from trio_sup._core.specs import ChildSpec
from trio_sup._supervisors.static import StaticShell


class PartitionShell(StaticShell):
    """The shell of `partition_supervisor(...)`: a static one that can be resized."""

    plan_of = PartitionPlan

    @property
    def _plan(self) -> PartitionPlan[Record]:
        assert isinstance(self.plan, PartitionPlan)
        return self.plan

    @property
    def partitions(self) -> PartitionCore[Record]:
        """The partitions, and which are in use."""
        return self._plan.partitions

    def record_for(self, number: int) -> Record:
        """The record of a partition, alive or not."""
        record = self.plan.originals.get(number)
        if record is None:
            raise NoProcess(self.path_text, "has not been started")
        return record

    async def resize(self, count: int) -> int:
        """Enable or disable partitions, in order; return how many there were."""
        before: int
        before = await self.submit(lambda: partitions.resize(self._plan, count))
        return before

    def starting(self, spec: ChildSpec[Any]) -> Steps[Record, Record]:
        """Serve `start_child`: refused, as all partitions are of one kind."""
        return partitions.start_child(spec)

    def restarting(self, id: Hashable) -> Steps[Record, Record]:
        """Serve `restart_child`: only of partitions that are in use."""
        return partitions.restart_child(self._plan, id)

    def deleting(self, id: Hashable) -> Steps[Record, None]:
        """Serve `delete_child`: refused, as they go by `resize`."""
        return partitions.delete_child(id)
