"""How to run examples of one tree."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeAlias

from attrs import frozen

from trio_sup.testing.invariants import Invariant
from trio_sup.testing.world import BuildTree, World

Client: TypeAlias = Callable[[World], Awaitable[object]]
"""Uses a tree while it runs."""


@frozen(kw_only=True)
class Options:
    """What all entrances take."""

    build_tree: BuildTree
    client: Client | None = None
    invariants: tuple[Invariant, ...] = ()
    allow: tuple[type[BaseException], ...] = ()
    duration: float = 10.0
