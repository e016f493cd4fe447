"""`open_supervisor`: a supervision tree inside any Trio program."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from types import TracebackType
from typing import Any

import trio
from trio.lowlevel import enable_ki_protection

from trio_sup._children.life import note_exit, run_life
from trio_sup._children.naming import hide_names, release_name, reserve_name
from trio_sup._children.record import Record
from trio_sup._children.refusals import StartFailed
from trio_sup._core.anatomy import class_name, is_a, leaves
from trio_sup._core.checks import ChildSpecError
from trio_sup._core.errors import (
    RestartLimitExceeded,
    SupervisorStopping,
    entered_again,
)
from trio_sup._core.exits import Exit
from trio_sup._core.specs import ChildSpec
from trio_sup._core.words import AutoShutdown, Strategy
from trio_sup._node.node import node_for
from trio_sup._supervisors.shell import Shell
from trio_sup._tree.roots import can_be_root
from trio_sup._tree.specs import supervisor
from trio_sup._tree.supervisor import Supervisor
from trio_sup._trio.last_resort import survive
from trio_sup._trio.life_scope import new_scope
from trio_sup._trio.scopes import close_scope


class RootHost:
    """Runs a root supervisor in a task of its own, and keeps it in order.

    The root must not run in the caller's task: a Ctrl-C or a cancellation there
    would cut its teardown short while the children are shielded. The caller only
    sets the intent and waits; a second Ctrl-C while it waits collapses the graces.
    """

    def __init__(self, spec: ChildSpec[Supervisor]) -> None:
        line = "async with open_supervisor([child(worker)]) as sup: ..."
        self.node = node_for("open_supervisor", line)
        id = spec.default_id if spec.id is None else spec.id
        self.record = Record(spec, id, None, self.node)
        # Asked for now: what fails once the nursery is open leaves a tree behind.
        handle: object = self.record.handle
        assert isinstance(handle, Supervisor)
        self.handle: Supervisor = handle
        self.fatal: BaseException | None = None
        self.body: trio.CancelScope | None = None

    @property
    def shell(self) -> Shell[Any]:
        """The root's shell."""
        body: object = self.record.body
        assert isinstance(body, Shell)
        shell: Shell[Any] = body  # pyright: ignore[reportUnknownVariableType]
        return shell

    def spawn(self, nursery: trio.Nursery) -> None:
        """Begin the root's only life; its name is reserved."""
        record = self.record
        record.life = 1
        record.enter("begins")
        record.life_began = trio.current_time()
        record.scope = new_scope()
        self.record.body.begin_life()
        self.node.add_root(record)
        nursery.start_soon(run_life, self, record, name=record.path_text)

    def life_over(
        self, record: Record, exit: Exit, fatal: BaseException | None
    ) -> None:
        """The root has ended; all its children have."""
        record.life_done()
        record.ready = False
        self.fatal = fatal
        note_exit(record, exit, trio.current_time())
        for step in (hide_names, release_name):
            # What else it raises has nobody to wait for any more.
            self.fatal = self.fatal or survive(record.path_text, step, record)
        record.enter("forgotten")
        self.node.remove_root(record)
        record.came_to_rest()
        if self.body is not None:
            self._end_body(self.body)

    def crashed(self, record: Record, exit: Exit) -> None:
        """The root has ended by an ordinary exception."""
        self.life_over(record, exit, None)

    stopped = crashed

    def next_life(self, task: trio.lowlevel.Task) -> Record | None:
        """There is none: a root lives once."""
        del task
        return None

    def watch_over(self, body: trio.CancelScope) -> None:
        """Cancel the body of the block when the root ends, or if it has ended."""
        self.body = body
        if not self.record.alive:
            self._end_body(body)

    def _end_body(self, body: trio.CancelScope) -> None:
        why = "gave up" if self.failure is not None else "ended"
        body.cancel(f"supervisor {self.record.path_text} {why}")

    @property
    def failure(self) -> BaseException | None:
        """What the root's end raises at the end of the block."""
        if self.fatal is not None:
            return self.fatal
        exit = self.record.last_exit
        if exit is None or self.record.alive:
            return None
        broken = exit.kind == "crashed"
        gave_up = is_a(exit.error, (RestartLimitExceeded, StartFailed))
        return exit.error if broken or gave_up else None

    async def wait(
        self, *, until_ready: bool = False, interrupted: bool = False
    ) -> BaseException | None:
        """Wait for the root's end, come what may; return what came meanwhile.

        A cancellation, or Ctrl-C, asks the root to stop and goes on waiting; a
        second Ctrl-C collapses the remaining graces.

        Args:
            until_ready: Whether to return as soon as the root has been ready: it may
                have ended again before this task had its turn.
            interrupted: Whether the first Ctrl-C or cancellation has come already.
        """
        record = self.record
        came: BaseException | None = None
        while record.alive and not (until_ready and record.started_life):
            try:
                with trio.CancelScope(shield=came is not None):
                    await record.wait_change()
            except BaseException as error:
                if not trio.lowlevel.in_trio_task():
                    raise  # closed where no Trio runs: nothing will ever wake it again
                # Mostly a cancellation or Ctrl-C; but whatever it is, the tree must not
                # be left behind: its nursery is open already.
                again = is_a(error, KeyboardInterrupt) and interrupted
                interrupted = True
                if _outdoes(error, came):
                    came = error
            else:
                continue
            until_ready = False
            assert came is not None
            if again:
                self.shell.hurry()
            self.shell.request_stop(_reason(came))
        return came


