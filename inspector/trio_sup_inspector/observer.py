"""The way to a cluster: a process that observes it, and from there to one of its nodes.

The observer joins the cluster as a node that runs nothing, on Trio and with the engine's
own client; it writes a document a second, which is read here, on asyncio. Whatever the
engine does, only that process waits for it.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
import tempfile
import threading
from typing import IO, TYPE_CHECKING, Final

from attrs import define, field, frozen

from trio_sup.inspect.finding.discovery import find_node
from trio_sup.inspect.finding.remote import SCHEME, parse_address
from trio_sup.inspect.model.cluster_look import read_look
from trio_sup.inspect.text.clean import clean
from trio_sup_inspector.connection import Target

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from trio_sup.inspect.protocol.wire_cluster import ClusterLook

LONGEST: Final = 32 * 1024 * 1024
"""Bytes of a document; an observer bounds what it tells far below that."""
PAUSES: Final = (1.0, 2.0, 5.0)
"""Seconds after which an observer that ended is started again."""
WRONG_USAGE: Final = 2
"""What the observer ends with if it makes no sense to start it again."""


@frozen
class Observation:
    """How a cluster is observed.

    Args:
        title: Its engine, for people: without a password.
        command: What observes it; it writes a document a line.
        environ: Its environment.
        secret: What it is told on stdin.
    """

    title: str
    command: Sequence[str]
    environ: Mapping[str, str] = field(repr=False)
    secret: str = field(repr=False)


class NoObserver(Exception):
    """It does not run (any more); `str` is one line."""

    def __init__(self, why: str, *, final: bool = False) -> None:
        super().__init__(why)
        self.final = final
        """Whether it makes no sense to start another one."""


@define(eq=False)
class Observer:
    """Keeps an observer running until cancelled, and hands on what it sees.

    Args:
        how: What is run.
        heard: Is given each look.
        lost: Is told why there are none, and whether there will be no more.
    """

    how: Observation
    heard: Callable[[ClusterLook], object]
    lost: Callable[[str, bool], object]
    _again: asyncio.Event = field(factory=asyncio.Event)

    async def run(self) -> None:
        """Observe. Never raises but for cancellation."""
        failed = 0
        while True:
            process: _Process | None = None
            try:
                process = _Process(self.how)
                await self._read(process)
                trouble = NoObserver("the observer ended")
            except NoObserver as error:
                trouble = error
            finally:
                if process is not None:
                    process.close()
            failed = failed + 1 if process is None or not process.looks else 1
            self.lost(str(trouble), trouble.final)
            pause = PAUSES[min(failed, len(PAUSES)) - 1]
            await self._wait(None if trouble.final else pause)

    def retry(self) -> None:
        """Start another one now, if none runs."""
        self._again.set()

    async def _wait(self, seconds: float | None) -> None:
        self._again.clear()
        try:
            async with asyncio.timeout(seconds):
                await self._again.wait()
        except TimeoutError:
            pass

    async def _read(self, process: _Process) -> None:
        reader, writer = await asyncio.open_unix_connection(
            sock=process.sock, limit=LONGEST
        )
        try:
            while line := await _line(reader):
                look = _look(line)
                process.looks += 1
                self.heard(look)
        finally:
            writer.close()
        raise await asyncio.to_thread(process.verdict)


async def _line(reader: asyncio.StreamReader) -> bytes:
    try:
        return await reader.readline()
    except OSError:
        return b""
    except ValueError:  # it has no end
        raise NoObserver("the observer said too much at once") from None


def _look(line: bytes) -> ClusterLook:
    try:
        return read_look(json.loads(line))
    except (KeyError, ValueError, RecursionError):
        raise NoObserver("the observer said what cannot be read") from None


class _Process:
    """A running observer, and the socket on which it writes."""

    def __init__(self, how: Observation) -> None:
        self.looks = 0
        ours, theirs = socket.socketpair()
        self.sock: socket.socket = ours
        self._said: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - see close
        try:
            self._process = subprocess.Popen(  # noqa: S603 - no shell
                list(how.command),
                stdin=subprocess.PIPE,
                stdout=theirs.fileno(),
                stderr=self._said,
                env=dict(how.environ),
                start_new_session=True,  # Ctrl-C and Ctrl-Z are the inspector's
            )
        except OSError as error:
            ours.close()
            self._said.close()
            said = error.strerror or str(error)
            raise NoObserver(f"cannot start the observer: {said}") from error
        finally:
            theirs.close()
        stdin = self._process.stdin
        assert stdin is not None
        try:
            stdin.write(f"{how.secret}\n".encode())
            stdin.close()
        except OSError:
            pass  # it has ended: `verdict` says why

    def verdict(self) -> NoObserver:
        """Why it ended, for people."""
        try:
            code = self._process.wait(1.0)
        except subprocess.TimeoutExpired:
            return NoObserver("the observer closed its output")
        size = self._said.seek(0, os.SEEK_END)
        self._said.seek(max(0, size - 4096))
        lines = self._said.read().decode(errors="replace").splitlines()
        said = [line.strip() for line in lines if line.strip()]
        if code == WRONG_USAGE and said:
            # What is wrong, and behind it how to mend it.
            text = " ".join(said[-2:]).removeprefix("trio-sup: ")
            return NoObserver(clean(text)[:500], final=True)
        last = said[-1] if said else f"exit code {code}"
        return NoObserver(clean(f"the observer ended: {last}")[:300])

    def close(self) -> None:
        """Ask it to leave the cluster, and wait for nothing.

        It gives its lease back, which takes an engine that answers; whoever quits is not
        to wait for that.
        """
        self.sock.close()
        try:
            self._process.send_signal(signal.SIGTERM)
        finally:
            self._said.close()
            threading.Thread(target=self._process.wait, daemon=True).start()


def way_to(directory: Path | tuple[Path, ...], host: str, pid: int) -> Target:
    """How to attach to a process on whatever machine.

    Args:
        directory: Where nodes of this machine are looked for.
        host: The machine's name, as a node told it.
        pid: The process, as a node told it.

    Raises:
        DiscoveryError: it offers no inspector here.
        BadAddress: there can be no such machine.
    """
    if host == socket.gethostname():
        return Target(directory, str(find_node(directory, str(pid)).socket))
    address = f"{SCHEME}{host}/{pid}"
    parse_address(address)
    return Target((), address)
