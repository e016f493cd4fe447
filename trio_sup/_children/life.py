"""One life of a child: a body that runs in a task of its own, under a scope of its own.

The scope is shielded from birth: a cancellation from outside reaches only the
supervisor, which stops its children in order. The end of a life never reaches the
nursery; it becomes an `Exit` and goes to the shell. Decisions and restarts happen
after the `except` block: what is raised or cancelled inside one drags the dead
life's exception along as context.

Once everybody was told, what the exception drags along is let go of. Hooks and log
handlers see it with all the locals of its frames (that is what Sentry and its kin
report); afterwards the frames are emptied, and a heavy exception gives way to its words
(`trio_sup._core.remains`).
"""

from __future__ import annotations

from collections.abc import Awaitable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, Final, Protocol

import trio
from trio import Cancelled
from trio.lowlevel import current_task, enable_ki_protection

from trio_sup._children.current import set_current
from trio_sup._children.ending import GOING
from trio_sup._children.stopping import has_returned
from trio_sup._core.addresses import ClaimedVia
from trio_sup._core.exits import NORMAL, Exit, is_fatal
from trio_sup._core.judge import (
    as_asked,
    classify,
    crash_of,
    is_plain_crash,
    is_plain_stop,
)
from trio_sup._core.remains import (
    LIGHT,
    Heavy,
    clear_frames,
    clear_frames_of,
    in_words,
    trace_of_plain,
    weight,
)
from trio_sup._trio.gate import LOOK
from trio_sup._trio.last_resort import report_fault, survive
from trio_sup._trio.stacks import format_error

if TYPE_CHECKING:
    from trio_sup._children.record import Record
    from trio_sup._children.surroundings import Supervising
    from trio_sup._trio.life_scope import Scope

WORD = LIGHT // 8
"""Characters up to which a reason is kept without a look at its weight."""

KEPT_EXITS = 16
"""How many ends of one child are remembered."""


class PlainBody:
    """The body of who hears nothing, has nothing to give back and nobody below.

    Nothing here knows which kinds there are: functions, servers and supervisors
    derive from it and say what is different about them.
    """

    __slots__ = ()

    hears: bool = False
    """Whether it has a mailbox and handlers, so that whoever calls may hold it up."""

    only_cancelled: bool = False
    """Whether to ask it to end is to cancel it, but where it has a `stop_event`."""

    @property
    def outcome(self) -> Exit:
        """How a life ends that returns, or raises the very error in here."""
        return NORMAL

    @property
    def mailbox(self) -> Any:
        """Its messages, if it takes any: a `trio_sup._servers.mailbox.MailQueue`."""
        return None

    @property
    def shell(self) -> Supervising[Record] | None:
        """Itself, if it is a supervisor's."""
        return None

    def keep_state(self) -> None:
        """The life in progress is to leave its state to the next one."""

    def respecified(self) -> None:
        """The child, which is down, has another specification."""

    def begin_life(self) -> None:
        """A life is about to be spawned: from here on it can be asked to stop."""

    def run(self, record: Record) -> Awaitable[Any]:
        """Return what the life consists of, to be awaited.

        Not a coroutine itself: each would be one more between Trio and every wake-up.
        """
        raise NotImplementedError

    def ask(self, record: Record, reason: str) -> bool:
        """Ask it to stop; return whether that was the cancellation already."""
        self.cancel(record, reason)
        return True

    def cancel(self, record: Record, reason: str) -> None:
        """End it at once, or as soon as it can."""
        assert record.scope is not None
        record.scope.cancel(reason)

    def force(self, record: Record, reason: str) -> Sequence[Record]:
        """Its grace is over: cancel it, or return those below who are to be forced."""
        self.cancel(record, reason)
        return ()

    def over(self, exit: Exit) -> None:
        """A life has ended: leave nobody without an answer."""

    def at_rest(self, exit: Exit | None) -> None:
        """No life will come by itself: answer what waited for one."""

    def facts(self) -> Iterable[tuple[str, str]]:
        """What an operator is shown of it beside its row: names and texts."""
        return ()

    def below(self) -> Sequence[Record]:
        """The children, in start order."""
        return ()


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
    # Entered and left by hand: `with` keeps 64 bytes for as long as the life takes.
    record.task = scope.enter()
    set_current(record)
    if record.ending is GOING or not scope.cancel_called:
        # Caught inside of the scope, which would `split` a group: code of the user's,
        # that could leave the scope half closed.
        try:
            if isinstance(record.spec.name, ClaimedVia):
                await record.spec.name.claim(record)
            await record.body.run(record)
        except BaseException as caught:  # noqa: BLE001 - becomes the exit
            error = caught
        if record.task.child_nurseries:
            error = await _close_nurseries(record.task, error)
    error = scope.leave(error)
    gate, cancelled = record.node.gate, None
    gate.passed += 1
    if gate.passed >= LOOK and gate.is_crowded():
        # By now: it may well be asked to end while it waits.
        cancelled = record.ending is not GOING and scope.cancel_called
        has_returned(record)
        await gate.wait()
    try:
        if record.node.generators.begun:
            survive(record.path_text, record.node.generators.life_over, record)
        if record.ending is GOING and record.ready and is_plain_crash(error):
            host.crashed(record, crash_of(error))
        else:
            _end(host, record, scope, error, cancelled)
    finally:
        # Break the cycle error -> traceback -> this frame -> record -> exit -> error.
        del error, record, host, scope


