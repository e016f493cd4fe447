"""The factories of specifications: `child`, `supervisor`, `dynamic_supervisor`.

The options that they share with all others are in `trio_sup._core.options`.
"""

# mypy asks for the ignore at `child`, where pyright finds nothing to ignore.
# pyright: reportUnnecessaryTypeIgnoreComment=false

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable, Iterable
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar, TypeVarTuple, Unpack, overload

from trio_sup._children.functions import function_spec
from trio_sup._children.signalling import (
    Signals,
    Signals1,
    Signals2,
    Signals3,
    Signals4,
)
from trio_sup._core.checks import ChildSpecError
from trio_sup._core.hints import as_spec
from trio_sup._core.options import (
    OF_A_SUPERVISOR,
    ChildOptions,
    FunctionOptions,
    ServerOptions,
    SupervisorOptions,
    check_options,
    supervisor_spec,
)
from trio_sup._core.specs import ChildSpec, Flags
from trio_sup._core.targets import check_arguments, origin_of, unfold
from trio_sup._core.words import AutoShutdown, Readiness, Strategy
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
T = TypeVar("T")
A = TypeVar("A")
B = TypeVar("B")
C = TypeVar("C")
D = TypeVar("D")
Ts = TypeVarTuple("Ts")

# Which of the two fit a target is for type checkers; at run time the other is of no use.
_OF_A_CHILD = FunctionOptions.__optional_keys__ | ServerOptions.__optional_keys__
_STATIC = runs_with(Supervisor, StaticShell, relists=True, roots=True)
_DYNAMIC = runs_with(DynamicSupervisor, DynamicShell)


@overload
def child(
    target: Callable[[*Ts], S], *args: *Ts, **options: Unpack[ServerOptions]
) -> ChildSpec[ServerRef[S]]: ...
@overload
def child(
    target: Signals[T], **options: Unpack[FunctionOptions]
) -> ChildSpec[Child[T]]: ...
@overload
def child(
    target: Signals1[A, T], a: A, /, **options: Unpack[FunctionOptions]
) -> ChildSpec[Child[T]]: ...
@overload
def child(
    target: Signals2[A, B, T], a: A, b: B, /, **options: Unpack[FunctionOptions]
) -> ChildSpec[Child[T]]: ...
@overload
def child(
    target: Signals3[A, B, C, T],
    a: A,
    b: B,
    c: C,
    /,
    **options: Unpack[FunctionOptions],
) -> ChildSpec[Child[T]]: ...
@overload
def child(
    target: Signals4[A, B, C, D, T],
    a: A,
    b: B,
    c: C,
    d: D,
    /,
    **options: Unpack[FunctionOptions],
) -> ChildSpec[Child[T]]: ...
@overload
def child(
    target: Callable[[*Ts], Awaitable[object]],
    *args: *Ts,
    **options: Unpack[FunctionOptions],
) -> ChildSpec[Child]: ...
@overload
def child(
    target: Callable[..., Awaitable[object]],
    *args: Any,
    ready: Readiness,
    **options: Unpack[ChildOptions],
) -> ChildSpec[Child]: ...
def child(  # type: ignore[misc]  # the overloads bind Ts and T; this cannot
    target: Callable[..., Any], *args: Any, **options: Any
) -> ChildSpec[Any]:
    """Describe a child: an async function, or a `GenServer` subclass.

    Nothing runs yet: a specification is frozen plain data, checked here. Keyword
    arguments for `target` travel in `functools.partial`, as in Trio.

    A function that has a parameter `task_status` is ready when it calls
    ``task_status.started(value)``; one that has not is ready once it runs. (Give the
    parameter Trio's default ``= trio.TASK_STATUS_IGNORED``, to call it by yourself.)
    Its handle is a ``Child[T]`` with a `value`, `T` from ``trio.TaskStatus[T]``. A
    server is ready when its `init` has returned.

    Args:
        target: What runs in each life.
        args: Its positional arguments.
        options: Those of `ChildOptions`: `id`, `name`, `restart`, `shutdown`,
            `significant`, `start_timeout`, `backoff`, `budget`. Only for servers
            `mailbox` (`ServerOptions`), only for functions `ready`
            (`FunctionOptions`). What is not given is as a server's class says, if it
            says so: ``class Greeter(GenServer, restart="transient")``.

    Raises:
        ChildSpecError: an invalid value or combination, or arguments that do not
            fit the target's signature.
        TypeError: no option of a child.
    """
    check_options(child, options, _OF_A_CHILD)
    target, args, keywords = unfold(target, args)
    cls: Any = origin_of(target)
    if not _is_server_class(cls):
        return function_spec(target, args, **options)
    options = {**cls.__options__, **options}
    label = options.get("id")
    if label is None:
        label = getattr(cls, "__name__", None)
    check_arguments(cls, args, label, keywords, needs_status=False)
    return ChildSpec(
        kind="server",
        target=cls,
        args=args,
        keywords=keywords,
        runs=cls.__runs__ or SERVER,
        **options,
    )


