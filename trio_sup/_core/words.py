"""The closed sets of words that specifications and handles use."""

from __future__ import annotations

from typing import Final, Literal, TypeAlias, get_args

Restart: TypeAlias = Literal["permanent", "transient", "temporary"]
"""When a child that ended is started again (checklist SUP-040..042)."""

Strategy: TypeAlias = Literal["one_for_one", "one_for_all", "rest_for_one"]
"""Who is restarted together with a child that failed."""

AutoShutdown: TypeAlias = Literal["never", "any_significant", "all_significant"]
"""Whether the end of significant children ends their supervisor."""

Shutdown: TypeAlias = float | Literal["brutal_kill"]
"""Seconds between the request to stop and the cancellation, or no request."""

Kind: TypeAlias = Literal["task", "server", "supervisor", "dynamic", "process"]
"""What a child is."""

Readiness: TypeAlias = Literal["auto", "spawned", "signalled"]
"""When a plain function counts as started."""

Status: TypeAlias = Literal[
    "starting",
    "running",
    "backing_off",
    "restarting",
    "stopping",
    "stopped",
    "quarantined",
    "stuck",
    "gone",
]
"""Where a child is in its story; `gone` means that its supervisor forgot it."""

NAME_LOST: Final = "its name was lost"
"""Why a life is asked to end whose name belongs to somebody else, or to nobody, by now.

It is nobody's fault: the next life follows at once, uncounted, and waits for the name."""

KINDS: Final[tuple[Kind, ...]] = get_args(Kind)
LEAVES: Final[frozenset[str]] = frozenset({"task", "server", "process"})
"""Kinds that have no children."""
STATUSES: Final[tuple[Status, ...]] = get_args(Status)
RESTARTS: Final[tuple[Restart, ...]] = get_args(Restart)
STRATEGIES: Final[tuple[Strategy, ...]] = get_args(Strategy)
AUTO_SHUTDOWNS: Final[tuple[AutoShutdown, ...]] = get_args(AutoShutdown)
READINESS: Final[tuple[Readiness, ...]] = get_args(Readiness)
