"""A dump of all stacks at a signal: for a loop that is held, whatever holds it.

`faulthandler` writes it from its signal handler in C, so that it works while C code
holds the interpreter, and in an endless loop. The signal is a real-time one that nobody
else uses, and what is written goes into memory that whoever asks opens by ``/proc``:
there is no file to be left behind. Until somebody asks it costs a descriptor. Where the
system has neither, or somebody has taken the signal, there is no dump.
"""

from __future__ import annotations

import contextlib
import faulthandler
import os
import signal
from collections.abc import Generator
from typing import Final

from attrs import define

from trio_sup.inspect.finding.found_node import StackPlace
from trio_sup.inspect.finding.stack_place import MEMORY_NAME

OFFSET: Final = 9
"""From `SIGRTMIN`: those nearest to it are what programs take first."""


@define
class _Shared:
    """What all nodes of one process have in common."""

    place: StackPlace = StackPlace()
    users: int = 0


_shared: Final = _Shared()


@contextlib.contextmanager
def stacks_at_signal() -> Generator[StackPlace]:
    """Write all stacks whenever the signal comes, for the length of the block.

    Yields:
        Where; nowhere if it cannot be.
    """
    if not _shared.users:
        _shared.place = _register()
    _shared.users += 1
    place = _shared.place
    try:
        yield place
    finally:
        _shared.users -= 1
        if not _shared.users and place.signal:
            faulthandler.unregister(place.signal)
            os.close(place.fd)
            _shared.place = StackPlace()


def _register() -> StackPlace:
    number = _free_signal()
    make = getattr(os, "memfd_create", None)
    if not number or make is None:
        return StackPlace()
    try:
        fd: int = make(MEMORY_NAME, os.MFD_CLOEXEC)
    except OSError:
        return StackPlace()
    try:
        # Whoever asks empties it first: what comes next is written from its end.
        _append(fd)
        faulthandler.register(number, fd, all_threads=True, chain=False)
    except (OSError, RuntimeError, ValueError):
        os.close(fd)
        return StackPlace()
    return StackPlace(number, fd)


def _append(fd: int) -> None:
    import fcntl  # noqa: PLC0415 - not on every system

    fcntl.fcntl(fd, fcntl.F_SETFL, fcntl.fcntl(fd, fcntl.F_GETFL) | os.O_APPEND)


def _free_signal() -> int:
    """The signal, 0 where there is none, or somebody has taken it."""
    first: int | None = getattr(signal, "SIGRTMIN", None)
    if first is None:
        return 0
    number = int(first) + OFFSET
    return number if signal.getsignal(number) == signal.SIG_DFL else 0
