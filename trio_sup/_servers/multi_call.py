"""multi_call: one operation on many servers, one park (checklist GS-044)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Generic, ParamSpec, TypeVar, cast

import trio
from attrs import frozen
from trio.lowlevel import (
    Abort,
    Task,
    current_task,
    enable_ki_protection,
    reschedule,
    wait_task_rescheduled,
)

from trio_sup._core.errors import NoProcess, SupervisionError
from trio_sup._servers.handlers import Handler, Operation
from trio_sup._servers.messages import TiedRequest
from trio_sup._servers.operations import Call
from trio_sup._trio.protect import protected
from trio_sup._trio.wake import WAKE

if TYPE_CHECKING:
    from trio_sup._servers.genserver import GenServer
    from trio_sup._servers.ref import ServerRef

P = ParamSpec("P")
R = TypeVar("R")
S = TypeVar("S", bound="GenServer")


@frozen
class Replies(Generic[S, R]):
    """What `multi_call` returns: every server is in one of the two dicts."""

    replies: dict[ServerRef[S], R]
    """The answers, by server, in the order of asking."""
    failed: dict[ServerRef[S], Exception]
    """What `ServerRef.call` would have raised: `NoProcess`, `ServerExit`,
    `trio.TooSlowError`, or an error that the operation declares."""


@protected
class _Gather:
    """The caller, and how many answers are missing."""

    __slots__ = ("_missing", "_parts", "_task")

    def __init__(self) -> None:
        self._parts: list[_Part] = []
        self._missing = 0
        self._task: Task | None = None

    def expect(self, part: _Part) -> None:
        """One more is on its way."""
        self._parts.append(part)
        self._missing += 1

    def arrived(self) -> None:
        """One has its answer."""
        self._missing -= 1
        if not self._missing and self._task is not None:
            task, self._task = self._task, None
            reschedule(task, WAKE)

    async def wait(self) -> None:
        """Wait for all of them. A checkpoint."""
        if not self._missing:
            await trio.lowlevel.checkpoint()
            return
        self._task = current_task()
        await wait_task_rescheduled(self.abort)

    def abort(self, _: object) -> Abort:
        """The caller was cancelled."""
        self._task = None
        for part in self._parts:
            part.abort(None)
        return Abort.SUCCEEDED


@protected
class _Part(TiedRequest):
    """One of the calls; its answer is counted instead of delivered."""

    def __init__(
        self,
        gather: _Gather,
        handler: Handler,
        args: tuple[object, ...],
        kwargs: dict[str, object],
    ) -> None:
        super().__init__(current_task(), handler, args, kwargs)
        self.gather = gather

    def reply(self, value: object) -> None:
        """Count the answer; the first one wins."""
        if self.task is not None:
            self.abort(None)
            self.result = value
            self.gather.arrived()

    def fail(self, error: BaseException) -> None:
        """Count the failure; the first answer wins."""
        if self.task is not None:
            self.abort(None)
            self.error = error
            self.gather.arrived()


class _Calls(Generic[S, R]):
    """The calls of one `multi_call`: all prepared before the first is sent."""

    def __init__(
        self, op: Operation, args: tuple[object, ...], kwargs: dict[str, object]
    ) -> None:
        self._op = op
        self._args = args
        self._kwargs = kwargs
        self._parts: dict[ServerRef[S], _Part] = {}
        self._failed: dict[ServerRef[S], Exception] = {}
        self.gather = _Gather()

    def prepare(self, ref: ServerRef[S], until: float) -> None:
        """Make the call of one server; raises what a call raises before it is sent."""
        ref.check_run("multi_call")
        handler = ref.handler(self._op, self._args, self._kwargs)
        part = _Part(self.gather, handler, self._args, self._kwargs)
        ref.prepare(part, until, ref.record)
        self._parts[ref] = part

    def send(self, ref: ServerRef[S]) -> None:
        """Put a prepared call into its mailbox."""
        try:
            ref.mailbox.put_call(self._parts[ref])
        except NoProcess as error:
            self._parts.pop(ref).abort(None)
            self._failed[ref] = error
        else:
            self.gather.expect(self._parts[ref])

    @enable_ki_protection
    async def send_later(self, ref: ServerRef[S], until: float) -> None:
        """Wait for a server to run, then prepare and send its call."""
        try:
            await ref.wait_patiently(until)
            self.prepare(ref, until)
        except (SupervisionError, trio.TooSlowError) as error:
            self._failed[ref] = error
        else:
            self.send(ref)

    def withdraw(self) -> None:
        """Nobody waits for the answers any more."""
        for part in self._parts.values():
            part.abort(None)

    def replies(self, wanted: Iterable[ServerRef[S]]) -> Replies[S, R]:
        """Return what came of them, in the order in which they were asked for."""
        replies: dict[ServerRef[S], R] = {}
        for ref in wanted:
            if ref in self._failed:
                continue
            error = self._parts[ref].error
            if isinstance(error, Exception):
                self._failed[ref] = error
            else:
                replies[ref] = cast("R", self._parts[ref].result)
        return Replies(replies, self._failed)


@enable_ki_protection
async def multi_call(
    refs: Iterable[ServerRef[S]],
    op: Call[S, P, R],
    /,
    *args: P.args,
    **kwargs: P.kwargs,
) -> Replies[S, R]:
    """Ask many servers at once and wait for all answers.

    Far cheaper than a nursery of calls, and no failure hides the other answers. A
    server that is given twice is asked once. Views count: with
    ``ref.with_timeout(1)`` that server's answer is missing after a second. A
    cancelled caller gets nothing, as with `ServerRef.call`. A checkpoint.

    Returns:
        The answers and the failures, by server.

    Raises:
        WouldDeadlock: one of them waits for the present server; nobody was asked.
        TypeError: one of them does not know the operation, or the arguments do not
            fit; nobody was asked.
        WrongRun: one of them is part of another Trio run; nobody was asked.
    """
    calls: _Calls[S, R] = _Calls(op, args, kwargs)
    wanted = list(dict.fromkeys(refs))
    later = [ref for ref in wanted if ref.must_wait()]
    waiting = set(later)
    now = [ref for ref in wanted if ref not in waiting]
    try:
        for ref in later:
            ref.handler(op, args, kwargs)  # raises if it cannot answer that
        for ref in now:
            calls.prepare(ref, ref.deadline())
        for ref in now:
            calls.send(ref)
        if later:
            async with trio.open_nursery() as nursery:
                for ref in later:
                    nursery.start_soon(calls.send_later, ref, ref.deadline())
        await calls.gather.wait()
    except BaseException:
        calls.withdraw()
        raise
    return calls.replies(wanted)
