"""How a life of a server begins and ends: construct, init, ..., terminate.

The order at the end (checklist GS-033, 060..074; rules 5 and 6 of how it is built):

    crash            callers fail at once, then `terminate`
    Stop             `terminate`, then the reply, then everybody else fails
    asked to stop    what was queued before is served, then `terminate`
    grace over       the handler in hand is cancelled; `terminate` is entered once,
                     in the cancelled scope
    brutal_kill      no `terminate`

What of an error counts, and what callers get of it, says `_core.judge`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import trio
from trio.lowlevel import current_task

from trio_sup._children.stopping import arm
from trio_sup._core.anatomy import is_a, set_context
from trio_sup._core.clean import safe_repr
from trio_sup._core.exits import Exit, Stop, is_fatal, stop_in
from trio_sup._core.judge import classify, own_failure
from trio_sup._servers.callbacks import Continue
from trio_sup._servers.context import ServerContext
from trio_sup._servers.messages import Request, name_of
from trio_sup._servers.reserved import check_object
from trio_sup._trio.last_resort import report_fault
from trio_sup._trio.protect import enter_user

if TYPE_CHECKING:
    from trio_sup._children.record import Record
    from trio_sup._servers.callbacks import ServerBase
    from trio_sup._servers.mailbox import MailQueue


async def begin(record: Record, queue: MailQueue) -> ServerBase:
    """Make the server and let it start; it is ready when this returns."""
    server = await enter_user(_construct, record, queue)
    await queue.enter(_init, server, queue.state_left())
    queue.state_taken()
    queue.background = len(current_task().child_nurseries)
    record.become_ready()
    ready: ServerBase = server
    return ready


async def _construct(record: Record, queue: MailQueue) -> ServerBase:
    """Make the server object: a fresh one every life."""
    spec = record.spec
    server: ServerBase = queue.target(*spec.args, **spec.keywords)
    check_object(server, server.__reserved__)
    server.__inner__ = ServerContext(record)
    queue.server = server
    return server


async def _init(
    server: ServerBase, left: tuple[dict[str, object], object] | None
) -> None:
    wish = await server.init()
    if left is not None:
        await server.migrate(*left)
    check_object(server, server.__reserved__)
    if wish is not None:
        _note_wish(server, wish)
    await server.__begin__()


def _note_wish(server: ServerBase, wish: object) -> None:
    """Go on after the start with what `init` returned."""
    if not isinstance(wish, Continue):
        raise TypeError(
            f"{type(server).__qualname__}.init returned {safe_repr(wish)}: it "
            "returns nothing, or Continue(...); the state is what self has"
        )
    assert server.__inner__ is not None
    server.__inner__.to_continue = wish.args


async def wind_up(
    record: Record, queue: MailQueue, server: ServerBase, raised: BaseException | None
) -> BaseException | None:
    """End a life whose loop has ended, and return what of it is to be raised."""
    exit, failure, fault = _wind_down(record, queue, raised)
    late = None
    if not record.ending.brutal:
        late = await _terminate(record, queue, server, exit)
    if exit.error is None:
        queue.leave_state(server)
    if failure is not None:
        _reply_with_stop(queue, failure)
    for later in (late, fault):
        if later is not None and later is not failure:
            if failure is not None:
                set_context(later, failure)
            failure = later
    return failure


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
    record: Record, queue: MailQueue, server: ServerBase, exit: Exit
) -> BaseException | None:
    """Run `terminate` inside what is left of the grace; return its error."""
    shutdown = record.spec.shutdown
    arm(record, 0.0 if shutdown == "brutal_kill" else shutdown)
    try:
        await queue.enter(server.terminate, exit)
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
