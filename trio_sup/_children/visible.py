"""What people see of a child: its record as the inspector reads it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import trio

from trio_sup._core.addresses import Via
from trio_sup._core.clean import safe_text
from trio_sup._core.exits import Exit
from trio_sup._core.state import ChildState
from trio_sup._trio.stacks import format_error

if TYPE_CHECKING:
    from trio_sup._children.surroundings import Body, HostNode, Supervising


class ObservedState(ChildState):
    """The part of a record that answers `trio_sup.inspect.node.source.ObservedChild`."""

    __slots__ = ()

    # Kept by `Record`.
    node: HostNode[Any]
    parent: Supervising[Any] | None
    body: Body[Any]
    path_text: str
    exits: list[tuple[int, Exit, float, float]] | None

    @property
    def parent_uid(self) -> int:
        """The supervisor's `uid`; 0 for a root."""
        return 0 if self.parent is None else self.parent.record.uid

    @property
    def kind(self) -> str:
        """What the child is."""
        return self.spec.kind

    @property
    def target_name(self) -> str:
        """What runs; for a supervisor its strategy."""
        flags = self.spec.flags
        if flags is not None:
            return flags.strategy
        target = self.spec.target
        return str(getattr(target, "__qualname__", None) or self.spec.default_id)

    @property
    def restart_type(self) -> str:
        """The specification's restart type."""
        return self.spec.restart

    @property
    def name_text(self) -> str:
        """The registered name as text, or an empty string."""
        name = self.spec.name
        if name is None:
            return ""
        return safe_text(name.key if isinstance(name, Via) else name)

    @property
    def last_exit_text(self) -> str:
        """One line about how the last life ended; empty before that."""
        return "" if self.last_exit is None else str(self.last_exit)

    @property
    def last_traceback(self) -> str:
        """The last crash as formatted text, bounded; empty if there was none."""
        for _, exit, _, _ in reversed(self.exits or ()):
            if exit.error is not None:
                return format_error(exit.error)
        return ""

    @property
    def budget(self) -> tuple[int, int, float] | None:
        """Restarts inside the window, the limit, the window in seconds."""
        shell = self.body.shell
        if shell is None:
            return None
        window = shell.core.window
        used = window.used(trio.current_time())
        return used, window.max_restarts, window.max_seconds

    def observed_children(self) -> Iterable[Any]:
        """The children, in start order."""
        children: Iterable[Any] = self.body.below()
        return children

    def inside(self) -> Any:
        """What is told on request only."""
        return self.node.inside_of(self)
