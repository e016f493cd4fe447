"""What is kept of an exception once everybody has seen it.

An exception drags along what it was made of: a `JSONDecodeError` its document, an
`AttributeError` the object that was asked. A light one is kept as it is. Of a heavy
one only words are kept, but for the newest few: those are kept whole, as the last
exit of their child, within a budget for the whole node. And its frames are emptied, so
that it does not keep the locals of a dead life.
"""

from __future__ import annotations

import gc
import sys
from collections import deque
from collections.abc import Hashable
from types import (
    BuiltinFunctionType,
    CodeType,
    CoroutineType,
    FrameType,
    FunctionType,
    ModuleType,
    TracebackType,
)
from typing import Final, Generic, TypeVar

from attrs import frozen

from trio_sup._core.anatomy import before, members_of, traceback_of
from trio_sup._core.exits import Exit, PastError, describe_error

LIGHT = 8 * 1024
"""Bytes up to which what an exit carries is kept as it is, again and again."""

WHOLE = 16 * 1024 * 1024
"""Bytes of heavy exceptions that a node keeps whole: the newest ones."""

WHOLE_COUNT = 64
"""How many they may be, whatever they weigh: not everything tells its weight."""

WORDS = 4_000
"""Characters kept of the traceback of a heavy exception."""

LOOKED_AT = 512
"""Objects looked at to weigh one; what reaches more of them counts as heavy."""

CLEARED = 1_000
"""Exceptions whose frames are emptied at one end, from the outside inwards. What nests
deeper ended in lives below, mostly, and was let go of there."""

HolderT = TypeVar("HolderT", bound=Hashable)

# What belongs to the program and not to the exception, or lives on anyway. The frames
# of a traceback are emptied, not weighed.
_NOT_ITS_OWN = (
    *(BuiltinFunctionType, CodeType, CoroutineType, FrameType, FunctionType),
    *(ModuleType, TracebackType, type),
)


_references_of: Final = gc.get_referents


def trace_of_plain(error: BaseException) -> TracebackType | None:
    """Return the traceback of an ordinary exception; None for one to be weighed.

    One look tells that it is light.
    """
    held = _references_of(error)
    if held and held[0] is type(error):
        del held[0]
    # What else there may be: fields of its own, notes, a cause, a context.
    if len(held) != 2 or type(held[1]) is not TracebackType:
        return None
    args: tuple[object, ...] = held[0]
    trace: TracebackType = held[1]
    if args and (
        len(args) != 1 or type(args[0]) is not str or len(args[0]) > LIGHT // 8
    ):
        return None
    return trace


def weight(of: object) -> int:
    """Estimate the bytes that an object keeps alive, in bounded time.

    Memory that Python does not know of, such as a buffer of a C library, is not seen.
    """
    total = looked_at = 0
    seen: set[int] = set()
    todo: list[object] = [of]
    while todo:
        one = todo.pop()
        if id(one) in seen or issubclass(type(one), _NOT_ITS_OWN):
            continue
        seen.add(id(one))
        looked_at += 1
        if looked_at > LOOKED_AT:
            return max(total, LIGHT + 1)
        total += _own_size(one)
        todo += gc.get_referents(one)
    return total


def _own_size(one: object) -> int:
    try:
        return sys.getsizeof(one)
    except Exception:  # noqa: BLE001 - a user's `__sizeof__`
        return 0


def in_words(exit: Exit, traceback: str) -> Exit:
    """Return the same exit without the objects that it carries.

    Args:
        exit: An exit that is too heavy to keep.
        traceback: The traceback of its error as text; clipped here.
    """
    error = exit.error
    if error is not None:
        kind = f"{type(error).__module__}.{type(error).__qualname__}"
        error = PastError(kind, describe_error(error), _clipped(traceback))
    return Exit(exit.kind, _light_reason(exit.reason), error)


def _light_reason(reason: object) -> object:
    if weight(reason) <= LIGHT:
        return reason
    if isinstance(reason, str):
        return _clipped(reason)
    # To say it could cost as much as it weighs.
    return f"<{type(reason).__qualname__}, too heavy to keep>"


def _clipped(text: str) -> str:
    if len(text) <= WORDS:
        return text
    return f"{text[: WORDS // 2]}\n… (clipped) …\n{text[-WORDS // 2 :]}"


def clear_frames(error: BaseException, caught_in: CodeType | None = None) -> None:
    """Drop the locals that a kept exception pins; the text stays the same.

    Those of its causes, contexts and members, too, up to a bound. A frame that still
    runs, or waits (it belongs to a task that caught the exception), is left alone.

    Args:
        error: The exception.
        caught_in: The code of a frame that still runs, if tracebacks begin there.
    """
    seen: set[int] = set()
    todo: deque[BaseException | None] = deque([error])
    while todo and len(seen) < CLEARED:
        one = todo.popleft()
        if one is None or id(one) in seen:
            continue
        seen.add(id(one))
        clear_frames_of(traceback_of(one), caught_in)
        todo.extend(before(one))
        todo.extend(members_of(one) or ())


def clear_frames_of(place: TracebackType | None, caught_in: CodeType | None) -> None:
    """As `clear_frames`, of one traceback."""
    above: FrameType | None = None
    if place is not None:
        frame = place.tb_frame
        if frame.f_code is caught_in:
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


@frozen
class Heavy(Generic[HolderT]):
    """A heavy exit that is kept whole for now."""

    holder: HolderT
    exit: Exit
    words: Exit
    weight: int


class HeavyExits(Generic[HolderT]):
    """Whose last exit is kept whole although it is heavy, the newest last."""

    def __init__(self) -> None:
        self.kept: dict[HolderT, Heavy[HolderT]] = {}
        self._total = 0

    def add(self, heavy: Heavy[HolderT]) -> list[Heavy[HolderT]]:
        """Note a heavy exit; return those that have to go for it.

        The newest always stays: somebody may be about to look at it.
        """
        self.kept[heavy.holder] = heavy
        self._total += heavy.weight
        over: list[Heavy[HolderT]] = []
        while len(self.kept) > 1 and (
            self._total > WHOLE or len(self.kept) > WHOLE_COUNT
        ):
            oldest = self.discard(next(iter(self.kept)))
            assert oldest is not None
            over.append(oldest)
        return over

    def discard(self, holder: HolderT) -> Heavy[HolderT] | None:
        """Forget the one of a holder that has another exit now, or is gone."""
        known = self.kept.pop(holder, None)
        if known is not None:
            self._total -= known.weight
        return known
