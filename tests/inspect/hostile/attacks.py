"""Conversations with a node that no honest client would have.

Each returns what the node is documented to do and did, as a `Verdict`.
"""

from __future__ import annotations

import random
import socket
import struct
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from attrs import define, frozen

from tests.inspect.hostile.frames import Frames, is_bad, says_goodbye
from trio_sup.inspect.node.attached import HANDSHAKE_SECONDS, MAX_BAD_REQUESTS
from trio_sup.inspect.protocol.codec import Malformed, encode, server_decoder
from trio_sup.inspect.protocol.wire import (
    Attach,
    Bye,
    Error,
    Hello,
    Ready,
    ServerMessage,
    Watch,
)

PATIENCE: Final = 30.0
"""Seconds after which a node that should have answered counts as harmed."""
FRAMES: Final = 100
"""The most frames of one conversation."""


@frozen
class Verdict:
    """How one attack ended."""

    attack: str
    frames: int
    """Frames that the node had to judge."""
    bad: int
    """Those of them that are bad requests."""
    outcome: str
    """What the node did: an error's code, ``served``, ``closed``."""
    as_documented: bool


@define
class Caller:
    """One connection, by hand."""

    sock: socket.socket

    @classmethod
    def connect(cls, path: Path) -> Caller:
        """Connect."""
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        sock.settimeout(PATIENCE)
        sock.connect(str(path))
        return cls(sock)

    def send(self, data: bytes) -> None:
        """Send; that the node closed meanwhile is told by what it said."""
        try:
            self.sock.sendall(data)
        except (BrokenPipeError, ConnectionResetError):
            pass

    def hear(self) -> list[ServerMessage]:
        """Everything that the node says until it closes."""
        decoder, heard = server_decoder(), list[ServerMessage]()
        try:
            while data := self.sock.recv(65536):
                for message in decoder.feed(data):
                    assert not isinstance(message, Malformed), "the node sent garbage"
                    heard.append(message)
        except ConnectionResetError:
            pass
        self.sock.close()
        return heard


def codes(heard: list[ServerMessage]) -> list[str]:
    """The errors among what was heard."""
    return [message.code for message in heard if isinstance(message, Error)]


def _attach(want: list[str] | None = None) -> bytes:
    return encode(Attach(1, "hostile", [] if want is None else want))


def after_attach(path: Path, frames: Frames, draw: random.Random) -> Verdict:
    """Attach, then fuzz: bad requests are answered, the third one closes."""
    caller = Caller.connect(path)
    sent, bad, batch = 0, 0, bytearray(_attach(draw.choice(([], ["tree"], ["events"]))))
    wicked = draw.random() < 0.3
    while sent < FRAMES and bad < MAX_BAD_REQUESTS:
        frame = frames.any()
        if is_bad(frame):
            if not wicked and draw.random() < 0.95:
                continue  # else hardly any conversation would get far
            bad += 1
        elif says_goodbye(frame) or not frame.strip():
            continue
        sent += 1
        batch += frame
    batch += encode(Bye())
    caller.send(bytes(batch))
    heard = caller.hear()
    expected = ["bad_request"] * bad
    # The last word may be lost with a connection that the client has left.
    good = codes(heard) == expected or bad < MAX_BAD_REQUESTS
    outcome = "bad_request" if bad >= MAX_BAD_REQUESTS else "served"
    return Verdict("fuzz", sent + 1, bad, outcome, good)


def before_attach(path: Path, frames: Frames, draw: random.Random) -> Verdict:
    """Fuzz instead of attaching: refused at the first frame."""
    caller = Caller.connect(path)
    frame = frames.any()
    while not frame.strip() or b'"attach"' in frame:
        frame = frames.any()
    caller.send(frame)
    heard = codes(caller.hear())
    return Verdict("no attach", 1, int(is_bad(frame)), *_said(heard, "bad_request"))


