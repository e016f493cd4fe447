"""Real programs as children, and what the system says of their processes."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import trio

from trio_sup import ChildSpec, Process, Supervisor, process

LONG = 60
"""Seconds of what is to run until somebody ends it."""


def shell(script: str, **options: Any) -> ChildSpec[Process]:
    """Describe a shell's script as a child, called ``sh`` if nothing else is said."""
    return process("sh", "-c", script, **options)


def python(script: str, *args: str, **options: Any) -> ChildSpec[Process]:
    """Describe a Python program as a child."""
    return process(sys.executable, "-I", "-S", "-c", script, *args, **options)


def handle(tree: Supervisor, *path: str) -> Process:
    """Return the handle of a program."""
    found = tree.child(*path)
    assert isinstance(found, Process)
    return found


async def until(fact: Callable[[], object]) -> None:
    """Wait until something is so; for what nobody tells."""
    with trio.fail_after(120):
        while not fact():
            await trio.sleep(0.01)


def state_of(pid: int) -> str:
    """Return the letter of a process's state; empty if there is no such process."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return ""
    return text.rpartition(") ")[2][0]


def is_running(pid: int) -> bool:
    """Whether there is a process that runs; a zombie does not."""
    return state_of(pid) not in ("", "Z", "X")


def numbers_in(path: Path) -> list[int]:
    """Return the numbers that programs have written into a file."""
    return [int(word) for word in path.read_text().split()] if path.exists() else []


def children_of(pid: int) -> list[tuple[int, str]]:
    """Return the processes below one: number and state."""
    found: list[tuple[int, str]] = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                fields = (entry / "stat").read_text().rpartition(") ")[2].split()
            except OSError:
                continue
            if int(fields[1]) == pid:
                found.append((int(entry.name), fields[0]))
    return found


def open_files() -> set[str]:
    """Return the file descriptors of this process."""
    return set(os.listdir("/proc/self/fd"))
