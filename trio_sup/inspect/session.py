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

from typing import TYPE_CHECKING, Final

from trio_sup.inspect.codec import FrameTooLarge, Malformed, encode, server_decoder
from trio_sup.inspect.leases import Leases
from trio_sup.inspect.operating import Operating
from trio_sup.inspect.phase import Phase, State, incompatible
from trio_sup.inspect.store import Changes, Store
from trio_sup.inspect.wire import (
    PROTOCOL,
    Attach,
    Bye,
    Delta,
    Detail,
    Error,
    Heartbeat,
    Hello,
    Rate,
    Ready,
    Resume,
    Resync,
    Rows,
    SnapBegin,
    SnapEnd,
    Unknown,
    Unwatch,
)
from trio_sup.inspect.wire_actions import Acted, Planned, Role
from trio_sup.inspect.wire_details import (
    AskMetrics,
    Busy,
    Metrics,
    NodeInfo,
    Tasks,
    Unfollow,
    Waits,
)

if TYPE_CHECKING:
    from collections import deque
    from collections.abc import Iterable, Sequence

    from trio_sup.inspect.topic_store import TopicStore
    from trio_sup.inspect.wire import ClientMessage, Event, Row, ServerMessage

__all__ = ["Changes", "Phase", "Session", "State", "incompatible"]

BACKOFF: Final = (0.25, 0.5, 1.0, 2.0, 5.0)
"""Seconds before the 1st, 2nd, ... attempt to reconnect; the last one repeats."""
STALE_AFTER: Final = 3.0
"""Seconds without a word from the node after which what is shown is stale."""
SILENT_AFTER: Final = 5.0
"""Seconds after which a node counts as not responding."""
MAX_BAD_FRAMES: Final = 3
"""The bad frame that ends a connection; earlier ones only ask for a resync."""


