"""How a server serves what is seldom: with everything looked at.

The system lane, suspension, traces, stops, senders that wait for room, what is to be
continued with and what is to be done when nothing comes; and of messages all that are
neither plain calls nor plain casts. The loop in `loop` does the rest.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable
from types import CodeType
from typing import TYPE_CHECKING, Any, TypeGuard

import trio

from trio_sup._core.anatomy import is_a, set_traceback, traceback_of
from trio_sup._core.errors import SupervisionError
from trio_sup._core.exits import Stop
from trio_sup._servers.measure import measure
from trio_sup._servers.messages import (
    Caller,
    CastNote,
    DownNote,
    InfoNote,
    Item,
    Request,
    StopNote,
    TiedRequest,
    name_of,
)
from trio_sup._servers.system import serve_system
from trio_sup._servers.trace import TraceKind, payload_of, trace
from trio_sup._trio.alarms import alarm_clock
from trio_sup._trio.last_resort import report_fault
from trio_sup._trio.protect import enter_user

if TYPE_CHECKING:
    from trio_sup._servers.callbacks import ServerBase
    from trio_sup._servers.context import ServerContext
    from trio_sup._servers.mailbox import MailQueue

TURN = 64
"""How many messages a server handles before others get a turn."""


async def serve_with_care(queue: MailQueue, server: ServerBase, turn: int) -> int:
    """Serve messages as long as there is anything that is seldom.

    Args:
        queue: The server's.
        server: Itself.
        turn: How many messages may be handled before others get a turn.

    Returns:
        The same, for whoever goes on; 0 if the supervisor's request to stop was met.

    Raises:
        Stop: another was.
    """
    inner = server.__inner__
    assert inner is not None
    await _run_continues(queue, server)
    while _is_seldom(queue, inner):
        if queue.system:
            serve_system(queue, server)
        item = queue.take() or _take_idle(queue, inner)
        if item is None:
            await _park(queue, inner)
            turn = TURN
            continue
        if isinstance(item, StopNote):
            if item.by_supervisor:
                return 0
            raise Stop(item.reason)
        inner.idle = None
        await serve_one(queue, server, item)
        del item  # an idle server keeps nobody's objects
        await _run_continues(queue, server)
        turn -= 1
        if turn == 0:
            await trio.lowlevel.checkpoint()
            turn = TURN
    return turn


def _is_seldom(queue: MailQueue, inner: ServerContext) -> bool:
    queue.seldom = inner.idle is not None or queue.has_seldom()
    return queue.seldom


async def _run_continues(queue: MailQueue, server: ServerBase) -> None:
    """Run `handle_continue` as long as there is something to continue with."""
    inner = server.__inner__
    assert inner is not None
    while (args := inner.to_continue) is not None:
        inner.to_continue = None
        await queue.enter(server.handle_continue, *args)
        if queue.tracer is not None:
            trace(queue, server, "continued", "handle_continue", args)


def _take_idle(queue: MailQueue, inner: ServerContext) -> Item | None:
    """Return what is to be done as nothing came in time, if it is."""
    if inner.idle is None or queue.suspended:
        return None
    item = inner.take_idle()
    if item is not None:
        queue.took(1, gone=0)  # it was queued nowhere, but it is handled
    return item


async def _park(queue: MailQueue, inner: ServerContext) -> None:
    """Wait until something arrives, or nothing did until then."""
    if inner.idle is None or queue.suspended:
        await queue.park()
        return
    alarm = alarm_clock().at(inner.idle_at, queue.wake)
    try:
        await queue.park()
    finally:
        alarm.cancel()


async def serve_one(queue: MailQueue, server: ServerBase, item: Item) -> None:
    """Serve one message, whatever it is."""
    queue.current = item
    queue.current_since = time.perf_counter()
    # It changes between two messages only, in the system lane.
    traced = queue.tracer is not None
    spy = queue.spy
    if traced:
        trace(queue, server, "received", name_of(item), payload_of(item))
    if spy is not None:
        spy.step("received", item, None)
    try:
        answer = await _work_on(queue, server, item)
    except Exception as error:
        if not is_answered(item, error):
            if traced:
                trace(queue, server, "crashed", name_of(item), error)
            if spy is not None:
                spy.step("crashed", item, error)
            raise
    else:
        if isinstance(item, Request) and not item.handler.deferred:
            item.reply(answer)
        del answer
    if traced or spy is not None:
        kind, detail = _end_of(item)
        if traced:
            trace(queue, server, kind, name_of(item), detail)
        if spy is not None:
            spy.step(kind, item, detail)
    queue.current = None
    if queue.meter is not None:
        measure(queue, item)


def _work_on(queue: MailQueue, server: ServerBase, item: Item) -> Awaitable[Any]:
    """Return what there is to do for a message, to be awaited."""
    if isinstance(item, Request):
        if item.expired:
            return _nothing()
        if isinstance(item, TiedRequest) and item.handler.deferred:
            return _defer(queue, server, item)
        return item.handler.enter(server, *item.args, **item.kwargs)
    if isinstance(item, CastNote):
        return item.handler.enter(server, *item.args, **item.kwargs)
    if isinstance(item, InfoNote) or (
        isinstance(item, DownNote) and item.monitor.wants()
    ):
        return queue.enter(server.handle_info, item.message)
    return _nothing()


async def _nothing() -> None:
    """The message is void: nobody wants it any more."""


def _defer(
    queue: MailQueue, server: ServerBase, request: TiedRequest
) -> Awaitable[Any]:
    """Return what there is to do for a call that is answered later."""
    if request.task is not None:
        queue.defer(request)
    caller: Caller[Any] = Caller(request)
    return request.handler.enter(server, caller, *request.args, **request.kwargs)


def is_answered(item: Item, error: Exception) -> bool:
    """Answer a call with an error, if its operation declares that; else raise it."""
    if not _is_answer(item, error):
        return False
    item.fail(_without_our_frames(error))
    return True


def _is_answer(item: Item, error: Exception) -> TypeGuard[Request]:
    """Whether an error is what the operation declares, and no failure of others."""
    if not isinstance(item, Request) or is_a(error, (SupervisionError, Stop)):
        return False
    try:
        return is_a(error, item.handler.raises)
    except Exception as fault:  # noqa: BLE001 - a metaclass of the user's
        report_fault(f"a call of {name_of(item)!r}", fault)
        return False


OUR_CODE: set[CodeType] = {serve_one.__code__, serve_with_care.__code__}
OUR_CODE.add(enter_user.__code__)
"""What stands between Trio and a handler; the loop adds itself."""


def _without_our_frames(error: Exception) -> Exception:
    """Drop the frames of this loop: they live on, and the exception travels."""
    trace_back = traceback_of(error)
    while trace_back is not None and trace_back.tb_frame.f_code in OUR_CODE:
        trace_back = trace_back.tb_next
    set_traceback(error, trace_back)
    return error


def _end_of(item: Item) -> tuple[TraceKind, object]:
    """How a handler ended that did not crash, and what came of it."""
    if not isinstance(item, Request):
        return "handled", None
    if item.held is not None:
        return "deferred", None
    if item.error is not None:
        return "failed", item.error
    return "replied", item.result
