"""One case of a search: what goes wrong, and in which order tasks go on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, TypeAlias

from attrs import frozen

from trio_sup.testing.faults import Fault

Schedules: TypeAlias = Literal["drawn", "likely", "none"]
"""Where the order of tasks comes from in a search with faults."""

SCHEDULES: tuple[Schedules, ...] = ("drawn", "likely", "none")


@frozen
class Case:
    """What is tried in one run."""

    script: Sequence[Fault] = ()
    codes: Sequence[int] = ()
    picks: Sequence[int] | None = None
    """The order of tasks chosen one by one, in the place of codes."""
    seed: int | None = None
    """Of drawn priorities, in the place of both."""