class Session:
    """One client of one node, over any number of connections."""

    def __init__(
        self,
        *,
        client: str,
        rate_hz: float = 4.0,
        want: Sequence[str] = ("tree", "events"),
        control: bool = False,
    ) -> None:
        self.state: State = State(Phase.CONNECTING, 0.0)
        self.node: Hello | None = None
        """The node's last greeting; stays while reconnecting."""
        self.want_close: bool = False
        """True: the front end must close the transport and call `lost`."""
        self.retry_at: float | None = None
        """When to connect again; None unless reconnecting."""
        self.restarted_at: float | None = None
        """When another epoch was seen under the same session: show a banner.
        The front end sets it to None to dismiss the banner."""
        self.heartbeat: Heartbeat | None = None
        """The last one: the node's loop lag and its cost of inspection."""
        self.bytes_heard: int = 0
        """What the node sent so far, over all connections."""
        self.bad_frames: int = 0
        """Frames of this connection that made no sense."""
        self.last_error: Error | None = None
        """The last error that the node sent."""
        self.rate_hz: float = rate_hz
        """The rate that was asked for, later the one that was granted."""
        self.operating: Operating = Operating(control, self._send)
        """Actions on the node, if `control` was asked for and granted."""
        self._client = client
        self._want = list(want)
        self._store = Store()
        self._decoder = server_decoder()
        self._out = bytearray()
        self._attempts = 0
        self._seq: int | None = None
        self._total = 0
        self._heard = 0.0
        self._node_at: tuple[float, float] | None = None
        self._leases = Leases()
        self._greeted = False

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
    def refused(self) -> bool:
        """Whether another attempt is pointless."""
        return self.state.phase is Phase.REFUSED

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

    def silence(self, now: float) -> float:
        """Seconds since the node was last heard on this connection."""
        return max(0.0, now - self._heard)

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

    # --- what the transport reports ----------------------------------------

    def connecting(self, now: float) -> None:
        """An attempt to connect begins."""
        self.retry_at = None
        if not self.refused:
            self._enter(Phase.CONNECTING, now)

    def connected(self, now: float) -> None:
        """The transport is open; the node speaks first."""
        self._decoder = server_decoder()
        self._out.clear()
        self._store.drop_snapshot()
        self._heard = now
        self._greeted = False
        self.want_close = False
        self.bad_frames = 0

    def receive(self, data: bytes, now: float) -> None:
        """Take what the node sent, however it was cut.

        Never raises for anything that a peer can send.
        """
        self._heard = now
        self.bytes_heard += len(data)
        try:
            messages = self._decoder.feed(data)
        except FrameTooLarge as error:
            self._bad(str(error), now, fatal=True)
            return
        for message in messages:
            if self.want_close:
                return
            self._take(message, now)

    def rewind(self, now: float) -> None:
        """Forget the node and all that it said: a recording begins elsewhere.

        What is fed next begins with a `Hello`, and is no new epoch.
        """
        self._store.rewind()
        self.node = self.heartbeat = self.restarted_at = self._seq = None
        self._node_at = None
        self.connecting(now)
        self.connected(now)

    def lost(self, now: float, reason: str, *, jitter: float = 0.0) -> None:
        """The transport could not be opened, failed, or was closed.

        Args:
            now: The front end's clock.
            reason: One line for people, used if the session has no better one.
            jitter: A random number in 0..1: up to a quarter is added to the delay.
        """
        self._out.clear()
        self._store.drop_snapshot()
        self.operating.lost()
        self.want_close = False
        if self.refused:
            return
        delay = BACKOFF[min(self._attempts, len(BACKOFF) - 1)]
        self._attempts += 1
        self.retry_at = now + delay * (1.0 + 0.25 * jitter)
        state = self.state
        # What the session found out itself says more than "connection reset".
        text = state.text if state.code else reason
        self._enter(Phase.RECONNECTING, now, text, state.code)

    def tick(self, now: float) -> None:
        """Let time pass: call at least every half second while connected."""
        silence = self.silence(now)
        phase = self.state.phase
        if phase is Phase.LIVE and silence >= STALE_AFTER:
            self._enter(Phase.STALE, now, "the node says nothing")
        elif phase in (Phase.CONNECTING, Phase.SYNCING) and silence >= SILENT_AFTER:
            text = f"the node said nothing for {SILENT_AFTER:g} s"
            self._give_up_connection(now, text, "silent")
        if phase in (Phase.LIVE, Phase.STALE):
            for request in self._leases.due(now):
                self._send(request)

    def outgoing(self) -> bytes:
        """What to send now; empty most of the time."""
        data = bytes(self._out)
        self._out.clear()
        return data

    # --- what the front end asks for ---------------------------------------

    def retry_now(self, now: float) -> None:
        """Make the next attempt due at once, and the backoff short again."""
        self._attempts = 0
        if self.retry_at is not None:
            self.retry_at = now

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
        self.rate_hz = min(max(hz, 1.0), 10.0)
        self._ask(Rate(self.rate_hz))

    def resync(self) -> None:
        """Ask for a whole new snapshot."""
        self._ask(Resync())

    def leave(self) -> None:
        """Say goodbye; send `outgoing` and close."""
        self._ask(Bye())

    # --- inside ------------------------------------------------------------

    @property
    def _attached(self) -> bool:
        return self.state.phase in (Phase.SYNCING, Phase.LIVE, Phase.STALE)

    def _ask(self, message: ClientMessage) -> None:
        if self._attached:
            self._send(message)

    def _send(self, message: ClientMessage) -> None:
        self._out += encode(message)

    def _enter(self, phase: Phase, now: float, text: str = "", code: str = "") -> None:
        since = self.state.since if phase is self.state.phase else now
        self.state = State(phase, since, text, code)
        self._store.touch()

    def _take(self, message: ServerMessage | Malformed, now: float) -> None:
        if self.state.phase is Phase.STALE:
            self._enter(Phase.LIVE, now)
        if isinstance(message, Error):
            self._on_error(message, now)
        elif not self._greeted:
            self._on_greeting(message, now)
        elif isinstance(message, Malformed):
            self._bad(message.reason, now)
        else:
            try:
                self._on_message(message, now)
            except (TypeError, ValueError) as error:
                self._bad(str(error), now)

    def _on_greeting(self, message: ServerMessage | Malformed, now: float) -> None:
        if not isinstance(message, Hello):
            self._refuse(now, "what answers there is no trio-sup node", "garbage")
            return
        self._greeted = True
        problem = incompatible(message)
        if problem:
            self.node = message
            self._refuse(now, problem, "version")
            return
        before, self.node = self.node, message
        resume = None
        if before is not None and before.epoch != message.epoch:
            self.restarted_at = now
            self._seq = None
            self._leases.clear()
            self._store.new_epoch()
        elif self._seq is not None:
            resume = Resume(message.epoch, self._seq, self._store.last_event)
        proto = min(message.proto_max, PROTOCOL)
        self._send(Attach(proto, self._client, self._want, self.rate_hz, resume))

    def _on_message(self, message: ServerMessage, now: float) -> None:
        match message:
            case Delta():
                self._on_delta(message, now)
            case Heartbeat():
                self.heartbeat = message
                self._node_at = (message.at, now)
                self._store.touch()
            case Ready():
                self._on_ready(message, now)
            case SnapBegin():
                self._total = message.total
                self._store.begin_snapshot()
                self._enter(Phase.SYNCING, now)
            case Rows():
                self._store.stage(message.rows)
                self._store.touch()
            case SnapEnd():
                if self._store.end_snapshot():
                    self._seq = message.seq
                    self._node_at = (message.at, now)
                    self._go_live(now)
            case Detail():
                self._store.add_detail(message)
            case Role() | Planned() | Acted():
                self.operating.take(message)
                self._store.touch()
            case Tasks() | Busy() | Waits() | NodeInfo() | Metrics():
                self._store.add_topic(message)
            case Error() | Hello() | Unknown():
                pass

    def _on_ready(self, ready: Ready, now: float) -> None:
        self.rate_hz = ready.rate_hz
        if self.node is not None:
            self.operating.attached(self.node)
        self._enter(Phase.SYNCING, now)
        if ready.resumed or "tree" not in self._want:
            self._seq = self._seq or 0
            self._go_live(now)

    def _go_live(self, now: float) -> None:
        self._attempts = 0
        self._enter(Phase.LIVE, now)
        for request in self._leases.renew_all(now):
            self._send(request)

    def _on_delta(self, delta: Delta, now: float) -> None:
        self._node_at = (delta.at, now)
        if self.state.phase is Phase.SYNCING:
            return  # The snapshot under way is newer.
        if "tree" in self._want and delta.prev != self._seq:
            self._ask_again(now)
            return
        self._store.apply(delta)
        self._seq = delta.seq

    def _on_error(self, error: Error, now: float) -> None:
        self.last_error = error
        text = f"{error.message} ({error.code})"
        if error.code in ("version", "forbidden"):
            self._refuse(now, text, error.code)
        else:
            self._give_up_connection(now, text, error.code)

    def _bad(self, reason: str, now: float, *, fatal: bool = False) -> None:
        self.bad_frames += 1
        if not self._greeted:
            self._refuse(now, "what answers there is no trio-sup node", "garbage")
        elif fatal or self.bad_frames >= MAX_BAD_FRAMES:
            self._give_up_connection(now, f"bad frame: {reason}", "garbage")
        else:
            self._ask_again(now)

    def _ask_again(self, now: float) -> None:
        self._store.drop_snapshot()
        self._total = 0
        self._enter(Phase.SYNCING, now)
        self._send(Resync())

    def _give_up_connection(self, now: float, text: str, code: str) -> None:
        self.want_close = True
        self._enter(self.state.phase, now, text, code)

    def _refuse(self, now: float, text: str, code: str) -> None:
        self.want_close = True
        self.retry_at = None
        self._enter(Phase.REFUSED, now, text, code)
