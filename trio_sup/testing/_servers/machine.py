"""The order of a state machine's events, judged: its own runtime part, with a line beside."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Hashable

from trio_sup._servers.context import ServerContext
from trio_sup._servers.machine import Event, Machine, Postpone, Stateful, Timeout
from trio_sup.testing._servers import laws


class WatchedMachine(Machine):
    """The runtime's part of a state machine, which tells when a law is broken."""

    def __init__(
        self,
        server: Stateful,
        inner: ServerContext,
        broken: Callable[[str, str], object],
    ) -> None:
        super().__init__(server, inner)
        self._broken = broken
        # What is to be handled next, in order; timeouts are not here.
        self._line: deque[Event] = deque()
        self._set_aside: list[Event] = []
        self._put_in: list[Event] = []
        # Timeouts that are void, and why.
        self._void: dict[Timeout, tuple[str, str]] = {}

    def insert(self, event: Event) -> None:
        """Add an event that comes before all others."""
        super().insert(event)
        self._put_in.append(event)

    async def begin(self) -> None:
        """Enter the start state."""
        self._line.extendleft(reversed(self._put_in))
        self._put_in.clear()
        await super().begin()

    async def handle(self, event: Event) -> None:
        """Handle one event from the mailbox."""
        if event.timeout is None:  # else it may be void by now
            self._line.append(event)
        await super().handle(event)

    async def _handle(self, event: Event) -> None:
        timer = self.event_timer
        if timer is not None and timer is not event.timeout:
            self._void[timer] = laws.EVENT_TIMEOUT, "another event came before it"
        await super()._handle(event)

    async def _run(self, event: Event) -> None:
        self._see(event)
        before: Hashable = self.server.state
        try:
            await super()._run(event)
        except Postpone:
            self._set_aside.append(event)
            self._then(before)
            raise
        self._then(before)

    def _then(self, before: Hashable) -> None:
        """An event was handled: see what comes next."""
        if self.server.state != before:
            timer = self.state_timer
            if timer is not None and timer.set_in != self.event_number:
                self._void[timer] = laws.STATE_TIMEOUT, "the state has changed since"
            self._line.extendleft(reversed(self._set_aside))
            self._set_aside.clear()
        self._line.extendleft(reversed(self._put_in))
        self._put_in.clear()

    def _see(self, event: Event) -> None:
        """An event is about to be handled: see whether it is its turn."""
        if event.timeout is not None and event.timeout in self._void:
            law, why = self._void.pop(event.timeout)
            self._broken(law, f"it runs all the same, though {why}")
        line = self._line
        while line and line[0] is not event and _is_void(line[0]):
            line.popleft()
        if line and line[0] is event:
            line.popleft()
        elif line:
            name = getattr(line[0].fn, "__name__", "an event")
            self._broken(laws.EVENTS, f"another event is handled before {name}")
            if event in line:
                line.remove(event)
        elif event in self._set_aside:
            self._broken(laws.EVENTS, "it is tried again in the same state")


def _is_void(event: Event) -> bool:
    return event.caller is not None and event.caller.withdrawn
