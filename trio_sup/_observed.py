"""What people see of a child: its record as the inspector reads it."""

from __future__ import annotations

import traceback
from collections.abc import Iterable
from itertools import islice
from typing import TYPE_CHECKING

import trio

from trio_sup._core.anatomy import (
    class_name,
    is_a,
    is_showable,
    leaves,
    traceback_of,
)
from trio_sup._core.exits import Exit, PastError, describe_error
from trio_sup._core.safe import safe_text
from trio_sup._core.state import ChildState
from trio_sup._registry import Via

if TYPE_CHECKING:
    from trio_sup._driver import Driver
    from trio_sup._inside import Inside
    from trio_sup._kid import Kid

TRACEBACK_LIMIT = 16_000

SHOWN_LEAVES = 10
"""How many exceptions of a group too deep or too large to be shown are shown."""


class ObservedState(ChildState):
    """The part of a record that answers `trio_sup.inspect.source.ObservedChild`."""

    __slots__ = ()

    # Kept by `Kid`.
    parent: Driver | None
    driver: Driver | None
    path_text: str
    exits: list[tuple[int, Exit, float, float]] | None

    @property
    def parent_uid(self) -> int:
        """The supervisor's `uid`; 0 for a root."""
        return 0 if self.parent is None else self.parent.kid.uid

    @property
    def label(self) -> str:
        """The id as text."""
        above = 0 if self.parent is None else len(self.parent.path_text) + 1
        return self.path_text[above:]

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
        if self.driver is None:
            return None
        window = self.driver.core.window
        used = window.used(trio.current_time())
        return used, window.max_restarts, window.max_seconds

    def observed_children(self) -> Iterable[Kid]:
        """The children, in start order."""
        return () if self.driver is None else self.driver.all_kids()

    def inside(self: Kid) -> Inside:  # type: ignore[misc] # there is no other
        """What is told on request only."""
        # Imported here: nobody needs it before somebody looks.
        from trio_sup._inside import Inside

        return Inside(self)


def format_error(error: BaseException) -> str:
    """Format an exception, bounded, whatever it is made of and its `str()` does."""
    if is_a(error, PastError):
        return error.traceback
    text = ""
    if is_showable(error):
        try:
            whole = type(error), error, traceback_of(error)
            text = "".join(traceback.format_exception(*whole))
        except Exception:  # noqa: BLE001 - user code
            text = ""
    if not text:
        text = _format_leaves(error)
    if len(text) <= TRACEBACK_LIMIT:
        return text
    half = TRACEBACK_LIMIT // 2
    return f"{text[:half]}\n… (clipped) …\n{text[-half:]}"


def _format_leaves(error: BaseException) -> str:
    """Format what cannot be shown as a whole: only what is at the bottom of it."""
    lines = [f"(not shown as a whole) {describe_error(error)}\n"]
    for leaf in islice(leaves(error), SHOWN_LEAVES):
        try:
            lines += traceback.format_tb(traceback_of(leaf))
        except Exception as broken:  # noqa: BLE001 - user code, such as a loader's
            lines.append(f"<its frames raised {class_name(broken)}>\n")
        lines.append(describe_error(leaf) + "\n")
    return "".join(lines)
