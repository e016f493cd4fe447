"""A client's side of the protocol as a state machine: no I/O, no clock.

A front end owns transport and clock; the loop between them and the session stands in
the docstring of this package. Every `now` is the front end's monotonic clock in
seconds; whatever is asked for only fills `outgoing`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from trio_sup.inspect.client.node_clock import NodeClock
from trio_sup.inspect.client.operating import Operating
from trio_sup.inspect.client.phase import (
    MAX_BAD_FRAMES,
    STALE_AFTER,
    Phase,
    State,
    delay_before,
    incompatible,
    out_of_patience,
)
from trio_sup.inspect.client.requests import Requests
from trio_sup.inspect.client.store import Changes, Store
from trio_sup.inspect.client.topic_store import TooMuch
from trio_sup.inspect.protocol.codec import (
    FrameTooLarge,
    Malformed,
    encode,
    server_decoder,
)
from trio_sup.inspect.protocol.wire import (
    PROTOCOL,
    Attach,
    Delta,
    Detail,
    Error,
    Heartbeat,
    Hello,
    Ready,
    Resume,
    Resync,
    Rows,
    SnapBegin,
    SnapEnd,
    Unknown,
)
from trio_sup.inspect.protocol.wire_actions import Acted, Planned, Role

if TYPE_CHECKING:
    from collections import deque
    from collections.abc import Sequence

    from trio_sup.inspect.client.paces import Paces
    from trio_sup.inspect.client.topic_store import TopicStore
    from trio_sup.inspect.client.traffic import Traffic
    from trio_sup.inspect.protocol.wire import ClientMessage, Event, Row, ServerMessage

__all__ = ["Changes", "Phase", "Session", "State", "incompatible"]


class Session:
    """One client of one node, over any number of connections.

    Args:
        client: Its name, for the node.
        rate_hz: Deltas a second.
        want: What to be told of without asking: ``tree``, ``events``.
        control: Whether to ask each node to allow actions.
    """

    node: Hello | None = None
    """The node's last greeting; stays while reconnecting."""
    want_close: bool = False
    """True: the front end must close the transport and call `lost`."""
    retry_at: float | None = None
    """When to connect again; None unless reconnecting."""
    restarted_at: float | None = None
    """When another epoch was seen under the same session: show a banner.
    The front end sets it to None to dismiss the banner."""
    heartbeat: Heartbeat | None = None
    """The last one: the node's loop lag and its cost of inspection."""
    seq: int | None = None
    """The state that the rows are, as the node counts; None before any."""
    bytes_heard: int = 0
    """What the node sent so far, over all connections."""
    bad_frames: int = 0
    """Frames of this connection that made no sense."""
    last_bad: str = ""
    """What was wrong with the last one, for people."""
    last_error: Error | None = None
    """The last error that the node sent."""

    def __init__(
        self,
        *,
        client: str,
        rate_hz: float = 4.0,
        want: Sequence[str] = ("tree", "events"),
        control: bool = False,
    ) -> None:
        self._store = store = Store()
        self.state: State = State(Phase.CONNECTING, 0.0)
        self.events: deque[Event] = store.events
        """The newest events, oldest first."""
        self.paces: Paces = store.paces
        """How often the node's children restart."""
        self.traffic: Traffic = store.traffic
        """How many messages the node's children have handled, and have waiting."""
        self.details: dict[int, Detail] = store.details
        """What is known of the inside of each watched row."""
        self.topics: TopicStore = store.topics
        """The newest answer for each topic that is followed, and all metrics."""
        self.ask: Requests = Requests(self._request, store.topics.forget, rate_hz)
        """What this client wants to be told besides."""
        self.operating: Operating = Operating(control, self._send)
        """Actions on the node, if `control` was asked for and granted."""
        self._client = client
        self._want = list(want)
        self._decoder = server_decoder()
        self._out = bytearray()
        self.clock: NodeClock = NodeClock()
        """The node's, and whose it is: the process that what is held here is of."""
        self._attempts = self._total = 0
        self._greeted = False

    # --- what to read ------------------------------------------------------

    @property
    def rows(self) -> dict[int, Row]:
        """The node's rows by id; treat as read-only."""
        return self._store.rows

    @property
    def events_dropped(self) -> int:
        """How many events this client is known to have missed."""
        return self._store.events_dropped

    @property
    def progress(self) -> tuple[int, int] | None:
        """Rows received and expected while syncing, else None."""
        syncing = self.state.phase is Phase.SYNCING
        return (self._store.staged, self._total) if syncing else None

    @property
    def refused(self) -> bool:
        """Whether another attempt is pointless."""
        return self.state.phase is Phase.REFUSED

    def take_changes(self) -> Changes:
        """What changed since the last call."""
        return self._store.take()

    def node_time(self, now: float | None) -> float:
        """The node's clock at `now`: subtract `Row.began` or `Event.at` from it.

        It stands still while nothing is heard, so that durations shown of a dead
        node do not grow. None: when it was last heard, which what is held here is of.
        """
        time = self.clock.time(now, live=self.state.phase is Phase.LIVE)
        if time is None:
            return self.node.mono0 if self.node is not None else 0.0
        return time

    def silence(self, now: float) -> float:
        """Seconds since the node was last heard on this connection."""
        return self.clock.silence(now)

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
        self.clock.hear(now)
        self._greeted = False
        self.want_close = False
        self.bad_frames = 0

    def receive(self, data: bytes, now: float) -> None:
        """Take what the node sent, however it was cut.

        Never raises for anything that a peer can send.
        """
        self.clock.hear(now)
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
        self.node = self.heartbeat = self.restarted_at = self.seq = None
        self.clock.reset()
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
        self.retry_at = now + delay_before(self._attempts, jitter)
        self._attempts += 1
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
        elif why := out_of_patience(self.state, silence, now):
            self._give_up_connection(now, why, "silent")
        if phase in (Phase.LIVE, Phase.STALE):
            self.ask.renew(now)

    def outgoing(self) -> bytes:
        """What to send now; empty most of the time."""
        data, self._out = bytes(self._out), bytearray()
        return data

    def retry_now(self, now: float) -> None:
        """Make the next attempt due at once, and the backoff short again."""
        self._attempts = 0
        if self.retry_at is not None:
            self.retry_at = now

    # --- inside ------------------------------------------------------------

    def _request(self, message: ClientMessage) -> None:
        if self.state.phase in (Phase.SYNCING, Phase.LIVE, Phase.STALE):
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
            except TooMuch as error:
                text = f"the node says more than can be held: {error}"
                self._give_up_connection(now, text, "too_much")

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
        before, self.node, resume = self.node, message, None
        if before is not None and before.epoch != message.epoch:
            self.restarted_at = now
            self.seq = self.heartbeat = None
            self.ask.new_node()
            self._store.new_epoch()
        elif self.seq is not None:
            resume = Resume(message.epoch, self.seq, self._store.last_event)
        proto = min(message.proto_max, PROTOCOL)
        self._send(Attach(proto, self._client, self._want, self.ask.rate_hz, resume))

    def _on_message(self, message: ServerMessage, now: float) -> None:
        match message:
            case Delta():
                self._on_delta(message, now)
            case Heartbeat():
                if self.clock.tell(message.at, now, self.node):
                    self.heartbeat = message
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
                if self._store.end_snapshot(message.at):
                    self.seq = message.seq
                    self._go_live(now)
                    self.clock.tell(message.at, now, self.node)
            case Detail():
                # What was not asked for would only fill the memory.
                if self.ask.watches(message.id):
                    self._store.add_detail(message)
            case Role() | Planned() | Acted():
                self.operating.take(message)
                self._store.touch()
            case Error() | Hello() | Unknown():
                pass
            case _:
                self._store.add_topic(message)

    def _on_ready(self, ready: Ready, now: float) -> None:
        self.ask.rate_hz = ready.rate_hz
        if self.node is not None:
            self.operating.attached(self.node)
        self._enter(Phase.SYNCING, now)
        if ready.resumed or "tree" not in self._want:
            self.seq = self.seq or 0
            self._go_live(now)

    def _go_live(self, now: float) -> None:
        self._attempts = 0
        self.clock.turn(self.node)
        self._enter(Phase.LIVE, now)
        self.ask.renew_all(now)

    def _on_delta(self, delta: Delta, now: float) -> None:
        self.clock.tell(delta.at, now, self.node)
        if self.state.phase is Phase.SYNCING:
            return  # The snapshot under way is newer.
        if "tree" in self._want and delta.prev != self.seq:
            self._ask_again(now)
            return
        self._store.apply(delta)
        self.seq = delta.seq

    def _on_error(self, error: Error, now: float) -> None:
        self.last_error = error
        text = f"{error.message} ({error.code})"
        if error.code in ("version", "forbidden"):
            self._refuse(now, text, error.code)
        else:
            self._give_up_connection(now, text, error.code)

    def _bad(self, reason: str, now: float, *, fatal: bool = False) -> None:
        self.bad_frames += 1
        self.last_bad = reason
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
