"""Plays a recording into a session, as if the node spoke. The clock is passed in.

A player has a position: seconds since the recording began. `Player.clock` is what
the session and a view take for the time: it moves only while the recording is
played, at the speed that is set, and never goes back, also when the position does.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from typing import TYPE_CHECKING, Final

from attrs import define, evolve, field, frozen

from trio_sup.inspect.client.answer import Answer
from trio_sup.inspect.client.session import Session
from trio_sup.inspect.protocol.codec import Malformed, encode, server_decoder
from trio_sup.inspect.protocol.wire import Delta, Hello, Ready, SnapBegin
from trio_sup.inspect.recording.recording import RecordingError, frames, read_header

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from trio_sup.inspect.protocol.wire import Event
    from trio_sup.inspect.recording.recording import Frame, Header

SPEEDS: Final = (0.1, 0.25, 0.5, 1.0, 2.0, 4.0, 10.0, 30.0)
EVENTS_KEPT: Final = 2000
"""How many events before the position a view is given."""
MAX_EVENTS: Final = 200_000
"""How many events an index holds; of more, the first ones."""
MAX_CHARS: Final = 32_000_000
"""The characters of all these events' texts together."""
MAX_PLACES: Final = 100_000
"""How many keyframes and restarts it holds."""
EVENTS_AT_ONCE: Final = 200
"""Events that fit into a frame, however long their texts are."""
RESTART: Final = frozenset(
    {
        "child_crashed",
        "child_start_failed",
        "child_quarantined",
        "child_given_up",
        "child_stuck",
        "supervisor_gave_up",
    }
)
"""Events that "the next restart" stops at."""
GIVEN_UP: Final = frozenset({"garbage", "too_much", "version"})
"""Codes of a session for what this side cannot read."""
TOGETHER: Final = 0.5
"""Seconds within which such events count as one."""


@frozen
class Keyframe:
    """A place to begin."""

    at: float
    offset: int
    """Where its member begins in the file."""
    seq: int
    """The state that it is, as the node counts."""
    events: int
    """How many events of the index came before."""


@define
class Index:
    """What is known of a recording without playing it."""

    path: Path
    header: Header
    hello: bytes
    """The node's greeting, without what can be asked for."""
    length: float = 0.0
    """Seconds."""
    keyframes: list[Keyframe] = field(factory=list[Keyframe])
    events: list[Event] = field(factory=list["Event"])
    restarts: list[float] = field(factory=list[float])
    """Where something went down."""
    chars: int = 0
    """The characters of the events."""


def read_index(path: Path) -> Index:
    """Read a recording once.

    Raises:
        RecordingError: it is unreadable, none at all, or holds no snapshot.
    """
    header = read_header(path)
    index = Index(path, header, b"")
    decoder = server_decoder()
    try:
        for offset, frame in frames(path):
            index.length = max(index.length, frame.at)
            if not _interesting(frame):
                continue
            for message in decoder.feed(frame.data + b"\n"):
                _note(index, offset, frame, message)
    except OSError as error:
        raise RecordingError(f"{path}: {error.strerror}") from error
    except (ValueError, RecordingError) as error:
        raise RecordingError(f"{path}: {error}") from error
    if not index.hello or not index.keyframes:
        raise RecordingError(f"{path}: the recording ends before the node's rows came")
    return index


def _interesting(frame: Frame) -> bool:
    """Whether the index must read it: rows and heartbeats need not be."""
    data = frame.data
    if b'"events":[' in data and b'"events":[]' not in data:
        return True
    return frame.inserted or b'"hello"' in data


def _note(index: Index, offset: int, frame: Frame, message: object) -> None:
    match message:
        case Hello() if not index.hello:
            # What a node can be asked for, a recording cannot.
            index.hello = encode(evolve(message, caps=[], readonly=True)).strip()
        case SnapBegin() if frame.inserted and len(index.keyframes) < MAX_PLACES:
            index.keyframes.append(
                Keyframe(frame.at, offset, message.seq, len(index.events))
            )
        case Delta():
            for event in message.events:
                index.chars += len(event.path) + len(event.kind) + len(event.text)
                if len(index.events) < MAX_EVENTS and index.chars < MAX_CHARS:
                    index.events.append(event)
            down = any(event.kind in RESTART for event in message.events)
            last = index.restarts[-1] if index.restarts else -TOGETHER
            new = frame.at - last >= TOGETHER and len(index.restarts) < MAX_PLACES
            if down and new:
                index.restarts.append(frame.at)
        case Malformed():
            raise ValueError(f"a frame at {frame.at:g} s makes no sense")
        case _:
            pass


def answer_of(path: Path) -> Answer:
    """The last state of a recording.

    Raises:
        RecordingError: see `read_index`.
    """
    player = Player(read_index(path), Session(client="replay"))
    player.seek(player.index.length)
    if player.wrong:
        raise RecordingError(f"{path}: {player.wrong}")
    return player.last_answer()


def looks_through(path: Path, seconds: float | None = None) -> Iterator[Session]:
    """The session of a recording, at every second of it.

    Args:
        path: The recording.
        seconds: Only its end, so long.

    Raises:
        RecordingError: see `read_index`.
    """
    index = read_index(path)
    session = Session(client="replay")
    player = Player(index, session)
    begin = 0.0 if seconds is None else max(0.0, index.length - seconds)
    player.seek(begin)
    player.tick(begin)
    at = begin
    while True:
        session.take_changes()
        yield session
        if player.wrong:
            raise RecordingError(f"{path}: {player.wrong}")
        if at >= index.length:
            return
        at = min(at + 1.0, index.length)
        player.tick(at)


