"""The static supervisor: what others may ask of it, one request at a time."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from functools import partial
from typing import TYPE_CHECKING, Any

from trio.lowlevel import enable_ki_protection

from trio_sup._children.record import Record
from trio_sup._core.plan import requests
from trio_sup._core.plan.doing import AskBelow, Refused, Steps
from trio_sup._core.plan.reconfigure import adopt, reconfigure
from trio_sup._core.plan.static import StaticPlan
from trio_sup._core.reconfigured import ReconfigurePlan
from trio_sup._core.specs import ChildSpec, Flags
from trio_sup._supervisors.requests import Request, RequestBelow, unless_refused
from trio_sup._supervisors.shell import Shell
from trio_sup._trio.wake import Waiters

if TYPE_CHECKING:
    from trio_sup._children.record import Child


class StaticShell(Shell[StaticPlan[Record]]):
    """The shell of `supervisor(...)`: requests wait in line for the control task."""

    dynamic = False
    plan_of = StaticPlan

    @enable_ki_protection
    async def submit(
        self,
        steps: Callable[[], Steps[Record, Any]],
        record: Record | None = None,
        *,
        withdraw: bool = False,
    ) -> Any:
        """Put a request in line and wait for its answer.

        Args:
            steps: Begins to serve it, when its turn has come.
            record: The child that it names: its exits wait their turn behind it.
            withdraw: Whether a cancelled caller takes back what has not begun.

        Raises:
            SupervisorStopping: the supervisor is going down.
        """
        request = Request(self.record.path_text, steps, record)
        dos = unless_refused(lambda: self.plan.ask(request), self.record.path_text)
        self.perform(dos)
        try:
            return await request.wait()
        except BaseException:
            request.withdrawn = withdraw  # cancelled, or Ctrl-C
            raise

    async def start_child(self, spec: ChildSpec[Any]) -> Child:
        """Add a child at the end of the start order, and wait for it."""
        steps = lambda: self.starting(spec)  # noqa: E731
        record: Record = await self.submit(steps, withdraw=True)
        return record.handle

    async def terminate_child(self, id: Hashable, record: Record | None) -> None:
        """Stop a child and wait for its end; its specification stays.

        Args:
            id: Its id; looked up again when the turn comes, as a start may be in line.
            record: The child that has it now.
        """
        await self.submit(lambda: requests.terminate_child(self.plan, id), record)

    async def restart_child(
        self, id: Hashable, record: Record | None = None, life: int | None = None
    ) -> Child:
        """Start a child that is down.

        Args:
            id: As for `terminate_child`.
            record: The child that has it now.
            life: What that is to be in still; else `Refused` is raised.
        """
        started: Record
        if record is None or life is None:
            started = await self.submit(lambda: self.restarting(id), record)
        else:
            started = await self._ask_of(record, self.restarting, life)
        return started.handle

    async def _ask_of(
        self,
        record: Record,
        serve: Callable[[Hashable], Steps[Record, Any]],
        life: int | None = None,
    ) -> Any:
        steps = lambda: serve(record.id)  # noqa: E731
        same = lambda: requests.if_same(self.plan, record, life, steps)  # noqa: E731
        return await self.submit(same, record)

    # By who the child is, whatever life it is in by then: `Refused` if it is no more.

    async def stop_for_good(self, record: Record) -> None:
        """As `terminate_child`, of this very child."""
        await self._ask_of(record, partial(requests.terminate_child, self.plan))

    async def quarantine_child(self, record: Record) -> None:
        """Stop a child and keep it down, until it is restarted by hand."""
        await self._ask_of(record, partial(requests.quarantine_child, self.plan))

    async def hold_child(self, record: Record) -> None:
        """Let no restart follow the present life of a child."""
        await self._ask_of(record, partial(requests.hold_child, self.plan))

    async def release_child(self, record: Record) -> None:
        """Let restarts follow its lives again."""
        await self._ask_of(record, partial(requests.release_child, self.plan))

    async def replace_child(self, record: Record, life: int) -> Child:
        """Stop a life and start the next.

        Raises:
            Refused: that life is over, or is ending already.
        """
        steps = lambda: requests.replace_child(self.plan, record.id, life)  # noqa: E731
        await self.submit(steps, record)
        return record.handle

    async def delete_child(self, id: Hashable) -> None:
        """Forget a child that is down."""
        await self.submit(lambda: self.deleting(id))

    # Another specification.

    async def reconfigure(
        self, flags: Flags, expected: ReconfigurePlan | None
    ) -> ReconfigurePlan:
        """Put other flags and children in force; return what was done."""
        steps = lambda: reconfigure(self.plan, flags, expected)  # noqa: E731
        made: ReconfigurePlan = await self.submit(steps, withdraw=True)
        return made

    def adopt(self, flags: Flags) -> None:
        """Go by other flags and children in the lives to come."""
        self.perform(adopt(self.plan, flags))

    def keep_names(self, *, keep: bool) -> None:
        """Let the names below stay reserved while it is down, or no more."""
        self.perform(self.plan.keep_names(keep=keep))

    def ask_to_change(self, asked: AskBelow[Record], wake: Waiters) -> None:
        """Put a change in line, as its supervisor says."""
        steps = lambda: reconfigure(  # noqa: E731
            self.plan, asked.flags, forced=asked.forced
        )
        request = RequestBelow(self.path_text, steps, asked.answer, wake)
        try:
            dos = self.plan.ask(request)
        except Refused as refused:
            request.refuse(refused)
        else:
            self.perform(dos)

    # What serves the requests that not all static supervisors serve alike.

    def starting(self, spec: ChildSpec[Any]) -> Steps[Record, Record]:
        """Serve `start_child`."""
        return requests.start_child(self.plan, spec)

    def restarting(self, id: Hashable) -> Steps[Record, Record]:
        """Serve `restart_child`."""
        return requests.restart_child(self.plan, id)

    def deleting(self, id: Hashable) -> Steps[Record, None]:
        """Serve `delete_child`."""
        return requests.delete_child(self.plan, id)
