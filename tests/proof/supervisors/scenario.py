"""Scenarios: a supervision tree and what happens to it, as plain data.

A scenario says everything that the outcome depends on, so that the same one can
run on a model, on trio-sup and on Erlang/OTP, and the traces be compared. Times
are whole: the window in seconds, as OTP counts, and shutdown in milliseconds.
`scenario_json` reads and writes the JSON form.

The events of its trace, with the path of a process and the number of its start
attempt: ``("start", path, n)``, ``("start_failed", path, n, reason)``,
``("start_ignored", path, n)``, ``("stop", path, n, reason)``, ``("root", outcome)``,
``("reply", index, value)`` once the effects of that operation have settled, and
``("end",)`` before what is left is stopped. A run that had to be given up ends with
``("endless",)``. What is left in the end is the tree's own account of itself.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

from attrs import Factory, frozen

from tests.proof.trace import Value

Reason: TypeAlias = str | tuple[str, str]
"""``"normal"``, ``"shutdown"``, ``("shutdown", text)`` or ``("error", text)``."""

Plan: TypeAlias = str | tuple[str, Reason]
"""What one start attempt does.

``"ok"``; ``"ignore"``; ``("error", text)``: the start fails; ``("then", reason)``:
it starts and ends at once, before anything else runs.
"""

Restart = Literal["permanent", "transient", "temporary"]
Strategy = Literal["one_for_one", "one_for_all", "rest_for_one", "dynamic"]
AutoShutdown = Literal["never", "any_significant", "all_significant"]
Shutdown: TypeAlias = int | Literal["brutal_kill", "infinity"]
StopBehaviour: TypeAlias = (
    Literal["default", "trap", "normal", "error", "stubborn"] | tuple[str, int]
)
"""What a worker does when it is asked to stop.

``"default"`` ends at once; the others note the request: ``"trap"`` ends as asked,
``"normal"`` normally, ``"error"`` with an error, ``"stubborn"`` never, and
``("slow", milliseconds)`` ends as asked after that time.
"""


@frozen
class Worker:
    """A child that does nothing but what the script says."""

    id: str
    restart: Restart = "permanent"
    significant: bool = False
    shutdown: Shutdown = 5000
    stop: StopBehaviour = "default"


@frozen
class Nested:
    """A supervisor as a child."""

    id: str
    tree: Tree
    restart: Restart = "permanent"
    significant: bool = False
    shutdown: Shutdown = "infinity"


Child: TypeAlias = Worker | Nested


@frozen
class Tree:
    """A supervisor: its flags and its children in start order."""

    strategy: Strategy = "one_for_one"
    intensity: int = 1
    period: int = 5
    auto_shutdown: AutoShutdown = "never"
    children: tuple[Child, ...] = ()
    max_children: int | None = None


@frozen
class Exit:
    """The worker at `path` ends by itself."""

    path: str
    reason: Reason


@frozen
class Kill:
    """The worker at `path` is killed from outside."""

    path: str


@frozen
class Advance:
    """The clock moves on by whole seconds."""

    seconds: int


@frozen
class InitPlan:
    """The next start attempts of the worker at `path` do this."""

    path: str
    plan: tuple[Plan, ...]


@frozen
class StartChild:
    """`start_child` of the supervisor at `path`."""

    path: str
    child: Child


@frozen
class ChildRequest:
    """One of the requests of the supervisor at `path` that name a child."""

    request: Literal["terminate_child", "restart_child", "delete_child"]
    path: str
    id: str


@frozen
class Ask:
    """`which_children` or `count_children` of the supervisor at `path`."""

    request: Literal["which", "count"]
    path: str


@frozen
class StopRoot:
    """The parent of the whole tree asks it to stop."""


Request: TypeAlias = StartChild | ChildRequest | Ask
QueueItem: TypeAlias = Exit | Kill | Request


@frozen
class Queue:
    """Several things reach the supervisor at `path` before it handles the first.

    The paths of the items are complete; exits and kills are of its own workers.
    """

    path: str
    items: tuple[QueueItem, ...]


Op: TypeAlias = Exit | Kill | Advance | InitPlan | Request | Queue | StopRoot


@frozen
class Scenario:
    """A tree, what its workers' first starts do, and what happens then."""

    tree: Tree
    script: tuple[Op, ...] = ()
    init_plans: dict[str, tuple[Plan, ...]] = Factory(dict[str, tuple[Plan, ...]])


def child_path(parent: str, id: str) -> str:
    """The path of the child `id` of the supervisor at `parent`; the root's is ""."""
    return f"{parent}/{id}" if parent else id


def is_orderly(reason: Value) -> bool:
    """Whether OTP takes the end of a transient child with this reason as intended."""
    if isinstance(reason, tuple):
        return reason[0] == "shutdown"
    return reason in ("normal", "shutdown")
