"""The cancel scope of a life, for half of what Trio's own takes to enter and leave.

Each life is in a scope of its own: shielded, without a deadline, entered once and left
by the task that entered it. `trio.CancelScope` is made for everything else, too, and
with what it asks, and with a context manager for each change of a deadline, it is a
third of all that a life takes: 48 k instructions (CPython 3.13, callgrind). So here
stands only what Trio looks at in a scope. What a cancellation reaches, and when, is
worked out by Trio's `CancelStatus` as ever. What is out of order, such as a scope that
was left open inside, is handed to a scope of Trio's.

Whether this Trio has the parts that fit is asked once (`_fits`); if not, a life has a
`trio.CancelScope`.
"""

from __future__ import annotations

import math
from functools import partial
from typing import Any, Final, TypeAlias

import attrs
import trio
from trio.lowlevel import Task, current_task

from trio_sup._trio.protect import protected
from trio_sup._trio.scopes import close_scope


def _reason_class() -> Any:
    """The class of the reason that Trio makes of the words of a cancellation."""
    asked = trio.CancelScope()
    asked.cancel("a reason")
    reason: Any = getattr(asked, "_cancel_reason", None)
    return reason.__class__


def _status_class() -> Any:
    """The class of a place in Trio's tree of cancellations; None if there is none."""
    home: Any = getattr(getattr(trio, "_core", None), "_run", None)
    return getattr(home, "CancelStatus", None)


_made: Final[Any] = object.__new__
_Status: Final = _status_class()
_Reason: Final = _reason_class()


# A place in Trio's tree has a set for the scopes below it and one for its tasks, of 216
# bytes each. In the scope of a life there is no other, mostly, and one task that never
# enters another: while that is so, these stand in the place of the sets.


class _NoScopes(frozenset[Any]):
    """No scope yet; the first one brings a set."""

    __slots__ = ()

    def add(self, status: Any) -> None:
        """As that of a set; called when the parent of the new one is known."""
        status.parent._children = {status}


class _NoTask(frozenset[Any]):
    """No task any more; the next one brings a set."""

    __slots__ = ()

    def add(self, task: Any) -> None:
        """As that of a set; called when the place of the task is known."""
        task._cancel_status._tasks = {task}


class _OneTask(tuple[Any]):
    """The task of a life."""

    __slots__ = ()

    def add(self, task: Any) -> None:
        """As that of a set; called when the place of the task is known."""
        task._cancel_status._tasks = {*self, task}

    def remove(self, task: Any) -> None:
        """As that of a set; called while the place of the task is known."""
        task._cancel_status._tasks = _NO_TASK


_NO_SCOPES: Final = _NoScopes()
_NO_TASK: Final = _NoTask()


@protected
class LifeScope:
    """A shielded scope without a deadline, to be entered once, and left by hand."""

    __slots__ = ("_cancel_reason", "_cancel_status", "_task", "cancel_called")

    deadline: Final = math.inf
    shield: Final = True

    def __init__(self) -> None:
        self.cancel_called: bool = False
        """Whether it was cancelled."""
        # By these names Trio looks for them.
        self._cancel_status: Any = None
        self._cancel_reason: Any = None
        self._task: Any = None

    def enter(self) -> Task:
        """Enter it; return the present task, which is to leave it."""
        self._task = task = current_task()
        entered: Any = task
        around = entered._cancel_status
        # As Trio makes one, but for its sets.
        self._cancel_status = status = _made(_Status)
        status._scope, status._parent = self, around
        status.effectively_cancelled = status.abandoned_by_misnesting = False
        status._children, status._tasks = _NO_SCOPES, _OneTask((task,))
        around._children.add(status)
        around._tasks.remove(task)
        entered._cancel_status = status
        if self.cancel_called:
            status.recalculate()
        return task

    def leave(self, error: BaseException | None = None) -> BaseException | None:
        """Leave it; return what was raised inside, or what Trio says of the way out.

        It never raises. What was raised inside is not looked at: whoever has caught it
        there knows what to make of a cancellation.
        """
        status, task = self._cancel_status, self._task
        if task is None or task._cancel_status is not status:
            fault = close_scope(self._as_trios(), None)
            return fault if error is None else error
        task._activate_cancel_status(status.parent)
        status.close()
        self._cancel_status = self._task = None
        return error

    def _as_trios(self) -> trio.CancelScope:
        """Let a scope of Trio's stand where this one stood."""
        scope: Any = trio.CancelScope(shield=True)
        scope._has_been_entered = True
        scope._cancel_called = self.cancel_called
        scope._cancel_reason = self._cancel_reason
        scope._cancel_status = self._cancel_status
        if self._cancel_status is not None:
            self._cancel_status._scope = scope
        self._cancel_status = self._task = None
        whole: trio.CancelScope = scope
        return whole

    def cancel(self, reason: str | None = None) -> None:
        """Cancel what is inside; the words are told with the exception."""
        if self.cancel_called:
            return
        try:
            by: str | None = repr(current_task())
        except RuntimeError:
            by = None
        self._cancel_for(_Reason("explicit", by, reason))

    def cancel_as(self, other: LifeScope) -> None:
        """As `cancel`, with what was told by the same task of another scope."""
        if not self.cancel_called:
            self._cancel_for(other._cancel_reason)

    def _cancel_for(self, reason: object) -> None:
        self._cancel_reason = reason
        self.cancel_called = True
        if self._cancel_status is not None:
            self._cancel_status.recalculate()


