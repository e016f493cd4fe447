"""The factories of specifications: `child`, `supervisor`, `dynamic_supervisor`."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable, Hashable, Iterable
from typing import TYPE_CHECKING, Any, TypeVar, TypeVarTuple, overload

from trio_sup._children.functions import function_spec
from trio_sup._core.checks import ChildSpecError
from trio_sup._core.policies import Backoff, Budget, Mailbox
from trio_sup._core.specs import ChildSpec, Flags, check_flags
from trio_sup._core.targets import (
    check_arguments,
    origin_of,
)
from trio_sup._core.words import (
    AutoShutdown,
    Readiness,
    Restart,
    Shutdown,
    Strategy,
)
from trio_sup._servers.genserver import GenServer
from trio_sup._servers.runs import SERVER
from trio_sup._supervisors.dynamic import DynamicShell
from trio_sup._supervisors.shell import runs_with
from trio_sup._supervisors.static import StaticShell
from trio_sup._tree.dynamic import DynamicSupervisor
from trio_sup._tree.supervisor import Supervisor

if TYPE_CHECKING:
    from trio_sup._children.record import Child
    from trio_sup._servers.ref import ServerRef

S = TypeVar("S", bound=GenServer)
Ts = TypeVarTuple("Ts")

_DEFAULT_MAILBOX = Mailbox()
_STATIC = runs_with(Supervisor, StaticShell)
_DYNAMIC = runs_with(DynamicSupervisor, DynamicShell)


@overload
def child(
    target: Callable[[*Ts], S],
    *args: *Ts,
    id: Hashable | None = None,
    name: Hashable | None = None,
    restart: Restart = "permanent",
    shutdown: Shutdown = 5.0,
    significant: bool = False,
    start_timeout: float = math.inf,
    backoff: Backoff | None = None,
    budget: Budget | None = None,
    mailbox: Mailbox = ...,
    ready: Readiness = "auto",
) -> ChildSpec[ServerRef[S]]: ...
@overload
def child(
    target: Callable[[*Ts], Awaitable[object]],
    *args: *Ts,
    id: Hashable | None = None,
    name: Hashable | None = None,
    restart: Restart = "permanent",
    shutdown: Shutdown = 5.0,
    significant: bool = False,
    start_timeout: float = math.inf,
    backoff: Backoff | None = None,
    budget: Budget | None = None,
    ready: Readiness = "auto",
) -> ChildSpec[Child]: ...
@overload
def child(
    target: Callable[..., Awaitable[object]],
    *args: Any,
    id: Hashable | None = None,
    name: Hashable | None = None,
    restart: Restart = "permanent",
    shutdown: Shutdown = 5.0,
    significant: bool = False,
    start_timeout: float = math.inf,
    backoff: Backoff | None = None,
    budget: Budget | None = None,
    ready: Readiness,
) -> ChildSpec[Child]: ...
def child(
    target: Callable[[*Ts], Any],
    *args: *Ts,
    id: Hashable | None = None,
    name: Hashable | None = None,
    restart: Restart = "permanent",
    shutdown: Shutdown = 5.0,
    significant: bool = False,
    start_timeout: float = math.inf,
    backoff: Backoff | None = None,
    budget: Budget | None = None,
    mailbox: Mailbox = _DEFAULT_MAILBOX,
    ready: Readiness = "auto",
) -> ChildSpec[Any]:
    """Describe a child: an async function, or a `GenServer` subclass.

    Nothing runs yet: a specification is frozen plain data, checked here. Keyword
    arguments for `target` travel in `functools.partial`, as in Trio.

    A function that has a parameter `task_status` is ready when it calls
    ``task_status.started(value)``; one that has not is ready once it runs. (Give the
    parameter Trio's default ``= trio.TASK_STATUS_IGNORED``: type checkers ask for
    it.) A server is ready when its `init` has returned.

    Args:
        target: What runs in each life.
        args: Its positional arguments.
        id: The place under one supervisor, in the path; unique there. By default
            the target's name; under a dynamic supervisor the name's key or a
            serial number.
        name: An address: any hashable key in the node's own registry, or
            ``registry.via(key)``. Registered before each life, free afterwards.
        restart: ``permanent`` (always), ``transient`` (after a crash), or
            ``temporary`` (never).
        shutdown: Seconds from the request to stop until the cancellation; or
            ``"brutal_kill"``: cancelled without a request.
        significant: Its end may end the supervisor: see `supervisor`.
        start_timeout: Seconds in which it must become ready.
        backoff: Delays between restarts; by default restarts are immediate.
        budget: A restart limit of its own, beside the supervisor's.
        mailbox: Only for servers: bound and policies.
        ready: Only for functions: ``signalled`` or ``spawned`` instead of looking
            at the signature.

    Raises:
        ChildSpecError: an invalid value or combination, or arguments that do not
            fit the target's signature.
    """
    cls: Any = origin_of(target)
    if not _is_server_class(cls):
        described = function_spec(
            target,
            args,
            id=id,
            name=name,
            restart=restart,
            shutdown=shutdown,
            significant=significant,
            start_timeout=start_timeout,
            backoff=backoff,
            budget=budget,
            ready=ready,
        )
        if mailbox is _DEFAULT_MAILBOX:
            return described
        return described.replace(mailbox=mailbox)  # checked, and of no use
    label = id if id is not None else getattr(cls, "__name__", None)
    check_arguments(cls, args, label, needs_status=False)
    return ChildSpec(
        kind="server",
        target=cls,
        args=args,
        id=id,
        name=name,
        restart=restart,
        shutdown=shutdown,
        significant=significant,
        start_timeout=start_timeout,
        backoff=backoff,
        budget=budget,
        mailbox=mailbox,
        ready=ready,
        runs=SERVER,
    )


def supervisor(
    children: Iterable[ChildSpec[Any]] = (),
    *,
    strategy: Strategy = "one_for_one",
    max_restarts: int = 3,
    max_seconds: float = 5.0,
    auto_shutdown: AutoShutdown = "never",
    id: Hashable | None = None,
    name: Hashable | None = None,
    restart: Restart = "permanent",
    shutdown: Shutdown = math.inf,
    significant: bool = False,
    start_timeout: float = math.inf,
    backoff: Backoff | None = None,
    budget: Budget | None = None,
) -> ChildSpec[Supervisor]:
    """Describe a static supervisor: a child like any other, so trees are data.

    Children start one after the other, in order, and stop in reverse order.

    Args:
        children: Specifications, in start order.
        strategy: Who is restarted with a child that failed: only it
            (``one_for_one``), all (``one_for_all``), or it and those after it
            (``rest_for_one``).
        max_restarts: How many restarts are fine inside the window; one more and
            the supervisor gives up. A group restart counts once.
        max_seconds: The window, in seconds; a restart counts while it is at most
            that old.
        auto_shutdown: Whether the supervisor ends, in order, when
            ``any_significant`` child ended for good, or ``all_significant`` did.
        id: The place under its own supervisor; ``"supervisor"`` by default.
        name: An address, as for `child`.
        restart: As for `child`. Note that giving up is a *shutdown*: a transient
            supervisor that gave up stays down.
        shutdown: Seconds for the whole subtree; unlimited by default.
        significant: As for `child`.
        start_timeout: Seconds in which all children must be ready.
        backoff: As for `child`.
        budget: As for `child`.

    Raises:
        ChildSpecError: an invalid value or combination; equal ids.
    """
    flags = Flags(
        strategy=strategy,
        max_restarts=max_restarts,
        max_seconds=max_seconds,
        auto_shutdown=auto_shutdown,
        children=_as_tuple(children),
    )
    check_flags(flags, str(id or "supervisor"), dynamic=False)
    return ChildSpec(
        kind="supervisor",
        target="supervisor",
        runs=_STATIC,
        id=id,
        name=name,
        restart=restart,
        shutdown=shutdown,
        significant=significant,
        start_timeout=start_timeout,
        backoff=backoff,
        budget=budget,
        flags=flags,
    )


def dynamic_supervisor(
    *,
    max_restarts: int = 3,
    max_seconds: float = 5.0,
    max_children: float = math.inf,
    id: Hashable | None = None,
    name: Hashable | None = None,
    restart: Restart = "permanent",
    shutdown: Shutdown = math.inf,
    significant: bool = False,
    start_timeout: float = math.inf,
    backoff: Backoff | None = None,
    budget: Budget | None = None,
) -> ChildSpec[DynamicSupervisor]:
    """Describe a dynamic supervisor: it starts empty, children come and go.

    Every child is one_for_one; all stop at the same time.

    Args:
        max_restarts: As for `supervisor`, shared by all children.
        max_seconds: The window, in seconds.
        max_children: The most children at a time, those included that are starting
            or waiting for a restart.
        id: The place under its supervisor; ``"dynamic_supervisor"`` by default.
        name: An address, as for `child`.
        restart: As for `supervisor`.
        shutdown: Seconds for all children; unlimited by default.
        significant: As for `child`.
        start_timeout: As for `child`.
        backoff: As for `child`, for the supervisor itself.
        budget: As for `child`, for the supervisor itself.

    Raises:
        ChildSpecError: an invalid value or combination.
    """
    flags = Flags(
        max_restarts=max_restarts, max_seconds=max_seconds, max_children=max_children
    )
    check_flags(flags, str(id or "dynamic_supervisor"), dynamic=True)
    return ChildSpec(
        kind="dynamic",
        target="dynamic_supervisor",
        runs=_DYNAMIC,
        id=id,
        name=name,
        restart=restart,
        shutdown=shutdown,
        significant=significant,
        start_timeout=start_timeout,
        backoff=backoff,
        budget=budget,
        flags=flags,
    )


def _is_server_class(target: object) -> bool:
    return isinstance(target, type) and issubclass(target, GenServer)


def _as_tuple(children: Iterable[ChildSpec[Any]]) -> tuple[ChildSpec[Any], ...]:
    if not _is_many(children):
        raise ChildSpecError("children", children, "a list of child specs")
    return tuple(children)


def _is_many(children: object) -> bool:
    return isinstance(children, Iterable) and not isinstance(children, ChildSpec)
