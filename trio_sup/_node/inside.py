"""The inside of one child, for whoever asks: the seam to the inspector.

Read on request only, from outside of the child's own task. Nothing here runs code
of the program but `state`, and that only where a server has a `format_status` of
its own.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice
from typing import TYPE_CHECKING, Protocol, cast

from attrs import frozen
from trio.lowlevel import Task

from trio_sup._children.current import record_of
from trio_sup._core.addresses import Via
from trio_sup._core.clean import safe_text
from trio_sup._servers.genserver import GenServer
from trio_sup._servers.measure import Meter, set_meter, set_spy
from trio_sup._servers.messages import (
    CastNote,
    DownNote,
    InfoNote,
    Item,
    Request,
    name_of,
)
from trio_sup._servers.monitors import Monitor
from trio_sup._servers.spying import Mark, mark_of
from trio_sup._servers.state import formatted, state_of

if TYPE_CHECKING:
    from trio_sup._children.record import Record
    from trio_sup._children.surroundings import HostNode
    from trio_sup._registry.registry import Registry
    from trio_sup._servers.mailbox import MailQueue

WAITERS_SEEN = 200
"""Messages of one mailbox that are searched for callers."""


@frozen
class SeenMessage:
    """One message of a mailbox."""

    item: object
    """The message itself; may be referred to weakly, compared by identity."""
    kind: str
    op: str
    args: tuple[object, ...]
    kwargs: dict[str, object]
    sender: int
    """The child whose call it is, 0 if unknown."""
    sender_path: str


@frozen
class SeenCall:
    """One call that waits for its answer."""

    item: object
    """The request itself; may be referred to weakly."""
    source: int
    target: int
    op: str
    holds: bool
    """Whether the source's handler cannot go on before the answer."""
    deferred: bool
    """Whether its handler has begun, and somebody else may answer."""


class Inside:
    """What one child is made of at this moment."""

    __slots__ = ("_record",)

    def __init__(self, record: Record) -> None:
        self._record = record

    @property
    def task(self) -> Task | None:
        """The task of the present life, None without one."""
        return self._record.task

    # The mailbox.

    def messages(self, limit: int) -> Sequence[SeenMessage]:
        """The first messages that wait, in the order in which they are served."""
        queue: MailQueue | None = self._record.mailbox
        if queue is None:
            return ()
        node = self._record.node
        return [_seen(item, node) for item in islice(_waiting(queue), limit)]

    def current(self) -> SeenMessage | None:
        """The message in hand."""
        queue: MailQueue | None = self._record.mailbox
        if queue is None or queue.current is None:
            return None
        return _seen(queue.current, self._record.node)

    def mailbox_facts(self) -> tuple[bool, int, int, int, int]:
        """Suspended, deferred calls, blocked senders, received, dropped."""
        queue: MailQueue | None = self._record.mailbox
        if queue is None:
            return False, 0, 0, 0, 0
        return (
            queue.suspended,
            len(queue.deferred),
            len(queue.blocked or ()),
            queue.received,
            queue.dropped,
        )

    def measure(self, meter: Meter | None) -> None:
        """Tell a meter of each message that is handled, or nobody any more."""
        queue: MailQueue | None = self._record.mailbox
        if queue is not None:
            set_meter(queue, meter)

    def spy(self, watcher: StepWatcher | None) -> None:
        """Tell a watcher of each step of the server, or nobody any more."""
        queue: MailQueue | None = self._record.mailbox
        if queue is not None:
            spy = queue.spy
            if watcher is not None and not (
                isinstance(spy, _Spy) and spy.watcher is watcher
            ):
                spy = _Spy(self._record, queue, watcher)
            set_spy(queue, None if watcher is None else spy)

    # The state.

    @property
    def server(self) -> object | None:
        """The object of the present life; None if there is none."""
        queue: MailQueue | None = self._record.mailbox
        return None if queue is None else queue.server

    @property
    def formatter(self) -> type | None:
        """The class whose own `format_status` has a word in it, if one does."""
        server = self.server
        if not isinstance(server, GenServer):
            return None
        kind = type(server)
        return None if kind.format_status is GenServer.format_status else kind

    def formatted_state(self) -> dict[str, object]:
        """The state as `format_status` shows it: runs code of the program.

        Whatever that raises, a placeholder takes its place.
        """
        server = self.server
        if not isinstance(server, GenServer):
            return {}
        try:
            shown = formatted(server, {"state": state_of(server)})
            state = shown.get("state", "<format_status returned no state>")
        except BaseException as error:  # noqa: BLE001 - it must not end the node
            state = f"<format_status raised {type(error).__name__}>"
        if not isinstance(state, dict):
            return {"state": state}
        known = cast("dict[object, object]", state)
        return {k: v for k, v in known.items() if isinstance(k, str)}

    # The story.

    def calls(self) -> Iterator[SeenCall]:
        """The calls that it has not answered yet, as far as they are looked for."""
        return calls_to(self._record)

    def lives(self) -> Sequence[tuple[int, float, float, str, str]]:
        """Past lives, oldest first: number, began, ended, kind, one line."""
        return [
            (life, began, ended, exit.kind, str(exit))
            for life, exit, began, ended in self._record.exits or ()
        ]

    def facts(self) -> Iterable[tuple[str, str]]:
        """What its kind has to say of it: of a program its number, what it takes."""
        return self._record.body.facts()

    def links(self) -> Iterator[tuple[str, int, str]]:
        """What it has to do with others: relation, the other's number, a text."""
        record = self._record
        yield from _names(record)
        queue: MailQueue | None = record.mailbox
        if queue is not None:
            for monitor in list(queue.monitors):
                other = monitor.target.record
                yield "watches", other.uid, other.path_text
        if record.watchers is not None:
            for watch in record.watchers.all():
                owner = watch.owner if isinstance(watch, Monitor) else None
                if owner is not None:
                    yield "watched_by", owner.uid, owner.path_text
                else:
                    yield "watched_by", 0, "a task"
        if queue is not None:
            for target in list(queue.outgoing.values()):
                yield "waits_for", target.uid, target.path_text
        for call in calls_to(record):
            source = call.item.task if isinstance(call.item, Request) else None
            path = "" if source is None else _path_of(source, self._record.node)
            yield "waited_by", call.source, path or "a task"