def supervisor(
    children: Iterable[ChildSpec[Any]] = (),
    *,
    strategy: Strategy = "one_for_one",
    auto_shutdown: AutoShutdown = "never",
    **options: Unpack[SupervisorOptions],
) -> ChildSpec[Supervisor]:
    """Describe a static supervisor: a child like any other, so trees are data.

    Children start one after the other, in order, and stop in reverse order.

    Args:
        children: Specifications, in start order.
        strategy: Who is restarted with a child that failed: only it
            (``one_for_one``), all (``one_for_all``), or it and those after it
            (``rest_for_one``).
        auto_shutdown: Whether the supervisor ends, in order, when
            ``any_significant`` child ended for good, or ``all_significant`` did.
        options: Those of `SupervisorOptions`: `max_restarts` and `max_seconds`; and
            those of `ChildOptions`: `id`, `name`, `restart`, `shutdown`,
            `significant`, `start_timeout`, `backoff`, `budget`.

    Raises:
        ChildSpecError: an invalid value or combination; equal ids.
        TypeError: no option of a supervisor.
    """
    check_options(supervisor, options, OF_A_SUPERVISOR)
    flags = partial(
        Flags,
        strategy=strategy,
        auto_shutdown=auto_shutdown,
        children=_as_tuple(children),
    )
    return supervisor_spec("supervisor", "supervisor", _STATIC, flags, options)


def dynamic_supervisor(
    *, max_children: float = math.inf, **options: Unpack[SupervisorOptions]
) -> ChildSpec[DynamicSupervisor]:
    """Describe a dynamic supervisor: it starts empty, children come and go.

    Every child is one_for_one; all stop at the same time.

    Args:
        max_children: The most children at a time, those included that are starting
            or waiting for a restart.
        options: As for `supervisor`; `max_restarts` is shared by all children, and
            `backoff` and `budget` are for the supervisor itself.

    Raises:
        ChildSpecError: an invalid value or combination.
        TypeError: no option of a supervisor.
    """
    check_options(dynamic_supervisor, options, OF_A_SUPERVISOR)
    flags = partial(Flags, max_children=max_children)
    return supervisor_spec("dynamic", "dynamic_supervisor", _DYNAMIC, flags, options)


def _is_server_class(target: object) -> bool:
    return isinstance(target, type) and issubclass(target, GenServer)


def _as_tuple(children: Iterable[ChildSpec[Any]]) -> tuple[ChildSpec[Any], ...]:
    if not _is_many(children):
        accepted = "a list of child specs" + as_spec(children, "[{}]")
        raise ChildSpecError("children", children, accepted)
    return tuple(children)


def _is_many(children: object) -> bool:
    return isinstance(children, Iterable) and not isinstance(children, ChildSpec)
