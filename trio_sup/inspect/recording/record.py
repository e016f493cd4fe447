"""Writes what a node says into a recording, over a blocking socket. No Trio."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from attrs import frozen

from trio_sup.inspect.client.conversation import (
    EXIT_SILENT,
    EXIT_VERSION,
    AskError,
    attached,
)
from trio_sup.inspect.client.session import Phase
from trio_sup.inspect.recording.recording import KEYFRAME_SECONDS, Full, Writer, create

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from trio_sup.inspect.client.conversation import Conversation, Peer
    from trio_sup.inspect.client.session import Session

POLL: Final = 0.25
"""Seconds within which a wish to stop is noticed."""
HEAR_OUT: Final = 10.0
"""Seconds that a recording for tests goes on at most, so that all of it was said."""

HURRY_HZ: Final = 10.0
"""As many changes a second as a node tells; it looks at once when it is asked to."""


@frozen
class Recorded:
    """What was written."""

    seconds: float
    frames: int
    size: int
    """Bytes."""
    why: str
    """Why it ended: ``asked``, ``time``, ``size`` or ``node``."""


def record(
    peer: Peer,
    path: Path,
    *,
    tool: str,
    seconds: float,
    limit: int,
    rate_hz: float,
    force: bool,
    stop: Callable[[], bool],
    for_tests: bool = False,
    messages: bool = False,
) -> Recorded:
    """Record a node until it ends, or something else does.

    The file is made when the node's rows are there.

    Args:
        peer: The node.
        path: The file.
        tool: What records, for the header.
        seconds: For how long at most; 0 takes one picture.
        limit: How many bytes the file may have.
        rate_hz: How many changes a second to ask for.
        force: Overwrite a file.
        stop: Asked again and again: whether to end.
        for_tests: Ask for the causes of events, too.
        messages: Ask for what servers are sent, too.

    Raises:
        AskError: the node cannot be reached, does not answer, refuses, is too old to
            tell what tests need, or has not told them all in time.
        RecordingError: the file cannot be written.
        Full: not even the first picture fits.
    """
    taken = _Taken()
    want = ("tree", "events", "causes") if for_tests else ("tree", "events")
    with attached(peer, want, rate_hz=rate_hz, on_data=taken) as talk:
        talk.until_complete()
        if for_tests:
            _expect(peer, talk.session, "causes")
        with create(path, force=force) as file:
            writer = Writer(file, limit)
            wall = time.time() - _since(taken.began)
            writer.header(tool=tool, wall=wall, for_tests=for_tests)
            taken.into(writer)
            if messages:
                _expect(peer, talk.session, "trace")
                talk.session.ask.follow("trace", time.monotonic())
                talk.flush()
            why = _record(talk, writer, taken.began, seconds, stop)
            if for_tests and why in ("asked", "time"):
                try:
                    _hear_out(peer, talk, writer, taken.began)
                except Full:
                    why = "size"
            writer.end(why, _since(taken.began))
            talk.leave()
            return Recorded(_since(taken.began), writer.frames, writer.size, why)


def _hear_out(peer: Peer, talk: Conversation, writer: Writer, began: float) -> None:
    """Take what the node has not told yet, however far behind we are.

    It looks at once when it is asked for another rate. Its answer to the next question
    shows that it was, and from the second heartbeat after that a second has passed in
    which what it saw was due to be told, at any rate.

    Raises:
        AskError: it does not answer in time; what is missing is not to look whole.
        Full: no more fits.
    """
    session, due = talk.session, time.monotonic() + HEAR_OUT

    def heard(done: Callable[[], bool]) -> bool:
        while not done():
            if time.monotonic() > due:
                raise AskError(
                    f"{peer.place}: it has not told within {HEAR_OUT:g} s what came"
                    " last; the recording breaks off",
                    EXIT_SILENT,
                )
            if not talk.step(POLL):
                return False  # it has ended: that was all
        return True

    root = min(session.rows, default=0)
    session.ask.rate(HURRY_HZ)
    session.ask.watch(root, time.monotonic())
    talk.flush()
    if heard(lambda: root in session.details):
        first = session.heartbeat
        heard(lambda: session.heartbeat is not first)
        second = session.heartbeat
        heard(lambda: session.heartbeat is not second)
    writer.flush(_since(began))


def _expect(peer: Peer, session: Session, cap: str) -> None:
    if session.node is None or cap not in session.node.caps:
        text = f"{peer.place}: this node is too old to tell what tests need ({cap})"
        raise AskError(text, EXIT_VERSION)


class _Taken:
    """What the node sends: kept until there is a file, then written into it."""

    def __init__(self) -> None:
        self.began = time.monotonic()
        self._early: list[tuple[bytes, float]] = []
        self._writer: Writer | None = None

    def __call__(self, data: bytes) -> None:
        if self._writer is None:
            self._early.append((data, _since(self.began)))
        else:
            self._writer.feed(data, _since(self.began))

    def into(self, writer: Writer) -> None:
        """There is a file now."""
        self._writer = writer
        for data, at in self._early:
            writer.feed(data, at)
        self._early.clear()


def _since(began: float) -> float:
    return time.monotonic() - began


def _record(
    talk: Conversation,
    writer: Writer,
    began: float,
    seconds: float,
    stop: Callable[[], bool],
) -> str:
    session = talk.session
    put_keyframe(session, writer, began)  # Raises Full: then there is no recording.
    keyframe_at, keyframe_end = _since(began), writer.size
    keyframe_size = writer.size
    try:
        while True:
            if stop():
                return _end(writer, began, "asked")
            left = seconds - _since(began)
            if left <= 0:
                return _end(writer, began, "time")
            if not talk.step(min(POLL, left)):
                return _end(writer, began, "node")
            session.take_changes()  # Nobody looks: they must not pile up.
            session.ask.renew(time.monotonic())
            # Of a big tree that hardly changes, pictures must not fill the file.
            due = _since(began) - keyframe_at >= KEYFRAME_SECONDS
            if due and writer.size - keyframe_end >= keyframe_size / 4:
                before = writer.size
                if put_keyframe(session, writer, began):
                    keyframe_at, keyframe_end = _since(began), writer.size
                    keyframe_size = writer.size - before
    except Full:
        return "size"


def put_keyframe(session: Session, writer: Writer, began: float) -> bool:
    """Put a picture in, unless the node is just sending one."""
    if session.state.phase is not Phase.LIVE or session.seq is None:
        return False
    # Not the present time: what has happened since, and is not read yet, comes behind.
    at = _since(began)
    writer.keyframe(session.rows.values(), session.seq, session.node_time(None), at)
    return True


def _end(writer: Writer, began: float, why: str) -> str:
    writer.flush(_since(began))
    return why
