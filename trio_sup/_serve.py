"""One life of a server: construct, init, serve messages, terminate.

Monitor and message loop are one coroutine (`_life.run_life` awaits `serve`). The
order at the end (checklist GS-033, 060..074; design rules 5 and 6):

    crash            callers fail at once, then `terminate`
    Stop             `terminate`, then the reply, then everybody else fails
    asked to stop    what was queued before is served, then `terminate`
    grace over       the handler in hand is cancelled; `terminate` is entered once,
                     in the cancelled scope
    brutal_kill      no `terminate`
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import trio
from trio.lowlevel import Abort, current_task, wait_task_rescheduled

from trio_sup._core.errors import LeakedCancelled, SupervisionError
from trio_sup._core.exits import Exit, Stop, stop_in
from trio_sup._life import enter_user
from trio_sup._mailbox import (
    Caller,
    CastNote,
    InfoNote,
    Item,
    MailQueue,
    Request,
    StopNote,
)

if TYPE_CHECKING:
    from trio_sup._kid import Kid
    from trio_sup._server import GenServer

TURN = 64
"""How many messages a server handles before others get a turn."""


async def serve(kid: Kid) -> None:
    """Run one life of a server child.

    Raises:
        Stop: the server ended itself in order.
        Exception: it crashed, or did not start.
    """
    queue = kid.mailbox
    assert queue is not None
    server = await enter_user(_construct, kid)
    await enter_user(_init, server)
    kid.become_ready()
    failure: BaseException | None = None
    try:
        await _run_continues(server)
        await _serve_messages(queue, server)
    except BaseException as error:  # noqa: BLE001 - becomes the exit
        failure = error
    exit = _exit_of(kid, failure)
    if not queue.keeps(exit):
        queue.close()
    # A reply that came with Stop is sent after `terminate`, as OTP does.
    stop = None if failure is None else stop_in(failure)
    if exit.kind == "crashed":
        queue.fail_current(exit)
        if not queue.keeps(exit):
            queue.fail_queued(exit)
    if not kid.brutal:
        late = await _terminate(kid, server, exit)
        if late is not None:
            late.__context__ = failure
            failure, stop = late, None
    answered = stop is not None and stop.reply is not Stop.NO_REPLY
    if stop is not None and answered and isinstance(queue.current, Request):
        queue.current.reply(stop.reply)
    if failure is not None:
        try:
            raise failure
        finally:
            del failure, server, stop, exit


async def _construct(kid: Kid) -> GenServer:
    """Make the server object: a fresh one every life."""
    server: GenServer = kid.spec.target(*kid.spec.args)
    server._kid = kid
    return server


async def _init(server: GenServer) -> None:
    wish = await server.init()
    if wish is not None:
        server.continue_with(*wish.args)


async def _run_continues(server: GenServer) -> None:
    """Run `handle_continue` as long as there is something to continue with."""
    while (args := server._continue) is not None:
        server._continue = None
        await enter_user(server.handle_continue, *args)


async def _serve_messages(queue: MailQueue, server: GenServer) -> None:
    """Serve messages until a stop is reached; then return, or raise `Stop`."""
    turn = TURN
    while True:
        while queue.system:
            queue.system.pop(0)()
        if turn == 0:
            await trio.lowlevel.checkpoint()
            turn = TURN
        item = None if queue.suspended else queue.take()
        if item is None:
            await _park(queue)
            turn = TURN
            continue
        turn -= 1
        if isinstance(item, StopNote):
            if item.by_supervisor:
                return
            raise Stop(item.reason)
        queue.current = item
        queue.current_since = time.perf_counter()
        await _handle(queue, server, item)
        queue.current = None
        queue.handled += 1
        if server._continue is not None:
            await _run_continues(server)


async def _park(queue: MailQueue) -> None:
    """Wait until something arrives."""
    queue.parked = current_task()

    def abort(_: object) -> Abort:
        queue.parked = None
        return Abort.SUCCEEDED

    await wait_task_rescheduled(abort)


async def _handle(queue: MailQueue, server: GenServer, item: Item) -> None:
    if isinstance(item, Request):
        if item.expired:
            return
        await _answer(queue, server, item)
    elif isinstance(item, CastNote):
        await enter_user(item.handler.fn, server, *item.args, **item.kwargs)
    elif isinstance(item, InfoNote):
        await enter_user(server.handle_info, item.message)


async def _answer(queue: MailQueue, server: GenServer, request: Request) -> None:
    handler = request.handler
    try:
        if handler.deferred:
            if request.task is not None:
                request.queue = queue
                queue.deferred.add(request)
            caller: Caller[Any] = Caller(request)
            await enter_user(
                handler.fn, server, caller, *request.args, **request.kwargs
            )
            return
        result = await enter_user(handler.fn, server, *request.args, **request.kwargs)
    except handler.raises as error:
        if isinstance(error, SupervisionError):
            raise  # somebody else's failure is not this server's answer
        reply: Exception = error
    else:
        request.reply(result)
        return
    # Without the frames of this loop: they live on, the exception travels.
    trace = reply.__traceback__
    for _ in range(2):
        trace = None if trace is None else trace.tb_next
    request.fail(reply.with_traceback(trace))


def _exit_of(kid: Kid, failure: BaseException | None) -> Exit:
    """Work out what to tell `terminate` and the callers."""
    if kid.asked is not None and (
        failure is None or not isinstance(failure, Exception)
    ):
        return Exit("killed" if kid.forced else "shutdown", kid.asked)
    if failure is None:
        return Exit("shutdown")
    stop = stop_in(failure)
    if stop is not None:
        return stop.exit
    if isinstance(failure, trio.Cancelled):
        leaked = LeakedCancelled("a handler let a Cancelled escape")
        leaked.__cause__ = failure
        return Exit("crashed", None, leaked)
    return Exit("crashed", None, failure)


async def _terminate(kid: Kid, server: GenServer, exit: Exit) -> Exception | None:
    """Run `terminate` inside what is left of the grace; return its error."""
    shutdown = kid.spec.shutdown
    kid.arm(0.0 if shutdown == "brutal_kill" else shutdown)
    try:
        await enter_user(server.terminate, exit)
    except trio.Cancelled:
        # The grace is over. What ended the life still counts, and the scope has
        # been cancelled, so that nothing is swallowed.
        return None
    except Exception as error:  # noqa: BLE001 - becomes the exit
        return error
    return None
