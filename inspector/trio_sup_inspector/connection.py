"""The way to a node: finds its socket, reads and writes it, on asyncio.

It decides nothing: what to do after a loss, and when, is the session's business.
"""

from __future__ import annotations

import asyncio
import errno
import logging
import random
import socket
from pathlib import Path
from typing import TYPE_CHECKING, Final

from attrs import Factory, define, field, frozen

from trio_sup.inspect.finding.directory import DiscoveryError
from trio_sup.inspect.finding.discovery import (
    AmbiguousNode,
    ForeignNode,
    NoSuchNode,
    check_peer,
    find_node,
    list_nodes,
)
from trio_sup.inspect.finding.found_node import FoundNode
from trio_sup.inspect.finding.peers import reaching
from trio_sup.inspect.finding.remote import (
    SCHEME,
    BadAddress,
    NoSsh,
    SshLine,
    host_of,
    parse_address,
)
from trio_sup_inspector.answers import Answers

if TYPE_CHECKING:
    from collections.abc import Callable

    from trio_sup.inspect.client.session import Session

logger = logging.getLogger("trio_sup_inspector")

READ_SIZE: Final = 65_536
POLL: Final = 0.5
"""Seconds after which the session hears that nothing came."""


@frozen
class Target:
    """Which node is meant: re-read at every attempt, so that a new life is found."""

    directory: Path | tuple[Path, ...]
    wanted: str | None = None
    """A name, ``name.pid``, a process id, the path of a socket, or an address."""

    @property
    def host(self) -> str:
        """The machine that the node is on; empty for this one."""
        return host_of(self.wanted or "")

    def find(self, *, name: str = "", pid: int = 0) -> FoundNode:
        """The node, wherever its socket is now.

        Args:
            name: What the node called itself when it was last met: another
                process of that name will do.
            pid: The process that it was.

        Raises:
            DiscoveryError: none, or several, fit.
        """
        try:
            return find_node(self.directory, self.wanted or name or None)
        except DiscoveryError:
            directory = self.directory
            if self.wanted is not None and "/" in self.wanted:
                directory = Path(self.wanted).parent
            same = [
                node
                for node in list_nodes(directory)
                if name and node.name == name and node.running
            ]
            if not same:
                raise
            return max(same, key=lambda node: (node.pid == pid, _started(node)))


def _started(node: FoundNode) -> float:
    return node.file.started_wall if node.file is not None else 0.0


@frozen
class Trouble:
    """Why there is no connection, for people."""

    kind: str
    """``ended`` (a node that was met), ``missing``, ``several``, ``forbidden``,
    ``unsafe`` or ``other``."""
    text: str
    hint: str = ""
    """What to do."""


