"""What the runtime keeps in a server object, out of the way of its own names."""

from __future__ import annotations

from typing import TYPE_CHECKING

import trio

if TYPE_CHECKING:
    from trio_sup._children.record import Record
    from trio_sup._servers.messages import TimedNote


class ServerContext:
    """The runtime's part of one server object, for one life.

    Reached as ``server.__inner__``; a class default of None stands for "does not
    run", so that `__init__` is free.
    """

    __slots__ = ("idle", "idle_at", "life", "machine", "record", "to_continue")

    def __init__(self, record: Record) -> None:
        self.record: Record = record
        self.life: int = record.life
        # The arguments of a `handle_continue` that is to run next.
        self.to_continue: tuple[object, ...] | None = None
        # What a StateMachine keeps of its own.
        self.machine: object = None
        # What to do if nothing comes until then.
        self.idle: TimedNote | None = None
        self.idle_at: float = 0.0

    def check_run(self, call: str) -> None:
        """Refuse what comes from a thread or from another Trio run.

        Raises:
            WrongRun: it does; nothing has changed.
        """
        self.record.node.home.check(call, self.record.path_text)

    def check_if_going(self, call: str) -> None:
        """As `check_run`, for what is harmless when the run has ended."""
        self.record.node.home.check_if_going(call, self.record.path_text)

    def take_idle(self) -> TimedNote | None:
        """Return what is to be done as nothing came in time, once; else None."""
        note = self.idle
        if note is None or trio.current_time() < self.idle_at:
            return None
        self.idle = None
        return note
