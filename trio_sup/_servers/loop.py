"""One life of a server, and its loop: what each message of a program pays for.

`_children.life.run_life` awaits `serve`, by way of `runs`. The life and its loop are one
task and one coroutine: each more between Trio and the place where an idle server waits
costs 0.6 k instructions a wake-up (CPython 3.13, callgrind), and memory.

Calls and casts are worked off and answered in place. `Queue.seldom` says that there is
something else, whatever it may be; then `careful` takes over until there is not. What
comes before the loop and after it is in `ends`.
"""

from __future__ import annotations

from time import perf_counter
from typing import TYPE_CHECKING, Any

from trio.lowlevel import checkpoint, current_task, reschedule

from trio_sup._servers.careful import (
    OUR_CODE,
    TURN,
    is_answered,
    serve_one,
    serve_with_care,
)
from trio_sup._servers.ends import begin, wind_up
from trio_sup._servers.messages import CastNote, Request
from trio_sup._trio.wake import Parking

if TYPE_CHECKING:
    from trio_sup._children.record import Record
    from trio_sup._servers.mailbox import MailQueue


async def serve(record: Record, queue: MailQueue) -> None:
    """Run one life of a server child.

    Raises:
        Stop: the server ended itself in order.
        Exception: it crashed, or did not start.
    """
    server = await begin(record, queue)
    failure: BaseException | None = None
    item: Any  # its class is asked for once; checkers do not see that
    item = args = answer = caller = None
    task, turn, parking = current_task(), TURN, Parking(queue.unpark)
    try:
        while True:
            if queue.seldom:
                queue.current = item = args = answer = caller = None
                if not (turn := await serve_with_care(queue, server, turn)):
                    break
            batch = queue.batch
            if not batch:
                batch = queue.inbox
                if not batch:
                    # An idle server keeps nobody's objects.
                    queue.current = item = args = answer = caller = None
                    queue.parked = task
                    await parking.wait()
                    turn = TURN
                    continue
                if len(batch) > 1:
                    batch = queue.take_over()
                else:
                    queue.taken += 1
            queue.current = item = batch.pop()
            queue.current_since = perf_counter()
            # Two branches alike, and arguments one by one: the interpreter is at its
            # best where it meets one class, and packing them costs 1 k instructions.
            kind = type(item)  # pyright: ignore[reportUnknownVariableType] # `item` is Any
            if kind is Request:
                args = item.args
                try:
                    if not args:
                        answer = await item.handler.enter(server)
                    elif len(args) == 1:
                        answer = await item.handler.enter(server, args[0])
                    else:
                        answer = await item.handler.enter(server, *args)
                except Exception as error:
                    if not is_answered(item, error):
                        raise
                else:
                    caller = item.task
                    if caller is not None:
                        item.task = None
                        item.result = answer
                        reschedule(caller, item)
            elif kind is CastNote:
                queue.bounded -= 1
                args = item.args
                if not args:
                    await item.handler.enter(server)
                elif len(args) == 1:
                    await item.handler.enter(server, args[0])
                else:
                    await item.handler.enter(server, *args)
            else:
                queue.leaves(item)
                await serve_one(queue, server, item)
            turn -= 1
            if not turn:
                queue.current = item = args = answer = caller = None
                await checkpoint()
                turn = TURN
    except BaseException as error:  # noqa: BLE001 - becomes the exit
        failure = error
    failure = await wind_up(record, queue, server, failure)
    if failure is not None:
        try:
            raise failure
        finally:
            del failure, server, item, args, answer, caller


OUR_CODE.add(serve.__code__)
