"""The static supervisor: what others may ask of it, one request at a time."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Hashable
from typing import TYPE_CHECKING, Any

import trio
from trio.lowlevel import enable_ki_protection

from trio_sup._children.record import Kid
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
from trio_sup._supervisors.ordered import OrderedDriver
from trio_sup._supervisors.requests import Request

if TYPE_CHECKING:
    from trio_sup._children.record import Child


class StaticDriver(OrderedDriver):
    """The shell of `supervisor(...)`: the requests, carried out by the control task."""

    @enable_ki_protection
    async def submit(
        self,
        perform: Callable[[], Awaitable[Any]],
        kid: Kid | None = None,
        *,
        withdraw: bool = False,
    ) -> Any:
        """Put a request in line and wait for its answer.

        Args:
            perform: What the control task is to do.
            kid: The child that it names: its exits wait until the request is done.
            withdraw: Whether a cancelled caller takes back what has not begun.

        Raises:
            SupervisorStopping: the supervisor is going down.
        """
        if self.mode not in ("running", "starting"):
            raise SupervisorStopping(self.kid.path_text)
        request = Request(self.kid.path_text, perform, kid)
        if kid is not None:
            kid.pending += 1
        self._queue.append(request)
        self.bell.wake()
        try:
            return await request.wait()
        except BaseException:
            request.withdrawn = withdraw  # cancelled, or Ctrl-C
            raise

    def _check_going(self) -> None:
        if self._overtaken:
            raise SupervisorStopping(self.kid.path_text)

    def find(self, id: Hashable) -> Kid:
        """Return the record of a child; raises `NoSuchChild`."""
        kid = self.core.kids.get(id)
        if kid is None:
            raise NoSuchChild(f"supervisor {self.kid.path_text!r}", id)
        return kid

    def _note(self, kid: Kid, action: Any) -> None:
        self.emit(Requested, trio.current_time(), kid.path_text, kid.life, action)

    async def start_child(self, spec: ChildSpec[Child]) -> Child:
        """Add a child at the end of the start order, and wait for it."""
        check_child(spec, self.flags, dynamic=False)
        id = spec.default_id if spec.id is None else spec.id
        present = self.core.kids.get(id)
        if present is not None:
            if present.alive or present.undecided:
                raise AlreadyStarted(present.handle)
            raise AlreadyPresent(present.handle)
        kid = self.new_kid(spec, id)
        self.core.kids[id] = kid
        self._note(kid, "start_child")
        ended = await self._start(kid)
        self._check_going()
        if ended is None:
            return kid.handle
        ignored = is_a(ended.error, Ignore)
        if ignored and spec.restart != "temporary":
            kid.status = "stopped"
        else:
            self.core.drop(kid)
        self.settle(kid)
        raise start_error(spec, ended)

    async def terminate_child(self, id: Hashable) -> None:
        """Stop a child and wait for its end; its specification stays."""
        kid = self.find(id)
        self._note(kid, "terminate_child")
        if kid.alive:
            await self._stop(kid, "terminate_child")
        self._check_going()
        self._cancel_plan(kid)
        if kid.status != "gone":
            self.core.retire(kid)
            self.settle(kid)

    def _cancel_plan(self, kid: Kid) -> None:
        """Leave the group of a terminated pivot down (SUP-087)."""
        due = self._due_group
        if due is not None and due.pivot is kid:
            due.alarm.cancel()
            self._due_group = None
        elif self._stalled is kid:
            self._stalled = None
        else:
            return
        for other in self.core.group_of(kid):
            other.in_plan = False
            # One that came up with the group and died again is none of the plan's.
            if not other.alive and not other.undecided:
                self.core.retire(other)
                self.settle(other)

    async def restart_child(self, id: Hashable) -> Child:
        """Start a child that is down; a backoff in progress ends at once."""
        kid = self.find(id)
        if kid.alive or kid.undecided or kid.status == "restarting":
            raise ChildNotStopped(kid.handle)
        self._note(kid, "restart_child")
        if kid.status == "backing_off":
            return await self._restart_now(kid)
        if kid.budget_window is not None:
            kid.budget_window.clear()
        ended = await self._start(kid)
        self._check_going()
        if ended is None:
            return kid.handle
        kid.status = "stopped"
        self.settle(kid)
        raise start_error(kid.spec, ended)

    async def _restart_now(self, kid: Kid) -> Child:
        life = kid.life + 1
        if self._due_group is not None and self._due_group.pivot is kid:
            self._due_group.alarm.cancel()
            self._due_group = None
            await self._stop_group(self.core.group_of(kid), kid)
            if self.mode == "running":
                await self._start_group(kid)
        else:
            self.respawn(kid, trio.current_time())
            await self._until(lambda: kid.started_life >= life or not kid.alive)
        if kid.started_life < life:
            self._check_going()
            if kid.life < life and self.mode != "running":
                raise SupervisorStopping(self.kid.path_text)
            ended = kid.last_exit or Exit("noproc")
            raise start_error(kid.spec, ended)
        return kid.handle

    async def replace_child(self, id: Hashable, life: int) -> Child | None:
        """Stop a life and start the next, with the group that the strategy says.

        As after a crash, but nobody's limit counts it: people asked for it. None if
        that life is over or ending, or a group restart is under way.
        """
        kid = self.find(id)
        grouped = self.core.grouped
        under_way = grouped and self.restarts_a_group
        if under_way or kid.life != life or not kid.alive or kid.asked is not None:
            return None
        self._note(kid, "replace_child")
        reason = f"replace_child of {kid.label!r}"
        await self._stop_group(self.core.group_of(kid), kid, reason)
        if self.mode == "running":
            await self._start_group(kid)
        if self.mode != "running":
            raise SupervisorStopping(self.kid.path_text)
        if not grouped:
            self._stalled = None
        if kid.started_life <= life:
            raise start_error(kid.spec, kid.last_exit or Exit("noproc"))
        return kid.handle

    async def delete_child(self, id: Hashable) -> None:
        """Forget a child that is down."""
        kid = self.find(id)
        if kid.alive or kid.undecided or kid.awaiting_restart:
            raise ChildNotStopped(kid.handle)
        self._note(kid, "delete_child")
        self.core.drop(kid)
        self.settle(kid)
