"""A change of a running supervisor as plain data, and what can go wrong with it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal, TypeAlias

from attrs import field, frozen

from trio_sup._core.errors import SupervisionError
from trio_sup._core.exits import Exit
from trio_sup._core.specs import Flags

ChangeAction: TypeAlias = Literal["keep", "update", "restart", "start", "stop"]
"""What becomes of one child: ``keep``: nothing changes. ``update``: its life goes on,
under other rules. ``restart``: its life ends and the next begins with what is new.
``start``, ``stop``: it comes, or goes."""

_SIGNS: dict[ChangeAction, str] = {
    "keep": "=",
    "update": "~",
    "restart": "!",
    "start": "+",
    "stop": "-",
}


_DONE: dict[ChangeAction, str] = {
    "keep": "kept",
    "update": "updated",
    "restart": "restarted",
    "start": "started",
    "stop": "stopped",
}


@frozen
class FieldChange:
    """One field of a specification that changes."""

    name: str
    """``shutdown``, ``args``, ``max_restarts``, ..."""
    before: str
    """The value in force, as text, shortened."""
    after: str
    """The new value, as text, shortened."""

    def __str__(self) -> str:
        return f"{self.name} {self.before} -> {self.after}"


@frozen
class ChildChange:
    """What becomes of one child."""

    path: str
    """Its path, as text."""
    label: str
    """Its id, as text."""
    action: ChangeAction
    fields: tuple[FieldChange, ...] = ()
    """Which fields of its specification change."""
    because: str = ""
    """Why, where that is not the fields: ``with 'db' (rest_for_one)``, ..."""
    loses_state: bool = False
    """Whether a life that goes on now ends by this, and nothing of it is left."""
    carries_state: bool = False
    """Whether a life ends by this whose state the next one is given, by `migrate`."""
    below: ReconfigurePlan | None = None
    """Only of a supervisor that lives on: what changes inside of it."""

    def __str__(self) -> str:
        return "\n".join(_lines_of_child(self))


@frozen
class ReconfigurePlan:
    """What a new specification changes about a running supervisor.

    Data, made by `Supervisor.plan` without changing anything; as text it is a diff.
    """

    path: str
    """The supervisor's path, as text."""
    flags: tuple[FieldChange, ...]
    """Which flags of the supervisor itself change; all of them in place."""
    children: tuple[ChildChange, ...]
    """What becomes of its children: in the new order, then those that go."""
    order: tuple[str, ...] = ()
    """The new start order, by id, if children that stay change their places."""
    new: Flags = field(default=Flags(), eq=False, repr=False)
    """The flags and children to come; not for users."""

    @property
    def empty(self) -> bool:
        """Whether nothing changes at all."""
        kept = all(change.action == "keep" for change in self.children)
        return kept and not self.flags and not self.order

    @property
    def summary(self) -> str:
        """One line for people: how many of what."""
        counts = [(len(self.paths(action)), done) for action, done in _DONE.items()]
        words = [f"{count} {done}" for count, done in counts if count]
        words += [str(flag) for flag in self.flags]
        return ", ".join(words) or "nothing"

    def paths(self, action: ChangeAction) -> tuple[str, ...]:
        """Return the paths of all children, however deep, with one action."""
        return tuple(c.path for c in self._all() if c.action == action)

    @property
    def loses_state(self) -> tuple[str, ...]:
        """The paths of all, however deep, whose life ends, with all of its state."""
        return tuple(c.path for c in self._all() if c.loses_state)

    @property
    def ends_lives(self) -> tuple[str, ...]:
        """The paths of all children, however deep, whose present life ends by this."""
        return tuple(c.path for c in self._all() if c.loses_state or c.carries_state)

    def _all(self) -> Iterator[ChildChange]:
        for change in self.children:
            yield change
            if change.below is not None:
                yield from change.below._all()

    def __str__(self) -> str:
        if self.empty:
            return f"{self.path}: nothing changes"
        return "\n".join([self.path, *(f"  {line}" for line in _lines_inside(self))])


def _lines_inside(plan: ReconfigurePlan) -> Iterator[str]:
    for flag in plan.flags:
        yield f"~ {flag}"
    for change in plan.children:
        yield from _lines_of_child(change)
    if plan.order:
        yield f"order: {', '.join(plan.order)}"


def _lines_of_child(change: ChildChange) -> Iterator[str]:
    words = [str(field) for field in change.fields]
    if change.because:
        words.append(change.because)
    if change.loses_state:
        words.append("loses its state")
    text = f"{_SIGNS[change.action]} {change.label}"
    if change.action != "keep":
        text = f"{text}: {change.action}"
        text += f" ({', '.join(words)})" if words else ""
    elif words:
        text += f": {', '.join(words)}"
    yield text
    if change.below is not None:
        for line in _lines_inside(change.below):
            yield f"    {line}"


class PlanOutdated(SupervisionError):
    """The tree has changed since a plan was made: look at a new one; nothing was done.

    Args:
        expected: The plan that was given.
        now: What would be done now.
    """

    def __init__(self, expected: ReconfigurePlan, now: ReconfigurePlan) -> None:
        self.expected = expected
        self.now = now
        super().__init__(
            f"the plan for {expected.path!r} is outdated, and nothing was done: it was "
            f"to be {expected.summary}, and would be {now.summary} now; "
            "make a new plan, or give the specification itself"
        )


class ReconfigureFailed(SupervisionError):
    """A child did not start: the specification before is in force again.

    Its error is the `__cause__`.

    Args:
        path: The supervisor's path.
        plan: What was tried.
        child: The path of the child that did not start.
        exit: How it ended.
    """

    def __init__(
        self, path: str, plan: ReconfigurePlan, child: str, exit: Exit
    ) -> None:
        self.path = path
        self.plan = plan
        self.child = child
        self.exit = exit
        self.returned: tuple[str, ...] = ()
        """Paths of children that were ended for it, and live again."""
        self.lost: tuple[str, ...] = ()
        """Paths of children that were ended for it, and did not start again at once:
        they are restarted as after any crash."""
        super().__init__(self._words())

    def came_back(self, returned: tuple[str, ...], lost: tuple[str, ...]) -> None:
        """Note what the way back came to."""
        self.returned, self.lost = returned, lost
        self.args: tuple[Any, ...] = (self._words(),)

    def _words(self) -> str:
        text = (
            f"{self.path!r} was not reconfigured: child {self.child!r} did not start: "
            f"{self.exit}; tried: {self.plan.summary}; "
            "the specification before is in force again"
        )
        if self.returned:
            text += f", with new lives of {', '.join(self.returned)}"
        if self.lost:
            text += f"; not back yet: {', '.join(self.lost)}"
        return text
