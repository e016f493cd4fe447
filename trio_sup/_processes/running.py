"""One running program, from its start to the end of all that it started."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import trio

from trio_sup._processes.errors import ProgramNotStarted
from trio_sup._processes.keeper import Keeper, get_keeper
from trio_sup._processes.source import python
from trio_sup._processes.usage import anybody_runs_in

if TYPE_CHECKING:
    from trio_sup._processes.command import Command

LOOK_EVERY = 0.005
"""Seconds until the first look at a group whose leader has ended; then twice as long."""
LOOK_SELDOM = 0.2
ASK_FROM = 0.04
"""From this pause on it is asked who they are: that takes a look at all processes."""


class RunningProgram:
    """A program that runs, as the leader of a process group of its own."""

    def __init__(self, command: Command, process: trio.Process, keeper: Keeper) -> None:
        self.command = command
        self.process = process
        self.pid: int = process.pid
        self.returncode: int | None = None
        self._keeper = keeper
        self._closed = False
        # Nobody of the group is left, so its number may be somebody else's.
        self._empty = False

    @classmethod
    async def start(
        cls,
        command: Command,
        *,
        stdin: int = subprocess.DEVNULL,
        stdout: Any = subprocess.PIPE,
        stderr: Any = subprocess.PIPE,
        more_env: Mapping[str, str] | None = None,
    ) -> RunningProgram:
        """Start a program, and wait until it is the program itself that runs.

        Args:
            command: What to run.
            stdin: As for `subprocess`.
            stdout: As for `subprocess`.
            stderr: As for `subprocess`.
            more_env: What the node has to tell it in its environment.

        Raises:
            ProgramNotStarted: there is no such program, or it may not be run so.
            OSError: there is no room for another process, or for a pipe.
        """
        keeper = await get_keeper()
        reading, writing = os.pipe()
        async with trio.lowlevel.FdStream(reading) as told:
            try:
                process = await trio.lowlevel.open_process(
                    _launch(command, writing, keeper.writing),
                    stdin=stdin,
                    stdout=stdout,
                    stderr=stderr,
                    env=command.environment(more_env),
                    pass_fds=(writing, keeper.writing),
                    # A session's leader leads a group, too.
                    start_new_session=command.new_session,
                    process_group=None if command.new_session else 0,
                )
            finally:
                os.close(writing)
            program = cls(command, process, keeper)
            keeper.came(program.pid)
            try:
                trouble = b""
                while data := await told.receive_some(4096):
                    trouble += data
                if trouble:
                    why = json.loads(trouble)
                    raise ProgramNotStarted(
                        command.argv[0], why["what"], why["text"], why["errno"]
                    )
            except BaseException:
                await program.close()
                raise
        return program

    def signal(self, number: int) -> bool:
        """Send a signal to its process group; return whether there is one.

        A program that is stopped goes on, so that it can take what is to end it.
        """
        if not self._send(number):
            return False
        if number not in (signal.SIGSTOP, signal.SIGTSTP, signal.SIGKILL):
            self._send(signal.SIGCONT)
        return True

    def _send(self, number: int) -> bool:
        """Send a signal to the group, and to no other that has its number by now."""
        if self._empty:
            return False
        try:
            os.killpg(self.pid, number)
        except ProcessLookupError:
            # As long as there is anybody, the kernel gives the number to nobody else.
            self._empty = self.returncode is not None
            return False
        except PermissionError:
            return True  # of another user by now: it cannot be ended from here
        return True

    async def wait(self) -> int:
        """Wait until the program itself has ended; its group may still run."""
        self.returncode = await self.process.wait()
        return self.returncode

    async def wait_group(self) -> None:
        """Wait until nobody of the group is left. Nobody tells: it is looked at.

        Who reaps them is the first process of the system, if it is not this one; some
        take their time, or never do. So a zombie counts as dead, where one can be told.
        """
        pause = LOOK_EVERY
        while self.group_lives():
            await trio.sleep(pause)
            pause = min(2 * pause, LOOK_SELDOM)
            if pause >= ASK_FROM and not anybody_runs_in(self.pid):
                return

    def group_lives(self) -> bool:
        """Whether there is anybody in its process group, a zombie included.

        To be asked only after the end of the leader: this reaps.
        """
        _reap_adopted(self.pid)
        return self._send(0)

    async def close(self) -> None:
        """Kill what is left of it, and wait for its end. Not to be cancelled."""
        if self._closed:
            return
        with trio.CancelScope(shield=True):
            self.kill_group()
            self.returncode = await self.process.wait()
            # In the step in which its number was given back: nobody has it yet.
            self.kill_group()
            await self.wait_group()  # the next life must not meet them
            self._closed = self._empty = True
            self._keeper.went(self.pid)
            await self._close_streams()

    def kill_group(self) -> None:
        """Kill all of its process group."""
        self._send(signal.SIGKILL)

    async def _close_streams(self) -> None:
        process = self.process
        for stream in (process.stdin, process.stdout, process.stderr):
            if stream is not None:
                await trio.aclose_forcefully(stream)


def _launch(command: Command, report: int, keeper: int) -> list[str]:
    wanted = {
        "report": report,
        "keeper": keeper,
        "lc_ctype": command.environment().get("LC_CTYPE"),
        "limits": command.limits,
        "nice": command.nice,
        "umask": command.umask,
        "user": command.user,
        "group": command.group,
        "cwd": command.cwd,
    }
    return [*python("launch"), json.dumps(wanted), *command.argv]


def _reap_adopted(group: int) -> bool:
    """Reap those of a group who are our children now; whether there are more to come.

    In a container this may be process 1, which gets the orphans of all others.
    """
    try:
        while os.waitpid(-group, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        return False
    return True
