"""The types of functions that say when they are ready, and what they give away then.

For type checkers: `T` of the handle is that of the function's `trio.TaskStatus[T]`. One
protocol for each number of arguments, as a `TypeVarTuple` cannot stand before a keyword;
what has more arguments has a handle of an unknown value.
"""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Protocol, TypeVar

import trio

T_co = TypeVar("T_co", covariant=True)
A = TypeVar("A", contravariant=True)
B = TypeVar("B", contravariant=True)
C = TypeVar("C", contravariant=True)
D = TypeVar("D", contravariant=True)


class Signals(Protocol[T_co]):
    """``async def pool(*, task_status: trio.TaskStatus[Pool])``."""

    def __call__(self, *, task_status: trio.TaskStatus[T_co]) -> Awaitable[object]:
        """Run one life."""
        ...


class Signals1(Protocol[A, T_co]):
    """The same, with one argument."""

    def __call__(
        self, a: A, /, *, task_status: trio.TaskStatus[T_co]
    ) -> Awaitable[object]:
        """Run one life."""
        ...


class Signals2(Protocol[A, B, T_co]):
    """The same, with two arguments."""

    def __call__(
        self, a: A, b: B, /, *, task_status: trio.TaskStatus[T_co]
    ) -> Awaitable[object]:
        """Run one life."""
        ...


class Signals3(Protocol[A, B, C, T_co]):
    """The same, with three arguments."""

    def __call__(
        self, a: A, b: B, c: C, /, *, task_status: trio.TaskStatus[T_co]
    ) -> Awaitable[object]:
        """Run one life."""
        ...


class Signals4(Protocol[A, B, C, D, T_co]):
    """The same, with four arguments."""

    def __call__(
        self, a: A, b: B, c: C, d: D, /, *, task_status: trio.TaskStatus[T_co]
    ) -> Awaitable[object]:
        """Run one life."""
        ...
