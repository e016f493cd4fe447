"""What a process takes at present, as the kernel tells: from ``/proc``, or by `ps`.

Read for who looks, and nobody else. On Linux it costs two small files; elsewhere only
psutil could tell, and is asked if the program has it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from attrs import frozen

STATES: Final = {
    "R": "running",
    "S": "sleeping",
    "D": "in uninterruptible sleep",
    "T": "stopped",
    "t": "traced",
    "Z": "zombie",
    "X": "dead",
    "I": "idle",
}


@frozen
class ProcessUsage:
    """What one process takes."""

    state: str
    """``running``, ``sleeping``, ``stopped``, ``in uninterruptible sleep`` and so on."""
    cpu_seconds: float
    """Processor time so far, in seconds, with that of children it has waited for."""
    memory: int
    """Bytes in memory (the resident set)."""
    threads: int


def usage_of(pid: int) -> ProcessUsage | None:
    """Return what a process takes; None if it is gone, or nobody can tell.

    Args:
        pid: A process that has not been reaped.
    """
    fields = _stat(pid)
    if not fields:
        return _from_psutil(pid)
    ticks = sum(int(fields[place]) for place in (11, 12, 13, 14))
    return ProcessUsage(
        state=STATES.get(fields[0], fields[0]),
        cpu_seconds=ticks / os.sysconf("SC_CLK_TCK"),
        memory=int(fields[21]) * os.sysconf("SC_PAGE_SIZE"),
        threads=int(fields[17]),
    )


def _from_psutil(pid: int) -> ProcessUsage | None:
    try:
        tool: Any = import_module("psutil")  # an extra
    except ImportError:
        return None
    try:
        seen = tool.Process(pid)
        times = seen.cpu_times()
        return ProcessUsage(
            state=str(seen.status()),
            cpu_seconds=times.user + times.system,
            memory=int(seen.memory_info().rss),
            threads=int(seen.num_threads()),
        )
    except tool.Error:
        return None


def anybody_runs_in(group: int) -> bool:
    """Whether a process group has anybody who is no zombie.

    Where nobody can tell, as elsewhere than on Linux, the answer is no.

    Args:
        group: Its number.
    """
    for entry in os.listdir("/proc") if os.path.isdir("/proc/self") else ():
        if entry.isdecimal():
            fields = _stat(int(entry))
            if fields and int(fields[2]) == group and fields[0] not in "ZX":
                return True
    return False


def _stat(pid: int) -> list[str]:
    """Return what the kernel says of a process, from its state on; or nothing."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return []
    # The name is in parentheses, and may have some itself.
    return text[text.rindex(")") + 2 :].split()


def waits_in(pid: int) -> str:
    """Return the kernel's function in which a process waits, if it tells."""
    try:
        text = Path(f"/proc/{pid}/wchan").read_text(encoding="ascii", errors="replace")
    except OSError:
        return ""
    return "" if text == "0" else text


def usage_facts(pid: int) -> Iterator[tuple[str, str]]:
    """What is to be shown of a process: names and texts."""
    usage = usage_of(pid)
    if usage is None:
        return
    where = waits_in(pid)
    yield "state", usage.state + (f" in {where}" if where else "")
    yield "cpu", f"{usage.cpu_seconds:.2f} s, {usage.threads} threads"
    yield "memory", f"{usage.memory / 2**20:.1f} MiB"
