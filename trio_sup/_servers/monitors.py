"""Monitors of servers: `Down` comes to `handle_info`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from trio.lowlevel import enable_ki_protection

from trio_sup._children.watching import Watch
from trio_sup._servers.messages import DownNote
from trio_sup._trio.protect import protected

if TYPE_CHECKING:
    from trio_sup._children.record import Child, Record
    from trio_sup._children.watching import Down, Until
    from trio_sup._servers.mailbox import MailQueue


@protected
class Monitor(Watch):
    """A server's interest in a child; made by `GenServer.monitor`.

    Also a context manager, that cancels it in the end: ``with self.monitor(child):``.
    """

    __slots__ = ("_active", "_queue")

    def __init__(self, queue: MailQueue, target: Child, until: Until) -> None:
        super().__init__(target, until)
        self._queue = queue
        self._active = True

    @property
    def owner(self) -> Record:
        """The server that watches."""
        return self._queue.record

    def cancel(self) -> None:
        """Hear no more; nor of a `Down` that is queued already (MON-003).

        Raises:
            WrongRun: called from a thread or from another Trio run.
        """
        record = self._queue.record
        record.node.home.check_if_going("monitor.cancel", record.path_text)
        self._active = False
        self._queue.watch_no_more(self)
        self.end()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.cancel()

    def deliver(self, down: Down) -> None:
        """Queue it for `handle_info`."""
        self._queue.put_down(DownNote(self, down))

    def wants(self) -> bool:
        """Whether a `Down` that was queued is still to be served."""
        return self._active


@enable_ki_protection
def watch_for_server(owner: Record, target: Child, until: Until) -> Monitor:
    """Let a server watch a child."""
    queue = owner.mailbox
    assert queue is not None
    monitor = Monitor(queue, target, until)
    monitor.begin()  # may raise
    queue.watch(monitor)
    return monitor
