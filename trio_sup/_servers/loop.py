"""One life of a server: construct, init, serve messages, terminate.

The life and its loop are one task: `_children.life.run_life` awaits `serve`, by way of
`runs`. An error that the operation declares is the caller's answer; any other, and any
group with a cancellation in it, ends the life, and callers get what `_core.judge` makes
of it. The order at the end (checklist GS-033, 060..074; rules 5 and 6 of how it is
built):

    crash            callers fail at once, then `terminate`
    Stop             `terminate`, then the reply, then everybody else fails
    asked to stop    what was queued before is served, then `terminate`
    grace over       the handler in hand is cancelled; `terminate` is entered once,
                     in the cancelled scope
    brutal_kill      no `terminate`
"""

from __future__ import annotations

import time
from collections.abc import Awaitable
from typing import TYPE_CHECKING, Any, TypeGuard

import trio
from trio.lowlevel import (
    current_task,
    wait_task_rescheduled,
)

from trio_sup._children.stopping import arm
from trio_sup._core.anatomy import (
    is_a,
    set_context,
    set_traceback,
    traceback_of,
)
from trio_sup._core.errors import SupervisionError
from trio_sup._core.exits import Exit, Stop, is_fatal, stop_in
from trio_sup._core.judge import classify, own_failure
from trio_sup._servers.context import ServerContext
from trio_sup._servers.mailbox import MailQueue
from trio_sup._servers.measure import measure
from trio_sup._servers.messages import (
    Caller,
    CastNote,
    DownNote,
    InfoNote,
    Item,
    Request,
    StopNote,
    name_of,
)
from trio_sup._servers.reserved import check_object
from trio_sup._servers.system import serve_system
from trio_sup._servers.trace import payload_of, trace
from trio_sup._trio.alarms import alarm_clock
from trio_sup._trio.last_resort import report_fault
from trio_sup._trio.protect import enter_user

if TYPE_CHECKING:
    from trio_sup._children.record import Record
    from trio_sup._servers.callbacks import ServerBase

TURN = 64
"""How many messages a server handles before others get a turn."""


async def serve(record: Record, queue: MailQueue) -> None:
    """Run one life of a server child.

    Raises:
        Stop: the server ended itself in order.
        Exception: it crashed, or did not start.
    """
    server = await enter_user(_construct, record, queue)
    await enter_user(_init, server)
    queue.background = len(current_task().child_nurseries)
    record.become_ready()
    failure: BaseException | None = None
    try:
        await _run_continues(queue, server)
        await _serve_messages(queue, server)
    except BaseException as error:  # noqa: BLE001 - becomes the exit
        failure = error
    exit, failure, fault = _wind_down(record, queue, failure)
    late = None if record.ending.brutal else await _terminate(record, server, exit)
    if failure is not None:
        _reply_with_stop(queue, failure)
    for later in (late, fault):
        if later is not None and later is not failure:
            if failure is not None:
                set_context(later, failure)
            failure = later
    if failure is not None:
        try:
            raise failure
        finally:
            del failure, late, later, fault, server, exit


def _wind_down(
    record: Record, queue: MailQueue, raised: BaseException | None
) -> tuple[Exit, BaseException | None, BaseException | None]:
    """Close the mailbox and answer those whom a crash concerns, before `terminate`.

    Whatever goes wrong here, `terminate` is still to be run.

    Returns:
        What to tell `terminate`; what of `raised` is the server's own failure; and what
        must pass up although it is none, if anything.
    """
    assert record.scope is not None
    exit, failure, fault = classify(
        record.ending,
        raised,
        trio.Cancelled,
        cancelled=record.scope.cancel_called,
        ready=True,
    )
    if is_a(fault, Exception):
        fault = None  # told of when the life is over
    try:
        record.wind_down()
        if not queue.keeps(exit):
            queue.close()
        if exit.error is not None:
            _note_place(exit, queue)
            queue.fail_current(exit)
            queue.fail_system(exit)
            if not queue.keeps(exit):
                queue.fail_queued(exit)
    except Exception as error:  # noqa: BLE001 - who is not answered here is later
        report_fault(record.path_text, error)
    except BaseException as error:  # noqa: BLE001 - raised behind `terminate`
        fault = error
    return exit, failure, fault


def _reply_with_stop(queue: MailQueue, failure: BaseException) -> None:
    """Send the reply that came with `Stop`: after `terminate`, even a failed one."""
    stop = stop_in(failure)
    if stop is None or not isinstance(queue.current, Request):
        return
    try:
        if stop.reply is not Stop.NO_REPLY:
            queue.current.reply(stop.reply)
    except Exception as error:  # noqa: BLE001 - its class is the user's
        report_fault(queue.record.path_text, error)


async def _construct(record: Record, queue: MailQueue) -> ServerBase:
    """Make the server object: a fresh one every life."""
    server: ServerBase = record.spec.target(*record.spec.args)
    check_object(server, server.__reserved__)
    server.__inner__ = ServerContext(record)
    queue.server = server
    return server


async def _init(server: ServerBase) -> None:
    wish = await server.init()
    check_object(server, server.__reserved__)
    if wish is not None:
        assert server.__inner__ is not None
        server.__inner__.to_continue = wish.args
    await server.__begin__()


async def _run_continues(queue: MailQueue, server: ServerBase) -> None:
    """Run `handle_continue` as long as there is something to continue with."""
    inner = server.__inner__
    assert inner is not None
    while (args := inner.to_continue) is not None:
        inner.to_continue = None
        await enter_user(server.handle_continue, *args)
        if queue.tracer is not None:
            trace(queue, server, "continued", "handle_continue", args)


