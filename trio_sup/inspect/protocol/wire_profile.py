"""Where a node's time goes: asked for once, sampled for some seconds, told in pieces.

The rules of `wire` hold: fields are only ever added, with a default.
"""

from __future__ import annotations

from attrs import define, field, frozen


@frozen
class AskProfile:
    """Asks where the time goes from now on; answered by `Profile`."""

    seconds: float
    """For how long: at most 600."""
    hz: float = 100.0
    """Looks a second, 1 to 1000."""


@define(slots=True)
class ProfiledFrame:
    """One function, as an array."""

    file: str
    line: int
    """Where it begins."""
    function: str


@define(slots=True)
class ProfiledStack:
    """Something that ran, as an array."""

    name: str
    """The child's path, or the name of a task that belongs to none."""
    child: int
    """The child's row, or 0."""
    frames: list[int]
    """The functions, the outermost first: places in `Profile.frames`, counted over all
    pieces."""
    count: int
    """In how many looks."""


@frozen
class Profile:
    """What ran, a piece of it: `more` follow, each with further frames and stacks."""

    at: float
    """When it ended, on the node's clock."""
    seconds: float
    """How long it took."""
    looks: int
    """How often was looked."""
    idle: int
    """In how many looks the loop waited."""
    frames: list[ProfiledFrame] = field(factory=list[ProfiledFrame])
    stacks: list[ProfiledStack] = field(factory=list[ProfiledStack])
    more: bool = False
    problem: str = ""
    """Why there is none; one line."""
