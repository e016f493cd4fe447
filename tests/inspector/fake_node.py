"""A node for the application's tests: the real protocol over a real socket.

It runs on the application's own event loop, and says what a test tells it to.
"""

import asyncio
import contextlib
from pathlib import Path

from attrs import define, field

from trio_sup.inspect.protocol.codec import encode, request_decoder
from trio_sup.inspect.protocol.wire import (
    CAPS,
    ROW_COLUMNS,
    Attach,
    ClientMessage,
    Delta,
    Detail,
    Event,
    Heartbeat,
    Hello,
    Ready,
    Resync,
    Row,
    Rows,
    ServerMessage,
    SnapBegin,
    SnapEnd,
    Watch,
)
from trio_sup.inspect.protocol.wire_details import Follow

STARTED = 1_700_000_000.0
"""2023-11-14 22:13:20 UTC: the wall clock when every node of the tests began."""


@define
class FakeNode:
    """Greets, sends its rows, and notes what it was asked."""

    rows: list[Row] = field(factory=list["Row"])
    name: str = "shop"
    pid: int = 4711
    epoch: str = "e1"
    proto: int = 1
    directory: Path | None = None
    """Where its socket is, once it was started."""
    at: float = 1000.0
    """The node's clock; it does not run by itself."""
    mono0: float = 1000.0
    wall0: float = STARTED + 1000.0
    """The wall clock when the node's was at `mono0`: each process has another zero."""
    tracebacks: dict[int, str] = field(factory=dict["int", "str"])
    insides: dict[int, Detail] = field(factory=dict["int", "Detail"])
    """What is answered about a child besides its row and traceback."""
    topics: dict[str, ServerMessage] = field(factory=dict["str", "ServerMessage"])
    """What is answered to who follows a topic."""
    caps: tuple[str, ...] = CAPS
    greets: bool = True
    asked: list[ClientMessage] = field(factory=list["ClientMessage"])
    seq: int = 0
    events_sent: int = 0
    server: asyncio.Server | None = None
    writers: list[asyncio.StreamWriter] = field(factory=list["asyncio.StreamWriter"])

    @property
    def path(self) -> Path:
        assert self.directory is not None
        return self.directory / f"{self.name}.{self.pid}.sock"

    async def start(self, directory: Path | None = None) -> None:
        """Listen in a directory, or where it did before."""
        self.directory = directory or self.directory
        self.server = await asyncio.start_unix_server(self._serve, self.path)

    async def stop(self) -> None:
        """Close everything, as the end of the process would."""
        assert self.server is not None
        self.server.close()
        for writer in self.writers:
            writer.close()
        self.writers.clear()
        self.server = None

    def say(self, message: ServerMessage) -> None:
        for writer in self.writers:
            writer.write(encode(message))

    def raw(self, data: bytes) -> None:
        for writer in self.writers:
            writer.write(data)

    def change(self, *up: Row, gone: tuple[int, ...] = ()) -> None:
        """Send rows that changed and ids that are no more."""
        self.seq += 1
        keep = [r for r in self.rows if r.id not in gone]
        ids = {row.id for row in up}
        self.rows = [r for r in keep if r.id not in ids] + list(up)
        self.say(Delta(self.seq, self.seq - 1, self.at, up=list(up), gone=list(gone)))

    def tell(self, kind: str, path: str, text: str, at: float | None = None) -> None:
        """Send one event."""
        self.events_sent += 1
        self.seq += 1
        event = Event(self.events_sent, self.at if at is None else at, path, kind, text)
        self.say(Delta(self.seq, self.seq - 1, self.at, events=[event]))

    def beat(self, lag: float = 0.002, cost: float = 0.0) -> None:
        self.say(Heartbeat(self.at, lag, cost))

    async def _serve(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self.writers.append(writer)
        if self.greets:
            writer.write(encode(self._hello()))
        decoder = request_decoder()
        with contextlib.suppress(ConnectionError):
            while data := await reader.read(65536):
                for message in decoder.feed(data):
                    self._answer(message, writer)
        writer.close()
        if writer in self.writers:
            self.writers.remove(writer)

    def _answer(self, message: object, writer: asyncio.StreamWriter) -> None:
        self.asked.append(message)  # type: ignore[arg-type]
        if isinstance(message, Attach):
            writer.write(encode(Ready(1, message.rate_hz)))
            self._snapshot(writer)
        elif isinstance(message, Resync):
            self._snapshot(writer)
        elif isinstance(message, Watch):
            row = next((row for row in self.rows if row.id == message.id), None)
            text = self.tracebacks.get(message.id, "")
            inside = self.insides.get(message.id, Detail(message.id, self.at))
            parts = list(message.parts)
            kept = {part: getattr(inside, part) for part in parts[1:]}
            answer = Detail(message.id, self.at, row, text, parts=parts, **kept)
            writer.write(encode(answer))
        elif isinstance(message, Follow) and message.topic in self.topics:
            writer.write(encode(self.topics[message.topic]))

    def _snapshot(self, writer: asyncio.StreamWriter) -> None:
        writer.write(encode(SnapBegin(self.seq, len(self.rows))))
        for start in range(0, len(self.rows), 500):
            writer.write(encode(Rows(self.rows[start : start + 500])))
        writer.write(encode(SnapEnd(self.seq, self.at)))
        writer.write(encode(Heartbeat(self.at, 0.002)))

    def _hello(self) -> Hello:
        return Hello(
            proto_min=self.proto,
            proto_max=self.proto,
            node=self.name,
            epoch=self.epoch,
            pid=self.pid,
            python="3.13.0",
            trio="0.35.0",
            trio_sup="0.1.0",
            started_wall=STARTED,
            wall0=self.wall0,
            mono0=self.mono0,
            caps=list(self.caps),
            cols=list(ROW_COLUMNS),
        )