def _outdoes(error: BaseException, came: BaseException | None) -> bool:
    """Whether an error that came later is the one to tell of."""
    if is_a(error, KeyboardInterrupt):
        return not is_a(came, KeyboardInterrupt)
    return came is None or is_a(came, trio.Cancelled)


def _reason(error: BaseException) -> str:
    if is_a(error, trio.Cancelled):
        return "cancelled from outside"
    is_interrupt = is_a(error, KeyboardInterrupt)
    return "Ctrl-C" if is_interrupt else f"{class_name(error)} in who waits for it"


class OpenSupervisor:
    """What `open_supervisor` returns: an async context manager."""

    def __init__(self, spec: ChildSpec[Supervisor]) -> None:
        self._spec = spec
        self._host: RootHost
        self._nursery: trio.Nursery
        self._nursery_manager: Any
        self._body: trio.CancelScope
        self._early_stop: str | None = None
        self._entered = False

    @property
    def root(self) -> Supervisor | None:
        """The root's handle, even while it starts; None before that."""
        return self._host.handle if hasattr(self, "_host") else None

    def request_stop(self, reason: str) -> None:
        """Ask the tree to stop in order, even while it starts. No checkpoint.

        Raises:
            WrongRun: called from a thread or from another Trio run.
        """
        if hasattr(self, "_host"):
            self._host.shell.check_run("tree.request_stop")
            self._host.shell.request_stop(reason)
        self._early_stop = reason

    def hurry(self) -> None:
        """Collapse all remaining graces; the order is kept. No checkpoint."""
        self.request_stop("hurry")
        if hasattr(self, "_host"):
            self._host.shell.hurry()

    @enable_ki_protection
    async def __aenter__(self) -> Supervisor:
        if self._entered:
            raise entered_again("open_supervisor")
        self._entered = True
        self._host = host = RootHost(self._spec)
        reserve_name(host.record)  # may raise, so before anything is open
        self._nursery_manager = trio.open_nursery()
        self._nursery = await self._nursery_manager.__aenter__()
        host.spawn(self._nursery)
        if self._early_stop is not None:
            host.shell.request_stop(self._early_stop)
        came = await host.wait(until_ready=True)
        if not host.record.started_life or came is not None:
            await self._nursery_manager.__aexit__(None, None, None)
            failure = _join(came, host.failure)
            if failure is None:
                failure = SupervisorStopping(host.record.path_text)
            try:
                raise failure
            finally:
                del failure, came, host
        self._body = trio.CancelScope()
        self._body.__enter__()
        host.watch_over(self._body)
        return host.handle

    @enable_ki_protection
    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool | None:
        host = self._host
        host.node.home.check("open_supervisor", host.record.path_text, waits=True)
        host.body = None
        ours = self._body.cancel_called
        left = close_scope(self._body, error)
        absorbed = error is not None and left is None
        host.shell.request_stop(_body_reason(error))
        came = await host.wait(interrupted=_is_interrupt(error))
        await self._nursery_manager.__aexit__(None, None, None)
        final = _join(left, came, host.failure)
        try:
            if final is None or final is error:
                return final is None and (absorbed or ours)
            raise final
        finally:
            del host, came, final, left, error


