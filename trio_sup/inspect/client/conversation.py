"""One connection to a node over a blocking socket. Needs neither Trio nor Textual.

Every failure is an `AskError` with a one-line message and the exit code that
`trio-sup` documents for it.
"""

from __future__ import annotations

import socket
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, TypeAlias

from trio_sup.inspect.client.session import Phase, Session
from trio_sup.inspect.finding.discovery import ForeignNode, check_peer
from trio_sup.inspect.finding.found_node import FoundNode
from trio_sup.inspect.finding.peers import reaching
from trio_sup.inspect.finding.remote import NoSsh, SshLine

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence

    from trio_sup.inspect.finding.remote import RemoteNode

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

WITHIN: Final = 20.0
WITHIN_REMOTE: Final = 120.0
"""Seconds within which all has to be there, however steadily a node speaks."""
MAX_BYTES: Final = 512 * 1024 * 1024
"""Bytes within which it has to."""

_POLL: Final = 0.25
_CODES: Final = {
    "version": EXIT_VERSION,
    "forbidden": EXIT_PERMISSION,
    "garbage": EXIT_SILENT,
    "silent": EXIT_SILENT,
    "too_much": EXIT_SILENT,
}
_PASSED_ON: Final = frozenset({EXIT_NO_NODE, EXIT_AMBIGUOUS, EXIT_PERMISSION})
"""Codes of a relay that mean the same here."""

Peer: TypeAlias = "FoundNode | RemoteNode"
"""A node to speak with."""


class AskError(Exception):
    """A node could not be asked; `str` is one line for people."""

    def __init__(self, message: str, code: int) -> None:
        super().__init__(message)
        self.code = code


@contextmanager
def attached(
    peer: Peer,
    want: Sequence[str],
    *,
    rate_hz: float = 4.0,
    client: str = "trio-sup (one shot)",
    control: bool = False,
    on_data: Callable[[bytes], None] | None = None,
) -> Generator[Conversation, None, None]:
    """Connect to a node, and close at the end of the block.

    Args:
        peer: Which node.
        want: Of ``tree`` and ``events``.
        rate_hz: How many deltas a second to ask for, 1 to 10.
        client: Who asks, for the node.
        control: Whether to ask for leave to act.
        on_data: Called with the bytes that the node sends, before they are read.

    Raises:
        AskError: it cannot be reached.
    """
    session = Session(client=client, want=want, rate_hz=rate_hz, control=control)
    if isinstance(peer, FoundNode):
        with _local(peer) as sock:
            yield Conversation(peer, sock, session, on_data)
        return
    try:
        line = SshLine(peer, batch=False)
    except NoSsh as error:
        raise AskError(str(error), EXIT_USAGE) from error
    try:
        line.sock.settimeout(_POLL)
        yield Conversation(peer, line.sock, session, on_data, line)
    finally:
        line.close()


@contextmanager
def _local(found: FoundNode) -> Generator[socket.socket, None, None]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as sock:
        connect(sock, found)
        sock.settimeout(_POLL)
        yield sock


def connect(sock: socket.socket, found: FoundNode) -> None:
    """Connect a socket to a node of this machine.

    Raises:
        AskError: it cannot be reached, or somebody else listens there.
    """
    sock.settimeout(TIMEOUT)
    try:
        with reaching(found.socket) as (address, _):
            sock.connect(address)
        check_peer(sock, found)
    except ForeignNode as error:
        raise AskError(str(error), EXIT_PERMISSION) from error
    except PermissionError as error:
        raise AskError(f"{found.socket}: permission denied", EXIT_PERMISSION) from error
    except (FileNotFoundError, ConnectionRefusedError) as error:
        raise AskError(
            f"node {found.title} is gone: nobody listens at {found.socket}",
            EXIT_NO_NODE,
        ) from error
    except TimeoutError as error:
        raise _silent(found, "does not accept connections") from error
    except OSError as error:
        raise AskError(f"{found.socket}: {error.strerror}", EXIT_SILENT) from error


