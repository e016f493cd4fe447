"""The handle of a dynamic supervisor."""

from __future__ import annotations

from collections.abc import Hashable
from typing import TYPE_CHECKING, ParamSpec, TypeVar

import trio

from trio_sup._children.record import Child
from trio_sup._children.supervising import SpecSupervisor
from trio_sup._children.typed import handle_as
from trio_sup._children.waits import refuse_self
from trio_sup._core.addresses import Via
from trio_sup._core.checks import ChildSpecError
from trio_sup._core.errors import NoProcess, WrongKind
from trio_sup._core.plan.doing import Refused
from trio_sup._core.plan.holders import look
from trio_sup._core.specs import check_child
from trio_sup._servers.handlers import fitting
from trio_sup._supervisors.dynamic import DynamicShell
from trio_sup._supervisors.requests import error_of

if TYPE_CHECKING:
    from trio_sup._children.record import Record
    from trio_sup._core.specs import ChildSpec
    from trio_sup._servers.genserver import GenServer
    from trio_sup._servers.operations import Call
    from trio_sup._servers.ref import ServerRef
S = TypeVar("S", bound="GenServer")
H = TypeVar("H", bound="Child")
P = ParamSpec("P")
R = TypeVar("R")


class DynamicSupervisor(SpecSupervisor):
    """A supervisor of children that come and go.

    Children start and stop independently: a slow one blocks no other. All are
    one_for_one; what is not restarted is forgotten, so there is no `delete_child`,
    and `restart_child` is for what is quarantined or backing off (DYN-013, 025).
    """

    __slots__ = ()

    @property
    def _shell(self) -> DynamicShell:
        shell = self.record.body
        assert isinstance(shell, DynamicShell)
        return shell

    async def start_child(self, spec: ChildSpec[H]) -> H:
        """Start a child and wait until it is ready. A checkpoint.

        An id is used only where given explicitly; else the name's key or a serial
        number stands in the path. A caller that is cancelled does not stop a start
        that has begun.

        Raises:
            ChildSpecError: the specification does not fit this supervisor.
            AlreadyStarted: a living child has the explicitly given id.
            AlreadyRegistered: the name is in use.
            MaxChildren: there are as many as there may be (DYN-009, 010).
            StartFailed: the child did not become ready; the cause is chained.
            StartIgnored: it raised `Ignore`.
            SupervisorStopping: the supervisor is going down.
            WrongRun: called from a thread or from another Trio run.
        """
        shell = self._shell
        handle: H = await shell.wait_started(shell.begin(spec))  # type: ignore[assignment]
        return handle

    async def get_or_start(self, spec: ChildSpec[H]) -> H:
        """Return the holder of the specification's name, or start it. A checkpoint.

        The holder may have any supervisor. One that is between lives is awaited;
        one that is being stopped is awaited, then started anew. Concurrent callers
        share one start and its failure; a cancelled first caller does not abort it.

        Raises:
            ChildSpecError: the specification has no name.
            WrongKind: the holder is not of the specification's class.
            ChildQuarantined: the holder is quarantined.
            StartFailed: the start, or the restart that was awaited, failed.
            AlreadyStarted, MaxChildren, SupervisorStopping, WrongRun: as for
                `start_child`.
        """
        shell = self._shell
        shell.check_run("supervisor.get_or_start", waits=True)
        check_child(spec, shell.flags, dynamic=True)
        if spec.name is None:
            raise ChildSpecError("name", None, "given for get_or_start", spec.label)
        await trio.lowlevel.checkpoint()
        while True:
            holder = _holder(self.record, spec)
            if holder is None:
                holder = shell.begin(spec)
            _check_fits(holder, spec)
            handle: H | None = await _settled(holder, spec, shell)  # type: ignore[assignment]
            if handle is not None:
                return handle
            if _holder(self.record, spec) is holder:
                # Its name is free only once its supervisor has let go of it.
                await holder.wait_change()
            else:
                await trio.lowlevel.checkpoint()

    async def call_or_start(
        self,
        spec: ChildSpec[ServerRef[S]],
        op: Call[S, P, R],
        /,
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> R:
        """Call the holder of the specification's name, started if need be.

        Closes the race with a server that has just stopped: tried again when the
        request was certainly not executed (`NoProcess`), and only then.

        Raises:
            ServerExit: the server ended before it answered.
            TypeError: as for `ServerRef.call`; nothing was started.
            Exception: what the operation declares; what `get_or_start` raises.
        """
        fitting(spec.target, op, args, kwargs, is_call=True)  # raises
        while True:
            ref = await self.get_or_start(spec)
            try:
                return await ref.call(op, *args, **kwargs)
            except NoProcess:
                await trio.lowlevel.checkpoint()

    async def terminate_child(self, target: Child | Hashable) -> None:
        """Stop a child for good and wait for its end. A checkpoint.

        Others are not blocked meanwhile. A child that waits for its restart is
        forgotten at once.

        Args:
            target: Its handle, or its id.

        Raises:
            NoSuchChild: it is not (any more) a child of this supervisor.
            WouldDeadlock: asked from inside the child itself.
        """
        shell = self._shell
        refuse_self(shell.find(target), "terminate_child")
        await shell.terminate_child(target)

    async def restart_child(self, target: Child | Hashable) -> Child:
        """Start a quarantined child again, or end a backoff at once. A checkpoint.

        Clears the child's own budget. Unlike a static supervisor's there is nothing
        else that this could restart: what is down otherwise has been forgotten.

        Args:
            target: Its handle, or its id.

        Raises:
            NoSuchChild: it is not (any more) a child of this supervisor.
            ChildNotStopped: it lives, or is on its way back.
            StartFailed: it did not become ready; its limits decide what follows.
            StartIgnored: it raised `Ignore`, and was forgotten.
            SupervisorStopping: the supervisor is going down.
            WrongRun: called from a thread or from another Trio run.
        """
        return await self._shell.restart_child(target)


def _holder(record: Record, spec: ChildSpec[Child]) -> Record | None:
    name = spec.name
    if isinstance(name, Via):
        return name.registry.holder(name.key)
    return record.node.registry.holder(name)


def _check_fits(holder: Record, spec: ChildSpec[Child]) -> None:
    if spec.kind == "server":
        handle_as(holder, spec.target)
    elif holder.spec.kind != spec.kind:
        raise WrongKind(holder.path_text, f"a {holder.kind}", f"a {spec.kind}")


async def _settled(
    holder: Record, spec: ChildSpec[Child], shell: DynamicShell
) -> Child | None:
    """Wait for a holder to run; None if it went away and the name is free."""
    before = holder.started_life
    try:
        while (found := look(holder, before, shell.record)) == "wait":
            await holder.wait_change()
    except Refused as refused:
        error = error_of(refused, shell.path_text, spec)
    else:
        return holder.handle if found == "runs" else None
    raise error
