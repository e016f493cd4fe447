"""What `process` was told: the target of a specification of kind ``process``."""

from __future__ import annotations

import signal

from attrs import frozen

from trio_sup._processes.command import Command
from trio_sup._processes.outputs import Output
from trio_sup._processes.readiness import Ready


@frozen(kw_only=True)
class Program:
    """A command, and how it is to be treated."""

    command: Command
    stdout: Output = "log"
    stderr: Output = "log"
    ready: Ready | None = None
    stop: int = signal.SIGTERM
    """The signal that asks it to end."""
    ok_codes: frozenset[int] = frozenset({0})
    """What it may end with in order; signals are negative."""

    def __str__(self) -> str:
        return self.command.name