class Conversation:
    """A session driven by a blocking socket."""

    def __init__(
        self,
        peer: Peer,
        sock: socket.socket,
        session: Session,
        on_data: Callable[[bytes], None] | None = None,
        line: SshLine | None = None,
    ) -> None:
        self.session: Session = session
        self._peer = peer
        self._sock = sock
        self._on_data = on_data
        self._line = line
        # How long ssh takes, a password included, is not for us to limit.
        self._patient = line is not None
        now = time.monotonic()
        session.connecting(now)
        session.connected(now)

    def until_complete(self) -> None:
        """Go on until the rows and the remembered events are there.

        A node sends its first heartbeat behind them.

        Raises:
            AskError: see `step`; the connection closed before that; or it took longer
                than `WITHIN`, or more than `MAX_BYTES`.
        """
        within = WITHIN if self._line is None else WITHIN_REMOTE
        due: float | None = None
        session = self.session
        while session.heartbeat is None or session.state.phase is not Phase.LIVE:
            if not self.step():
                raise self.ended()
            if session.bad_frames:
                # A view asks again; who looks once is told.
                text = f"its frames make no sense: {session.last_bad}"
                raise AskError(f"{self._peer.place}: {text}", EXIT_SILENT)
            if due is None and not self._patient:
                due = time.monotonic() + within
            if due is not None and time.monotonic() >= due:
                raise _silent(self._peer, f"was not done within {within:g} s")
            if session.bytes_heard > MAX_BYTES:
                text = f"sent over {MAX_BYTES} bytes and was not done"
                raise AskError(f"node {self._peer.title} {text}", EXIT_SILENT)

    def until_control(self) -> None:
        """Go on until the node grants the actions that the session asked for.

        Raises:
            AskError: see `step`; or the node grants none.
        """
        operating = self.session.operating
        while operating.role is None:
            if "known" in operating.why_not or not self.step():
                break
        if not operating.granted:
            raise AskError(operating.why_not, EXIT_REFUSED)

    def step(self, seconds: float = _POLL) -> bool:
        """Wait a moment for the node; False when it closed the connection.

        Args:
            seconds: How long to wait at most.

        Raises:
            AskError: it refused, or has been silent for `TIMEOUT`.
        """
        session = self.session
        self._sock.settimeout(max(seconds, 0.001))
        try:
            data: bytes | None = self._sock.recv(65536)
        except TimeoutError:
            data = None
        except OSError:
            data = b""
        now = time.monotonic()
        if data:
            self._patient = False
            if self._on_data is not None:
                self._on_data(data)
            session.receive(data, now)
        elif data is None and not self._patient:
            session.tick(now)
        self._judge(now)
        self._send(session.outgoing())
        return data is None or bool(data)

    def flush(self) -> None:
        """Send what the session has to say."""
        self._send(self.session.outgoing())

    def ended(self) -> AskError:
        """What to raise if the connection closed too early."""
        if self._line is not None:
            code, text = self._line.verdict()
            if code is None:
                denied = "Permission denied" in text
                code = EXIT_PERMISSION if denied else EXIT_SILENT
            return AskError(text, code if code in _PASSED_ON else EXIT_SILENT)
        return AskError(f"node {self._peer.title} closed the connection", EXIT_SILENT)

    def leave(self) -> None:
        """Say goodbye; a node that does not hear it minds little."""
        self.session.ask.goodbye()
        try:
            self.flush()
        except AskError:
            pass

    def _judge(self, now: float) -> None:
        state = self.session.state
        if state.code == "silent" or (
            state.phase is Phase.STALE and self.session.silence(now) >= TIMEOUT
        ):
            raise _silent(self._peer, f"said nothing for {TIMEOUT:g} s")
        if self.session.want_close:
            raise AskError(
                f"{self._peer.place}: {state.text}",
                _CODES.get(state.code, EXIT_REFUSED),
            )

    def _send(self, data: bytes) -> None:
        try:
            self._sock.settimeout(_POLL)
            self._sock.sendall(data)
        except TimeoutError as error:
            raise _silent(self._peer, "does not read") from error
        except OSError:
            pass  # What the node said before it closed is still to be read.


def _silent(peer: Peer, what: str) -> AskError:
    hint = ""
    if isinstance(peer, FoundNode) and peer.pid:
        hint = f"; look where it hangs: trio-sup show {peer.title} --stacks"
    return AskError(f"node {peer.title} {what}{hint}", EXIT_SILENT)
