"""Specifications: frozen plain data, validated when built.

The factories that users call (`child`, `supervisor`, …) are in `trio_sup._tree.specs`;
here stand the records and every rule about their fields (checklist SUP-001..023,
130, 131).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Mapping
from copy import copy
from functools import partial
from typing import Any, Generic, NoReturn, TypeVar

import attrs
from attrs import field, frozen

from trio_sup._core.addresses import as_name
from trio_sup._core.checks import (
    ChildSpecError,
    check_hashable,
    check_intensity,
    check_one_of,
    check_seconds,
    check_shutdown,
    check_type,
)
from trio_sup._core.clean import clean, safe_text
from trio_sup._core.hints import as_spec
from trio_sup._core.policies import Backoff, Budget, Mailbox
from trio_sup._core.targets import (
    NO_KEYWORDS,
    check_arguments,
    check_function,
    signals_ready,
    unfold,
)
from trio_sup._core.words import (
    AUTO_SHUTDOWNS,
    READINESS,
    RESTARTS,
    STRATEGIES,
    AutoShutdown,
    Kind,
    Readiness,
    Restart,
    Shutdown,
    Strategy,
)

H_co = TypeVar("H_co", covariant=True)


@frozen(kw_only=True)
class Flags:
    """What makes a supervisor: strategy, intensity, auto-shutdown, children."""

    strategy: Strategy = "one_for_one"
    max_restarts: int = 3
    max_seconds: float = 5.0
    auto_shutdown: AutoShutdown = "never"
    max_children: float = math.inf
    """Only for dynamic supervisors; starts in progress and restarts count."""
    task_deadline: float = math.inf
    """Only for task supervisors: seconds that each task may take."""
    children: tuple[ChildSpec[Any], ...] = ()
    """The initial children, in start order; empty for a dynamic supervisor."""


def _by_hand(_: object) -> NoReturn:
    raise TypeError(
        "a specification that can run comes from child(), supervisor(), "
        "dynamic_supervisor(), partition_supervisor(), task_supervisor(), process() or "
        "tcp_listener()"
    )


def _never(_: object) -> bool:
    return False


@frozen
class Runs:
    """How a child of one kind comes to life; each factory gives its own.

    So nothing below a factory has to know which kinds there are. Both are given the
    record of the child.
    """

    handle: Callable[[Any], Any] = _by_hand
    """Makes what users hold."""
    body: Callable[[Any], Any] = _by_hand
    """Makes what runs in its lives: a `trio_sup._children.surroundings.Body`."""
    relists: bool = False
    """Whether its list of children may be another while it runs."""
    roots: bool = False
    """Whether it can be the root of a tree; else it is put below one."""
    carries: Callable[[Any], bool] = _never
    """Whether a life of this target takes over the state of a life of another."""


@frozen(kw_only=True, eq=False)
class ChildSpec(Generic[H_co]):
    """What to run and how to treat it; built by `child` and its sisters.

    The type parameter is the handle that `start_child` returns for it.
    """

    kind: Kind
    target: Any = field(repr=lambda t: getattr(t, "__qualname__", repr(t)))
    """The async function or server class; for supervisors a word."""
    args: tuple[object, ...] = ()
    keywords: Mapping[str, object] = field(default=NO_KEYWORDS, repr=False)
    """Only for servers: what `functools.partial` brought; a function keeps its own."""
    id: Hashable | None = None
    """The place under one supervisor; None means `default_id`."""
    name: Hashable | None = field(default=None, converter=as_name)
    """A key in the node's own registry, `registry.via(...)`, or an address."""
    restart: Restart = "permanent"
    shutdown: Shutdown = 5.0
    significant: bool = False
    start_timeout: float = math.inf
    backoff: Backoff | None = None
    budget: Budget | None = None
    mailbox: Mailbox = Mailbox()
    """Only for servers."""
    ready: Readiness = "auto"
    signals_ready: bool = False
    """Whether `target` is to be given `task_status`; worked out from `ready`."""
    flags: Flags | None = None
    """Only for supervisors, static and dynamic."""
    runs: Runs = field(default=Runs(), repr=False)
    """Set by the factory; not for users."""
    ordinary: bool = field(init=False, default=False, repr=False)
    """Whether it is `bare`, and a crash leads to the next life without further ado.
    Worked out, as `bare`; see `trio_sup._core.plan.at_once.lives_on`."""
    bare: bool = field(init=False, default=False, repr=False)
    """Whether it is a function without a name, and with no alarm for its start: then
    nothing but its task begins and ends with its lives."""
    given: bool = field(init=False, default=False, repr=False)
    """Whether there is more to it than code, so that `without_arguments` is less."""

    def __attrs_post_init__(self) -> None:
        _check_spec(self)
        given = bool(self.args or self.keywords) or isinstance(self.target, partial)
        object.__setattr__(self, "given", given)
        bare = self.kind == "task" and self.name is None
        bare = bare and self.start_timeout == math.inf
        ordinary = bare and self.restart != "temporary"
        ordinary = ordinary and self.backoff is None and self.budget is None
        object.__setattr__(self, "bare", bare)
        object.__setattr__(self, "ordinary", ordinary)

    @property
    def default_id(self) -> Hashable:
        """The name of the class or function; what stands in for a missing id."""
        target = self.target
        while hasattr(target, "func") and not hasattr(target, "__name__"):
            target = target.func  # a functools.partial
        return str(getattr(target, "__name__", target))

    @property
    def label(self) -> str:
        """The id as text, for messages and paths: printable, as in a path."""
        return clean(safe_text(self.default_id if self.id is None else self.id))

    def replace(self, **changes: Any) -> ChildSpec[H_co]:
        """Return a copy with some fields changed, checked again (SUP-013).

        Raises:
            ChildSpecError: an unknown field, or an invalid value or combination.
        """
        keywords = self.keywords
        known = {f.name for f in attrs.fields(ChildSpec) if f.init} - {
            "kind",
            "keywords",
            "runs",
            "signals_ready",
        }
        if "target" in changes:
            given = changes.get("args", self.args)
            target, args, keywords = unfold(changes["target"], given)
            changes.update(target=target, args=args)
        for name, value in changes.items():
            if name not in known:
                raise ChildSpecError(
                    name,
                    value,
                    f"one of the fields {', '.join(sorted(known))}",
                    self.id,
                )
        spec = attrs.evolve(self, **changes, keywords=keywords)
        if spec.flags is not None:
            check_flags(spec.flags, spec.label, dynamic=spec.kind == "dynamic")
        elif changes.keys() & {"target", "args", "ready"}:
            return spec._rebound()
        return spec

    def without_arguments(self) -> ChildSpec[H_co]:
        """Return what may be kept of a child that never runs again; not for users."""
        target = self.target
        if not self.given:
            return self
        while isinstance(target, partial):
            target = target.func
        bare = copy(self)
        object.__setattr__(bare, "target", target)
        object.__setattr__(bare, "args", ())
        object.__setattr__(bare, "given", False)
        object.__setattr__(bare, "keywords", NO_KEYWORDS)
        return bare

    def _rebound(self) -> ChildSpec[H_co]:
        """Check target and arguments anew, and work out the readiness."""
        if self.kind == "process":
            accepted = "left as it is: describe another program by process()"
            raise ChildSpecError("target", self.target, accepted, self.label)
        is_server = hasattr(self.target, "__handlers__")
        if is_server != (self.kind == "server"):
            accepted = "a GenServer subclass" if not is_server else "an async function"
            raise ChildSpecError("target", self.target, accepted, self.label)
        if not is_server:
            check_function(self.target, self.label)
        signals = self.kind == "task" and signals_ready(self.target, self.ready)
        check_arguments(
            self.target, self.args, self.label, self.keywords, needs_status=signals
        )
        return attrs.evolve(self, signals_ready=signals)


