"""What stays of a life that has ended: let go of what its exception drags along.

Called once everybody was told. Hooks and log handlers see an exception with all the
locals of its frames (that is what Sentry and its kin report); afterwards the frames
are emptied, and a heavy exception gives way to its words.
"""

from __future__ import annotations

import gc
import sys
from collections import deque
from types import FrameType, TracebackType
from typing import TYPE_CHECKING, Protocol

from trio_sup._children.life import CAUGHT_IN
from trio_sup._core.anatomy import before, members_of, traceback_of
from trio_sup._core.exits import Exit
from trio_sup._core.remains import LIGHT, Heavy, in_words, trace_of_plain, weight
from trio_sup._trio.stacks import format_error

WORD = LIGHT // 8
"""Characters up to which a reason is kept without a look at its weight."""

KEPT_EXITS = 16
"""How many ends of one child are remembered."""

CLEARED = 1_000
"""Exceptions whose frames are emptied at one end, from the outside inwards. What nests
deeper ended in lives below, mostly, and was let go of there."""

if TYPE_CHECKING:
    from trio_sup._children.record import Record


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
            _clear_frames_of(trace)  # the ordinary crash
            return
        clear_frames(error)
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


def clear_frames(error: BaseException) -> None:
    """Drop the locals that a kept exception pins; the text stays the same.

    Those of its causes, contexts and members, too, up to a bound. A frame that still
    runs, or waits (it belongs to a task that caught the exception), is left alone.
    """
    seen: set[int] = set()
    todo: deque[BaseException | None] = deque([error])
    while todo and len(seen) < CLEARED:
        one = todo.popleft()
        if one is None or id(one) in seen:
            continue
        seen.add(id(one))
        _clear_frames_of(traceback_of(one))
        todo.extend(before(one))
        todo.extend(members_of(one) or ())


def _clear_frames_of(place: TracebackType | None) -> None:
    above: FrameType | None = None
    if place is not None:
        frame = place.tb_frame
        if frame.f_code is CAUGHT_IN:
            above, place = frame, place.tb_next  # it runs: not to be tried
    while place is not None:
        frame = place.tb_frame
        if _clear(frame) and frame.f_back is not above:
            _clear_callers(frame.f_back)
        above = frame
        place = place.tb_next


def _clear_callers(frame: FrameType | None) -> None:
    """Clear those that a frame came from, too, where the error did not pass them.

    An exception that was caught and raised elsewhere, such as a thread's or one of
    Trio's cancellations, still leads to who called the frame that caught it.
    """
    while frame is not None and _clear(frame):
        frame = frame.f_back


if sys.version_info >= (3, 13):

    def _clear(frame: FrameType) -> bool:
        """Drop the locals of a frame; return whether it was over."""
        try:
            frame.clear()
        except RuntimeError:
            return False  # it runs, or waits
        return True

else:

    def _clear(frame: FrameType) -> bool:
        """Drop the locals of a frame; return whether it was over.

        Else `clear` would close a coroutine that waits in it. Only a frame that is over
        owns its code; before that its task, or generator, does (`frame_traverse` in
        CPython 3.11 and 3.12).
        """
        over = any(owned is frame.f_code for owned in gc.get_referents(frame))
        if over:
            frame.clear()
        return over
