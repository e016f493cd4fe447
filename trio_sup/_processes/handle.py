"""Process: the handle of a program that is a child."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, cast

from trio_sup._children.record import Child
from trio_sup._core.errors import NoProcess
from trio_sup._processes.signals import Signal, signal_number
from trio_sup._processes.usage import ProcessUsage, usage_of


class Shown(Protocol):
    """What the handle asks the body: `trio_sup._processes.body.ProcessBody`."""

    returncode: int | None

    @property
    def pid(self) -> int | None:
        """The number of the process."""
        ...

    @property
    def status_text(self) -> str:
        """What it said of itself."""
        ...

    def stderr_lines(self) -> Sequence[str]:
        """The last lines of stderr."""
        ...

    def signal(self, number: int) -> bool:
        """Signal its process group; return whether there is one."""
        ...


class Process(Child[object]):
    """A program as a child, across its lives: what `process` describes.

    Its `value` is what made it ready: the line, for `OnLine`; what the function
    returned; else None.
    """

    __slots__ = ()

    @property
    def _body(self) -> Shown:
        return cast("Shown", self.record.body)

    @property
    def pid(self) -> int | None:
        """The number of the process that runs at present; None if there is none.

        It is that of its process group, too.
        """
        return self._body.pid

    @property
    def returncode(self) -> int | None:
        """How the last process ended: its exit code, or the negative number of a signal.

        None before the first end.
        """
        return self._body.returncode

    @property
    def stderr_tail(self) -> tuple[str, ...]:
        """The last lines of stderr, of this life or the last, if they are read here."""
        return tuple(self._body.stderr_lines())

    @property
    def status_text(self) -> str:
        """What it last said of its ``STATUS=``, with `OnNotify`; or an empty text."""
        return self._body.status_text

    def usage(self) -> ProcessUsage | None:
        """What it takes at present: state, processor time, memory.

        Returns:
            None if it does not run, or where nobody can tell: that is on other systems
            than Linux without psutil.
        """
        pid = self._body.pid
        return None if pid is None else usage_of(pid)

    def send_signal(self, signal: Signal) -> None:
        """Send a signal to the program and all others in its process group.

        Whatever it does with it, the supervisor did not ask for: if the program ends, that
        is an end by itself. To stop it, stop the child.

        Args:
            signal: Its name or number.

        Raises:
            NoProcess: there is no process.
            ValueError: there is no such signal.
        """
        number = signal_number(signal)
        if number is None:
            raise ValueError(f"there is no signal {signal!r}")
        if not self._body.signal(number):
            raise NoProcess(self.record.path_text, "has no process")
