"""What ``trio-sup demo`` can be told."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from attrs import frozen

if TYPE_CHECKING:
    from collections.abc import Sequence

DEFAULT_NAME = "demo"
DEFAULT_CLIENTS = 5


@frozen
class Options:
    """The options of the demonstration."""

    name: str = DEFAULT_NAME
    """The node's name."""
    clients: int = DEFAULT_CLIENTS
    """How many clients run inside the program."""
    chaos: float | None = None
    """About how many seconds pass between two faults; None for no faults."""
    duration: float | None = None
    """After how many seconds the service stops; None for never."""
    port: int = 0
    """The port on the loopback interface; 0 for one that is free."""
    nodes: int = 0
    """How many nodes of a cluster run inside; 0 for none of that."""
    redis: str | None = None
    """Where they meet; None for the embedded engine."""

    @classmethod
    def from_args(cls, args: argparse.Namespace) -> Options:
        """Take over the command's arguments; they have been checked."""
        return cls(
            args.name,
            args.clients,
            args.chaos,
            args.duration,
            args.port or 0,
            args.nodes,
            args.redis,
        )

    @classmethod
    def from_argv(cls, argv: Sequence[str]) -> Options:
        """Read what `to_argv` made of options: they have been checked already."""
        parser = argparse.ArgumentParser(allow_abbrev=False)
        parser.add_argument("--name", default=DEFAULT_NAME)
        parser.add_argument("--clients", type=int, default=DEFAULT_CLIENTS)
        parser.add_argument("--chaos", type=float)
        parser.add_argument("--for", dest="duration", type=float)
        parser.add_argument("--port", type=int, default=0)
        parser.add_argument("--nodes", type=int, default=0)
        parser.add_argument("--redis")
        return cls.from_args(parser.parse_args(argv))

    def to_argv(self) -> list[str]:
        """Return the arguments that mean the same."""
        argv = [f"--name={self.name}", f"--clients={self.clients}"]
        argv += [f"--port={self.port}", f"--nodes={self.nodes}"]
        if self.redis is not None:
            argv.append(f"--redis={self.redis}")
        if self.chaos is not None:
            argv.append(f"--chaos={self.chaos}")
        if self.duration is not None:
            argv.append(f"--for={self.duration}")
        return argv
