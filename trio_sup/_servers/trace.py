"""Tracing one server: what it got, what it answered, its state afterwards.

Costs nothing while nobody traces. Everything is text by then, bounded, and has been
through the server's `format_status`, so that secrets stay inside. (GS-085..090)
"""

from __future__ import annotations

import reprlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Literal, TypeAlias

import trio
from attrs import frozen

from trio_sup._core.clean import clean
from trio_sup._servers.messages import CastNote, DownNote, InfoNote, Item, Request
from trio_sup._servers.state import formatted, state_of
from trio_sup._trio.last_resort import report_hook
from trio_sup._trio.log import Log
from trio_sup._trio.protect import call_user

if TYPE_CHECKING:
    from trio_sup._servers.callbacks import ServerBase
    from trio_sup._servers.queue import Queue

_log = Log("trio_sup.trace")

TraceKind: TypeAlias = Literal[
    "received", "replied", "failed", "deferred", "handled", "continued", "crashed"
]

TEXT_LIMIT = 400

_short = reprlib.Repr()
_short.maxstring = _short.maxother = 120
_short.maxdict = _short.maxlist = _short.maxtuple = 8


@frozen
class TraceEvent:
    """One step of a traced server."""

    at: float
    """Trio time, in seconds."""
    path: str
    life: int
    kind: TraceKind
    """``received`` before a message is served; then ``replied``, ``failed`` (a
    declared error), ``deferred``, ``handled`` (nobody waited) or ``crashed``;
    ``continued`` after `handle_continue`."""
    op: str
    """The operation, or ``handle_info``, ``handle_continue``."""
    detail: str
    """The arguments, the answer or the error."""
    state: str
    """The server's state at this moment, as `format_status` shows it."""

    @property
    def summary(self) -> str:
        """One line."""
        detail = f" {self.detail}" if self.detail else ""
        return f"{self.path} (life {self.life}) {self.kind} {self.op}{detail}"


TraceHook: TypeAlias = Callable[[TraceEvent], object]
"""A plain function that is called with each step: ``deque(maxlen=10).append`` keeps
the last ten."""


def log_trace(event: TraceEvent) -> None:
    """Write a step to the logger ``trio_sup.trace``, level INFO."""
    _log.info("%s; state %s", clean(event.summary), clean(event.state))


def payload_of(item: Item) -> object:
    """Return what a message carries."""
    if isinstance(item, Request | CastNote):
        return (*item.args, *item.kwargs.items())
    if isinstance(item, InfoNote | DownNote):
        return item.message
    return None


def trace(
    queue: Queue, server: ServerBase, kind: TraceKind, op: str, detail: object
) -> None:
    """Tell the hook of a traced server; one that raises is logged and removed."""
    hook = queue.tracer
    if hook is None:
        return
    try:
        call_user(hook, _event(queue, server, kind, op, detail))
    except Exception as error:  # noqa: BLE001 - reported
        queue.tracer = None
        report_hook("trace hook", hook, error, "; removed", _log)


def _event(
    queue: Queue, server: ServerBase, kind: TraceKind, op: str, detail: object
) -> TraceEvent:
    parts: dict[str, object] = {"state": state_of(server)}
    if detail is not None:
        parts["message"] = detail
    shown = formatted(server, parts)
    record = queue.record
    return TraceEvent(
        trio.current_time(),
        record.path_text,
        record.life,
        kind,
        op,
        "" if detail is None else short_repr(shown.get("message")),
        short_repr(shown.get("state")),
    )


def short_repr(value: object) -> str:
    """Return a bounded `repr`, whatever the object's own does."""
    text = value if isinstance(value, str) else _short.repr(value)
    return text if len(text) <= TEXT_LIMIT else text[: TEXT_LIMIT - 1] + "…"
