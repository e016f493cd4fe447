"""Numbers that two processes see: what one counts, the other reads at no cost to it."""

from __future__ import annotations

import mmap
import struct
from pathlib import Path
from typing import Final

OF_NODE: Final = "node.counters"
"""The file of a node, beside its runtime directory."""
_NUMBER: Final = struct.Struct("d")
_PLACES: Final = 4
TICKS: Final = 0
"""Place: how often the process did its work."""
RESTARTS: Final = 1
"""Place: how often a child of a node failed."""
ATTACHED_AT: Final = 2
"""Place: when a viewer was connected to its node."""
ATTACHED_USED: Final = 3
"""Place: the processor time that a viewer had used by then."""


class Counters:
    """A few numbers in a file of memory.

    Args:
        path: The file; it is made if it is not there.
    """

    def __init__(self, path: Path) -> None:
        size = _NUMBER.size * _PLACES
        if not path.exists():
            path.write_bytes(bytes(size))
        with path.open("r+b") as file:
            self._memory = mmap.mmap(file.fileno(), size)

    def __getitem__(self, place: int) -> float:
        return float(_NUMBER.unpack_from(self._memory, place * _NUMBER.size)[0])

    def __setitem__(self, place: int, value: float) -> None:
        _NUMBER.pack_into(self._memory, place * _NUMBER.size, value)
