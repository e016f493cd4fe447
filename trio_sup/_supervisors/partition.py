"""The shell of a partition supervisor."""

from __future__ import annotations

from collections.abc import Hashable
from typing import TYPE_CHECKING

import trio

from trio_sup._children.record import Child
from trio_sup._core.checks import ChildSpecError
from trio_sup._core.errors import NoProcess, NoSuchChild
from trio_sup._core.partitions import PartitionCore
from trio_sup._core.specs import ChildSpec
from trio_sup._core.strategy import SupervisorCore
from trio_sup._supervisors.static import StaticShell

if TYPE_CHECKING:
    from trio_sup._children.record import Record


class PartitionShell(StaticShell):
    """The shell of `partition_supervisor(...)`: a static one that can be resized."""

    def _new_core(self) -> SupervisorCore[Record]:
        plain = super()._new_core()
        core: PartitionCore[Record]
        core = PartitionCore(self.flags, dynamic=False, draw=plain.draw)
        core.size = len(self.flags.children)
        return core

    @property
    def partitions(self) -> PartitionCore[Record]:
        """The decisions, as what they are."""
        assert isinstance(self.core, PartitionCore)
        return self.core

    def record_for(self, number: int) -> Record:
        """The record of a partition, alive or not."""
        record = self._originals.get(number)
        if record is None:
            raise NoProcess(self.path_text, "has not been started")
        return record

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
            if number in self.core.records:
                await self.terminate_child(number)
            self._check_going()
        if pivot is None or self.partitions.is_enabled(pivot) or count == 0:
            return
        if self.flags.strategy == "one_for_all":
            # The group waited for a partition that is gone: go on without it.
            at = trio.current_time() if waiting is None else waiting.at
            self._wait_for_group(self.all_records()[0], at)

    async def _enable(self, number: int) -> None:
        self._check_going()  # the one before it may have ended everything
        if number not in self.core.records:  # temporary: forgotten at its end
            record = self.new_record(self.flags.children[number], number)
            self.core.records[number] = self._list(number, record)
        self.partitions.size = number + 1
        try:
            await super().restart_child(number)
        except Exception:
            self.partitions.size = number
            raise
