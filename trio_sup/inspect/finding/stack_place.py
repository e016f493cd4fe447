"""Where a process writes its stacks, and how to have it do so.

Nothing that its describing file says is believed: a signal goes only to a process of
the node's own user that catches it and holds memory with the right name open. Else a
file that somebody made could have root end any process.
"""

from __future__ import annotations

import contextlib
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

from trio_sup.inspect.finding.found_node import StackPlace

if TYPE_CHECKING:
    from collections.abc import Generator

    from trio_sup.inspect.finding.found_node import FoundNode

MEMORY_NAME: Final = "trio-sup-stacks"
PATIENCE: Final = 3.0
"""Seconds that a process has to write; one that is stopped does not."""
PAUSE: Final = 0.05
MAX_TEXT: Final = 1_000_000
"""Bytes of a dump that are read."""
_REAL_TIME: Final = range(32, 65)


class NoStacks(Exception):
    """The process cannot be asked; `str` is one line that says why."""


def stacks_of(found: FoundNode) -> str:
    """All stacks of a node's process, also while its loop is held.

    Raises:
        NoStacks: it cannot write them, or does not.
    """
    place = StackPlace() if found.file is None else found.file.stacks
    if not place.signal:
        raise NoStacks("this node cannot write its stacks")
    with _opened(found, place) as memory:
        os.ftruncate(memory, 0)
        os.kill(found.pid, place.signal)
        return _written(memory)


@contextlib.contextmanager
def _opened(found: FoundNode, place: StackPlace) -> Generator[int]:
    process = Path(f"/proc/{found.pid}")
    link = process / "fd" / str(place.fd)
    try:
        named = os.readlink(link).startswith(f"/memfd:{MEMORY_NAME} ")
        if not named or not _catches(process, place.signal, found.uid):
            raise NoStacks("its process does not wait for the signal")
        memory = os.open(link, os.O_RDWR | os.O_CLOEXEC)
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise NoStacks(f"its process cannot be asked: {why}") from error
    try:
        yield memory
    finally:
        os.close(memory)


def _catches(process: Path, number: int, uid: int | None) -> bool:
    """Whether a process of the right user catches a real-time signal."""
    status = (process / "status").read_text(encoding="ascii", errors="replace")
    fields = dict(line.split(":", 1) for line in status.splitlines() if ":" in line)
    caught = int(fields["SigCgt"].strip(), 16) if "SigCgt" in fields else 0
    owner = int(fields["Uid"].split()[1]) if "Uid" in fields else -1
    right = uid is None or owner == uid
    return right and number in _REAL_TIME and bool(caught >> (number - 1) & 1)


def _written(memory: int) -> str:
    """What was written, as soon as no more comes."""
    due, size = time.monotonic() + PATIENCE, 0
    while time.monotonic() < due:
        time.sleep(PAUSE)
        now = os.fstat(memory).st_size
        if now and now == size:
            data = os.pread(memory, MAX_TEXT, 0)
            return data.decode("utf-8", "replace")
        size = now
    raise NoStacks(f"its process wrote nothing within {PATIENCE:g} s: is it stopped?")