class TrioScope:
    """The same, as a scope of Trio's: for a Trio whose parts are others."""

    __slots__ = ("_scope", "_words")

    shield: Final = True

    def __init__(self) -> None:
        self._scope = trio.CancelScope(shield=True)
        self._words: str | None = None

    @property
    def cancel_called(self) -> bool:
        """Whether it was cancelled."""
        return self._scope.cancel_called

    def enter(self) -> Task:
        """Enter it; return the present task, which is to leave it."""
        self._scope.__enter__()
        return current_task()

    def leave(self, error: BaseException | None = None) -> BaseException | None:
        """Leave it; return what was raised inside, or what Trio says of the way out."""
        fault = close_scope(self._scope, None)
        return fault if error is None else error

    def cancel(self, reason: str | None = None) -> None:
        """Cancel what is inside; the words are told with the exception."""
        self._words = reason
        self._scope.cancel(reason)

    def cancel_as(self, other: TrioScope) -> None:
        """As `cancel`, with what was told of another scope."""
        self.cancel(other._words)


_PARTS: Final = {
    # What a status is made of, and is asked; what a scope is, and is told.
    "CancelStatus": (
        *("_scope", "effectively_cancelled", "_parent", "_children", "_tasks"),
        "abandoned_by_misnesting",
    ),
    "CancelScope": (
        *("_cancel_status", "_has_been_entered", "_registered_deadline"),
        *("_cancel_called", "cancelled_caught", "_cancel_reason"),
        *("_relative_deadline", "_deadline", "_shield"),
    ),
    "CancelReason": ("source", "source_task", "reason"),
}
"""The fields that this was written for, in their order."""


def _fits() -> bool:
    """Whether this Trio has the parts that `LifeScope` is made of, and they do as here."""
    classes = (_Status, trio.CancelScope, _Reason)
    try:
        for found, fields in zip(classes, _PARTS.values(), strict=True):
            if tuple(field.name for field in attrs.fields(found)) != fields:
                return False
        return _is_told()
    except Exception:  # noqa: BLE001 - it is another Trio, whatever is missing there
        return False


def _is_told() -> bool:
    """Whether a status goes by its scope, as far as can be seen without a run."""
    around, inner = LifeScope(), LifeScope()
    outer: Any = _Status(around, False, None)
    status: Any = _Status(inner, False, outer)
    around.cancel_called = True
    outer.recalculate()
    if not outer.effectively_cancelled or status.effectively_cancelled:
        return False
    inner._cancel_status = status  # pyright: ignore[reportPrivateUsage]
    inner.cancel("a reason")
    reason = inner._cancel_reason  # pyright: ignore[reportPrivateUsage]
    told = status.effectively_cancelled and reason.reason == "a reason"
    status.close()
    return told and not outer.children and _is_moved()


class _Mover:
    """What moves as a task does."""

    def __init__(self) -> None:
        self._cancel_status: Any = None
        self.move: Any = partial(vars(Task)["_activate_cancel_status"], self)

    def _attempt_delivery_of_any_pending_cancel(self) -> None:
        pass


def _is_moved() -> bool:
    """Whether scopes and tasks come and go where no sets are, as where they are."""
    scope, first, second = LifeScope(), _Mover(), _Mover()
    place: Any = _Status(scope, False, None)
    first.move(place)
    place._children, place._tasks = _NO_SCOPES, _OneTask((first,))
    below: Any = _Status(scope, False, place)
    seen = [place.children == {below}, place.tasks == {first}]
    first.move(below)
    seen += [not place.tasks, below.tasks == {first}]
    first.move(place)
    below.close()
    seen += [not place.children, place.tasks == {first}]
    place._tasks = _OneTask((first,))
    second.move(place)
    seen += [place.tasks == {first, second}]
    second.move(None)
    first.move(None)
    return all(seen) and not place.tasks


Scope: TypeAlias = LifeScope | TrioScope
"""What `new_scope` makes; anybody else's may be cancelled, and no more."""

new_scope: Final[type[Any]] = LifeScope if _fits() else TrioScope
"""Makes the scope of a life; to be entered by the task that lives it."""