CAUGHT_IN: Final = run_life.__code__
"""Where the traceback of what ended a life begins: that frame still runs."""


async def _close_nurseries(
    task: trio.lowlevel.Task, error: BaseException | None
) -> BaseException | None:
    """Close the nurseries that a life leaves open behind, with all in them.

    Trio would take that for an error of the supervisor's nursery. It comes about by
    generators that were left half way, and by an exception whose `__repr__` raises:
    Trio puts it into words while it leaves the nursery.

    Args:
        task: The life's.
        error: What the life has raised.

    Returns:
        That; if it is None, what the nurseries raise.
    """
    try:
        for nursery in reversed(task.child_nurseries):
            nursery.cancel_scope.cancel("its task has ended")
            # What `__aexit__` does; nobody has the object that has it.
            finish: Any = getattr(nursery, "_nested_child_finished", None)
            if finish is not None:
                await finish(None)
    except BaseException as caught:  # noqa: BLE001 - the end, if there is no other
        return caught if error is None else error
    return error


def _end(
    host: LifeHost,
    record: Record,
    scope: Scope,
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


# What stays of it.


class Remembers(Protocol):
    """Whoever keeps exits, to tell of them later."""

    def let_go(self, exit: Exit, words: Exit) -> None:
        """Remember an end in other words."""


def note_exit(record: Record, exit: Exit, now: float) -> None:
    """Keep the end of a life, and tell those who watch."""
    keep_exit(record, exit, (record.life, exit, record.life_began, now))
    if record.watchers is not None:
        record.watchers.life_over(exit)


def keep_exit(
    record: Record, exit: Exit, entry: tuple[int, Exit, float, float]
) -> None:
    """Keep the end of a life, and a bounded history of ends."""
    record.last_exit = exit
    exits = record.exits
    if exits is None:
        record.exits = [entry]
        return
    if len(exits) >= KEPT_EXITS:
        del exits[0]
    exits.append(entry)


def let_go(record: Record, exit: Exit, story: Remembers) -> None:
    """Let go of what the end of a life keeps alive, wherever the library keeps it.

    Whoever else holds the exit, a caller or a monitor, keeps what it holds; only the
    locals of dead frames are gone there, too.

    Args:
        record: Whose life; it has noted the exit.
        exit: How it ended; nobody is left to be told.
        story: Its supervisor's.
    """
    if record.node.heavy_exits.kept:
        former = record.node.heavy_exits.discard(record)
        if former is not None:
            _tell_in_words(record, former.exit, former.words)
    error = exit.error
    if error is None:
        reason = exit.reason  # mostly a word of the library's own
        if reason is None or (type(reason) is str and len(reason) <= WORD):
            return
    else:
        trace = trace_of_plain(error)
        if trace is not None and exit.reason is None:
            clear_frames_of(trace, CAUGHT_IN)  # the ordinary crash
            return
        clear_frames(error, CAUGHT_IN)
    heavy = weight(error) + weight(exit.reason)
    if heavy > LIGHT:
        _keep_words(record, exit, heavy, story)


def _keep_words(record: Record, exit: Exit, heavy: int, story: Remembers) -> None:
    words = in_words(exit, "" if exit.error is None else format_error(exit.error))
    record.node.let_go(exit, words)
    story.let_go(exit, words)
    for other in record.node.heavy_exits.add(Heavy(record, exit, words, heavy)):
        _tell_in_words(other.holder, other.exit, other.words)


def _tell_in_words(record: Record, exit: Exit, words: Exit) -> None:
    """Remember an end in other words: it was too heavy to keep."""
    for place, (life, noted, began, ended) in enumerate(record.exits or ()):
        if noted is exit:
            assert record.exits is not None
            record.exits[place] = (life, words, began, ended)
    if record.last_exit is exit:
        record.last_exit = words
