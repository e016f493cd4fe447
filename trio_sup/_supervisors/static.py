"""The static supervisor: what others may ask of it, one request at a time."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Hashable
from typing import TYPE_CHECKING, Any

import trio
from trio.lowlevel import enable_ki_protection

from trio_sup._children.record import Record
from trio_sup._children.refusals import (
    AlreadyPresent,
    AlreadyStarted,
    ChildNotStopped,
    start_error,
)
from trio_sup._core.anatomy import is_a
from trio_sup._core.errors import NoSuchChild, SupervisorStopping
from trio_sup._core.events import Requested
from trio_sup._core.exits import Exit, Ignore
from trio_sup._core.specs import ChildSpec, check_child
from trio_sup._supervisors.ordered import OrderedShell
from trio_sup._supervisors.requests import Request

if TYPE_CHECKING:
    from trio_sup._children.record import Child


class StaticShell(OrderedShell):
    """The shell of `supervisor(...)`: the requests, carried out by the control task."""

    @enable_ki_protection
    async def submit(
        self,
        perform: Callable[[], Awaitable[Any]],
        record: Record | None = None,
        *,
        withdraw: bool = False,
    ) -> Any:
        """Put a request in line and wait for its answer.

        Args:
            perform: What the control task is to do.
            record: The child that it names: its exits wait until the request is done.
            withdraw: Whether a cancelled caller takes back what has not begun.

        Raises:
            SupervisorStopping: the supervisor is going down.
        """
        if self.mode not in ("running", "starting"):
            raise SupervisorStopping(self.record.path_text)
        request = Request(self.record.path_text, perform, record)
        if record is not None:
            record.pending += 1
        self._queue.append(request)
        self.bell.wake()
        try:
            return await request.wait()
        except BaseException:
            request.withdrawn = withdraw  # cancelled, or Ctrl-C
            raise

    def _check_going(self) -> None:
        if self._overtaken:
            raise SupervisorStopping(self.record.path_text)

    def find(self, id: Hashable) -> Record:
        """Return the record of a child; raises `NoSuchChild`."""
        record = self.core.records.get(id)
        if record is None:
            raise NoSuchChild(f"supervisor {self.record.path_text!r}", id)
        return record

    def _note(self, record: Record, action: Any) -> None:
        self.emit(Requested, trio.current_time(), record.path_text, record.life, action)

    async def start_child(self, spec: ChildSpec[Child]) -> Child:
        """Add a child at the end of the start order, and wait for it."""
        check_child(spec, self.flags, dynamic=False)
        id = spec.default_id if spec.id is None else spec.id
        present = self.core.records.get(id)
        if present is not None:
            if present.alive or present.undecided:
                raise AlreadyStarted(present.handle)
            raise AlreadyPresent(present.handle)
        record = self.new_record(spec, id)
        self.core.records[id] = record
        self._note(record, "start_child")
        ended = await self._start(record)
        self._check_going()
        if ended is None:
            return record.handle
        ignored = is_a(ended.error, Ignore)
        if ignored and spec.restart != "temporary":
            record.status = "stopped"
        else:
            self.core.drop(record)
        self.settle(record)
        raise start_error(spec, ended)

    async def terminate_child(self, id: Hashable) -> None:
        """Stop a child and wait for its end; its specification stays."""
        record = self.find(id)
        self._note(record, "terminate_child")
        if record.alive:
            await self._stop(record, "terminate_child")
        self._check_going()
        self._cancel_plan(record)
        if record.status != "gone":
            self.core.retire(record)
            self.settle(record)

    def _cancel_plan(self, record: Record) -> None:
        """Leave the group of a terminated pivot down (SUP-087)."""
        due = self._due_group
        if due is not None and due.pivot is record:
            due.alarm.cancel()
            self._due_group = None
        elif self._stalled is record:
            self._stalled = None
        else:
            return
        for other in self.core.group_of(record):
            other.in_plan = False
            # One that came up with the group and died again is none of the plan's.
            if not other.alive and not other.undecided:
                self.core.retire(other)
                self.settle(other)

    async def restart_child(self, id: Hashable) -> Child:
        """Start a child that is down; a backoff in progress ends at once."""
        record = self.find(id)
        if record.alive or record.undecided or record.status == "restarting":
            raise ChildNotStopped(record.handle)
        self._note(record, "restart_child")
        if record.status == "backing_off":
            return await self._restart_now(record)
        if record.budget_window is not None:
            record.budget_window.clear()
        ended = await self._start(record)
        self._check_going()
        if ended is None:
            return record.handle
        record.status = "stopped"
        self.settle(record)
        raise start_error(record.spec, ended)

    async def _restart_now(self, record: Record) -> Child:
        life = record.life + 1
        if self._due_group is not None and self._due_group.pivot is record:
            self._due_group.alarm.cancel()
            self._due_group = None
            await self._stop_group(self.core.group_of(record), record)
            if self.mode == "running":
                await self._start_group(record)
        else:
            self.respawn(record, trio.current_time())
            await self._until(lambda: record.started_life >= life or not record.alive)
        if record.started_life < life:
            self._check_going()
            if record.life < life and self.mode != "running":
                raise SupervisorStopping(self.record.path_text)
            ended = record.last_exit or Exit("noproc")
            raise start_error(record.spec, ended)
        return record.handle

    async def replace_child(self, id: Hashable, life: int) -> Child | None:
        """Stop a life and start the next, with the group that the strategy says.

        As after a crash, but nobody's limit counts it: people asked for it. None if
        that life is over or ending, or a group restart is under way.
        """
        record = self.find(id)
        grouped = self.core.grouped
        under_way = grouped and self.restarts_a_group
        if (
            under_way
            or record.life != life
            or not record.alive
            or record.asked is not None
        ):
            return None
        self._note(record, "replace_child")
        reason = f"replace_child of {record.label!r}"
        await self._stop_group(self.core.group_of(record), record, reason)
        if self.mode == "running":
            await self._start_group(record)
        if self.mode != "running":
            raise SupervisorStopping(self.record.path_text)
        if not grouped:
            self._stalled = None
        if record.started_life <= life:
            raise start_error(record.spec, record.last_exit or Exit("noproc"))
        return record.handle

    async def delete_child(self, id: Hashable) -> None:
        """Forget a child that is down."""
        record = self.find(id)
        if record.alive or record.undecided or record.awaiting_restart:
            raise ChildNotStopped(record.handle)
        self._note(record, "delete_child")
        self.core.drop(record)
        self.settle(record)
