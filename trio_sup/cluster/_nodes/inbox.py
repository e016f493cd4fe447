"""Messages that come in: into the mailbox of a server, and its answer back.

A message goes into its mailbox in the step in which it is read, so that their order is
that of their sending. What does not fit is refused, and the sender is told that it was
not executed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from attrs import Factory, define
from trio.lowlevel import Task, current_task

from trio_sup._core.errors import MailboxFull, NoProcess, ServerExit
from trio_sup._core.exits import describe_error
from trio_sup._servers.handlers import Handler
from trio_sup._servers.messages import TiedRequest, note_of
from trio_sup._trio.protect import protected
from trio_sup.cluster._nodes.names import GlobalNames, Held
from trio_sup.cluster._nodes.outbox import Outbox
from trio_sup.cluster._nodes.values import (
    NotPortable,
    Signature,
    name_of_type,
    pack_error,
    signature_of,
)
from trio_sup.cluster._rules.frames import Answer, Ask, Ended

if TYPE_CHECKING:
    from trio_sup._servers.mailbox import MailQueue


class _Refusal(Exception):
    """A request was not taken."""

    def __init__(self, how: Ended, why: str) -> None:
        super().__init__(why)
        self.how: Ended = how


@protected
class RemoteRequest(TiedRequest):
    """A call from another node: its answer is sent, and wakes nobody here."""

    def __init__(
        self,
        task: Task,
        handler: Handler,
        args: tuple[object, ...],
        kwargs: Mapping[str, object],
        answer: Callable[[Ended, Any], None],
        signature: Signature,
    ) -> None:
        super().__init__(task, handler, args, kwargs)
        self._answer = answer
        self._signature = signature

    def reply(self, value: object) -> None:
        """Send the answer; the first one wins."""
        if self.task is None:
            return
        self.abort(None)
        try:
            self._answer("value", self._signature.pack_answer(value))
        except (TypeError, ValueError) as error:
            text = f"its answer cannot cross: {describe_error(error)}"
            self._answer("crash", ["builtins.TypeError", text])

    def fail(self, error: BaseException) -> None:
        """Send the failure; the first answer wins."""
        if self.task is None:
            return
        self.abort(None)
        raises = self.handler.raises
        if isinstance(error, NoProcess):
            self._answer("refused", str(error))
        elif isinstance(error, ServerExit):
            self._answer("exit", _exit_of(error))
        elif isinstance(error, Exception) and isinstance(error, raises):
            try:
                self._answer("declared", pack_error(error, raises))
            except (TypeError, ValueError):
                self._answer("crash", _crash_of(error))
        else:
            self._answer("crash", _crash_of(error))


def _crash_of(error: BaseException) -> list[str]:
    return [name_of_type(type(error)), describe_error(error), "crashed"]


def _exit_of(error: ServerExit) -> list[str]:
    cause = error.exit.error
    if cause is None:
        return ["", str(error.exit), error.exit.kind]
    return [name_of_type(type(cause)), describe_error(cause), error.exit.kind]


@define(eq=False)
class Inbox:
    """What one node is asked by others."""

    names: GlobalNames
    outbox: Outbox
    refused: int = 0
    """How many requests were not taken."""
    _operations: dict[Any, dict[str, Handler]] = Factory(
        dict[Any, "dict[str, Handler]"]
    )

    def take(self, ask: Ask) -> None:
        """Put a request into its mailbox, or refuse it. No checkpoint."""

        def answer(how: Ended, what: Any) -> None:
            self.outbox.tell(ask.sender, Answer, ask.call, how, what)

        try:
            self._deliver(ask, answer)
        except _Refusal as refusal:
            self.refused += 1
            if ask.call:
                answer(refusal.how, str(refusal))

    def _deliver(self, ask: Ask, answer: Callable[[Ended, Any], None]) -> None:
        held = self._holder(ask)
        queue: MailQueue = held.record.mailbox
        handler = self._handler(held, ask)
        try:
            signature = signature_of(handler.fn, deferred=handler.deferred)
            args, kwargs = signature.unpack(ask.args, ask.kwargs)
            if kwargs or len(args) not in handler.shape.sizes:
                handler.shape.check(handler.name, args, kwargs)  # a closer look
        except (NotPortable, TypeError) as error:
            raise _Refusal("refused", str(error)) from None
        try:
            if handler.is_call:
                task = current_task()
                queue.put_call(
                    RemoteRequest(task, handler, args, kwargs, answer, signature)
                )
            else:
                queue.put_note(note_of(handler, args, kwargs))
        except (NoProcess, MailboxFull) as error:
            raise _Refusal("refused", str(error)) from None

    def _holder(self, ask: Ask) -> Held:
        held = self.names.held(ask.name)
        if held is None or held.session.info.id != ask.to:
            raise _Refusal("stale", "its holder is not here any more")
        if held.token != ask.token:
            raise _Refusal("stale", "it was given anew since")
        if held.record.spec.kind != "server":
            raise _Refusal("refused", f"its holder is a {held.record.kind}, no server")
        return held

    def _handler(self, held: Held, ask: Ask) -> Handler:
        queue: MailQueue = held.record.mailbox
        cls = queue.target
        known = self._operations.get(cls)
        if known is None:
            known = {each.name: each for each in queue.handlers.values()}
            self._operations[cls] = known
        handler = known.get(ask.op)
        if handler is None or handler.is_call is not bool(ask.call):
            kind = "call" if ask.call else "cast"
            name = cls.__qualname__
            raise _Refusal("refused", f"{name} has no {kind} {ask.op!r}")
        return handler


protected(Inbox)