class Player:
    """Feeds a session from a recording.

    Call `tick` often. A seek empties the session first: `seeks` grows, and what a
    view has derived from the session must go, too.
    """

    def __init__(self, index: Index, session: Session) -> None:
        self.index = index
        self.session = session
        self.position: float = 0.0
        """Seconds since the recording began."""
        self.playing: bool = True
        self.speed: float = 1.0
        self.seeks: int = 0
        """How often the session was begun anew."""
        self.wrong: str = ""
        """Why the recording cannot be played any further, for people."""
        self._shift = 0.0
        self._ticked: float | None = None
        self._frames: Iterator[tuple[int, Frame]] = iter(())
        self._next: Frame | None = None
        self.seek(0.0)

    def clock(self) -> float:
        """The time for the session and a view, in seconds."""
        return self.position + self._shift

    @property
    def ended(self) -> bool:
        """Whether the position is at the end."""
        return self.position >= self.index.length

    def tick(self, now: float) -> None:
        """Go on as far as `now`, a steady clock in seconds, says."""
        passed = 0.0 if self._ticked is None else max(0.0, now - self._ticked)
        self._ticked = now
        if self.playing and not self.ended:
            self._play_to(self.position + passed * self.speed)

    def toggle(self) -> None:
        """Stop, or go on; at the end begin anew."""
        if self.ended:
            self.seek(0.0)
            self.playing = True
        else:
            self.playing = not self.playing

    def faster(self, steps: int) -> None:
        """Go through `SPEEDS`, down with a negative number."""
        at = SPEEDS.index(self.speed) + steps
        self.speed = SPEEDS[min(max(at, 0), len(SPEEDS) - 1)]

    def step(self, direction: int) -> None:
        """Stop, and go to the next (1) or previous (-1) frame of the node."""
        self.playing = False
        if direction > 0:
            if self._next is not None:
                self._play_to(self._next.at)
        else:
            self.seek(self._before(self.position))

    def skip(self, seconds: float) -> None:
        """Go forward, or back with a negative number."""
        self.seek(self.position + seconds)

    def restart(self, direction: int) -> bool:
        """Go to where something went down next (1), or before (-1).

        Returns:
            Whether there is such a place.
        """
        places = self.index.restarts
        if direction > 0:
            at = bisect_right(places, self.position)
        else:
            at = bisect_left(places, self.position) - 1
        if not 0 <= at < len(places):
            return False
        self.seek(places[at])
        return True

    def seek(self, position: float) -> None:
        """Go to a position; one outside the recording is its nearest end."""
        position = min(max(position, 0.0), self.index.length)
        keyframes = self.index.keyframes
        at = bisect_right(keyframes, position, key=lambda keyframe: keyframe.at) - 1
        keyframe = keyframes[max(at, 0)]
        if keyframe.at > self.position or position < self.position or not self.seeks:
            self._begin(keyframe)
        self._play_to(max(position, keyframe.at))

    def _begin(self, keyframe: Keyframe) -> None:
        # The clock goes on where it stands, whatever the position does.
        clock = self.clock()
        self.position = keyframe.at
        self._shift = clock - keyframe.at
        self.seeks += 1
        session, index = self.session, self.index
        session.rewind(clock)
        session.receive(index.hello + b"\n", clock)
        session.outgoing()
        session.receive(encode(Ready(1, session.ask.rate_hz)), clock)
        self.wrong = ""
        self._frames = frames(index.path, keyframe.offset)
        frame = self._advance()
        while frame is not None and frame.inserted and frame.at <= keyframe.at:
            session.receive(frame.data + b"\n", clock)
            frame = self._advance()
        past = index.events[: keyframe.events][-EVENTS_KEPT:]
        at, seq = session.node_time(clock), keyframe.seq
        for first in range(0, len(past), EVENTS_AT_ONCE):
            some = past[first : first + EVENTS_AT_ONCE]
            session.receive(encode(Delta(seq, seq, at, events=some)), clock)

    def last_answer(self) -> Answer:
        """What the node would have said at the position, as `oneshot.ask` has it."""
        session = self.session
        assert session.node is not None  # An index has a hello.
        now = session.node_time(self.clock())
        lag = 0.0 if session.heartbeat is None else session.heartbeat.lag
        return Answer(session.node, now, lag, session.rows, list(session.events))

    def _play_to(self, position: float) -> None:
        position = min(position, self.index.length)
        while self._next is not None and self._next.at <= position:
            frame = self._next
            if not frame.inserted:
                self.position = max(self.position, frame.at)
                self.session.receive(frame.data + b"\n", self.clock())
                self.session.outgoing()
            self._advance()
        self.position = max(self.position, position)
        self.session.tick(self.clock())
        self.session.outgoing()
        # A node would be left, and asked again: a recording says the same again.
        state = self.session.state
        if self.session.want_close and state.code in GIVEN_UP and not self.wrong:
            self.wrong = state.text

    def _advance(self) -> Frame | None:
        try:
            found = next(self._frames, None)
        except (OSError, RecordingError) as error:
            # It was read before: somebody has changed the file.
            found, self.wrong = None, f"it cannot be read any further: {error}"
        self._next = None if found is None else found[1]
        return self._next

    def _before(self, position: float) -> float:
        """Where the last frame before a position is."""
        keyframes = self.index.keyframes
        at = bisect_left(keyframes, position, key=lambda keyframe: keyframe.at) - 1
        best = 0.0
        try:
            for _, frame in frames(self.index.path, keyframes[max(at, 0)].offset):
                if frame.at >= position:
                    break
                best = frame.at
        except (OSError, RecordingError) as error:
            self.wrong = f"it cannot be read any further: {error}"
        return best
