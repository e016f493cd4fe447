"""One attached client: a task that reads its requests, a task that writes.

One frame is in flight. While it is, what changes is merged in the client's
`ClientView`; nothing queues up and nobody waits.
"""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING, Final, Protocol

import trio

from trio_sup.inspect.node.bounds import MAX_NAME, clip
from trio_sup.inspect.protocol.codec import (
    MAX_REQUEST,
    FrameTooLarge,
    Malformed,
    encode,
)
from trio_sup.inspect.protocol.wire import (
    PROTOCOL,
    Attach,
    Bye,
    Error,
    Rate,
    Ready,
    Resync,
    SnapBegin,
    SnapEnd,
    Unwatch,
    Watch,
)
from trio_sup.inspect.protocol.wire_actions import Act, AskControl, Plan
from trio_sup.inspect.protocol.wire_details import (
    AskMetrics,
    ClientInfo,
    Follow,
    Metrics,
    Unfollow,
)
from trio_sup.inspect.protocol.wire_profile import AskProfile

if TYPE_CHECKING:
    from collections.abc import Iterable

    from trio_sup.inspect.node.actions import ClientActions
    from trio_sup.inspect.node.client_view import ClientView
    from trio_sup.inspect.node.table import Found
    from trio_sup.inspect.protocol.codec import Decoder
    from trio_sup.inspect.protocol.wire import ClientMessage, Heartbeat, ServerMessage

HANDSHAKE_SECONDS: Final = 5.0
"""How long a client may take to say who it is."""
HEARTBEAT_SECONDS: Final = 1.0
FAREWELL_SECONDS: Final = 1.0
"""How long a refused client is given to take the reason."""
LINES_PER_FRAME: Final = 1000
LAGGING_SECONDS: Final = 60.0
"""A client that has not read for so long is called lagging; it is kept."""
MAX_BAD_REQUESTS: Final = 3
"""The bad request that ends a connection."""
MAX_REPLIES: Final = 32
"""Answers that wait for a client; it is not read from until it has taken some."""


class Refused(Exception):
    """A client is to be told why, and closed."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.error: Error = Error(code, message)


class HubSide(Protocol):
    """What a client needs of its hub."""

    def wake(self) -> None:
        """Sample soon: a client's rate changed."""

    def look_soon(self) -> None:
        """Look at the topics soon: a client began to follow one."""

    def spent(self, seconds: float) -> None:
        """Count work that was done for a client."""

    def profile(self, client: AttachedClient, request: AskProfile) -> None:
        """Look where the time goes, and tell the client."""

    async def metrics(self) -> list[str]:
        """All metrics in the Prometheus text format, a line each."""
        ...

    def heartbeat(self, now: float) -> Heartbeat:
        """The next heartbeat."""
        ...


async def handshake(
    stream: trio.SocketStream, decoder: Decoder[ClientMessage]
) -> tuple[Attach, list[ClientMessage | Malformed]]:
    """Wait for a client's `Attach`.

    Returns:
        It, and the requests that came in the same breath.

    Raises:
        Refused: it said something else, or nothing for `HANDSHAKE_SECONDS`.
        trio.BrokenResourceError: it went away.
    """
    with trio.move_on_after(HANDSHAKE_SECONDS):
        while True:
            data = await stream.receive_some(MAX_REQUEST)
            if not data:
                raise trio.BrokenResourceError("the client left without attaching")
            requests = _feed(decoder, data)
            if requests:
                return _checked(requests[0]), requests[1:]
    raise Refused("handshake_timeout", f"no attach within {HANDSHAKE_SECONDS:g} s")


def _checked(first: ClientMessage | Malformed) -> Attach:
    if isinstance(first, Malformed):
        raise Refused("bad_request", first.reason)
    if not isinstance(first, Attach):
        raise Refused("bad_request", "the first request must be attach")
    if first.proto != PROTOCOL:
        raise Refused(
            "version",
            f"this node speaks inspector protocol {PROTOCOL}, not {first.proto}",
        )
    return first


def _feed(
    decoder: Decoder[ClientMessage], data: bytes | bytearray
) -> list[ClientMessage | Malformed]:
    try:
        return decoder.feed(bytes(data))
    except FrameTooLarge as error:
        raise Refused("frame_too_large", str(error)) from error