async def _serve_messages(queue: MailQueue, server: ServerBase) -> None:
    """Serve messages until a stop is reached; then return, or raise `Stop`."""
    inner = server.__inner__
    assert inner is not None
    task = current_task()
    turn = TURN
    while True:
        if queue.system:
            serve_system(queue, server)
        item = queue.take()
        if item is None:
            if inner.idle is None or queue.suspended:
                # As `park`, in line: every idle server is woken through here.
                queue.parked = task
                await wait_task_rescheduled(queue.unpark)
                turn = TURN
                continue
            item = inner.take_idle()
            if item is None:
                await _park_until(queue, inner.idle_at)
                turn = TURN
                continue
            queue.received += 1  # it was queued nowhere, but it is handled
        if isinstance(item, StopNote):
            if item.by_supervisor:
                return
            raise Stop(item.reason)
        inner.idle = None
        queue.current = item
        queue.current_since = time.perf_counter()
        # It changes between two messages only, in the system lane.
        traced = queue.tracer is not None
        if traced:
            trace(queue, server, "received", name_of(item), payload_of(item))
        try:
            answer = await _work_on(queue, server, item)
        except Exception as error:
            if not _is_answer(item, error):
                if traced:
                    trace(queue, server, "crashed", name_of(item), error)
                raise
            item.fail(_without_our_frames(error))
        else:
            if isinstance(item, Request) and not item.handler.deferred:
                item.reply(answer)
            del answer
        if traced:
            _trace_end(queue, server, item)
        queue.current = None
        queue.handled += 1
        if queue.meter is not None:
            measure(queue, item)
        del item  # an idle server keeps nobody's objects
        if inner.to_continue is not None:
            await _run_continues(queue, server)
        turn -= 1
        if turn == 0:
            await trio.lowlevel.checkpoint()
            turn = TURN


_OUR_CODE = frozenset({_serve_messages.__code__, enter_user.__code__})


async def _park_until(queue: MailQueue, at: float) -> None:
    """Wait until something arrives, or nothing did until then."""
    alarm = alarm_clock().at(at, queue.wake)
    try:
        await queue.park()
    finally:
        alarm.cancel()


def _work_on(queue: MailQueue, server: ServerBase, item: Item) -> Awaitable[Any]:
    """Return what there is to do for a message, to be awaited."""
    if isinstance(item, Request):
        if item.expired:
            return _nothing()
        if item.handler.deferred:
            return _defer(queue, server, item)
        return item.handler.enter(server, *item.args, **item.kwargs)
    if isinstance(item, CastNote):
        return item.handler.enter(server, *item.args, **item.kwargs)
    if isinstance(item, InfoNote) or (
        isinstance(item, DownNote) and item.monitor.wants()
    ):
        return enter_user(server.handle_info, item.message)
    return _nothing()


async def _nothing() -> None:
    """The message is void: nobody wants it any more."""


def _defer(queue: MailQueue, server: ServerBase, request: Request) -> Awaitable[Any]:
    """Return what there is to do for a call that is answered later."""
    if request.task is not None:
        request.held = queue
        request.tied = True
        queue.deferred[request] = None
    caller: Caller[Any] = Caller(request)
    return request.handler.enter(server, caller, *request.args, **request.kwargs)


def _is_answer(item: Item, error: Exception) -> TypeGuard[Request]:
    """Whether an error is what the operation declares, and no failure of others."""
    if not isinstance(item, Request) or is_a(error, (SupervisionError, Stop)):
        return False
    try:
        return is_a(error, item.handler.raises)
    except Exception as fault:  # noqa: BLE001 - a metaclass of the user's
        report_fault(f"a call of {name_of(item)!r}", fault)
        return False


def _without_our_frames(error: Exception) -> Exception:
    """Drop the frames of this loop: they live on, and the exception travels."""
    trace_back = traceback_of(error)
    while trace_back is not None and trace_back.tb_frame.f_code in _OUR_CODE:
        trace_back = trace_back.tb_next
    set_traceback(error, trace_back)
    return error


def _trace_end(queue: MailQueue, server: ServerBase, item: Item) -> None:
    name = name_of(item)
    if not isinstance(item, Request):
        trace(queue, server, "handled", name, None)
    elif item.held is not None:
        trace(queue, server, "deferred", name, None)
    elif item.error is not None:
        trace(queue, server, "failed", name, item.error)
    else:
        trace(queue, server, "replied", name, item.result)


def _note_place(exit: Exit, queue: MailQueue) -> None:
    """Say in the crash what the server was doing, for whoever reads it."""
    error = exit.error
    if error is None or queue.current is None:
        return
    try:
        if hasattr(error, "__notes__"):
            return  # one is enough for an exception that is raised again and again
        error.add_note(
            f"in server {queue.record.path_text!r}, life {queue.record.life}, "
            f"while it served {name_of(queue.current)!r}"
        )
    except Exception:  # noqa: BLE001, S110 - it takes no note: a frozen dataclass
        pass


async def _terminate(
    record: Record, server: ServerBase, exit: Exit
) -> BaseException | None:
    """Run `terminate` inside what is left of the grace; return its error."""
    shutdown = record.spec.shutdown
    arm(record, 0.0 if shutdown == "brutal_kill" else shutdown)
    try:
        await enter_user(server.terminate, exit)
    except BaseException as error:
        if is_fatal(error, trio.Cancelled):
            raise
        assert record.scope is not None
        over = record.scope.cancel_called
        late = own_failure(error, trio.Cancelled, cancelled=over)
        # What ended the life counts: neither the end of the grace nor a Stop at
        # the end may turn a crash into something better.
        return None if late is None or stop_in(late) is not None else late
    return None
