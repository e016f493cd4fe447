"""multi_call: one operation on many servers, one park (checklist GS-044)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Generic, ParamSpec, TypeVar, cast

import trio
from attrs import frozen
from trio.lowlevel import Abort, Task, current_task, reschedule, wait_task_rescheduled

from trio_sup._core.errors import NoProcess
from trio_sup._messages import Request
from trio_sup._ops import Call, Handler
from trio_sup._wake import WAKE

if TYPE_CHECKING:
    from trio_sup._server import GenServer
    from trio_sup._server_ref import ServerRef

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


class _Part(Request):
    """One of the calls; its answer is counted instead of delivered."""

    __slots__ = ("gather",)

    def __init__(
        self,
        gather: _Gather,
        handler: Handler,
        args: tuple[object, ...],
        kwargs: dict[str, object],
    ) -> None:
        super().__init__(current_task(), handler, args, kwargs)
        self.gather = gather

    def _deliver(self, task: Task) -> None:
        self.gather.arrived()


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
    """
    wanted = list(dict.fromkeys(refs))
    ends = {ref: ref.deadline() for ref in wanted}
    failed: dict[ServerRef[S], Exception] = {}
    for ref in wanted:
        if ref.patient and not ref.kid.running:
            try:
                await ref.wait_patiently(ends[ref])
            except (NoProcess, trio.TooSlowError) as error:
                failed[ref] = error
    gather = _Gather()
    parts: dict[ServerRef[S], _Part] = {}
    try:
        for ref in wanted:
            if ref not in failed:
                part = _Part(gather, ref.handler(op), args, kwargs)
                ref.prepare(part, ends[ref])
                parts[ref] = part
    except BaseException:
        for part in parts.values():
            part.abort(None)
        raise
    for ref, part in parts.items():
        try:
            ref.mailbox.put_call(part)
        except NoProcess as error:
            part.abort(None)
            failed[ref] = error
        else:
            gather.expect(part)
    await gather.wait()
    replies: dict[ServerRef[S], R] = {}
    for ref, part in parts.items():
        if isinstance(part.error, Exception):
            failed[ref] = part.error
        elif ref not in failed:
            replies[ref] = cast("R", part.result)
    return Replies(replies, failed)