class AttachedClient:
    """A client after its handshake."""

    def __init__(
        self,
        hub: HubSide,
        stream: trio.SocketStream,
        view: ClientView,
        resume: tuple[int, int] | None,
        names: tuple[str, str],
    ) -> None:
        """Take over a connection.

        Args:
            hub: What samples the node.
            stream: The connection; the caller closes it.
            view: What the client has to be told.
            resume: The generation and the event that the client left off at, in
                the present epoch; None for a new client.
            names: What it calls itself, and who it is by the kernel's word.
        """
        self.view = view
        self._hub = hub
        self._stream = stream
        self._resume = resume
        self._resumed = False
        self._sampled = trio.Event()
        # Set when there may be something to write; replaced before looking.
        self._wake = trio.Event()
        self.actions: ClientActions | None = None
        """Who takes requests to act; set by the hub before `run`."""
        self._replies: list[ServerMessage] = []
        # Set whenever the answers have been written; replaced before looking.
        self._answered = trio.Event()
        self._closing = False
        self._written = trio.Event()
        self._bad = 0
        self._names = names
        self._wants_metrics = False
        self._began = trio.current_time()
        # Since when a frame is on its way; None between two.
        self._sending: float | None = None

    def info(self) -> ClientInfo:
        """What other clients are told about this one."""
        now = trio.current_time()
        waits = 0.0 if self._sending is None else now - self._sending
        client, peer = self._names
        return ClientInfo(
            clip(client, MAX_NAME),
            clip(peer, MAX_NAME),
            self.view.rate_hz,
            self._began,
            self.view.behind,
            waits >= LAGGING_SECONDS,
        )

    def after_scan(self, found: Found) -> None:
        """Take over what a scan found; the first one starts the client."""
        if self._sampled.is_set():
            self.view.note(found)
        else:
            seq, event = self._resume or (None, 0)
            self._resumed = self.view.start(seq, event)
            self._sampled.set()
        if self.view.dirty or self.view.watching or self.view.following:
            self._wake.set()

    def reply(self, message: ServerMessage) -> None:
        """Answer soon; harmless after the client has gone."""
        self._replies.append(message)
        self._wake.set()

    async def run(
        self,
        decoder: Decoder[ClientMessage],
        requests: list[ClientMessage | Malformed],
    ) -> None:
        """Serve until the client leaves, or has been told why it must.

        Raises:
            trio.BrokenResourceError: it went away in the middle of a frame.
        """
        failures: list[Exception] = []

        async def write() -> None:
            try:
                await self._write()
            except Exception as error:  # noqa: BLE001 - raised again below
                failures.append(error)
            self._written.set()
            nursery.cancel_scope.cancel()

        # Both tasks keep their errors to themselves, so that a cancellation from
        # outside never comes out grouped with an error of a client.
        async with trio.open_nursery() as nursery:
            nursery.start_soon(write)
            try:
                await self._read(decoder, requests)
            except Exception as error:  # noqa: BLE001 - raised again below
                failures.append(error)
            nursery.cancel_scope.cancel()
        if failures:
            raise failures[0]

    # --- requests ------------------------------------------------------------

    async def _read(
        self,
        decoder: Decoder[ClientMessage],
        requests: Iterable[ClientMessage | Malformed],
    ) -> None:
        try:
            while True:
                for request in requests:
                    if isinstance(request, Bye):
                        return
                    self._handle(request)
                    await self._have_room()
                data = await self._stream.receive_some(MAX_REQUEST)
                if not data:
                    return
                requests = _feed(decoder, data)
        except Refused as refused:
            # The frame in flight must be whole before the reason can follow it.
            self._replies.append(refused.error)
            self._closing = True
            self._wake.set()
            with trio.move_on_after(FAREWELL_SECONDS):
                await self._written.wait()

    async def _have_room(self) -> None:
        while len(self._replies) >= MAX_REPLIES:
            self._answered = trio.Event()
            await self._answered.wait()

    def _handle(self, request: ClientMessage | Malformed) -> None:
        view = self.view
        match request:
            case Watch():
                now, again = trio.current_time(), request.again
                view.watching.watch(request.id, now, request.parts, again=again)
            case Unwatch():
                view.watching.unwatch(request.id)
            case Follow():
                if view.following.follow(request, trio.current_time()):
                    self._hub.look_soon()
            case AskMetrics():
                self._wants_metrics = True
            case AskProfile():
                self._hub.profile(self, request)
            case Unfollow():
                view.following.unfollow(request.topic)
                self._hub.wake()
            case Rate():
                view.set_rate(request.hz)
                self._hub.wake()
            case Resync():
                view.resync()
            case AskControl() | Plan() | Act():
                if self.actions is not None:
                    self.actions.take(request)
            case Malformed():
                self._bad += 1
                if self._bad >= MAX_BAD_REQUESTS:
                    raise Refused("bad_request", request.reason)
                self._replies.append(Error("bad_request", request.reason))
            case _:
                pass  # A tag from the future, or a second attach.
        self._wake.set()

    # --- frames --------------------------------------------------------------

    async def _write(self) -> None:
        await self._sampled.wait()
        view = self.view
        await self._send(encode(Ready(PROTOCOL, view.rate_hz, self._resumed)))
        next_delta = next_beat = -math.inf
        while True:
            self._wake = trio.Event()
            now = trio.current_time()
            while self._replies:
                await self._send(encode(self._replies.pop(0)))
            self._answered.set()
            if self._closing:
                return
            if view.needs_snapshot:
                await self._send_snapshot()
            if view.dirty and now >= next_delta:
                next_delta = now + 1.0 / view.rate_hz
                await self._send_each(view.delta_frames(now))
            if view.watching:
                await self._send_each(view.watching.frames(now))
            if view.following:
                await self._send_each(view.following.frames(now))
            if self._wants_metrics:
                self._wants_metrics = False
                await self._send_metrics()
            if now >= next_beat:
                next_beat = now + HEARTBEAT_SECONDS
                await self._send(encode(self._hub.heartbeat(now)))
            with trio.move_on_at(
                min(next_beat, next_delta if view.dirty else math.inf)
            ):
                await self._wake.wait()

    async def _send_snapshot(self) -> None:
        ids = self.view.begin_snapshot()
        seq = self.view.seq
        await self._send(encode(SnapBegin(seq, len(ids))))
        await self._send_each(self.view.snapshot_frames(ids))
        await self._send(encode(SnapEnd(seq, trio.current_time())))

    async def _send_metrics(self) -> None:
        lines = await self._hub.metrics()
        for start in range(0, max(1, len(lines)), LINES_PER_FRAME):
            piece = lines[start : start + LINES_PER_FRAME]
            more = start + LINES_PER_FRAME < len(lines)
            text = "".join(f"{line}\n" for line in piece)
            await self._send(encode(Metrics(text, more)))

    async def _send_each(self, frames: Iterable[bytes]) -> None:
        """Send frames that are built one at a time, and count the building."""
        clock = time.perf_counter()
        for frame in frames:
            self._hub.spent(time.perf_counter() - clock)
            await self._send(frame)
            clock = time.perf_counter()

    async def _send(self, frame: bytes) -> None:
        self._sending = trio.current_time()
        await self._stream.send_all(frame)
        self._sending = None
