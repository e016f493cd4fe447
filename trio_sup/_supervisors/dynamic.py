"""The dynamic supervisor: children come and go, each on its own.

Nothing here waits in line: a slow start or stop of one child blocks no other
(better than DYN-018 and DYN-031). All state changes are synchronous; callers only
wait for outcomes, so a cancelled caller leaves nothing half done.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import TYPE_CHECKING, Any

import trio
from trio.lowlevel import enable_ki_protection

from trio_sup._children.record import Kid
from trio_sup._children.refusals import (
    AlreadyStarted,
    ChildNotStopped,
    StartFailed,
    start_error,
)
from trio_sup._core.addresses import Via
from trio_sup._core.anatomy import is_a
from trio_sup._core.errors import MaxChildren, NoSuchChild, SupervisorStopping
from trio_sup._core.events import Requested
from trio_sup._core.exits import Exit, Ignore
from trio_sup._core.specs import ChildSpec, check_child
from trio_sup._core.strategy import SupervisorCore
from trio_sup._supervisors.shell import Driver

if TYPE_CHECKING:
    from trio_sup._children.record import Child

CHUNK = 256
"""How many children are asked to stop between two turns of the other tasks."""


class DynamicDriver(Driver):
    """The shell of `dynamic_supervisor(...)`."""

    dynamic = True
    core: SupervisorCore[Kid]
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
        for position, kid in enumerate(self.all_kids(), start=1):
            self.stop_kid(kid, self.stop_reason)
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
        for position, kid in enumerate(self.all_kids(), start=1):
            kid.arm(0)
            if position % CHUNK == 0:
                await trio.lowlevel.checkpoint()

    def hurry(self) -> None:
        """Collapse all remaining graces; those of very many soon, not at once."""
        if len(self.core.kids) <= CHUNK:
            super().hurry()
            return
        self.request_stop(self.stop_reason)
        self.hurried = True
        self.bell.wake()

    def _end_life(self) -> None:
        for kid in self.all_kids():
            self.drop(kid)
            self.settle(kid)

    def _ring_for(self, kid: Kid) -> None:
        kid.touch()
        if self.watching and not self.living:
            self.bell.wake()

    # What the lives report.

    def _stopped_on_request(self, kid: Kid) -> None:
        if kid.in_plan and self.mode == "running":
            kid.status = "restarting"
            self.respawn(kid, trio.current_time())
            return
        self.drop(kid)
        self.settle(kid)

    def _start_ended(self, kid: Kid, exit: Exit, now: float) -> None:
        if kid.supervised_start:
            self.drop(kid)
            self.settle(kid)
        elif is_a(exit.error, Ignore):
            self.carry_out(kid, self.core.on_ignored_restart(kid), now)
        else:
            self.carry_out(kid, self.core.on_failed_restart(kid, now), now)

    def _ended_alone(self, kid: Kid, exit: Exit, now: float) -> None:
        self.carry_out(kid, self.core.on_exit(kid, exit, now), now)

    # Requests.

    def find(self, target: Child | Hashable) -> Kid:
        """Return the record for a handle or an id; raises `NoSuchChild`."""
        from trio_sup._children.record import Child

        kid = target.kid if isinstance(target, Child) else self.core.kids.get(target)
        if kid is None or kid.parent is not self or kid.status == "gone":
            raise NoSuchChild(f"dynamic supervisor {self.kid.path_text!r}", target)
        return kid

    async def start_child(self, spec: ChildSpec[Child]) -> Child:
        """Start a child and wait until it is ready. A checkpoint."""
        return await self.wait_started(self.begin(spec))

    @enable_ki_protection
    def begin(self, spec: ChildSpec[Child]) -> Kid:
        """Accept a child and spawn its first life. Synchronous, all or nothing."""
        self.check_run("supervisor.start_child", waits=True)
        check_child(spec, self.flags, dynamic=True)
        if self.mode != "running":
            raise SupervisorStopping(self.kid.path_text)
        if spec.id is not None and spec.id in self.core.kids:
            raise AlreadyStarted(self.core.kids[spec.id].handle)
        if len(self.core.kids) >= self.flags.max_children:
            raise MaxChildren(self.kid.path_text, self.flags.max_children)
        kid = self.new_kid(spec, self._id_for(spec))
        self.core.kids[kid.id] = kid
        self._note(kid, "start_child")
        try:
            self.spawn(kid, supervised=True)
        except BaseException:
            # Its name is taken, or what a key or a policy of the user's raises.
            self.core.drop(kid)
            kid.touch()
            raise
        return kid

    async def wait_started(self, kid: Kid) -> Child:
        """Wait for the outcome of a child's first start. A checkpoint."""
        await kid.wait_change()
        while kid.started_life == 0 and kid.alive:
            await kid.wait_change()
        if kid.started_life:
            return kid.handle
        if kid.overtaken == kid.life:
            raise SupervisorStopping(self.kid.path_text)
        ended = kid.last_exit or Exit("noproc")
        if ended.kind == "shutdown" and ended.error is None:
            raise StartFailed(kid.spec, ended)
        raise start_error(kid.spec, ended) from ended.error

    def _id_for(self, spec: ChildSpec[Child]) -> Hashable:
        """An explicit id, the name's key, or a serial number (DYN-006)."""
        if spec.id is not None:
            return spec.id
        name = spec.name
        key = name.key if isinstance(name, Via) else name
        if key is not None and key not in self.core.kids:
            return key
        while True:
            self._serial += 1
            if self._serial not in self.core.kids:
                return self._serial

    @enable_ki_protection
    async def terminate_child(self, target: Child | Hashable) -> None:
        """Stop a child for good and wait for its end. A checkpoint."""
        self.check_run("supervisor.terminate_child", waits=True)
        kid = self.find(target)
        self._note(kid, "terminate_child")
        kid.in_plan = False  # whoever replaces it has lost
        if kid.alive:
            self.stop_kid(kid, "terminate_child")
        else:
            self.core.drop(kid)
            self.settle(kid)
        while kid.alive:
            await kid.wait_change()
        await trio.lowlevel.checkpoint()

    async def restart_child(self, target: Child | Hashable) -> Child:
        """Restart a quarantined child, or end its backoff. A checkpoint."""
        self.check_run("supervisor.restart_child", waits=True)
        kid = self.find(target)
        if self.mode != "running":
            raise SupervisorStopping(self.kid.path_text)
        if kid.alive or kid.status == "restarting":
            raise ChildNotStopped(kid.handle)
        self._note(kid, "restart_child")
        if kid.budget_window is not None:
            kid.budget_window.clear()
        life = kid.life + 1
        # As after any end: it comes back or, if it fails to, its limits decide.
        kid.status = "restarting"
        self.respawn(kid, trio.current_time())
        while kid.life == life and kid.alive and kid.started_life < life:
            await kid.wait_change()
        await trio.lowlevel.checkpoint()
        if kid.started_life < life:
            raise start_error(kid.spec, kid.last_exit or Exit("noproc"))
        return kid.handle

    @enable_ki_protection
    async def replace_child(self, target: Child | Hashable, life: int) -> Child | None:
        """Stop a life and start the next; nobody's limit counts it. A checkpoint.

        None if that life is over, or is ending already.
        """
        self.check_run("supervisor.replace_child", waits=True)
        kid = self.find(target)
        if self.mode != "running":
            raise SupervisorStopping(self.kid.path_text)
        if kid.life != life or kid.scope is None or kid.asked is not None:
            return None
        self._note(kid, "replace_child")
        kid.in_plan = True
        self.stop_kid(kid, "replace_child")
        while kid.alive and kid.started_life <= life:
            await kid.wait_change()
        await trio.lowlevel.checkpoint()
        if kid.started_life <= life:
            raise start_error(kid.spec, kid.last_exit or Exit("noproc"))
        return kid.handle

    def _note(self, kid: Kid, action: Any) -> None:
        self.emit(Requested, trio.current_time(), kid.path_text, kid.life, action)
