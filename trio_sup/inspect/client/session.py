"""A client's side of the protocol as a state machine: no I/O, no clock.

A front end owns the transport and the clock; the session decides. The loop is
the same over asyncio, a blocking socket or a recording::

    session = Session(client="my tool")
    while not session.refused:
        session.connecting(now())
        try:
            transport = connect()
        except OSError as error:
            session.lost(now(), str(error), jitter=random())
            wait until session.retry_at, or session.retry_now() was called
            continue
        session.connected(now())
        while not session.want_close:
            send(session.outgoing())         # after every call below
            data = receive up to 64 KiB, or a timeout of at most 0.5 s
            if data is None: session.tick(now())
            elif data:       session.receive(data, now())
            else:            break           # end of file
            changes = session.take_changes() # at the front end's own pace
        close the transport
        session.lost(now(), "the node closed the connection", jitter=random())

What to read: `state` (phase and a line for people), `node` (the node's
`Hello`), `rows`, `events`, `details`, `take_changes`, `node_time`, `silence`,
`progress`, `restarted_at`, `topics`. What to ask for: `watch`, `refresh`,
`unwatch`, `follow`, `unfollow`, `ask_metrics`, `set_rate`, `resync`, `leave`;
each only fills `outgoing`. Every `now` is the front end's monotonic clock in
seconds. Rows of the last connection stay readable while the session is stale or
reconnecting.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from trio_sup.inspect.client.link import Link
from trio_sup.inspect.client.phase import Phase, State, incompatible
from trio_sup.inspect.client.store import Changes
from trio_sup.inspect.protocol.wire import Bye, Rate, Resync, Unwatch
from trio_sup.inspect.protocol.wire_details import AskMetrics, Unfollow

if TYPE_CHECKING:
    from collections import deque
    from collections.abc import Iterable

    from trio_sup.inspect.client.topic_store import TopicStore
    from trio_sup.inspect.protocol.wire import Detail, Event, Row

__all__ = ["Changes", "Phase", "Session", "State", "incompatible"]


class Session(Link):
    """One client of one node: what it sees, and what it may ask for.

    Args:
        client: Its name, for the node.
        rate_hz: Deltas a second.
        want: What to be told of without asking: ``tree``, ``events``.
        control: Whether to ask each node to allow actions.
    """

    # --- what to read ------------------------------------------------------

    @property
    def rows(self) -> dict[int, Row]:
        """The node's rows by id; treat as read-only."""
        return self._store.rows

    @property
    def events(self) -> deque[Event]:
        """The newest events, oldest first."""
        return self._store.events

    @property
    def events_dropped(self) -> int:
        """How many events this client is known to have missed."""
        return self._store.events_dropped

    @property
    def details(self) -> dict[int, Detail]:
        """What is known of the inside of each watched row, all parts together."""
        return self._store.details

    @property
    def topics(self) -> TopicStore:
        """The newest answer for each topic that is followed."""
        return self._store.topics

    @property
    def metrics(self) -> str | None:
        """The answer to `ask_metrics`, once it is whole."""
        return self._store.metrics

    @property
    def progress(self) -> tuple[int, int] | None:
        """Rows received and expected while syncing, else None."""
        if self.state.phase is not Phase.SYNCING:
            return None
        return self._store.staged, self._total

    @property
    def seq(self) -> int | None:
        """The state that the rows are, as the node counts; None before any."""
        return self._seq

    def take_changes(self) -> Changes:
        """What changed since the last call."""
        return self._store.take()

    def node_time(self, now: float) -> float:
        """The node's clock at `now`: subtract `Row.began` or `Event.at` from it.

        It stands still while nothing is heard, so that durations shown of a dead
        node do not grow.
        """
        if self._node_at is None:
            return self.node.mono0 if self.node is not None else 0.0
        at, heard = self._node_at
        if self.state.phase is not Phase.LIVE:
            now = min(now, self._heard)
        return at + max(0.0, now - heard)

    # --- what the front end asks for ---------------------------------------

    def watch(self, row_id: int, now: float, parts: Iterable[str] = ()) -> None:
        """Keep `details[row_id]` fresh until `unwatch`, over reconnects too.

        Args:
            row_id: The row.
            now: The front end's clock.
            parts: Of `wire_details.PARTS`; the overview alone if empty. Asked
                again with other parts, those take the place of the first.
        """
        self._ask(self._leases.watch(row_id, parts, now))

    def refresh(self, row_id: int) -> None:
        """Read the state of a watched row anew: it is read once otherwise."""
        request = self._leases.again(row_id)
        if request is not None:
            self._ask(request)

    def unwatch(self, row_id: int) -> None:
        """End a watch; unknown ids are ignored."""
        if self._leases.unwatch(row_id):
            self._ask(Unwatch(row_id))

    def follow(self, topic: str, now: float) -> None:
        """Keep `topics` fresh in one of `wire_details.TOPICS` until `unfollow`."""
        self._ask(self._leases.follow(topic, now))

    def unfollow(self, topic: str) -> None:
        """End a topic: what it costs the node ends with it."""
        if self._leases.unfollow(topic):
            self._store.topics.forget(topic)
            self._ask(Unfollow(topic))

    def ask_metrics(self) -> None:
        """Ask for all metrics once; they appear in `metrics`."""
        self._store.metrics = None
        self._ask(AskMetrics())

    def set_rate(self, hz: float) -> None:
        """Ask for `hz` deltas a second (1 to 10), now and after reconnects."""
        self.rate_hz: float = min(max(hz, 1.0), 10.0)
        self._ask(Rate(self.rate_hz))

    def resync(self) -> None:
        """Ask for a whole new snapshot."""
        self._ask(Resync())

    def leave(self) -> None:
        """Say goodbye; send `outgoing` and close."""
        self._ask(Bye())
