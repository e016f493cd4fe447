"""The dynamic supervisor: children come and go, each on its own.

Nothing here waits in line: a slow start or stop of one child blocks no other
(better than DYN-018 and DYN-031). All state changes are synchronous; callers only
wait for outcomes, so a cancelled caller leaves nothing half done.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

import trio
from trio.lowlevel import enable_ki_protection

from trio_sup._children.record import Child, Record
from trio_sup._children.refusals import (
    AlreadyStarted,
    ChildNotStopped,
    StartFailed,
    start_error,
)
from trio_sup._children.stopping import arm
from trio_sup._core.addresses import Via
from trio_sup._core.anatomy import is_a
from trio_sup._core.errors import MaxChildren, NoSuchChild, SupervisorStopping
from trio_sup._core.events import Requested
from trio_sup._core.exits import Exit, Ignore
from trio_sup._core.specs import ChildSpec, check_child
from trio_sup._core.strategy import SupervisorCore
from trio_sup._supervisors.shell import Shell

CHUNK = 256
"""How many children are asked to stop between two turns of the other tasks."""


class DynamicShell(Shell):
    """The shell of `dynamic_supervisor(...)`."""

    dynamic = True
    core: SupervisorCore[Record]
    _serial = 0

    def begin_life(self) -> None:
        """Prepare a life."""
        super().begin_life()
        self.core = self._new_core()

    async def _start_children(self) -> None:
        """A dynamic supervisor starts empty (DYN-001)."""

    async def _control(self) -> None:
        while self.mode == "running":
            await self.bell.wait()

    async def _stop_children(self) -> None:
        for position, record in enumerate(self.all_records(), start=1):
            self.stop_record(record, self.stop_reason)
            if position % CHUNK == 0:
                await trio.lowlevel.checkpoint()
        self.watching: bool = True
        hurried = False
        while self.living:
            if self.hurried and not hurried:
                hurried = True
                await self._collapse_graces()
            else:
                await self.bell.wait()
        self.watching = False

    async def _collapse_graces(self) -> None:
        for position, record in enumerate(self.all_records(), start=1):
            arm(record, 0)
            if position % CHUNK == 0:
                await trio.lowlevel.checkpoint()

    def hurry(self) -> None:
        """Collapse all remaining graces; those of very many soon, not at once."""
        if len(self.core.records) <= CHUNK:
            super().hurry()
            return
        self.request_stop(self.stop_reason)
        self.hurried = True
        self.bell.wake()

    def _end_life(self) -> None:
        for record in self.all_records():
            self.drop(record)
            self.settle(record)

    def _ring_for(self, record: Record) -> None:
        record.touch()
        if self.watching and not self.living:
            self.bell.wake()

    # What the lives report.

    def _stopped_on_request(self, record: Record) -> None:
        if record.in_plan and self.mode == "running":
            record.status = "restarting"
            self.respawn(record, trio.current_time())
            return
        self.drop(record)
        self.settle(record)

    def _start_ended(self, record: Record, exit: Exit, now: float) -> None:
        if record.supervised_start:
            self.drop(record)
            self.settle(record)
        elif is_a(exit.error, Ignore):
            self.carry_out(record, self.core.on_ignored_restart(record), now)
        else:
            self.carry_out(record, self.core.on_failed_restart(record, now), now)

    def _ended_alone(self, record: Record, exit: Exit, now: float) -> None:
        self.carry_out(record, self.core.on_exit(record, exit, now), now)

    # Requests.

    def find(self, target: Child | Hashable) -> Record:
        """Return the record for a handle or an id; raises `NoSuchChild`."""
        record = (
            target.record
            if isinstance(target, Child)
            else self.core.records.get(target)
        )
        if record is None or record.parent is not self or record.status == "gone":
            raise NoSuchChild(f"dynamic supervisor {self.record.path_text!r}", target)
        return record

    async def start_child(self, spec: ChildSpec[Child]) -> Child:
        """Start a child and wait until it is ready. A checkpoint."""
        return await self.wait_started(self.begin(spec))

    @enable_ki_protection
    def begin(self, spec: ChildSpec[Child]) -> Record:
        """Accept a child and spawn its first life. Synchronous, all or nothing."""
        self.check_run("supervisor.start_child", waits=True)
        check_child(spec, self.flags, dynamic=True)
        if self.mode != "running":
            raise SupervisorStopping(self.record.path_text)
        if spec.id is not None and spec.id in self.core.records:
            raise AlreadyStarted(self.core.records[spec.id].handle)
        if len(self.core.records) >= self.flags.max_children:
            raise MaxChildren(self.record.path_text, self.flags.max_children)
        record = self.new_record(spec, self._id_for(spec))
        self.core.records[record.id] = record
        self._note(record, "start_child")
        try:
            self.spawn(record, supervised=True)
        except BaseException:
            # Its name is taken, or what a key or a policy of the user's raises.
            self.core.drop(record)
            record.touch()
            raise
        return record

    async def wait_started(self, record: Record) -> Child:
        """Wait for the outcome of a child's first start. A checkpoint."""
        await record.wait_change()
        while record.started_life == 0 and record.alive:
            await record.wait_change()
        if record.started_life:
            return record.handle
        if record.overtaken == record.life:
            raise SupervisorStopping(self.record.path_text)
        ended = record.last_exit or Exit("noproc")
        if ended.kind == "shutdown" and ended.error is None:
            raise StartFailed(record.spec, ended)
        raise start_error(record.spec, ended) from ended.error

    def _id_for(self, spec: ChildSpec[Child]) -> Hashable:
        """An explicit id, the name's key, or a serial number (DYN-006)."""
        if spec.id is not None:
            return spec.id
        name = spec.name
        key = name.key if isinstance(name, Via) else name
        if key is not None and key not in self.core.records:
            return key
        while True:
            self._serial += 1
            if self._serial not in self.core.records:
                return self._serial

    @enable_ki_protection
    async def terminate_child(self, target: Child | Hashable) -> None:
        """Stop a child for good and wait for its end. A checkpoint."""
        self.check_run("supervisor.terminate_child", waits=True)
        record = self.find(target)
        self._note(record, "terminate_child")
        record.in_plan = False  # whoever replaces it has lost
        if record.alive:
            self.stop_record(record, "terminate_child")
        else:
            self.core.drop(record)
            self.settle(record)
        while record.alive:
            await record.wait_change()
        await trio.lowlevel.checkpoint()

    async def restart_child(self, target: Child | Hashable) -> Child:
        """Restart a quarantined child, or end its backoff. A checkpoint."""
        self.check_run("supervisor.restart_child", waits=True)
        record = self.find(target)
        if self.mode != "running":
            raise SupervisorStopping(self.record.path_text)
        if record.alive or record.status == "restarting":
            raise ChildNotStopped(record.handle)
        self._note(record, "restart_child")
        if record.budget_window is not None:
            record.budget_window.clear()
        life = record.life + 1
        # As after any end: it comes back or, if it fails to, its limits decide.
        record.status = "restarting"
        self.respawn(record, trio.current_time())
        while record.life == life and record.alive and record.started_life < life:
            await record.wait_change()
        await trio.lowlevel.checkpoint()
        if record.started_life < life:
            raise start_error(record.spec, record.last_exit or Exit("noproc"))
        return record.handle

    @enable_ki_protection
    async def replace_child(self, target: Child | Hashable, life: int) -> Child | None:
        """Stop a life and start the next; nobody's limit counts it. A checkpoint.

        None if that life is over, or is ending already.
        """
        self.check_run("supervisor.replace_child", waits=True)
        record = self.find(target)
        if self.mode != "running":
            raise SupervisorStopping(self.record.path_text)
        if record.life != life or record.scope is None or record.asked is not None:
            return None
        self._note(record, "replace_child")
        record.in_plan = True
        self.stop_record(record, "replace_child")
        while record.alive and record.started_life <= life:
            await record.wait_change()
        await trio.lowlevel.checkpoint()
        if record.started_life <= life:
            raise start_error(record.spec, record.last_exit or Exit("noproc"))
        return record.handle

    def _note(self, record: Record, action: Any) -> None:
        self.emit(Requested, trio.current_time(), record.path_text, record.life, action)
