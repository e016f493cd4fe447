"""What a body does unless its kind does it otherwise."""

from __future__ import annotations

from collections.abc import Awaitable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from trio_sup._core.exits import NORMAL, Exit

if TYPE_CHECKING:
    from trio_sup._children.record import Record
    from trio_sup._children.surroundings import Supervising


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
