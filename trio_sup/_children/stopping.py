"""How a life is brought to its end: asked, given its grace, and cancelled after it.

One deadline a life (design rule 5): set by the first of a request, a crash and a `Stop`;
whoever comes later may only shorten it.
"""

from __future__ import annotations

import math
from functools import partial
from typing import TYPE_CHECKING

from trio import TooSlowError

from trio_sup._children.ending import GOING, Ending
from trio_sup._core.exits import Exit
from trio_sup._core.words import NAME_LOST

if TYPE_CHECKING:
    from trio_sup._children.record import Record


class Grace(Ending):
    """How one life is to end; rings by itself when its grace is over.

    An alarm clock takes it as it is: an alarm beside it would be 4 k instructions a stop.
    """

    def ring(self) -> None:
        """The grace is over, or a longer one that had been given before."""
        record, self.task = self.task, None
        if record is not None and record.ending is self:
            _force(record)


def ask_stop(
    record: Record,
    reason: str,
    grace: float,
    brutal: bool = False,
    now: float | None = None,
) -> None:
    """Ask a life to end within `grace` seconds. Synchronous, idempotent.

    Args:
        record: Whose life.
        reason: Who asks and why; becomes the reason of the cancellation.
        grace: Seconds until the life is cancelled.
        brutal: No request, no `terminate`: cancel at once.
        now: The present time, where the caller knows it.
    """
    if record.scope is None:
        return
    if now is None:
        now = record.node.time()
    ending = record.ending
    if ending is GOING:
        if (
            record.stop_event is None
            and record.body.only_cancelled
            and 0 < grace < math.inf
            and not brutal
        ):
            ending = note_asked(record, reason, now + grace)
            record.scope.cancel(reason)
            record.touch()
            record.node.alarms.add(ending.deadline, ending)
            return
        ending = record.ending = Grace()
    if ending.asked is None:
        ending.asked = reason
        ending.brutal = brutal
        record.enter("asked")
        cancelled = not brutal and record.body.ask(record, reason)
        if cancelled and not ending.returned:
            ending.cancelled = True
        record.touch()
        if cancelled and grace <= 0:
            # Nothing is left to force: it ends as it was asked to (SUP-114).
            ending.deadline = now
            _watch(record)
            return
    if brutal:
        arm(record, 0.0)
    elif ending.deadline == math.inf and 0 < grace < math.inf and not ending.returned:
        # As most ends are asked for.
        ending.deadline = now + grace
        _ring(record, ending)
    else:
        arm(record, grace)


def note_asked(record: Record, reason: str, deadline: float) -> Ending:
    """Note that a life is asked to end by being cancelled, as most functions are.

    It is to be cancelled then, and who waits for it is to be told.

    Returns:
        What is to ring at the deadline.
    """
    record.ending = ending = Grace()
    ending.asked = reason
    ending.cancelled = True
    ending.deadline = deadline
    ending.task = record
    record.enter("asked")
    return ending


def _ring(record: Record, ending: Ending) -> None:
    """Let the end of the grace ring."""
    ending.task = record
    record.node.alarms.add(ending.deadline, ending)


def lose_name(record: Record) -> None:
    """End a life at once, as its name is its own no more. Synchronous, idempotent.

    Nobody's limit counts that: the next life follows, and waits for the name.
    """
    if record.scope is None:
        return
    if record.asked is None and record.spec.restart != "temporary":
        record.in_plan = True
    ask_stop(record, NAME_LOST, 0.0)


def cut_short(record: Record, exit: Exit, reason: str) -> None:
    """Cancel a life that nobody asked to end; it ends as told here."""
    if record.scope is not None:
        if record.ending is GOING:
            record.ending = Grace()
        record.ending.cut_short = exit
        record.body.cancel(record, reason)


def arm(record: Record, grace: float) -> None:
    """Set the deadline of the life; at its end the life is forced."""
    if grace == math.inf or not _sooner(record, grace):
        return  # it may take as long as it likes, or less than that already
    if grace <= 0:
        _force(record)
    else:
        _ring(record, record.ending)


def has_returned(record: Record) -> None:
    """The code of a life is over; only the decision about its end is still to come.

    Nothing is left that could be forced, or that could hang.
    """
    if record.ending is GOING:
        record.ending = Grace()
    record.ending.returned = True
    record.ending.task = None


def arm_start(record: Record, until: float) -> None:
    """Cut a start short that takes too long."""
    late = partial(_start_late, record, record.life)
    record.start_alarm = record.node.alarms.at(until, late)


def _start_late(record: Record, life: int) -> None:
    if (
        record.life == life
        and record.alive
        and not record.ready
        and record.asked is None
    ):
        record.start_alarm = None
        text = f"not ready after {record.spec.start_timeout:g} s"
        exit = Exit("killed", text, TooSlowError(text))
        cut_short(record, exit, f"{record.path_text}: {text}")


def _sooner(record: Record, grace: float) -> bool:
    """Note an earlier deadline; return whether it is earlier than the present."""
    ending = record.ending
    deadline = record.node.time() + grace
    if record.scope is None or ending.forced or deadline >= ending.deadline:
        return False
    if ending.returned:
        return False
    if ending is GOING:
        ending = record.ending = Grace()
    ending.deadline = deadline
    ending.task = None
    return True


def _force(record: Record) -> None:
    """The grace is over: cancel, and from then on watch for a stuck life."""
    # A loop, as supervisors may nest deeper than the stack.
    todo = [record]
    while todo:
        one = todo.pop()
        if one.scope is None or one.ending.forced or one.ending.returned:
            continue
        one.ending.forced = True
        below = one.body.force(one, _reason(one))
        if below:
            todo += reversed([child for child in below if _sooner(child, 0)])
        _watch(one)


def _reason(record: Record) -> str:
    if record.asked is None:
        return f"{record.path_text}: its clean-up took longer than its grace"
    return f"{record.asked}; the grace is over"


def _watch(record: Record) -> None:
    """Report the life if it outlives its cancellation."""
    if record.parent is not None:
        record.parent.watch_stuck(record)
