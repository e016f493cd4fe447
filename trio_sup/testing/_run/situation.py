"""How a child and its supervisor stood when something happened to the child."""

from __future__ import annotations

from typing import Literal, TypeAlias

from attrs import frozen

from trio_sup._core.plan.supervision import Mode
from trio_sup._core.status import StatusEvent
from trio_sup._core.words import Status

Line: TypeAlias = Literal["idle", "busy", "queued"]
Group: TypeAlias = Literal["", "stops", "waits", "starts"]
Step: TypeAlias = tuple[Status, StatusEvent]
"""What happens to a child of which status."""


@frozen
class Situation:
    """What happened to a child, and how its supervisor stood at that moment."""

    status: Status
    """Of the child."""
    event: StatusEvent
    """What happened to it."""
    mode: Mode
    """Of its supervisor."""
    named: bool
    """Whether a request names it that has not had its turn."""
    line: Line
    """Whether its supervisor has a job in hand, and whether others stand in line."""
    group: Group
    """How far a group restart is that is on its way there, if there is one."""

    @property
    def step(self) -> Step:
        """What of it is in the core's table."""
        return self.status, self.event
