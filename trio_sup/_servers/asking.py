"""`call` and `cast`, as fast as they can be: what each message of a program pays for.

What they do is in `ServerRef.put` and its sisters, too, where all is looked at that is
seldom. Here one comparison each says that there is nothing of it, and nothing is called
that can be said in place. In instructions (CPython 3.13, callgrind):

    call and answer    69 k, of which Trio's two task switches are 60 k
    cast and handler    7 k

A function of Python's costs 0.3 k only for being entered, a coroutine 1 k, a keyword
dictionary that is handed on 0.4 k.
"""

from __future__ import annotations

import math
from threading import get_ident
from typing import TYPE_CHECKING, Any, Generic, ParamSpec, TypeVar, cast as cast_

from trio.lowlevel import current_task, reschedule

from trio_sup._children.current import current_record
from trio_sup._children.record import Child
from trio_sup._servers.messages import CastNote, Request
from trio_sup._servers.operations import Call, Cast
from trio_sup._servers.waiting import answer_in_time, answer_to
from trio_sup._trio.protect import protected
from trio_sup._trio.wake import WAKE

if TYPE_CHECKING:
    from trio_sup._servers.callbacks import ServerBase
    from trio_sup._servers.mailbox import MailQueue

P = ParamSpec("P")
R = TypeVar("R")
S = TypeVar("S", bound="ServerBase")
S_co = TypeVar("S_co", bound="ServerBase", covariant=True)


class View:
    """What a view of a handle does otherwise; see `ServerRef.with_timeout`."""

    __slots__ = ("expires", "only_timed", "patient", "timeout")

    def __init__(self, timeout: float | None, *, patient: bool, expires: bool) -> None:
        # Whether there is a timeout and no more.
        self.only_timed: bool = not (patient or expires or timeout in (None, math.inf))
        self.timeout: float | None = timeout
        self.patient: bool = patient
        self.expires: bool = expires


@protected
class Asking(Child[None], Generic[S_co]):
    """Who can be sent messages: the part of `ServerRef` that is hot."""

    __slots__ = ("view",)
    view: View | None

    async def call(
        self: Asking[S], op: Call[S, P, R], /, *args: P.args, **kwargs: P.kwargs
    ) -> R:
        """Ask the server and wait for its answer.

        Without a deadline of its own: put it under `trio.fail_after`, or use
        `with_timeout`. A caller that is cancelled does not withdraw its request. A
        checkpoint, unless it raises `NoProcess`. (Checklist GS-022..031)

        Raises:
            NoProcess: the server does not run; the request was not executed.
            ServerExit: it ended before it answered; its crash is the cause.
            WouldDeadlock: a server calls itself.
            trio.TooSlowError: on a view with a timeout.
            TypeError: it has no such operation, or the arguments do not fit.
            Exception: what the operation declares in ``@call(raises=...)``.
        """
        view = self.view
        if view is not None and not view.only_timed:
            return cast_("R", await self.call_with_care(op, args, kwargs))
        record = self.record
        queue: MailQueue = record.body  # type: ignore[assignment]  # as `mailbox`
        handler = queue.handlers.get(op)
        here = current_record.get()
        if (
            handler is None
            or kwargs
            or len(args) not in handler.call_fits
            or get_ident() != queue.quick_to
            or (here is not None and here.body.hears)
        ):
            return cast_("R", await self.call_with_care(op, args, kwargs))
        try:
            waits = current_task()
        except RuntimeError:  # outside of Trio
            return cast_("R", await self.call_with_care(op, args, kwargs))
        request = Request(waits, handler, args)
        inbox = queue.inbox
        inbox.append(request)
        if len(inbox) > queue.ceiling:
            queue.note_peak()
        task = queue.parked
        if task is not None:
            queue.parked = None
            reschedule(task, WAKE)
        if view is not None:
            assert view.timeout is not None
            node = record.node
            node.alarms.add(node.time() + view.timeout, request)
            return cast_("R", await answer_in_time(request))
        result: R = await answer_to(request)
        return result

    async def call_with_care(
        self, op: Call[Any, ..., Any], args: tuple[object, ...], kwargs: dict[str, Any]
    ) -> Any:
        """As `call`, whatever there is to look at; not for users."""
        raise NotImplementedError

    def cast(
        self: Asking[S], op: Cast[S, P], /, *args: P.args, **kwargs: P.kwargs
    ) -> None:
        """Send an operation and go on. Never blocks, no checkpoint.

        Raises:
            NoProcess: the server does not run.
            MailboxFull: no room (unless the mailbox drops instead).
            TypeError: as for `call`.
            WrongRun: called from a thread or from another Trio run.
        """
        queue: MailQueue = self.record.body  # type: ignore[assignment]  # as `mailbox`
        handler = queue.handlers.get(op)
        if (
            handler is None
            or kwargs
            or len(args) not in handler.cast_fits
            or get_ident() != queue.quick_to
            or queue.bounded >= queue.policy.capacity
        ):
            self.cast_with_care(op, args, kwargs)
            return
        queue.bounded += 1
        inbox = queue.inbox
        inbox.append(CastNote(handler, args))
        if len(inbox) > queue.ceiling:
            queue.note_peak()
        task = queue.parked
        if task is not None:
            queue.parked = None
            reschedule(task, WAKE)

    def cast_with_care(
        self, op: Cast[Any, ...], args: tuple[object, ...], kwargs: dict[str, Any]
    ) -> None:
        """As `cast`, whatever there is to look at; not for users."""
        raise NotImplementedError
