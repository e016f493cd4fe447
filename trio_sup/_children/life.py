"""One life of a child: a task of its own, under a scope of its own.

The scope is shielded from birth: a cancellation from outside reaches only the
supervisor, which stops its children in order. The end of a life never reaches the
nursery; it becomes an `Exit` and goes to the shell. Decisions and restarts happen
after the `except` block: what is raised or cancelled inside one drags the dead
life's exception along as context.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Protocol

import trio
from trio import Cancelled
from trio.lowlevel import current_task, enable_ki_protection

from trio_sup._children.current import set_current
from trio_sup._children.ending import GOING
from trio_sup._children.stopping import has_returned
from trio_sup._core.addresses import ClaimedVia
from trio_sup._core.exits import Exit, crash_of, is_fatal
from trio_sup._core.judge import as_asked, classify, is_plain_crash, is_plain_stop
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

    def crashed(self, record: Record, exit: Exit) -> None:
        """As `life_over`, of one that was ready, and ended by an ordinary exception."""

    def stopped(self, record: Record, exit: Exit) -> None:
        """As `life_over`, of one that was asked to end, and did no more than that."""

    def next_life(self, task: trio.lowlevel.Task) -> Record | None:
        """Begin the life that is to begin next, in a task that is there already.

        Returns:
            Whose it is; None if none is to begin.
        """
        ...


@enable_ki_protection
async def run_life(host: LifeHost, record: Record | None = None) -> None:
    """Run one life of `record` to its very end, and hand its exit to the host.

    A scope that is cancelled before it is entered would still let the body run up to its
    first checkpoint: so it is asked before.

    Args:
        host: Who has begun the life.
        record: Whose it is; None for whoever is next when this task runs.
    """
    if record is None and (record := host.next_life(current_task())) is None:
        return
    scope = record.scope
    assert scope is not None
    error: BaseException | None = None
    try:
        with scope:
            record.task = current_task()
            set_current(record)
            if record.ending is GOING or not scope.cancel_called:
                # Caught inside of the scope, which would `split` a group: code of the
                # user's, that could leave the scope half closed.
                try:
                    if isinstance(record.spec.name, ClaimedVia):
                        await record.spec.name.claim(record)
                    await record.body.run(record)
                except BaseException as caught:  # noqa: BLE001 - becomes the exit
                    error = caught
                if record.task.child_nurseries:
                    await _close_nurseries(record.task)
    except BaseException as caught:  # noqa: BLE001 - scopes left open inside
        error = caught if error is None else error
    node = record.node
    gate, cancelled = node.gate, None
    gate.passed = passed = gate.passed + 1
    if passed >= LOOK and gate.is_crowded():
        # By now: it may well be asked to end while it waits.
        cancelled = record.ending is not GOING and scope.cancel_called
        has_returned(record)
        await gate.wait()
    try:
        if node.generators.begun:
            survive(record.path_text, node.generators.life_over, record)
        if record.ending is GOING and record.ready and is_plain_crash(error):
            host.crashed(record, crash_of(error))
        else:
            _end(host, record, scope, error, cancelled)
    finally:
        # Break the cycle error -> traceback -> this frame -> record -> exit -> error.
        del error, record, host, scope, node


CAUGHT_IN: Final = run_life.__code__
"""Where the traceback of what ended a life begins: that frame still runs."""


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


def _end(
    host: LifeHost,
    record: Record,
    scope: trio.CancelScope,
    raised: BaseException | None,
    cancelled: bool | None,
) -> None:
    """Tell the host how a life ended, and what of it is fatal."""
    meant = record.ending
    if meant.cancelled and (raised is None or type(raised) is Cancelled):
        host.stopped(record, as_asked(meant))  # it did no more than it was asked to
        return
    if cancelled is None:
        cancelled = meant is not GOING and scope.cancel_called
    if cancelled and is_plain_stop(meant, raised, Cancelled):
        host.stopped(record, as_asked(meant))
        return
    exit, failure, fault = classify(
        meant,
        raised,
        Cancelled,
        cancelled=cancelled,
        ready=record.ready,
        outcome=record.body.outcome,
    )
    fatal: BaseException | None = None
    if failure is not None or fault is not None:
        fatal = _fatal_of(record, failure, fault)
    host.life_over(record, exit, fatal)


def _fatal_of(
    record: Record, failure: BaseException | None, fault: BaseException | None
) -> BaseException | None:
    """Return what of an end is fatal; report a fault that is not."""
    for fatal in (failure, fault):
        if fatal is not None and is_fatal(fatal, Cancelled):
            return fatal
    if fault is not None:
        report_fault(record.path_text, fault)
    return None
