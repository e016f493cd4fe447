"""Reads a recording for tests: who was there when it began, and each event with its cause.

A recording that was cut off is refused: what it lacks would be missing in the test, and
nobody would see it.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final, cast

from attrs import define, field, frozen

from trio_sup.inspect.protocol.codec import Malformed, server_decoder
from trio_sup.inspect.protocol.wire import Cause, Delta, Hello, Rows, SnapEnd
from trio_sup.inspect.protocol.wire_trace import Trace
from trio_sup.inspect.recording.recording import (
    FOR_TESTS,
    MAX_AT,
    RecordingError,
    frames,
    read_header,
)

if TYPE_CHECKING:
    from pathlib import Path

    from trio_sup.inspect.protocol.wire import Event, Row
    from trio_sup.inspect.protocol.wire_trace import TraceStep
    from trio_sup.inspect.recording.recording import Frame

MOST_EVENTS: Final = 100_000
"""Events of a recording that a test can play; one that runs for days has fewer."""
MOST_ROWS: Final = 250_000
ASKED: Final = ("call", "cast")
"""Messages that a test can send again."""
HOW: Final = "trio-sup record NODE FILE --for-tests"


@frozen
class Happening:
    """An event, and what is known of it beside its line."""

    at: float
    """Seconds since the recording began."""
    event: Event
    cause: Cause


@frozen
class Asked:
    """A call or a cast that a server was sent, by nobody who is a child."""

    at: float
    """Seconds since the recording began."""
    step: TraceStep


@define
class Incident:
    """What a recording for tests holds."""

    node: str = ""
    """The node's name."""
    seconds: float = 0.0
    """How long it is."""
    present: dict[str, Row] = field(factory=dict[str, "Row"])
    """The children that were there when it began, by path."""
    rows: dict[str, Row] = field(factory=dict[str, "Row"])
    """All that there ever were, as they were seen last."""
    happened: list[Happening] = field(factory=list[Happening])
    missed: list[tuple[float, int]] = field(factory=list[tuple[float, int]])
    """When the node had no time to tell, and of how many events."""
    asked: list[Asked] = field(factory=list[Asked])
    """What servers were sent, if that was recorded."""
    unheard: list[tuple[float, int]] = field(factory=list[tuple[float, int]])
    """When the node had no time to tell of messages, and of how many."""


def read_incident(path: Path) -> Incident:
    """Read a recording for tests.

    Raises:
        RecordingError: it is none, of a version that is not known, cut off, or makes no
            sense.
    """
    version = read_header(path).for_tests
    if not version:
        raise RecordingError(
            f"{path} is a recording to look at: how lives ended is not in it; one for "
            f"tests is made by: {HOW}"
        )
    if version != FOR_TESTS:
        raise RecordingError(
            f"{path} is for tests in their version {version}, this trio-sup plays "
            f"{FOR_TESTS}"
        )
    reader = _Reader()
    try:
        for _, frame in frames(path, others=reader.take_other):
            reader.take(frame)
        reader.check_end()
    except OSError as error:
        raise RecordingError(f"{path}: {error.strerror}") from error
    except (ValueError, RecordingError) as error:
        raise RecordingError(f"{path}: {error}") from error
    return reader.incident


class _Reader:
    """Takes frame by frame, in their order."""

    def __init__(self) -> None:
        self.incident = Incident()
        self._decoder = server_decoder()
        # The node's clock when the recording began; None before its first picture.
        self._zero: float | None = None
        self._last = 0
        self._at = 0.0
        self._ended = False

    def take(self, frame: Frame) -> None:
        """Take a frame.

        Raises:
            ValueError: it makes no sense.
        """
        if self._ended:
            raise ValueError("it goes on behind its end")
        self._at = frame.at
        for message in self._decoder.feed(frame.data + b"\n"):
            match message:
                case Hello():
                    self.incident.node = message.node
                case Rows():
                    self._take_rows(message.rows, frame)
                case SnapEnd() if frame.inserted and self._zero is None:
                    self._zero = message.at
                    self.incident.seconds = -frame.at  # counted from here on
                case Delta():
                    self._take_rows(message.up, frame)
                    self._take_events(message)
                case Trace():
                    self._take_messages(message)
                case Malformed():
                    raise ValueError(f"a frame at {frame.at:g} s makes no sense")
                case _:
                    pass

    def _take_rows(self, rows: list[Row], frame: Frame) -> None:
        found = {row.path: row for row in rows}
        self.incident.rows.update(found)
        if frame.inserted and self._zero is None:
            self.incident.present.update(found)
        if len(self.incident.rows) > MOST_ROWS:
            raise ValueError(f"it has more than {MOST_ROWS} children")

    def _take_events(self, delta: Delta) -> None:
        causes = {cause.n: cause for cause in delta.causes}
        incident = self.incident
        # What the node remembers of the time before comes before the first picture.
        known = self._zero is not None
        for event in delta.events:
            if event.n <= self._last:
                continue
            gap = event.n - self._last - 1
            if known and gap:
                incident.missed.append((self._since(event.at), gap))
            self._last = event.n
            if not known:
                continue
            cause = causes.get(event.n, Cause(event.n, 0, "", "", False))
            incident.happened.append(Happening(self._since(event.at), event, cause))
        if len(incident.happened) > MOST_EVENTS:
            raise ValueError(f"it has more than {MOST_EVENTS} events")

    def _take_messages(self, trace: Trace) -> None:
        if self._zero is None:
            return
        incident = self.incident
        if trace.missed:
            at = max(trace.at - self._zero, 0.0)
            incident.unheard.append((min(at, MAX_AT), trace.missed))
        for step in trace.steps:
            # What a server sends while it handles a message, the test's does, too.
            ours = step.parent or step.sender in incident.rows
            if step.kind == "received" and step.message in ASKED and not ours:
                at = min(max(step.at - self._zero, 0.0), MAX_AT)
                incident.asked.append(Asked(at, step))
        if len(incident.asked) > MOST_EVENTS:
            raise ValueError(f"it has more than {MOST_EVENTS} messages")

    def _since(self, at: float) -> float:
        happened = self.incident.happened
        before = happened[-1].at if happened else 0.0
        return min(max(at - (self._zero or 0.0), before), MAX_AT)

    def take_other(self, line: bytes) -> None:
        """Take a line that is no frame: the last one says how it ended."""
        try:
            data: object = json.loads(line)
        except (ValueError, RecursionError):
            return
        if isinstance(data, dict) and "ended" in cast("dict[str, object]", data):
            self._ended = True

    def check_end(self) -> None:
        """See that nothing is missing.

        Raises:
            ValueError: it breaks off.
        """
        if self._zero is None or not self._ended:
            raise ValueError(
                f"it breaks off after {self._at:g} s: a recording for tests says at its "
                "end why it ended; let `record` end by Ctrl-C, --for or --max-size"
            )
        happened = self.incident.happened
        last = happened[-1].at if happened else 0.0
        self.incident.seconds = max(self.incident.seconds + self._at, last)
