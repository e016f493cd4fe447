"""The dynamic supervisor: children come and go, each on its own.

Nothing here waits in line: a slow start or stop of one child blocks no other
(better than DYN-018 and DYN-031). All state changes are synchronous; callers only
wait for outcomes, so a cancelled caller leaves nothing half done.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Hashable, Iterable
from typing import Any, Final, Literal, TypeVar

import trio
from trio.lowlevel import enable_ki_protection

from trio_sup._children.record import Child, Record
from trio_sup._core import events
from trio_sup._core.errors import SupervisorStopping
from trio_sup._core.plan.doing import Do, Refused
from trio_sup._core.plan.dynamic import (
    DynamicPlan,
    came_of_start,
    is_starting,
)
from trio_sup._core.specs import ChildSpec
from trio_sup._supervisors.requests import error_of, unless_refused
from trio_sup._supervisors.shell import Shell

T = TypeVar("T")

KIND: Final = "dynamic supervisor"
"""What it is called in errors."""


class DynamicShell(Shell[DynamicPlan[Record]]):
    """The shell of `dynamic_supervisor(...)`."""

    dynamic = True
    plan_of = DynamicPlan

    @enable_ki_protection
    def hurry(self) -> None:
        """Collapse all remaining graces; those of very many soon, not at once."""
        if not self.plan.hastens_later:
            super().hurry()
            return
        self.request_stop(self.plan.stop_reason)
        self.plan.hasten()
        self.bell.wake()

    # Requests.

    def find(self, target: Child | Hashable) -> Record:
        """Return the record for a handle or an id; raises `NoSuchChild`."""
        handle = target  # apart, so that `target` keeps its type
        if isinstance(handle, Child):
            found: Record | None = handle.record
        else:
            found = self.core.records.get(target)
        return self._unless_refused(lambda: self.plan.check(found, target))

    def _unless_refused(self, call: Callable[[], T]) -> T:
        return unless_refused(call, self.record.path_text, kind=KIND)

    def start_child(self, spec: ChildSpec[Any]) -> Coroutine[Any, Any, Child]:
        """Start a child; what comes back waits until it is ready. A checkpoint."""
        # Not a coroutine itself: each is one more between Trio and the caller.
        return self.wait_started(self.begin(spec))

    @enable_ki_protection
    def begin(self, spec: ChildSpec[Any]) -> Record:
        """Accept a child and spawn its first life. Synchronous, all or nothing."""
        self.check_run("supervisor.start_child", waits=True)
        record, now = self._accept(spec), self.node.time()
        told: tuple[float, str, int, Literal["start_child"]]
        told = (now, record.path_text, record.life, "start_child")
        heard = self.node.note(events.Requested, told)
        if heard:
            self.tell(events.Requested, told)
        try:
            if heard and not self.plan.lets_start:  # somebody's hook did that
                raise SupervisorStopping(self.record.path_text)
            self.spawn(record, True, now, heard or spec.name is not None)
        except BaseException:
            # Its name is taken, or what a key or a policy of the user's raises.
            self.plan.core.drop(record)
            record.touch()
            raise
        return record

    def _accept(self, spec: ChildSpec[Any]) -> Record:
        try:
            return self.plan.add(spec)
        except Refused as refused:
            error = error_of(refused, self.record.path_text, kind=KIND)
        raise error

    async def wait_started(self, record: Record) -> Child:
        """Wait for the outcome of a child's first start. A checkpoint."""
        await record.changed()
        while not record.started_life and record.alive:
            await record.changed()
        if record.started_life:
            return record.handle
        try:
            came_of_start(record)
        except Refused as refused:
            error = error_of(refused, self.record.path_text, kind=KIND)
            cause = None if refused.exit is None else refused.exit.error
        else:
            return record.handle
        raise error from cause

    @enable_ki_protection
    async def terminate_child(self, target: Child | Hashable) -> None:
        """Stop a child for good and wait for its end. A checkpoint."""
        self.check_run("supervisor.terminate_child", waits=True)
        record = self.find(target)
        self.perform(self.plan.terminate(record, trio.current_time()))
        while record.alive:
            await record.wait_change()
        await trio.lowlevel.checkpoint()

    @enable_ki_protection
    async def restart_child(self, target: Child | Hashable) -> Child:
        """Restart a quarantined child, or end its backoff. A checkpoint."""
        self.check_run("supervisor.restart_child", waits=True)
        record = self.find(target)
        life = record.life + 1
        self._carry_out(self.plan.restart(record, trio.current_time()))
        while record.life == life and is_starting(record, life):
            await record.wait_change()
        await trio.lowlevel.checkpoint()
        return self._started(record, life)

    @enable_ki_protection
    async def replace_child(self, record: Record, life: int) -> Child:
        """Stop a life and start the next; nobody's limit counts it. A checkpoint.

        Raises:
            Refused: that life is over, or is ending already.
        """
        self.check_run("supervisor.replace_child", waits=True)
        self.find(record.handle)
        self._carry_out(self.plan.replace(record, life, trio.current_time()))
        while is_starting(record, life + 1):
            await record.wait_change()
        await trio.lowlevel.checkpoint()
        return self._started(record, life + 1)

    @enable_ki_protection
    async def respecify(self, record: Record, spec: ChildSpec[Any]) -> None:
        """Give a child another specification, and a new life if it lives. A checkpoint.

        Raises:
            ChildSpecError: the specification does not fit.
            SupervisorStopping: the supervisor is going down.
            NotStarted: the new life did not become ready; its limits say what follows.
        """
        self.check_run("supervisor.respecify", waits=True)
        self.find(record.handle)
        life, lived = record.life + 1, record.alive
        self._carry_out(self.plan.respecify(record, spec, trio.current_time()))
        while lived and is_starting(record, life):
            await record.wait_change()
        await trio.lowlevel.checkpoint()
        if lived:
            self._started(record, life)

    async def stop_for_good(self, record: Record) -> None:
        """As `terminate_child`, of this very child."""
        await self.terminate_child(record.handle)

    @enable_ki_protection
    async def quarantine_child(self, record: Record) -> None:
        """Stop a child and keep it down until it is restarted by hand. A checkpoint."""
        self.check_run("supervisor.quarantine_child", waits=True)
        self.find(record.handle)
        self._carry_out(self.plan.quarantine(record, trio.current_time()))
        while record.alive and record.held:
            await record.wait_change()
        await trio.lowlevel.checkpoint()

    @enable_ki_protection
    async def hold_child(self, record: Record) -> None:
        """Let no restart follow the present life of a child. A checkpoint."""
        self.check_run("supervisor.hold_child", waits=True)
        self.find(record.handle)
        self._carry_out(self.plan.hold(record, trio.current_time()))
        await trio.lowlevel.checkpoint()

    @enable_ki_protection
    async def release_child(self, record: Record) -> None:
        """Let restarts follow its lives again. A checkpoint."""
        self.check_run("supervisor.release_child", waits=True)
        self.find(record.handle)
        self._carry_out(self.plan.release(record, trio.current_time()))
        await trio.lowlevel.checkpoint()

    def _carry_out(self, dos: Iterable[Do[Record]]) -> None:
        self._unless_refused(lambda: self.perform(dos))

    def _started(self, record: Record, life: int) -> Child:
        self._unless_refused(lambda: came_of_start(record, life))
        return record.handle