def wrong_version(path: Path, frames: Frames, draw: random.Random) -> Verdict:
    """Speak another version."""
    caller = Caller.connect(path)
    caller.send(encode(Attach(draw.choice((0, 2, -1, 2**62)), "hostile")))
    return Verdict("wrong version", 1, 0, *_said(codes(caller.hear()), "version"))


def oversized(path: Path, frames: Frames, draw: random.Random) -> Verdict:
    """Send a frame that is too long, first or after attaching."""
    caller = Caller.connect(path)
    if draw.random() < 0.5:
        caller.send(_attach())
    caller.send(frames.oversized())
    heard = codes(caller.hear())
    # Closed with data unread, a socket may lose what was said last.
    outcome, good = _said(heard, "frame_too_large")
    return Verdict("oversized", 1, 1, outcome, good or not heard)


def nested(path: Path, frames: Frames, draw: random.Random) -> Verdict:
    """Nest as deep as a frame is long."""
    caller = Caller.connect(path)
    caller.send(_attach() + frames.deep() * MAX_BAD_REQUESTS)
    heard = codes(caller.hear())
    said = heard[-1:] or ["closed"]
    return Verdict("nested", 4, 3, said[0], heard == ["bad_request"] * 3)


def split(path: Path, frames: Frames, draw: random.Random) -> Verdict:
    """Say everything one byte at a time: served as ever."""
    caller = Caller.connect(path)
    for byte in _attach() + encode(Watch(3)) + encode(Bye()):
        caller.send(bytes([byte]))
    heard = caller.hear()
    good = not codes(heard) and isinstance(heard[0], Hello)
    return Verdict("split", 3, 0, "served", good)


def half_open(path: Path, frames: Frames, draw: random.Random) -> Verdict:
    """Leave without a word, in one of several ways."""
    caller = Caller.connect(path)
    way = draw.randrange(4)
    if way == 0:
        caller.sock.shutdown(socket.SHUT_WR)
        caller.hear()
        return Verdict("half open", 0, 0, "closed", True)
    if way == 1:
        caller.send(_attach()[:20])
    elif way == 2:
        caller.send(_attach(["tree", "events"]))
        linger = struct.pack("ii", 1, 0)
        caller.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    caller.sock.close()
    return Verdict("half open", 0, 0, "closed", True)


def slow_loris(path: Path, frames: Frames, draw: random.Random) -> Verdict:
    """Attach a byte at a time, too slowly: closed after the handshake's time."""
    caller = Caller.connect(path)
    caller.sock.settimeout(0.2)
    began, line, heard = time.monotonic(), _attach(), bytearray()
    for byte in line * 10:
        caller.send(bytes([byte]) if byte != 10 else b" ")
        try:
            data = caller.sock.recv(65536)
        except TimeoutError:
            continue
        except ConnectionResetError:
            data = b""  # closed before it had read all of it
        heard += data
        if not data or time.monotonic() - began > PATIENCE:
            break
    took = time.monotonic() - began
    caller.sock.close()
    found = b"handshake_timeout" in heard
    good = found and HANDSHAKE_SECONDS - 1 < took < HANDSHAKE_SECONDS + 10
    return Verdict("slow loris", 0, 0, "handshake_timeout" if found else "closed", good)


def honest(path: Path) -> float:
    """Attach as anybody would; the seconds until the node said ready."""
    began = time.monotonic()
    caller = Caller.connect(path)
    caller.send(_attach(["tree"]) + encode(Bye()))
    heard = caller.hear()
    assert isinstance(heard[0], Hello)
    assert any(isinstance(message, Ready) for message in heard) or len(heard) == 1
    return time.monotonic() - began


def _said(heard: list[str], code: str) -> tuple[str, bool]:
    return (heard[-1] if heard else "closed"), heard == [code]


Attack = Callable[[Path, Frames, random.Random], Verdict]
MIX: Final[dict[Attack, int]] = {
    after_attach: 80,
    before_attach: 8,
    wrong_version: 3,
    oversized: 2,
    nested: 1,
    split: 1,
    half_open: 5,
}
"""What is mixed, and how often each is tried in proportion."""
