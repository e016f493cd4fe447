"""Streams as their users see them: options, progress, failed items."""

from __future__ import annotations

import math
from typing import Generic, Literal, TypeAlias, TypeVar, cast

from attrs import frozen

from trio_sup._core.exits import Exit
from trio_sup._core.words import Shutdown

T_co = TypeVar("T_co", covariant=True)

OnElementTimeout: TypeAlias = Literal["exit", "kill_task"]
"""What a stream does with an item that takes too long."""


@frozen
class Failed(Generic[T_co]):
    """An item of `TaskSupervisor.stream_nolink` whose task gave no result."""

    input: T_co
    """The item."""
    exit: Exit
    """How its task ended; for a timeout ``killed``, with a `trio.TooSlowError`."""


@frozen
class StreamProgress:
    """How far a stream has come."""

    total: int | None
    """How many items there are, if that is known beforehand."""
    started: int
    """Items taken, and started."""
    running: int
    """Tasks in progress."""
    finished: int
    """Tasks that have ended."""
    failed: int
    """Those of them without a result."""
    delivered: int
    """Results that the consumer got."""


@frozen
class Options:
    """What a stream is told; checked when it is made."""

    max_concurrency: int
    ordered: bool
    timeout: float
    on_timeout: OnElementTimeout
    buffer: float
    shutdown: Shutdown

    def __attrs_post_init__(self) -> None:
        number = cast("object", self.max_concurrency)
        if not isinstance(number, int) or isinstance(number, bool) or number < 1:
            raise ValueError(f"max_concurrency must be an int >= 1, not {number!r}")
        for name, value in (("timeout", self.timeout), ("buffer", self.buffer)):
            if isinstance(value, bool) or math.isnan(value) or value < 0:
                raise ValueError(f"{name} must be a number >= 0, not {value!r}")
        if self.on_timeout not in ("exit", "kill_task"):
            accepted = "'exit' or 'kill_task'"
            raise ValueError(f"on_timeout must be {accepted}, not {self.on_timeout!r}")
        if self.shutdown != "brutal_kill" and not 0 <= self.shutdown < math.inf:
            accepted = "'brutal_kill' or a finite number of seconds >= 0"
            raise ValueError(f"shutdown must be {accepted}, not {self.shutdown!r}")
