"""One life of a child: a task of its own, under a scope of its own.

The scope is shielded from birth: a cancellation from outside reaches only the
supervisor, which stops its children in order. The end of a life never reaches the
nursery; it becomes an `Exit` and goes to the shell. Decisions and restarts happen
after the `except` block: what is raised or cancelled inside one drags the dead
life's exception along as context.
"""

from __future__ import annotations

from collections.abc import Awaitable
from typing import TYPE_CHECKING, Any, Protocol

import trio
from trio.lowlevel import current_task, enable_ki_protection

from trio_sup._children.current import current_record
from trio_sup._children.refusals import StartFailed
from trio_sup._core.anatomy import (
    is_a,
    without,
)
from trio_sup._core.errors import LeakedCancelled, RestartLimitExceeded
from trio_sup._core.exits import (
    NORMAL,
    Exit,
    ExitKind,
    Ignore,
    is_fatal,
    stop_in,
)
from trio_sup._trio.gate import LOOK
from trio_sup._trio.last_resort import report_fault, survive

if TYPE_CHECKING:
    from trio_sup._children.record import Record


class LifeHost(Protocol):
    """Who is told how a life ended: a supervisor's shell, or the root's host."""

    def life_over(
        self, record: Record, exit: Exit, fatal: BaseException | None
    ) -> None:
        """Take the end of a life; called in its task's last step."""


@enable_ki_protection
async def run_life(host: LifeHost, record: Record) -> None:
    """Run one life of `record` to its very end, and hand its exit to the host."""
    error: BaseException | None = None
    scope = record.scope
    assert scope is not None
    try:
        with scope:
            record.task = current_task()
            current_record.set(record)
            # A scope that is cancelled before it is entered would still let the
            # body run up to its first checkpoint.
            if not scope.cancel_called:
                # Caught inside of the scope, which would `split` a group: code of the
                # user's, that could leave the scope half closed.
                try:
                    await _run_target(record)
                except BaseException as caught:  # noqa: BLE001 - becomes the exit
                    error = caught
                if record.task.child_nurseries:
                    await _close_nurseries(record.task)
    except BaseException as misnested:  # noqa: BLE001 - scopes left open inside
        error = misnested if error is None else error
    gate = record.node.gate
    gate.passed += 1
    if gate.passed >= LOOK and gate.is_crowded():
        await gate.wait()
    exit = fatal = None
    try:
        survive(record.path_text, record.node.generators.life_over, record)
        exit, fatal = _end_of(record, error, cancelled=scope.cancel_called)
        host.life_over(record, exit, fatal)
    finally:
        # Break the cycle error -> traceback -> this frame -> record, exit -> error.
        del error, record, host, scope, exit, fatal


async def _close_nurseries(task: trio.lowlevel.Task) -> None:
    """Close the nurseries that a life leaves open behind, with all in them.

    Trio would take that for an error of the supervisor's nursery. It comes about by
    generators that were left half way, and by an exception whose `__repr__` raises:
    Trio puts it into words while it leaves the nursery.
    """
    for nursery in reversed(task.child_nurseries):
        nursery.cancel_scope.cancel("its task has ended")
        # What `__aexit__` does; nobody has the object that has it.
        finish: Any = getattr(nursery, "_nested_child_finished", None)
        if finish is not None:
            await finish(None)


def _end_of(
    record: Record, error: BaseException | None, *, cancelled: bool
) -> tuple[Exit, BaseException | None]:
    """Work out how a life ended, and what of it is fatal. Never raises.

    Args:
        record: Whose life.
        error: What it raised.
        cancelled: Whether it was cancelled; its cancellation then means nothing.
    """
    try:
        if error is not None and cancelled:
            error = without(error, trio.Cancelled)
        exit, fault = _classify(record, error), None
    except BaseException as raised:  # noqa: BLE001 - the life ends all the same
        fault = raised
        if record.asked is None:
            exit = Exit("crashed", None, raised if error is None else error)
        else:
            exit = Exit("killed" if record.forced else "shutdown", record.asked, error)
    for fatal in (error, fault):
        if fatal is not None and is_fatal(fatal, trio.Cancelled):
            return exit, fatal
    if fault is not None:
        report_fault(record.path_text, fault)
    return exit, None


def _run_target(record: Record) -> Awaitable[Any]:
    """Return what the life consists of, to be awaited; the harness puts itself here.

    Not a coroutine itself: each would be one more between Trio and every wake-up.
    """
    return record.spec.runs.run(record)


def _classify(record: Record, error: BaseException | None) -> Exit:
    """Work out how a life ended: by intent first, by exception second."""
    if record.asked is not None:
        kind: ExitKind = "killed" if record.forced else "shutdown"
        if error is not None and stop_in(error) is not None:
            error = None
        if is_a(error, (RestartLimitExceeded, StartFailed)):
            error = None  # a supervisor that was going down anyway
        return Exit(kind, record.asked, error)
    if error is None:
        return NORMAL if record.shell is None else record.shell.outcome
    if is_a(error, Ignore) and not record.ready:
        return Exit("normal", "ignore", error)
    stop = stop_in(error)
    if stop is not None:
        return stop.exit
    if record.shell is not None and is_a(error, RestartLimitExceeded):
        return Exit("shutdown", "gave up", error)
    if record.shell is not None and is_a(error, StartFailed):
        return Exit("shutdown", "a child failed to start", error)
    return Exit("crashed", None, _without_cancelled(error))


def _without_cancelled(error: BaseException) -> BaseException:
    """Turn a cancellation that nobody sent into an error of its own."""
    rest = without(error, trio.Cancelled)
    if rest is not None:
        return rest
    leaked = LeakedCancelled(
        "the child let a Cancelled escape that was not meant for it"
    )
    leaked.__cause__ = error
    return leaked
