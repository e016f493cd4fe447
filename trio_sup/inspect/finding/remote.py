"""A node on another machine: ``ssh HOST trio-sup relay NODE`` is the transport.

Authentication and encryption are those of ssh; no port is opened and no socket is
left behind. What both ends see is one end of a pair of plain sockets.
"""

from __future__ import annotations

import contextlib
import os
import re
import shlex
import socket
import subprocess
import tempfile
from typing import IO, TYPE_CHECKING, Final

from attrs import frozen

if TYPE_CHECKING:
    from collections.abc import Mapping

SCHEME: Final = "ssh://"
COMMAND_VARIABLE: Final = "TRIO_SUP_REMOTE"
"""Names the command on the other machine, for the shell there; ``trio-sup`` else."""
CLOSE_SECONDS: Final = 2.0
"""How long ssh may take to end before it is killed."""

_URL: Final = re.compile(
    r"ssh://(?:(?P<user>[\w.+][\w.+-]*)@)?"
    r"(?P<host>[\w.][\w.-]*|\[[0-9A-Fa-f:.]+\])"
    r"(?::(?P<port>\d{1,5}))?(?:/(?P<node>[\w./-]*))?",
    re.ASCII,
)
_NO_COMMAND: Final = frozenset({126, 127})
"""What a shell ends with if it cannot run the command."""
_SSH_FAILED: Final = 255


class BadAddress(ValueError):
    """The text is no address of a remote node; `str` is one line that says why."""


class NoSsh(Exception):
    """ssh cannot be started; `str` is one line."""


@frozen
class RemoteNode:
    """What ``ssh://user@host:port/node`` means."""

    user: str
    host: str
    port: str
    node: str
    """As `find_node` takes it on the other machine; empty for the only one."""
    pid: int = 0
    """Not known here."""

    @property
    def title(self) -> str:
        """For people."""
        return f"{self.node} on {self.host}" if self.node else f"of {self.host}"

    @property
    def place(self) -> str:
        """Where it is: the address again, which is parsed to the same."""
        user = f"{self.user}@" if self.user else ""
        port = f":{self.port}" if self.port else ""
        return f"{SCHEME}{user}{self.host}{port}/{self.node}"

    @property
    def destination(self) -> str:
        """What ssh is told."""
        host = self.host.strip("[]")
        return f"{self.user}@{host}" if self.user else host


def parse_address(text: str) -> RemoteNode:
    """Read ``ssh://[user@]host[:port][/node]``.

    Raises:
        BadAddress: it is something else, or could be taken for an option of ssh.
    """
    found = _URL.fullmatch(text)
    if found is None or (found["node"] or "").startswith("-"):
        raise BadAddress(f"{text!r}: write it as ssh://[user@]host[:port]/node")
    return RemoteNode(
        found["user"] or "", found["host"], found["port"] or "", found["node"] or ""
    )


def host_of(text: str) -> str:
    """The machine of a node's address; empty for what is none: a name, a path."""
    try:
        return parse_address(text).host
    except BadAddress:
        return ""


def command_line(
    remote: RemoteNode, *, batch: bool, environ: Mapping[str, str]
) -> list[str]:
    """The command that reaches the node.

    Args:
        remote: Which one.
        batch: Never ask for a password: fail instead.
        environ: Where `COMMAND_VARIABLE` is looked up.
    """
    command = environ.get(COMMAND_VARIABLE) or "trio-sup"
    there = f"{command} relay"
    if remote.node:
        there += f" {shlex.quote(remote.node)}"
    options = ["-T"]
    if batch:
        options += ["-o", "BatchMode=yes"]
    if remote.port:
        options += ["-p", remote.port]
    return ["ssh", *options, "--", remote.destination, there]


class SshLine:
    """A running ssh, and the socket behind which the node speaks."""

    def __init__(self, remote: RemoteNode, *, batch: bool) -> None:
        """Start ssh; what it says on stderr is kept for `verdict`.

        Raises:
            NoSsh: it cannot be started.
        """
        self.remote = remote
        ours, theirs = socket.socketpair()
        self.sock: socket.socket = ours
        self._said: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - see close
        try:
            self._process = subprocess.Popen(  # noqa: S603 - no shell on this side
                command_line(remote, batch=batch, environ=os.environ),
                stdin=theirs.fileno(),
                stdout=theirs.fileno(),
                stderr=self._said,
            )
        except OSError as error:
            self.sock.close()
            self._said.close()
            raise NoSsh(f"cannot start ssh: {error.strerror}") from error
        finally:
            theirs.close()

    def verdict(self) -> tuple[int | None, str]:
        """Why the connection ended, for people, with the code of the other side.

        The code is None where it means nothing here: ssh failed, or has not ended.
        """
        try:
            code = self._process.wait(CLOSE_SECONDS)
        except subprocess.TimeoutExpired:
            return None, f"{self.remote.place} closed the connection"
        said = self._last_line()
        host = self.remote.host
        if code in _NO_COMMAND:
            hint = f"set {COMMAND_VARIABLE} to the command there"
            return None, f"{host}: no trio-sup on its PATH: {hint} ({said})"
        if code == _SSH_FAILED:
            return None, f"ssh to {host} failed: {said}"
        if code == 0:
            return None, f"{self.remote.place} closed the connection"
        return code, f"{host}: {said.removeprefix('trio-sup: ')}"

    def close(self) -> None:
        """End ssh, and with it the relay on the other side."""
        self.sock.close()
        self._process.terminate()
        try:
            self._process.wait(CLOSE_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        with contextlib.suppress(OSError):
            self._said.close()

    def _last_line(self) -> str:
        size = self._said.seek(0, os.SEEK_END)
        self._said.seek(max(0, size - 4096))
        text = self._said.read().decode(errors="replace")
        lines = [line.strip() for line in text.splitlines() if line.strip()]
        last = lines[-1] if lines else "it said nothing"
        return "".join(char if char.isprintable() else "." for char in last)[:300]
