"""Scenarios in which things last while more happens.

Starts and stops can be held: they are in progress until the script lets them go on.
So it needs no timing to have several supervisors busy at once. The script consists of
moments: the operations of one moment reach the tree together, in their order; then
everything runs until nothing can go on by itself.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

from attrs import frozen

Restart = Literal["permanent", "transient", "temporary"]
Strategy = Literal["one_for_one", "one_for_all", "rest_for_one", "dynamic"]
AutoShutdown = Literal["never", "any_significant", "all_significant"]
Shutdown: TypeAlias = Literal["brutal_kill", "finite", "infinity"]

GRACE = 10.0
"""Seconds of a finite grace."""


@frozen
class Worker:
    """A child that does what the script says."""

    id: str
    restart: Restart = "permanent"
    significant: bool = False
    shutdown: Shutdown = "infinity"
    held_start: bool = False
    """Whether its starts wait for `Go`."""
    held_stop: bool = False
    """Whether its orderly stops wait for `Let`."""
    named: bool = False
    """Whether it is registered under its id."""


@frozen
class Tree:
    """A supervisor, the root or a nested one."""

    id: str
    strategy: Strategy = "one_for_one"
    children: tuple[Child, ...] = ()
    restart: Restart = "permanent"
    significant: bool = False
    auto_shutdown: AutoShutdown = "never"
    intensity: int = 1
    shutdown: Shutdown = "infinity"


Child: TypeAlias = Worker | Tree


@frozen
class Exit:
    """The worker at `path` ends by itself, if it runs."""

    path: str
    crash: bool = True


@frozen
class Go:
    """A start that is held comes to this."""

    number: int
    """Which, of those that are held below `path`, by path; counted round."""
    path: str | None = None
    """The supervisor whose children are meant; None for all."""
    outcome: Literal["ok", "error", "ignore", "blink"] = "ok"


@frozen
class Let:
    """A stop that is held comes to its end."""

    number: int
    path: str | None = None


@frozen
class Start:
    """`start_child` of the supervisor at `path`, or `get_or_start`."""

    path: str
    child: Child
    or_get: bool = False


@frozen
class Request:
    """A request that names a child, or the supervisor at `path` itself (`stop`)."""

    what: Literal["terminate_child", "restart_child", "delete_child", "stop"]
    path: str
    id: str = ""


@frozen
class Cancel:
    """One of those who wait for an answer is cancelled."""

    number: int


@frozen
class Pass:
    """Time passes until the graces that run now are over."""


@frozen
class End:
    """The block is left: the stop that comes from above all."""


Op: TypeAlias = Exit | Go | Let | Start | Request | Cancel | Pass | End
Moment: TypeAlias = tuple[Op, ...]


@frozen
class Scenario:
    """A tree, and what happens to it."""

    tree: Tree
    script: tuple[Moment, ...] = ()


@frozen
class Outcome:
    """What became of a scenario.

    Attributes:
        answers: By number of the request: the answer and the moment in which it came.
        moments: What the tree looked like when each moment had settled.
        stories: By path: what its lives went through.
        faults: Laws that were broken.
    """

    answers: tuple[tuple[str, int], ...]
    moments: tuple[str, ...]
    stories: tuple[tuple[str, tuple[str, ...]], ...]
    faults: tuple[str, ...] = ()


def join(path: str, id: str) -> str:
    """The path of a child; the root's is empty."""
    return f"{path}/{id}" if path else id
