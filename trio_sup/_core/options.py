"""The options that the factories of specifications share.

They stand here once, with their units and defaults. ``**options: Unpack[...]`` tells
them to type checkers only, so each factory has the names checked that it was given:
else it would hand on to a `ChildSpec` what is not for users.

A new one is also a field of `ChildSpec`, with its default and its check; no factory has
to hand it on, but their docstrings list it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Hashable, Mapping
from typing import Any, TypedDict, cast

from trio_sup._core.addresses import as_name, key_of
from trio_sup._core.policies import Backoff, Budget, Mailbox
from trio_sup._core.specs import ChildSpec, Flags, Runs, check_flags
from trio_sup._core.words import Kind, Readiness, Restart, Shutdown


class ChildOptions(TypedDict, total=False):
    """What can be said of every child, by keyword: how it is called and treated.

    For `child`, `supervisor` and their sisters, and for functions of your own that
    hand it on: ``def worker(url: str, **options: Unpack[ChildOptions])``.

    Attributes:
        id: The place under one supervisor, in the path; unique there. By default the
            name of the function, class or factory; for a partition or task supervisor
            with a `name`, its key. Under a dynamic supervisor the name's key or a
            serial number.
        name: Any hashable key in the node's own registry, ``registry.via(key)``, or
            an address (`address`, `Registry.ref`). Registered before each life, free
            afterwards. None by default.
        restart: ``permanent`` (always), ``transient`` (after a crash), or
            ``temporary`` (never). By default ``permanent``; for
            `TaskSupervisor.start_child` ``temporary``.
        shutdown: Seconds from the request to stop until the cancellation; or
            ``"brutal_kill"``: cancelled without a request. By default 5; for a
            supervisor, whose whole subtree it is for, unlimited.
        significant: Its end may end the supervisor: see `supervisor`. By default not.
        start_timeout: Seconds in which it must become ready, a supervisor with all
            its children. Unlimited by default.
        backoff: Delays between restarts; by default restarts are immediate.
        budget: A restart limit of its own, beside the supervisor's. None by default.
    """

    id: Hashable | None
    name: Hashable | None
    restart: Restart
    shutdown: Shutdown
    significant: bool
    start_timeout: float
    backoff: Backoff | None
    budget: Budget | None


class FunctionOptions(ChildOptions, total=False):
    """What can be said of a plain function; see `child`.

    Attributes:
        ready: ``signalled`` (when it calls ``task_status.started``) or ``spawned``
            (once it runs); by default ``auto``: whether its signature has a parameter
            `task_status` decides.
    """

    ready: Readiness


class ServerOptions(ChildOptions, total=False):
    """What can be said of a server; see `child`.

    Also of all servers of a class, as its defaults:
    ``class Greeter(GenServer, restart="transient", backoff=Backoff())``.

    Attributes:
        mailbox: Its bound, and what happens at it and in a crash. By default
            ``Mailbox()``: at most 1024 casts and sends wait.
    """

    mailbox: Mailbox


class SupervisorOptions(ChildOptions, total=False):
    """What can be said of a supervisor of any kind; see `supervisor`.

    Note that giving up is a *shutdown*: a transient supervisor that gave up stays
    down.

    Attributes:
        max_restarts: How many restarts are fine inside the window, of all children
            together; one more and the supervisor gives up. A group restart counts
            once. By default 3.
        max_seconds: The window, in seconds; a restart counts while it is at most that
            old. By default 5.
    """

    max_restarts: int
    max_seconds: float


OF_A_CHILD = ChildOptions.__optional_keys__
OF_A_SERVER = ServerOptions.__optional_keys__
OF_A_SUPERVISOR = SupervisorOptions.__optional_keys__
_LIMITS = tuple(OF_A_SUPERVISOR - OF_A_CHILD)


def check_options(
    factory: Callable[..., object],
    options: Mapping[str, object],
    accepted: frozenset[str],
) -> None:
    """Check the names of the options that a factory was given.

    Args:
        factory: Who was given them; what it takes by keyword besides is known by it.
        options: What it was given.
        accepted: What it shares with others.

    Raises:
        TypeError: it takes no such option.
    """
    if options.keys() <= accepted:
        return
    unknown = next(name for name in options if name not in accepted)
    own: Mapping[str, object] = getattr(factory, "__kwdefaults__", None) or {}
    raise TypeError(
        f"{factory.__qualname__}() got an unexpected keyword argument {unknown!r}; "
        f"it takes {', '.join(sorted({*own, *accepted}))}"
    )


def merged(
    inherited: ServerOptions, options: Mapping[str, Any], own: Collection[str]
) -> ServerOptions:
    """Return the options of a server class: its own before those of its bases."""
    both: dict[str, Any] = {**inherited, **{name: options[name] for name in own}}
    return cast("ServerOptions", both)


def hand_on(
    make: Callable[..., None],
    cls: type[Any],
    options: Mapping[str, object],
    own: Collection[str],
) -> None:
    """Hand on what a server class was given by keyword, and is for another base.

    Args:
        make: The next ``__init_subclass__``.
        cls: The class.
        options: What it was given.
        own: What of it is a server's.

    Raises:
        TypeError: nobody takes it.
    """
    rest = {name: value for name, value in options.items() if name not in own}
    if not rest:
        make()
        return
    try:
        make(**rest)
    except TypeError as error:
        if "takes no keyword arguments" not in str(error):
            raise
    else:
        return
    raise TypeError(
        f"class {cls.__qualname__} got an unexpected option {next(iter(rest))!r}; "
        f"a server class takes {', '.join(sorted(OF_A_SERVER))}"
    )


def supervisor_spec(
    kind: Kind,
    word: str,
    runs: Runs,
    flags: Callable[..., Flags],
    options: SupervisorOptions,
    *,
    named_by_key: bool = False,
) -> ChildSpec[Any]:
    """Describe a supervisor of any kind, by options that have been checked.

    Args:
        kind: Whether children come and go.
        word: What stands in for its target.
        runs: How it comes to life.
        flags: Makes its flags; the restart limit, which is among the options, is still
            to be given.
        options: What the factory was given.
        named_by_key: Whether the key of its name is its id, if it has none.

    Raises:
        ChildSpecError: an invalid value or combination.
    """
    rest: dict[str, Any] = {"shutdown": math.inf, **options}
    limits = {key: rest.pop(key) for key in _LIMITS if key in rest}
    made = flags(**limits)
    check_flags(made, owner_of(options, word), dynamic=kind == "dynamic")
    name = options.get("name")
    if named_by_key and options.get("id") is None and name is not None:
        rest["id"] = key_of(as_name(name))
    return ChildSpec(kind=kind, target=word, runs=runs, flags=made, **rest)


def owner_of(options: ChildOptions, word: str) -> str:
    """How errors call a supervisor that is not described yet."""
    id: object = options.get("id")
    return str(id or word)
