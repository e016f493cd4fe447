"""What a change of a running supervisor comes to, beyond starts and stops."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, cast

from trio_sup._children.naming import move_names
from trio_sup._children.record import Record
from trio_sup._core.plan import doing
from trio_sup._trio.wake import Waiters

if TYPE_CHECKING:
    from trio_sup._children.surroundings import Supervising


class _KeepsNames(Protocol):
    def keep_names(self, *, keep: bool) -> None: ...


def carry_out(do: doing.Do[Record], wake: Waiters) -> None:
    """Do it.

    Args:
        do: What.
        wake: Wakes the control task, when a supervisor below has answered.
    """
    match do:
        case doing.MoveNames():
            move_names(do.free, do.take)
        case doing.KeepNames():
            cast("_KeepsNames", do.record.shell).keep_names(keep=do.keep)
        case doing.KeepState():
            do.record.body.keep_state()
        case doing.Respecified():
            do.record.body.respecified()
        case doing.Adopt():
            _shell(do.record).adopt(do.flags)
        case doing.AskBelow():
            _shell(do.record).ask_to_change(do, wake)
        case _:
            raise AssertionError(f"nobody can do {do!r}")


def _shell(record: Record) -> Supervising[Record]:
    return cast("Supervising[Record]", record.shell)
