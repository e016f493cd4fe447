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
from trio_sup._servers.handlers import Handler
from trio_sup._servers.messages import Request
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
class _Part(Request):
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


@enable_ki_protection
async def multi_call(
    refs: Iterable[ServerRef[S]],
    op: Call[S, P, R],
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
        TypeError: one of them does not know the operation; nobody was asked.
        WrongRun: one of them is part of another Trio run; nobody was asked.
    """
    wanted = list(dict.fromkeys(refs))
    failed: dict[ServerRef[S], Exception] = {}
    parts: dict[ServerRef[S], _Part] = {}
    gather = _Gather()

    def prepare(ref: ServerRef[S], until: float) -> None:
        ref.check_run("multi_call")
        part = _Part(gather, ref.handler(op), args, kwargs)
        ref.prepare(part, until, ref.record)
        parts[ref] = part

    def send(ref: ServerRef[S]) -> None:
        try:
            ref.mailbox.put_call(parts[ref])
        except NoProcess as error:
            parts.pop(ref).abort(None)
            failed[ref] = error
        else:
            gather.expect(parts[ref])

    @enable_ki_protection
    async def send_later(ref: ServerRef[S], until: float) -> None:
        try:
            await ref.wait_patiently(until)
            prepare(ref, until)
        except (SupervisionError, trio.TooSlowError) as error:
            failed[ref] = error
        else:
            send(ref)

    later: list[ServerRef[S]] = []
    now: list[ServerRef[S]] = []
    for ref in wanted:
        waits = ref.patient and not ref.record.running
        (later if waits else now).append(ref)
    try:
        for ref in later:
            ref.handler(op)
        for ref in now:
            prepare(ref, ref.deadline())
        for ref in now:
            send(ref)
        if later:
            async with trio.open_nursery() as nursery:
                for ref in later:
                    nursery.start_soon(send_later, ref, ref.deadline())
        await gather.wait()
    except BaseException:
        for part in parts.values():
            part.abort(None)
        raise
    replies: dict[ServerRef[S], R] = {}
    for ref in wanted:
        if ref in failed:
            continue
        error = parts[ref].error
        if isinstance(error, Exception):
            failed[ref] = error
        else:
            replies[ref] = cast("R", parts[ref].result)
    return Replies(replies, failed)