@define
class Connection:
    """Keeps a session connected until cancelled, or until it is refused."""

    session: Session
    target: Target
    clock: Callable[[], float]
    jitter: Callable[[], float] = random.random
    poll: float = POLL
    trouble: Trouble | None = None
    """Why the last attempt failed; None once connected."""
    notify: Callable[[], object] = lambda: None
    """Called when the session came into another phase: worth a paint at once."""
    socket: Path | None = None
    """Where the node was last found."""
    pid: int = 0
    """The process whose socket was found last; 0 for one of another machine."""
    owner: str = ""
    """Whose node it is, if it is not this user's own: root may look."""
    answers: Answers = field(
        init=False,
        default=Factory(
            lambda self: Answers(self.session.operating, self.flush), takes_self=True
        ),
    )
    """To what the node was asked to plan or to do."""
    _writer: asyncio.StreamWriter | None = None
    _wake: asyncio.Event = field(factory=asyncio.Event)

    @property
    def ended(self) -> bool:
        """Whether the node that was shown is known to run no more."""
        return self.trouble is not None and self.trouble.kind == "ended"

    async def run(self) -> None:
        """Connect, read, reconnect. Never raises but for cancellation.

        An error of the program itself is logged and costs one connection.
        """
        session = self.session
        try:
            while not session.refused:
                session.connecting(self.clock())
                try:
                    reason = await self._once()
                except Exception as error:
                    logger.exception("the connection failed")
                    reason = f"internal error: {error!r}"
                session.lost(self.clock(), reason, jitter=self.jitter())
                self.answers.deliver()
                await self._wait()
        finally:
            self.close()

    def flush(self) -> None:
        """Send what the session has to say, if connected."""
        data = self.session.outgoing()
        if data and self._writer is not None and not self._writer.is_closing():
            self._writer.write(data)

    def retry(self) -> None:
        """Connect now instead of later."""
        self.session.retry_now(self.clock())
        self._wake.set()

    def close(self) -> None:
        """Say goodbye and let go of the socket; nobody is left waiting."""
        if self._writer is not None:
            self.session.ask.goodbye()
            self.flush()
            self._writer.close()
            self._writer = None
        self.session.operating.lost()
        self.answers.deliver()

    async def _once(self) -> str:
        """One connection from beginning to end; why it ended."""
        node = self.session.node
        name, pid = (node.node, node.pid) if node is not None else ("", 0)
        if self.target.wanted is not None and self.target.wanted.startswith(SCHEME):
            return await self._once_remote(self.target.wanted)
        try:
            found = self.target.find(name=name, pid=pid)
            self.socket = found.socket
            reader, writer = await _connected(found)
        except (DiscoveryError, OSError, ValueError) as error:
            self.trouble = explain(error, self.target, self.socket, name=name, pid=pid)
            return self.trouble.text
        self.trouble = None
        self.owner = found.owner
        self.pid = found.pid
        self._writer = writer
        try:
            return await self._converse(reader)
        except OSError as error:
            return f"the connection broke: {error.strerror or error}"
        finally:
            self._writer = None
            writer.close()

    async def _once_remote(self, address: str) -> str:
        """One connection over ssh from beginning to end; why it ended."""
        try:
            line = SshLine(parse_address(address), batch=True)
        except (BadAddress, NoSsh) as error:
            self.trouble = Trouble("other", str(error))
            return self.trouble.text
        try:
            reader, writer = await asyncio.open_unix_connection(sock=line.sock)
            self._writer = writer
            try:
                reason = await self._converse(reader, patient=True)
            except OSError as error:
                reason = f"the connection broke: {error.strerror or error}"
            finally:
                self._writer = None
                writer.close()
            if self.session.want_close:
                return reason
            # Only ssh knows why there was nothing to hear, and it is ending.
            code, said = await asyncio.to_thread(line.verdict)
            kind = "other" if code is None else "missing"
            hint = "ssh has to work without a password here" if code is None else ""
            self.trouble = Trouble(kind, said, hint)
            return said
        finally:
            # Not `to_thread`, a task whose first step may never come: the loop may be
            # about to end, and it waits for threads alone.
            loop = asyncio.get_running_loop()
            await asyncio.shield(loop.run_in_executor(None, line.close))

    async def _converse(
        self, reader: asyncio.StreamReader, *, patient: bool = False
    ) -> str:
        """Speak with the node until either side ends; why it did.

        Args:
            reader: What the node says.
            patient: Let it take its time for the first word: ssh needs some.
        """
        session = self.session
        session.connected(self.clock())
        while not session.want_close:
            self.flush()
            try:
                async with asyncio.timeout(self.poll):
                    data = await reader.read(READ_SIZE)
            except TimeoutError:
                if not patient:
                    session.tick(self.clock())
                continue
            patient = False
            if not data:
                return "the node closed the connection"
            self.trouble = None
            before = session.state.phase
            session.receive(data, self.clock())
            self.answers.deliver()
            if session.state.phase is not before:
                self.notify()
            # A node that never pauses must not keep leases from being renewed.
            session.tick(self.clock())
        return "this side gave the connection up"

    async def _wait(self) -> None:
        """Until an attempt is due.

        The clock is the application's: a recording's or a test's goes at a pace of its
        own, so it is looked at again and again.
        """
        while (due := self.session.retry_at) is not None:
            delay = due - self.clock()
            if delay <= 0:
                return
            self._wake.clear()
            try:
                async with asyncio.timeout(min(delay, self.poll)):
                    await self._wake.wait()
            except TimeoutError:
                pass


async def _connected(
    found: FoundNode,
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Connect to this very socket, and be sure who listens before a word is said."""
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        sock.setblocking(False)
        with reaching(found.socket) as (address, _):
            await asyncio.get_running_loop().sock_connect(sock, address)
        check_peer(sock, found)
        return await asyncio.open_unix_connection(sock=sock)
    except BaseException:
        sock.close()
        raise


def explain(
    error: Exception,
    target: Target,
    socket: Path | None,
    *,
    name: str = "",
    pid: int = 0,
) -> Trouble:
    """What stands in the way, and what to do about it.

    Args:
        error: What came of looking for the node, or of connecting.
        target: Which node was meant.
        socket: Where it was last found.
        name: What it called itself, if it was ever met: then it is missed by its
            name, for the path of a socket that is no more says nothing.
        pid: The process that it was.
    """
    if isinstance(error, AmbiguousNode):
        return Trouble("several", str(error))
    if isinstance(error, NoSuchNode) and name:
        return Trouble(
            "ended",
            f"{name} (process {pid}) has ended, and no other {name} runs here",
            "a new one is found by itself as soon as it runs",
        )
    if isinstance(error, ForeignNode):
        return Trouble("forbidden", str(error))
    if isinstance(error, DiscoveryError):
        kind = "unsafe" if type(error).__name__ == "UnsafeDirectory" else "missing"
        return Trouble(kind, str(error))
    if isinstance(error, OSError):
        return _explain_os(error, socket)
    return Trouble("other", str(error))


def _explain_os(error: OSError, socket: Path | None) -> Trouble:
    if error.errno in (errno.EACCES, errno.EPERM):
        return Trouble(
            "forbidden",
            f"permission denied: {socket}{_owner(socket)}",
            "run the inspector as the user who runs the node, or as root",
        )
    what = error.strerror or str(error)
    return Trouble("other", f"cannot connect to {socket}: {what}")


def _owner(socket: Path | None) -> str:
    if socket is None:
        return ""
    try:
        return f" (owner {socket.owner()})"
    except (OSError, KeyError):
        try:
            return f" (in {socket.parent}, owner {socket.parent.owner()})"
        except (OSError, KeyError):
            return ""
