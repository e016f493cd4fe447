"""Calls that wait for their answer: each ends in exactly one way."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, NamedTuple, cast, get_args

import trio
from attrs import Factory, define, frozen
from trio.lowlevel import Abort, Task, current_task

from trio_sup._core.exits import Exit, ExitKind
from trio_sup._servers.operations import Call
from trio_sup._trio.alarms import alarm_clock
from trio_sup._trio.protect import protected
from trio_sup._trio.wake import Parking, wake
from trio_sup.cluster._nodes.values import Signature, unpack_error
from trio_sup.cluster._rules.frames import Answer, Ask, Message
from trio_sup.cluster._rules.words import Name, NodeId, Taken
from trio_sup.cluster.errors import (
    CallTimeout,
    ConnectionChanged,
    NodeDown,
    Refused,
    RemoteCrash,
)

if TYPE_CHECKING:
    from trio_sup.cluster._nodes.outbox import Outbox


class Body(NamedTuple):
    """What is asked, ready to be sent."""

    key: object
    name: Name
    op: str
    args: list[Any]
    kwargs: dict[str, Any]

    def ask(self, number: int, sender: NodeId, holder: Taken, call: int) -> Ask:
        """Return the message."""
        return Ask(
            number,
            sender,
            holder.owner,
            call,
            self.name,
            holder.token,
            self.op,
            self.args,
            self.kwargs,
        )


@frozen
class CastLetter:
    """A cast: nobody hears what became of it."""

    body: Body
    lost: Callable[[Exception], None]

    def sealed(self, number: int, sender: NodeId, holder: Taken) -> Message:
        """Return it as it is sent."""
        return self.body.ask(number, sender, holder, 0)

    def failed(self, error: Exception) -> None:
        """It was not sent."""
        self.lost(error)


@define(eq=False)
class PendingCall:
    """A call whose caller waits."""

    number: int
    body: Body
    signature: Signature
    op: Call[Any, ..., Any]
    sent_to: NodeId | None = None
    place: int = 0
    retried: bool = False
    _ended: bool = False
    _answer: Any = None
    _error: Exception | None = None
    _timeout: float = math.inf
    task: Task | None = None
    """Who waits; None if nobody does (any more)."""

    def sealed(self, number: int, sender: NodeId, holder: Taken) -> Message:
        """Return it as it is sent."""
        self.sent_to = holder.owner
        return self.body.ask(number, sender, holder, self.number)

    def failed(self, error: Exception) -> None:
        """It was not sent, or will not be answered."""
        self._end(None, error)

    def answered(self, value: object) -> None:
        """Its answer came."""
        self._end(value, None)

    def _end(self, answer: object, error: Exception | None) -> None:
        if not self._ended:
            self._ended, self._answer, self._error = True, answer, error
            task, self.task = self.task, None
            if task is not None:
                wake(task)

    async def wait(self, timeout: float) -> Any:
        """Wait for what comes of it. A checkpoint, unless that has come."""
        if not self._ended:
            self.task = current_task()
            if timeout != math.inf:
                # An alarm: a cancel scope would be a tenth of the whole call.
                self._timeout = timeout
                alarm_clock().add(trio.current_time() + timeout, self)
            await Parking(self._abort).wait()
        # The alarm clock may have it for long: what came is not to stay.
        answer, error, self._answer, self._error = self._answer, self._error, None, None
        if error is None:
            return answer
        try:
            raise error
        finally:
            # Break the cycle error -> traceback -> this frame -> error.
            del error, self

    def ring(self) -> None:
        """No answer came in time."""
        self.failed(CallTimeout(self.body.key, self._timeout))

    def _abort(self, _: object) -> Abort:
        self.task = None
        return Abort.SUCCEEDED


@define(eq=False)
class Calls:
    """The calls of one node that wait."""

    outbox: Outbox
    node_of: Callable[[NodeId], str]
    _pending: dict[int, PendingCall] = Factory(dict[int, PendingCall])
    _last: int = 0

    async def call(
        self, body: Body, signature: Signature, op: Call[Any, ..., Any], timeout: float
    ) -> Any:
        """Send a call and wait for its answer, so many seconds at most."""
        self._last += 1
        call = PendingCall(self._last, body, signature, op)
        self._pending[call.number] = call
        try:
            call.place = self.outbox.post(body.key, body.name, call)
            return await call.wait(timeout)
        finally:
            self._pending.pop(call.number, None)

    def all(self) -> list[PendingCall]:
        """Return the calls that wait."""
        return list(self._pending.values())

    def take(self, answer: Answer) -> bool:
        """Hand an answer to its caller; return whether somebody waits for it."""
        call = self._pending.get(answer.call)
        if call is None or call.sent_to != answer.sender:
            return False
        key, what = call.body.key, answer.what
        match answer.how:
            case "value":
                self._unpack(call, what)
            case "declared":
                error = unpack_error(what, call.op.raises)
                call.failed(error or _crash(key, what))
            case "refused":
                call.failed(Refused(key, str(what)))
            case "stale":
                self._again(call, str(what))
            case "crash" | "exit":
                call.failed(_crash(key, what))
        return True

    def _unpack(self, call: PendingCall, data: Any) -> None:
        try:
            value = call.signature.unpack_answer(data)
        except TypeError as error:
            call.failed(error)
        else:
            call.answered(value)

    def _again(self, call: PendingCall, why: str) -> None:
        """Ask who holds the name by now, once, if nothing is overtaken by that."""
        name, key = call.body.name, call.body.key
        self.outbox.forget_holder(name)
        route = self.outbox.route(name)
        if call.retried or route.last != call.place:
            call.failed(Refused(key, why))
            return
        call.retried, call.sent_to = True, None
        try:
            call.place = self.outbox.post(key, name, call)
        except Exception as error:  # noqa: BLE001 - told to the caller
            call.failed(error)

    def undelivered(self, ask: Ask) -> None:
        """A call found nobody who listens: it was surely not executed."""
        call = self._pending.get(ask.call)
        if call is not None and call.sent_to == ask.to:
            self._again(call, "its node listens no more")
        else:
            self.outbox.forget_holder(ask.name)

    def node_gone(self, node: NodeId) -> None:
        """A node is down: what it was asked may have been executed."""
        for call in self._of(node):
            call.failed(NodeDown(call.body.key, self.node_of(node)))

    def link_changed(self, node: NodeId | None = None) -> None:
        """Messages may be lost: with one node, or with all."""
        for call in self._of(node):
            call.failed(ConnectionChanged(call.body.key))

    def _of(self, node: NodeId | None) -> list[PendingCall]:
        return [
            call
            for call in self._pending.values()
            if call.sent_to is not None and node in (None, call.sent_to)
        ]


def _crash(key: object, what: Any) -> RemoteCrash:
    parts = cast("list[object]", what) if isinstance(what, list) else []
    type_name, text, kind = [*map(str, parts), "", "", ""][:3]
    exit = Exit(_KINDS.get(kind, "crashed"), text or None)
    return RemoteCrash(key, type_name, text, exit)


_KINDS: Final[dict[str, ExitKind]] = {kind: kind for kind in get_args(ExitKind)}


for _class in (PendingCall, Calls):
    protected(_class)
