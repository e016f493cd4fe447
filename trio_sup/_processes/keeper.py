"""The node's side of the keeper: a process that kills what a killed node leaves behind.

One for each Trio run, begun with its first program. It cannot be asked anything; what it
knows comes through a pipe, of which both ends are kept here: if the keeper is killed, the
next one reads on where it stopped.
"""

from __future__ import annotations

import os
import signal
import subprocess
from collections import deque

import trio

from trio_sup._core.exits import describe_error
from trio_sup._processes.source import python
from trio_sup._trio.beside import bare
from trio_sup._trio.log import Log

_log = Log("trio_sup.processes")

AGAIN_AFTER = 0.1
"""Seconds before another keeper takes the place of one that ended."""
PATIENCE = 5.0
"""Seconds in which it must have read something, if there is no more room."""
LEAVES_IN = 5.0
"""Seconds that a keeper may take to end, once nothing is left to keep."""


class Keeper:
    """What the node holds of its keeper."""

    def __init__(self) -> None:
        self._reading, self.writing = os.pipe()
        os.set_blocking(self.writing, False)
        self._pids: set[int] = set()
        self._unsent: deque[bytes] = deque()
        self._begun = trio.Event()
        self._full = trio.Event()
        self._process: trio.Process | None = None
        self._failure: BaseException | None = None
        self.pid: int | None = None

    async def wait_begun(self) -> None:
        """Wait until there is a keeper.

        Raises:
            OSError: it could not be started.
        """
        await self._begun.wait()
        if self._failure is not None:
            raise self._failure

    def came(self, pid: int) -> None:
        """A program runs. It has registered itself, perhaps with a former keeper."""
        self._pids.add(pid)
        self._send(b"+%d\n" % pid)

    def went(self, pid: int) -> None:
        """A program has ended, with all of its group."""
        self._pids.discard(pid)
        self._send(b"-%d\n" % pid)

    def _send(self, message: bytes) -> None:
        self._unsent.append(message)
        self._flush()

    def _flush(self) -> None:
        try:
            while self._unsent:
                os.write(self.writing, self._unsent[0])
                self._unsent.popleft()
        except BlockingIOError:
            self._full.set()
        except OSError:
            pass  # the run is over

    async def run(self) -> None:
        """Keep a keeper running, until cancelled at the end of the run."""
        try:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._send_late)
                await self._keep_one()
        except Exception as error:  # noqa: BLE001 - told to who waits
            self._failure = bare(error)
            if self._begun.is_set():
                _log.error(
                    "no process ends programs if this one is killed: %s",
                    describe_error(error),
                )
            self._begun.set()
            forget(self)
        finally:
            # Said, as a forked copy of this process may hold the pipe open for longer.
            self._send(b".")
            os.close(self._reading)
            os.close(self.writing)
            if self._process is not None:
                await _leave(self._process)

    async def _keep_one(self) -> None:
        while True:
            self._process = process = await self._start()
            self.pid = process.pid
            for pid in self._pids:
                self._send(b"+%d\n" % pid)
            self._begun.set()
            code = await process.wait()
            self.pid = None
            _log.warning(
                "the process that ends programs if this one is killed has ended "
                "itself (exit code %s): another one is started",
                code,
            )
            await trio.sleep(AGAIN_AFTER)

    async def _send_late(self) -> None:
        """Send what the pipe had no room for; who does not read is replaced."""
        while True:
            await self._full.wait()
            self._full = trio.Event()
            with trio.move_on_after(PATIENCE) as patience:
                await trio.lowlevel.wait_writable(self.writing)
            if patience.cancelled_caught and self.pid is not None:
                # Stopped, or hanging. The next one reads on where it stopped.
                os.kill(self.pid, signal.SIGKILL)
            self._flush()

    async def _start(self) -> trio.Process:
        return await trio.lowlevel.open_process(
            [*python("keep"), str(os.getpid())],
            stdin=self._reading,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            cwd="/",
        )


async def _leave(process: trio.Process) -> None:
    """Wait for the end of a keeper that has nothing to keep; it comes by itself."""
    with trio.CancelScope(shield=True):
        with trio.move_on_after(LEAVES_IN):
            await process.wait()
        if process.returncode is None:
            process.kill()
            await process.wait()


_keeper: trio.lowlevel.RunVar[Keeper | None] = trio.lowlevel.RunVar("keeper", None)


def forget(keeper: Keeper) -> None:
    """Let the next program begin another keeper."""
    if _keeper.get() is keeper:
        _keeper.set(None)


async def get_keeper() -> Keeper:
    """Return the keeper of this run, begun if there is none. A checkpoint or not.

    Raises:
        OSError: it could not be started.
    """
    keeper = _keeper.get()
    if keeper is None:
        keeper = Keeper()
        _keeper.set(keeper)
        trio.lowlevel.spawn_system_task(keeper.run, name="trio-sup keeper")
    await keeper.wait_begun()
    return keeper