def _body_reason(error: BaseException | None) -> str:
    if error is None:
        return "the block was left"
    if is_a(error, trio.Cancelled):
        return "cancelled from outside"
    return f"{class_name(error)} in the block"


def _is_interrupt(error: BaseException | None) -> bool:
    """Whether the body ended by Ctrl-C, or by a cancellation."""
    return error is not None and any(
        is_a(leaf, (KeyboardInterrupt, trio.Cancelled)) for leaf in leaves(error)
    )


def _join(*came: BaseException | None) -> BaseException | None:
    """Join what the body, the one who waited, and the tree have to say.

    A cancellation from outside gives way to everything else, and a second Ctrl-C
    adds nothing to the first; two different failures make one group.
    """
    errors: list[BaseException] = []
    for error in came:
        if error is None or any(error is former for former in errors):
            continue
        again = is_a(error, KeyboardInterrupt) and any(
            is_a(leaf, KeyboardInterrupt)
            for former in errors
            for leaf in leaves(former)
        )
        if not again:
            errors.append(error)
    failures = [error for error in errors if not _is_cancelled(error)]
    if len(failures) > 1:
        return BaseExceptionGroup(
            "the block and its supervision tree both failed", failures
        )
    kept = failures or errors
    return kept[0] if kept else None


def _is_cancelled(error: BaseException) -> bool:
    return all(is_a(leaf, trio.Cancelled) for leaf in leaves(error))


def open_supervisor(
    children: ChildSpec[Supervisor] | Iterable[ChildSpec[Any]],
    *,
    strategy: Strategy = "one_for_one",
    max_restarts: int = 3,
    max_seconds: float = 5.0,
    auto_shutdown: AutoShutdown = "never",
    id: Hashable = "root",
    name: Hashable | None = None,
) -> OpenSupervisor:
    """Run a supervision tree for the length of an ``async with`` block.

    The block is entered when all children are ready. Leaving it, in whatever way,
    stops the tree in order: static supervisors stop their children in reverse start
    order, one at a time, each within its own grace; so a cancellation from outside
    may take as long as those graces.

    Args:
        children: Specifications in start order; or one made by `supervisor` or
            `partition_supervisor`, which is the root then.
        strategy: As for `supervisor`, like the rest; they are not to be given
            together with a whole specification.
        max_restarts: The restart limit.
        max_seconds: Its window, in seconds.
        auto_shutdown: Whether significant children end the tree.
        id: The first part of all paths.
        name: An address of the root.

    Returns:
        An async context manager, for one use, that yields the root's `Supervisor`
        handle.

    Raises:
        ChildSpecError: here, if a specification is invalid.
        StartFailed: from entering, if a child does not become ready; those already
            started have been stopped again, in reverse order.
        RestartLimitExceeded: from the end of the block, bare, when the tree gave
            up; the body was cancelled then. With an error of the body besides, both
            in one `ExceptionGroup`.
        RuntimeError: from entering it a second time.
    """
    if isinstance(children, ChildSpec):
        flags = (strategy, max_restarts, max_seconds, auto_shutdown, id, name)
        if flags != ("one_for_one", 3, 5.0, "never", "root", None):
            raise ChildSpecError(
                "flags", flags, "given in the supervisor(...) spec, not beside it"
            )
        spec = children
    else:
        spec = supervisor(
            children,
            strategy=strategy,
            max_restarts=max_restarts,
            max_seconds=max_seconds,
            auto_shutdown=auto_shutdown,
            id=id,
            name=name,
        )
    if not can_be_root(spec):
        accepted = (
            "a list of child specs, such as [spec], or a specification made by "
            "supervisor() or partition_supervisor()"
        )
        raise ChildSpecError("children", spec, accepted)
    return OpenSupervisor(spec)
