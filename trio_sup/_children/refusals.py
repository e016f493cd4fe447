"""The errors that carry a child's handle or specification."""

from __future__ import annotations

from collections.abc import Hashable
from typing import TYPE_CHECKING

from trio_sup._core.anatomy import is_a
from trio_sup._core.clean import safe_repr
from trio_sup._core.errors import (
    SupervisionError,
    WrongRun,
)
from trio_sup._core.exits import Exit, Ignore

if TYPE_CHECKING:
    from trio_sup._children.record import Child
    from trio_sup._core.specs import ChildSpec
    from trio_sup._core.words import Status


def start_error(spec: ChildSpec[Child], ended: Exit) -> Exception:
    """Return what `start_child` raises for a start that did not become ready."""
    error = ended.error
    if is_a(error, Ignore):
        return StartIgnored(spec)
    if is_a(error, (AlreadyRegistered, WrongRun)):
        return error
    failure = StartFailed(spec, ended)
    failure.__cause__ = error
    return failure


class StartFailed(SupervisionError):
    """A child did not become ready; its error is the `__cause__`.

    A first start is never retried and leaves no specification behind.
    """

    def __init__(self, spec: ChildSpec[Child], exit: Exit) -> None:
        self.spec = spec
        self.exit = exit
        super().__init__(f"child {spec.label!r} failed to start: {exit}")


class StartIgnored(SupervisionError):
    """The child raised `Ignore` instead of becoming ready: not needed, no error."""

    def __init__(self, spec: ChildSpec[Child]) -> None:
        self.spec = spec
        super().__init__(f"child {spec.label!r} chose not to start")


class AlreadyStarted(SupervisionError):
    """The id is in use by a child that lives, or is about to (`handle`)."""

    def __init__(self, handle: Child) -> None:
        self.handle = handle
        words = _as_heard(handle)[1]
        super().__init__(f"a child with id {safe_repr(handle.id)} is {words}")


class AlreadyPresent(SupervisionError):
    """The id belongs to a child that is down: restart or delete it (`handle`)."""

    def __init__(self, handle: Child) -> None:
        self.handle = handle
        super().__init__(
            f"a child with id {safe_repr(handle.id)} is present, {handle.status}; "
            "use restart_child or delete_child"
        )


class AlreadyRegistered(SupervisionError):
    """The name is held by, or reserved for, another child (`handle`)."""

    def __init__(self, key: Hashable, handle: Child) -> None:
        self.key = key
        self.handle = handle
        super().__init__(f"the name {safe_repr(key)} is held by {handle.path_text!r}")


class ChildNotStopped(SupervisionError):
    """`restart_child` and `delete_child` need a child that is down (SUP-097, 098).

    One that has ended for good while the request waited in line is still ``running``
    as far as its supervisor has heard: its end stands in line behind the request.
    """

    def __init__(self, handle: Child) -> None:
        self.handle = handle
        self.status, words = _as_heard(handle)
        super().__init__(f"child {safe_repr(handle.id)} is {words}; terminate it first")


class ChildQuarantined(SupervisionError):
    """The child used up its own budget and stays down until restarted by hand."""

    def __init__(self, handle: Child) -> None:
        self.handle = handle
        super().__init__(
            f"{handle.path_text!r} is quarantined; restart_child clears that"
        )


def _as_heard(handle: Child) -> tuple[Status, str]:
    """Return a child's status as its supervisor has heard of it, and in words."""
    if handle.record.undecided and handle.status == "stopped":
        return "running", "running as far as its supervisor has heard"
    return handle.status, handle.status
