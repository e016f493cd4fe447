"""Ask a node once, over a plain blocking socket. Needs neither Trio nor Textual.

Every failure is an `AskError` with a one-line message and the exit code that
`trio-sup` documents for it.
"""

from __future__ import annotations

import socket
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from attrs import frozen

from trio_sup.inspect.session import Phase, Session
from trio_sup.inspect.wire import ROW_COLUMNS

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Sequence

    from trio_sup.inspect.discovery import FoundNode
    from trio_sup.inspect.wire import Event, Hello, Row

EXIT_OK: Final = 0
EXIT_PROBLEM: Final = 1
EXIT_USAGE: Final = 2
EXIT_NO_NODE: Final = 3
EXIT_AMBIGUOUS: Final = 4
EXIT_PERMISSION: Final = 5
EXIT_VERSION: Final = 6
EXIT_SILENT: Final = 7
EXIT_REFUSED: Final = 8
EXIT_INTERRUPTED: Final = 130

TIMEOUT: Final = 5.0
"""Seconds of silence after which a node counts as not responding."""

_POLL: Final = 0.25
_CODES: Final = {
    "version": EXIT_VERSION,
    "forbidden": EXIT_PERMISSION,
    "garbage": EXIT_SILENT,
    "silent": EXIT_SILENT,
}
_INT: Final = (int,)
_INT_OR_NONE: Final = (int, type(None))
_FLOAT_OR_NONE: Final = (float, int, type(None))
_ROW_TYPES: Final[dict[str, tuple[type, ...]]] = dict.fromkeys(ROW_COLUMNS, (str,)) | {
    "id": _INT,
    "parent": _INT,
    "life": _INT,
    "restarts": _INT,
    "began": _FLOAT_OR_NONE,
    "mailbox_len": _INT_OR_NONE,
    "mailbox_cap": _INT_OR_NONE,
    "mailbox_peak": _INT_OR_NONE,
    "handled": _INT_OR_NONE,
    "op": (str, type(None)),
    "op_since": _FLOAT_OR_NONE,
    "budget_used": _INT_OR_NONE,
    "budget_max": _INT_OR_NONE,
    "budget_seconds": _FLOAT_OR_NONE,
    "version": _INT,
}


class AskError(Exception):
    """A node could not be asked; `str` is one line for people."""

    def __init__(self, message: str, code: int) -> None:
        super().__init__(message)
        self.code = code


@frozen
class Answer:
    """What a node said when it was asked once."""

    node: Hello
    now: float
    """The node's clock when it answered."""
    lag: float
    """By how many seconds its loop was late, lately."""
    rows: dict[int, Row]
    events: list[Event]
    """The newest events that the node remembers, oldest first."""


def ask(found: FoundNode, *, want: Sequence[str] = ("tree",)) -> Answer:
    """Attach, take everything once, leave.

    Raises:
        AskError: the node cannot be reached, does not answer, or refuses.
    """
    with _attached(found, want) as conversation:
        conversation.until_complete()
        session = conversation.session
        conversation.leave()
        node, beat = session.node, session.heartbeat
        assert node is not None  # It comes before any heartbeat.
        assert beat is not None
        if not all(map(_sane, session.rows.values())):
            raise AskError(f"{found.socket}: the rows make no sense", EXIT_SILENT)
        return Answer(node, beat.at, beat.lag, session.rows, list(session.events))


def remembered(found: FoundNode) -> list[tuple[Event, float]]:
    """The events that the node remembers, each with its time since 1970.

    Raises:
        AskError: the node cannot be reached, does not answer, or refuses.
    """
    answer = ask(found, want=("events",))
    return [(event, wall_time(answer.node, event.at)) for event in answer.events]


def follow(found: FoundNode) -> Iterator[tuple[Event, float]]:
    """The node's events as they happen, first those that it remembers.

    Each comes with its time since 1970. Ends when the node does.

    Raises:
        AskError: the node cannot be reached, does not answer, or refuses.
    """
    with _attached(found, ("events",)) as conversation:
        while conversation.step():
            node = conversation.session.node
            for event in conversation.session.take_changes().events:
                assert node is not None  # It comes before any event.
                yield event, wall_time(node, event.at)


def wall_time(node: Hello, at: float) -> float:
    """A time of the node's clock in seconds since 1970."""
    return node.wall0 + at - node.mono0


def _sane(row: Row) -> bool:
    """Whether each column has its type: the wire does not check rows one by one."""
    return all(
        isinstance(getattr(row, column), types) for column, types in _ROW_TYPES.items()
    )


@contextmanager
def _attached(
    found: FoundNode, want: Sequence[str]
) -> Generator[_Conversation, None, None]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as sock:
        sock.settimeout(TIMEOUT)
        try:
            sock.connect(str(found.socket))
        except PermissionError as error:
            raise AskError(
                f"{found.socket}: permission denied", EXIT_PERMISSION
            ) from error
        except (FileNotFoundError, ConnectionRefusedError) as error:
            raise AskError(
                f"node {found.title} is gone: nobody listens at {found.socket}",
                EXIT_NO_NODE,
            ) from error
        except TimeoutError as error:
            raise _silent(found, "does not accept connections") from error
        except OSError as error:
            raise AskError(f"{found.socket}: {error.strerror}", EXIT_SILENT) from error
        sock.settimeout(_POLL)
        yield _Conversation(found, sock, want)


class _Conversation:
    """A session driven by a blocking socket."""

    def __init__(
        self, found: FoundNode, sock: socket.socket, want: Sequence[str]
    ) -> None:
        self.session = Session(client="trio-sup (one shot)", want=want)
        self._found = found
        self._sock = sock
        now = time.monotonic()
        self.session.connecting(now)
        self.session.connected(now)

    def until_complete(self) -> None:
        """Go on until the rows and the remembered events are there.

        A node sends its first heartbeat behind them.
        """
        while self.session.heartbeat is None:
            if not self.step():
                raise AskError(
                    f"node {self._found.title} closed the connection",
                    EXIT_SILENT,
                )

    def step(self) -> bool:
        """Wait a moment for the node; False when it closed the connection.

        Raises:
            AskError: it refused, or has been silent for `TIMEOUT`.
        """
        session = self.session
        try:
            data: bytes | None = self._sock.recv(65536)
        except TimeoutError:
            data = None
        except OSError:
            data = b""
        now = time.monotonic()
        if data:
            session.receive(data, now)
        elif data is None:
            session.tick(now)
        self._judge(now)
        self._send(session.outgoing())
        return data is None or bool(data)

    def leave(self) -> None:
        """Say goodbye; a node that does not hear it minds little."""
        self.session.leave()
        try:
            self._send(self.session.outgoing())
        except AskError:
            pass

    def _judge(self, now: float) -> None:
        state = self.session.state
        if state.code == "silent" or (
            state.phase is Phase.STALE and self.session.silence(now) >= TIMEOUT
        ):
            raise _silent(self._found, f"said nothing for {TIMEOUT:g} s")
        if self.session.want_close:
            raise AskError(
                f"{self._found.socket}: {state.text}",
                _CODES.get(state.code, EXIT_REFUSED),
            )

    def _send(self, data: bytes) -> None:
        try:
            self._sock.sendall(data)
        except TimeoutError as error:
            raise _silent(self._found, "does not read") from error
        except OSError:
            pass  # What the node said before it closed is still to be read.


def _silent(found: FoundNode, what: str) -> AskError:
    hint = f"; look where it hangs: py-spy dump --pid {found.pid}" if found.pid else ""
    return AskError(f"node {found.title} {what}{hint}", EXIT_SILENT)