class StepWatcher(Protocol):
    """Who is told of each step of a server, as long as it is open."""

    @property
    def open(self) -> bool:
        """Whether there is room for a step just now; if not, it is counted."""
        ...

    def step(self, step: SeenStep, /) -> None:
        """Take one step."""
        ...


class SeenStep:
    """One step of a server: a message received, or what came of one."""

    __slots__ = ("detail", "kind", "mark", "message", "seconds")

    def __init__(
        self,
        kind: str,
        message: SeenMessage,
        mark: Mark,
        detail: object,
        seconds: float,
    ) -> None:
        self.kind: str = kind
        self.message: SeenMessage = message
        self.mark: Mark = mark
        self.detail: object = detail
        """The answer, or the error."""
        self.seconds: float = seconds
        """How long the message waited, or its handler took."""


class _Spy:
    """Makes of each step what a watcher can read."""

    def __init__(self, record: Record, queue: MailQueue, watcher: StepWatcher) -> None:
        self.watcher = watcher
        self._record = record
        self._queue = queue

    def step(self, kind: str, item: Item, detail: object) -> None:
        """Tell the watcher; it never raises."""
        mark = mark_of(item)
        if not self.watcher.open:
            return
        began = self._queue.current_since
        if kind == "received":
            queued: float | None = getattr(item, "queued_at", None)
            seconds = 0.0 if queued is None else max(0.0, began - queued)
        else:
            seconds = time.perf_counter() - began
        message = _seen(item, self._record.node)
        self.watcher.step(SeenStep(kind, message, mark, detail, seconds))


def _names(record: Record) -> Iterator[tuple[str, int, str]]:
    name = record.spec.name
    spaces = list(record.registries or ())
    if isinstance(name, Via):
        spaces.append(name.registry)
    elif name is not None:
        spaces.append(record.node.registry)
    # Records know the half of a registry that names them; this asks the other half.
    for registry in cast("dict[Registry, None]", dict.fromkeys(spaces)):
        for key in registry.keys(record.handle):
            # As `Record.name_text`: the texts of ids and names are the one exception.
            yield "name", 0, f"{safe_text(key)} ({registry.name})"


def _waiting(queue: MailQueue) -> Iterator[Item]:
    return chain(reversed(queue.batch), iter(queue.inbox))


def _seen(item: Item, node: HostNode[Record]) -> SeenMessage:
    args: tuple[object, ...] = ()
    kwargs: dict[str, object] = {}
    kind, sender, path = "stop", 0, ""
    match item:
        case Request():
            kind, args, kwargs = "call", item.args, dict(item.kwargs)
            if item.task is not None:
                source = record_of(item.task, node)
                if source is not None:
                    sender, path = source.uid, source.path_text
        case CastNote():
            kind, args, kwargs = "cast", item.args, dict(item.kwargs)
        case InfoNote():
            kind, args = "info", (item.message,)
        case DownNote():
            kind, args = "down", (item.message,)
        case _:
            pass
    return SeenMessage(item, kind, name_of(item), args, kwargs, sender, path)


def _path_of(task: Task, node: HostNode[Record]) -> str:
    source = record_of(task, node)
    return "" if source is None else source.path_text


def calls_to(record: Record) -> Iterator[SeenCall]:
    """The calls that a server has not answered yet, as far as they are looked for."""
    for request in requests_to(record, WAITERS_SEEN):
        assert request.task is not None
        source = record_of(request.task, record.node)
        yield SeenCall(
            request,
            0 if source is None else source.uid,
            record.uid,
            request.handler.name,
            request.source is not None,
            request.held is not None,
        )


def requests_to(record: Record, limit: int) -> Iterator[Request]:
    """The requests that a server has not answered yet, and whose callers wait.

    Args:
        record: The server; whoever is none has none.
        limit: How many of the waiting messages are looked at.
    """
    queue: MailQueue | None = record.mailbox
    if queue is None:
        return
    waiting = islice(_waiting(queue), limit)
    seen: set[Request] = set()
    for item in chain((queue.current,), queue.deferred, waiting):
        if isinstance(item, Request) and item.task is not None and item not in seen:
            seen.add(item)
            yield item
