"""What a client of a node has read: kept by one process of the bench for the next."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Final, TypeAlias

from trio_sup.inspect.protocol.codec import server_decoder

Heard: TypeAlias = list[tuple[float, bytes]]
"""What was read, and when, by the node's clock."""
SPEED: Final = "speed"
"""The name of the work by which is told how fast a machine is: `decode`."""


def keep(heard: Heard, load: str, directory: Path) -> None:
    """Write it down."""
    (directory / f"{load}.heard").write_bytes(pickle.dumps(heard))


def recall(load: str, directory: Path) -> Heard:
    """Read what was heard of a node under a load."""
    heard: Heard = pickle.loads((directory / f"{load}.heard").read_bytes())
    return heard


def decode(heard: Heard) -> None:
    """Make messages of all of it."""
    decoder = server_decoder()
    for _, data in heard:
        decoder.feed(data)