def _check_spec(spec: ChildSpec[Any]) -> None:
    """Check one specification; the first failure wins, in OTP's order (SUP-005)."""
    owner = spec.label
    check_hashable("id", spec.id, owner)
    check_hashable("name", spec.name, owner)
    check_one_of("restart", spec.restart, RESTARTS, owner)
    check_type("significant", spec.significant, bool, "True or False", owner)
    check_shutdown(spec.shutdown, owner)
    check_seconds("start_timeout", spec.start_timeout, owner)
    check_one_of("ready", spec.ready, READINESS, owner)
    if spec.backoff is not None:
        check_type("backoff", spec.backoff, Backoff, "a Backoff or None", owner)
    if spec.budget is not None:
        check_type("budget", spec.budget, Budget, "a Budget or None", owner)
    check_type("mailbox", spec.mailbox, Mailbox, "a Mailbox", owner)
    if spec.significant and spec.restart == "permanent":
        raise ChildSpecError(
            "significant",
            True,
            "False for a permanent child (use restart='transient' or 'temporary')",
            owner,
        )


def lists_children(spec: ChildSpec[Any]) -> bool:
    """Whether it is of a supervisor that begins with a list of children."""
    return spec.flags is not None and spec.kind != "dynamic"


def check_flags(flags: Flags, owner: str, *, dynamic: bool) -> None:
    """Check a supervisor's flags together with its children.

    Raises:
        ChildSpecError: an invalid field; equal ids; a significant child without
            `auto_shutdown`; a budget under a group strategy that would leave
            its siblings without it.
    """
    check_one_of("strategy", flags.strategy, STRATEGIES, owner)
    check_intensity("", flags.max_restarts, flags.max_seconds)
    check_one_of("auto_shutdown", flags.auto_shutdown, AUTO_SHUTDOWNS, owner)
    limit = flags.max_children
    if (
        isinstance(limit, bool)
        or not (isinstance(limit, int) or limit == math.inf)
        or limit < 0
    ):
        raise ChildSpecError(
            "max_children", limit, "a whole number >= 0, or math.inf", owner
        )
    if dynamic and flags.auto_shutdown != "never":
        raise ChildSpecError(
            "auto_shutdown", flags.auto_shutdown, "'never' for dynamic children", owner
        )
    seen: set[Hashable] = set()
    for spec in flags.children:
        check_child(spec, flags, dynamic=dynamic)
        id = spec.default_id if spec.id is None else spec.id
        if id in seen:
            raise ChildSpecError(
                "id", id, f"unique among the children of {owner!r}", spec.label
            )
        seen.add(id)


def check_child(spec: object, flags: Flags, *, dynamic: bool) -> None:
    """Check a specification against the supervisor that it is meant for.

    Raises:
        ChildSpecError: no specification at all (SUP-008); significant where
            `auto_shutdown` is ``never`` (SUP-130); see `check_flags`.
    """
    if not isinstance(spec, ChildSpec):
        accepted = "child specs, made by child(), supervisor(), …" + as_spec(spec)
        raise ChildSpecError("children", spec, accepted)
    if spec.significant and flags.auto_shutdown == "never":
        raise ChildSpecError(
            "significant",
            True,
            "False under a supervisor with auto_shutdown='never'",
            spec.label,
        )
    group = not dynamic and flags.strategy != "one_for_one"
    if group and spec.budget is not None and spec.budget.then != "escalate":
        raise ChildSpecError(
            "budget",
            spec.budget,
            f"without then={spec.budget.then!r} under {flags.strategy}: "
            "its siblings depend on it",
            spec.label,
        )
