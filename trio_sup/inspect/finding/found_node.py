"""What is known of a node before anybody speaks with it. Plain data, pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from attrs import frozen

if TYPE_CHECKING:
    from pathlib import Path

SCHEMA: Final = 1
"""The version of the describing file and of every JSON output."""

Probe: TypeAlias = Literal["listening", "refused", "gone", "forbidden"]
"""What a socket answered: somebody listens, nobody does, no file, no permission."""
Process: TypeAlias = Literal["alive", "gone", "recycled", "unknown"]
"""What became of a process: ``recycled`` means that another one has its id."""


@frozen
class StackPlace:
    """Where a process writes its stacks: at which signal, and into what."""

    signal: int = 0
    """0 for nowhere."""
    fd: int = 0


@frozen
class NodeFile:
    """What a node writes beside its socket."""

    name: str
    pid: int
    epoch: str
    started_wall: float
    """Seconds since 1970."""
    process_start: int | None
    """The kernel's start time of the process, None where it has none."""
    argv0: str
    cwd: str
    python: str
    trio_sup: str
    proto_min: int
    proto_max: int
    readonly: bool = True
    schema: int = SCHEMA
    stack_signal: int = 0
    """At which signal it writes its stacks; 0 for none."""
    stack_fd: int = 0
    """Into which of its descriptors."""

    @property
    def stacks(self) -> StackPlace:
        """Where it writes its stacks."""
        return StackPlace(self.stack_signal, self.stack_fd)


@frozen
class FoundNode:
    """A pair of files in the runtime directory."""

    name: str
    pid: int
    socket: Path
    probe: Probe
    process: Process
    file: NodeFile | None
    """None if the describing file is missing or unreadable."""
    uid: int | None = None
    """Whose it is by the kernel's word; None if nothing is known."""
    owner: str = ""
    """Whose it is, for people, if it is not this user's own."""

    @property
    def running(self) -> bool:
        """Whether something accepts connections."""
        return self.probe in ("listening", "forbidden")

    @property
    def title(self) -> str:
        """``name.pid``: what to type when the name alone is ambiguous."""
        return f"{self.name}.{self.pid}"

    @property
    def place(self) -> str:
        """Where it is, for people."""
        return str(self.socket)
