"""What can happen to a program that has no supervisors: plain data."""

from __future__ import annotations

from typing import TypeAlias

from attrs import frozen


@frozen
class CancelProgram:
    """It is cancelled from outside, before one of the steps of its tasks."""

    step: int
    """The first one is 1."""


@frozen
class InterruptProgram:
    """Ctrl-C reaches its main task, where it waits, before a step of a task."""

    step: int
    """The first one is 1."""


@frozen
class Deadline:
    """A deadline around it is over."""

    at: float
    """Virtual seconds."""


Disturbance: TypeAlias = CancelProgram | InterruptProgram | Deadline
