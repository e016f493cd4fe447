"""The order of a state machine's events, judged: its own runtime part, with a line beside."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Hashable

import trio
from attrs import define

from trio_sup._servers.context import ServerContext
from trio_sup._servers.machine import Event, Machine, Postpone, Stateful, Timeout
from trio_sup._servers.messages import NOT_YET
from trio_sup.testing._servers import laws

ROUNDING = 1e-6
"""Seconds."""


@define(eq=False)
class Due:
    """One timeout: when it comes, and whether it still may."""

    timeout: Timeout
    at: float
    at_once: bool
    """Whether its time was over when it was set, in a handler."""
    law: str = ""
    why: str = ""
    """Why it is void, if it is, and by which law."""


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
        self._timeouts: dict[Timeout, Due] = {}
        # The timeout of each kind that was set last.
        self._latest: dict[tuple[str, Hashable], Timeout] = {}
        # Whether `enter` is to run before the next event.
        self._to_enter = False
        # The event timeout that was set when an event came.
        self._waits_for_event: Timeout | None = None
        # Whether the machine itself is at work, and no handler of the user's.
        self._own = False

    # Timeouts.

    def timeout_set(self, timeout: Timeout, at: float, *, at_once: bool) -> None:
        """A timeout was set."""
        self._timeouts[timeout] = Due(timeout, at, at_once)

    def timeout_rings(self, timeout: Timeout) -> None:
        """The time of a timeout is said to be over."""
        due, now = self._timeouts.get(timeout), trio.current_time()
        if due is not None and not due.law and abs(now - due.at) > ROUNDING:
            self._broken(laws.DUE, f"it was due at {due.at:g}, and rings at {now:g}")

    def timeout_cancelled(self, timeout: Timeout) -> None:
        """A timeout was cancelled: by the user, or by the machine, which must be right."""
        if not self._own:
            self._void(timeout, laws.DUE, "it was cancelled")

    def set_anew(self, kind: str, name: Hashable, timeout: Timeout) -> None:
        """A timeout is the latest of its kind, and name."""
        former = self._latest.get((kind, name))
        if former is not None:
            self._void(former, laws.DUE, "it was set anew")
        self._latest[kind, name] = timeout

    def _void(self, timeout: Timeout, law: str, why: str) -> None:
        due = self._timeouts.get(timeout)
        if due is not None and not due.law:
            due.law, due.why = law, why

    def settled(self, now: float) -> None:
        """Nothing more happens by itself, and no message waits."""
        for due in list(self._timeouts.values()):
            if not due.law and due.at < now - ROUNDING:
                self._broken(laws.DUE, f"it was due at {due.at:g}, and does not come")
                del self._timeouts[due.timeout]
        self._see_entered()
        self._see_postponed()

    # Events.

    def insert(self, event: Event) -> None:
        """Add an event that comes before all others."""
        super().insert(event)
        self._put_in.append(event)

    async def begin(self) -> None:
        """Enter the start state."""
        self._line.extendleft(reversed(self._put_in))
        self._put_in.clear()
        self._to_enter = True
        await super().begin()

    async def handle(self, event: Event) -> None:
        """Handle one event from the mailbox."""
        if event.timeout is None:  # else it may be void by now
            self._line.append(event)
            if any(due.at_once and not due.law for due in self._timeouts.values()):
                self._broken(laws.EVENTS, "a message comes before a timeout of 0 s")
        await super().handle(event)

    async def _handle(self, event: Event) -> None:
        self._waits_for_event, self._own = self.event_timer, True
        try:
            await super()._handle(event)
        finally:
            self._own = False

    async def _run(self, event: Event) -> None:
        timer = self._waits_for_event  # not void if the event was withdrawn
        if timer is not None and timer is not event.timeout:
            self._void(timer, laws.EVENT_TIMEOUT, "another event came before it")
        self._see(event)
        before: object = self.server.state
        self._own = False
        try:
            await super()._run(event)
        except Postpone:
            self._set_aside.append(event)
            self._own = True
            self._then(before)
            raise
        self._own = True
        self._then(before)

    async def _enter(self, old: Hashable | None) -> None:
        if not self._to_enter:
            self._broken(laws.ENTERED, "enter() runs, and the state is the same")
        self._to_enter, self._own = False, False
        try:
            await super()._enter(old)
        finally:
            self._own = True

    def _then(self, before: object) -> None:
        """An event was handled: see what comes next."""
        self._to_enter = self.server.state != before or self.repeats
        if self.server.state != before:
            timer = self.state_timer
            if timer is not None and timer.set_in != self.event_number:
                self._void(timer, laws.STATE_TIMEOUT, "the state has changed since")
            self._line.extendleft(reversed(self._set_aside))
            self._set_aside.clear()
        self._line.extendleft(reversed(self._put_in))
        self._put_in.clear()

    def _see(self, event: Event) -> None:
        """An event is about to be handled: see whether it is its turn."""
        self._see_entered()
        self._see_postponed()
        if event.timeout is not None:
            self._see_timeout(event.timeout)
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

    def _see_timeout(self, timeout: Timeout) -> None:
        due = self._timeouts.pop(timeout, None)
        if due is None:
            return
        if due.law:
            self._broken(due.law, f"it runs all the same, though {due.why}")
        elif trio.current_time() < due.at - ROUNDING:
            self._broken(laws.DUE, f"it was due at {due.at:g}, and comes before")

    def _see_entered(self) -> None:
        if self._to_enter:
            self._broken(laws.ENTERED, "the state has changed, and enter() did not run")
            self._to_enter = False

    def _see_postponed(self) -> None:
        for event in self._set_aside:
            if event.caller is None:
                continue
            request = event.caller._request  # pyright: ignore[reportPrivateUsage]
            if request.result is not NOT_YET and not event.deferred:
                self._broken(laws.POSTPONED, "its caller has an answer already")
                self._set_aside.remove(event)
                return


def _is_void(event: Event) -> bool:
    return event.caller is not None and event.caller.withdrawn
