"""What can be the root of a tree, and what becomes of the rest: children of one.

The kind of a specification does not say it: a listener is a supervisor, too, and its
handle knows neither `start_child` nor `reconfigure`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeAlias, TypeGuard

from trio_sup._core.specs import ChildSpec
from trio_sup._tree.supervisor import Supervisor

Made: TypeAlias = ChildSpec[Any] | Iterable[ChildSpec[Any]]
"""What `run` takes: a specification of a supervisor or of one child, or a list."""
Whole: TypeAlias = ChildSpec[Any] | tuple[ChildSpec[Any], ...]
"""What a whole tree is made from."""


def can_be_root(spec: ChildSpec[Any]) -> TypeGuard[ChildSpec[Supervisor]]:
    """Whether it can be a whole tree: its handle is a `Supervisor`."""
    return spec.runs.roots


def as_tree(spec: Made) -> Made:
    """Return a specification of a whole tree, or its children: one child is a list."""
    if isinstance(spec, ChildSpec) and not can_be_root(spec):
        return [spec]
    return spec


def whole(made: Made) -> Whole:
    """As `as_tree`, and a list can be gone through as often as one likes."""
    made = as_tree(made)
    return made if isinstance(made, ChildSpec) else tuple(made)
