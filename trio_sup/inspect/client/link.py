"""A client's connection with a node: the phases, the greeting, and keeping up.

The part of a `Session` that the transport and the node drive. Pure, as that is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from trio_sup.inspect.client.leases import Leases
from trio_sup.inspect.client.operating import Operating
from trio_sup.inspect.client.phase import Phase, State, incompatible
from trio_sup.inspect.client.store import Store, TooMuch
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
from trio_sup.inspect.protocol.wire_details import Busy, Metrics, NodeInfo, Tasks, Waits

if TYPE_CHECKING:
    from collections.abc import Sequence

    from trio_sup.inspect.protocol.wire import ClientMessage, ServerMessage

BACKOFF: Final = (0.25, 0.5, 1.0, 2.0, 5.0)
"""Seconds before the 1st, 2nd, ... attempt to reconnect; the last one repeats."""
STALE_AFTER: Final = 3.0
"""Seconds without a word from the node after which what is shown is stale."""
SILENT_AFTER: Final = 5.0
"""Seconds after which a node counts as not responding."""
SYNC_WITHIN: Final = 120.0
"""Seconds within which a node has to send all its rows, however many."""
MAX_BAD_FRAMES: Final = 3
"""The bad frame that ends a connection; earlier ones only ask for a resync."""


class Link:
    """One client's side of any number of connections with one node."""

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
        self.last_bad: str = ""
        """What was wrong with the last one, for people."""
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

    @property
    def refused(self) -> bool:
        """Whether another attempt is pointless."""
        return self.state.phase is Phase.REFUSED

    def silence(self, now: float) -> float:
        """Seconds since the node was last heard on this connection."""
        return max(0.0, now - self._heard)

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
        elif phase is Phase.SYNCING and now - self.state.since >= SYNC_WITHIN:
            text = f"the node did not send all its rows within {SYNC_WITHIN:g} s"
            self._give_up_connection(now, text, "silent")
        if phase in (Phase.LIVE, Phase.STALE):
            for request in self._leases.due(now):
                self._send(request)

    def outgoing(self) -> bytes:
        """What to send now; empty most of the time."""
        data = bytes(self._out)
        self._out.clear()
        return data

    def retry_now(self, now: float) -> None:
        """Make the next attempt due at once, and the backoff short again."""
        self._attempts = 0
        if self.retry_at is not None:
            self.retry_at = now

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
                # What was not asked for would only fill the memory.
                if self._leases.watches(message.id):
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
