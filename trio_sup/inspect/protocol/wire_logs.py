"""What a program writes to its log, while somebody follows the topic ``logs``.

The rules of `wire` hold: fields are only ever added, with a default.
"""

from __future__ import annotations

from attrs import define, field, frozen


@define(slots=True)
class LogLine:
    """One record of the log, as an array."""

    n: int
    """Its number among those that were seen: where it skips, some were missed."""
    at: float
    """The node's clock."""
    level: int
    """As in `logging`: 10 for DEBUG, 20 for INFO, and so on."""
    logger: str
    child: int
    """The row of the child in which it was written, 0 for none."""
    path: str
    """The child that it is about: that one, or whose event it tells; or empty."""
    text: str
    error: str
    """The exception that came with it, in one line; or empty."""
    where: str
    """Who wrote it, ``file:line in function``."""
    thread: str
    """The thread, where it is not the loop's."""


@frozen
class Logs:
    """Records since the last of these, oldest first."""

    at: float
    lines: list[LogLine] = field(factory=list[LogLine])
    missed: int = 0
    """How many further ones came than a node keeps for who reads slowly."""
    passes: int = 0
    """The level from which on the root logger lets records pass."""
    hidden: bool = False
    """True: this node shows no contents, and so no texts."""
