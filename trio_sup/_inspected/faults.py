"""Faults for living children, as `trio-sup chaos` asks for them.

The words are `FAULT_ACTIONS`. What happens is counted as any crash
of the child's own: nobody asked the life to end.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NoReturn

from trio_sup._children.record import Record
from trio_sup._children.stopping import cut_short
from trio_sup._core.errors import MailboxFull, NoProcess
from trio_sup._core.exits import Exit
from trio_sup._servers.handlers import Handler
from trio_sup._servers.messages import CastNote
from trio_sup.inspect.protocol.wire_actions import FAULT_ACTIONS


class ChaosCrash(Exception):
    """What chaos makes a child raise."""


def crash(record: Record, argument: str) -> str:
    """Raise where the child waits, as any exception of its own would."""
    del argument
    raised: list[ChaosCrash] = []

    def throw() -> NoReturn:
        error = ChaosCrash(f"chaos in {record.path_text}")
        raised.append(error)
        raise error

    known = end_wait(record.task, throw)
    if raised:
        return f"{record.path_text} crashes in life {record.life}"
    done = vanish(record, "")  # it runs, or waits for what cannot be interrupted
    return done if known else f"{done}; {NO_WAY_IN}"


NO_WAY_IN: Final = (
    "not where it waits: this version of Trio has other names for what that takes"
)
"""Said when a crash became a cancellation, as Trio's private names are gone."""


def end_wait(task: object, throw: Callable[[], NoReturn]) -> bool:
    """End a task's wait with what `throw` raises, as Trio delivers a Ctrl-C.

    Nothing happens to a task that runs, or whose wait cannot be interrupted; nor where
    Trio has other names for it: there is no public way into a task that waits. Returns
    whether Trio has the names.
    """
    attempt: Callable[[Callable[[], NoReturn]], None] | None
    attempt = getattr(task, "_attempt_abort", None)
    if attempt is None or not hasattr(task, "_abort_func"):
        return task is None
    if getattr(task, "_abort_func", None) is not None:
        attempt(throw)
    return True


def vanish(record: Record, argument: str) -> str:
    """Cancel the child where it waits; nobody asked for it, so it is a crash."""
    del argument
    error = ChaosCrash(f"chaos in {record.path_text}: vanished")
    cut_short(record, Exit("crashed", None, error), "chaos")
    return f"{record.path_text} is cancelled in life {record.life}"


def flood(record: Record, argument: str) -> str:
    """Fill the mailbox of a server with messages that do nothing."""
    queue, sent = record.mailbox, 0
    assert queue is not None
    for _ in range(int(argument)):
        try:
            queue.put_note(CastNote(_NOTHING, ()))
        except (MailboxFull, NoProcess):
            break
        sent += 1
    return f"{record.path_text} got {sent} messages, {queue.depth} wait"


async def _nothing(server: object) -> None:
    del server


_NOTHING: Final = Handler("flood", _nothing, (), deferred=False, is_call=False)

_DOING: Final[dict[str, Callable[[Record, str], str]]] = {
    "crash": crash,
    "vanish": vanish,
    "flood": flood,
}
FAULTS: Final = {word: _DOING[word] for word in FAULT_ACTIONS}
"""How each is done, by its word."""
