"""Streams: one function over many items, a bounded number at a time.

The consumer pulls. A feeder task takes items and starts tasks as there is room:

    running < max_concurrency, and
    running + waiting < max_concurrency, or the consumer waits for the next result
    and fewer than `buffer` results wait behind it

so a slow consumer stops the feeding, and a slow first item does not (TASK-032, 038).
"""

from __future__ import annotations

import inspect
import math
from collections import deque
from collections.abc import (
    AsyncIterable,
    AsyncIterator,
    Awaitable,
    Callable,
    Iterable,
    Iterator,
    Sized,
)
from types import TracebackType
from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar

import trio

from trio_sup._core.anatomy import is_a, leaves
from trio_sup._core.exits import Exit
from trio_sup._core.outcomes import Ok, TaskExit
from trio_sup._tasks.many import join
from trio_sup._tasks.options import Failed, Options, StreamProgress
from trio_sup._tasks.task import Task, stop_task
from trio_sup._trio.alarms import Alarm, alarm_clock
from trio_sup._trio.protect import call_user, enter_user, protected
from trio_sup._trio.wake import Waiters

if TYPE_CHECKING:
    from trio_sup._tasks.shell import TaskShell

T = TypeVar("T")
R = TypeVar("R")


class _Element(Generic[T, R]):
    """One item and its task."""

    __slots__ = ("alarm", "input", "late", "task")

    def __init__(self, item: T, task: Task[R]) -> None:
        self.input = item
        self.task = task
        self.late = False
        self.alarm: Alarm | None = None

    @property
    def outcome(self) -> Ok[R] | Failed[T]:
        """What became of it; it is over."""
        outcome = self.task.outcome
        if self.late:
            error = trio.TooSlowError("the task took longer than the stream's timeout")
            return Failed(self.input, Exit("killed", "timeout", error))
        assert outcome is not None
        return outcome if isinstance(outcome, Ok) else Failed(self.input, outcome)


@protected
class _Stream(Generic[T, R]):
    """What both kinds of streams have in common."""

    _linked: bool

    def __init__(
        self,
        shell: TaskShell,
        fn: Callable[[T], Awaitable[R]],
        items: Iterable[T] | AsyncIterable[T],
        options: Options,
    ) -> None:
        self._shell = shell
        self._fn = fn
        self._items = items
        self._options = options
        # Ordered: what was started and not delivered, in the order of the items.
        # Else: what is over and not delivered, in the order of the ends.
        self._line: deque[_Element[T, R]] = deque()
        self._live: dict[_Element[T, R], None] = {}
        self._started = self._failed = self._delivered = 0
        self._wanted = self._fed = self._closed = self._over = False
        # What the next step of the iteration raises.
        self._error: BaseException | None = None
        # What the items raised, as long as nobody has heard of it.
        self._untold: Exception | None = None
        self._source_done = False
        self._bell = Waiters()  # the consumer waits here
        self._room = Waiters()  # the feeder waits here
        self._nursery: trio.Nursery | None = None
        self._nursery_manager: Any = None

    @property
    def progress(self) -> StreamProgress:
        """How far it has come. No checkpoint."""
        running = len(self._live)
        return StreamProgress(
            len(self._items) if isinstance(self._items, Sized) else None,
            self._started,
            running,
            self._started - running,
            self._failed,
            self._delivered,
        )

    def __aiter__(self) -> Self:
        return self

    async def _next(self) -> _Element[T, R]:
        """Wait for the next element that is over. A checkpoint."""
        if self._nursery is None or self._closed:
            raise RuntimeError("use a stream inside of `async with`, by one task")
        shell = self._shell
        shell.node.home.check("stream.__anext__", shell.path_text, waits=True)
        if self._wanted:
            raise trio.BusyResourceError("another task waits for the next result")
        if not self._fed:
            self._fed = True
            self._nursery.start_soon(self._feed, name="trio_sup stream")
        self._wanted = True
        self._room.wake()
        try:
            await trio.lowlevel.checkpoint()
            while not self._over:
                if self._error is not None:
                    self._raise_error()
                if self._can_deliver():
                    self._delivered += 1
                    return self._line.popleft()
                self._over = self._source_done and not self._live
                if not self._over:
                    await self._bell.wait()
            raise StopAsyncIteration
        finally:
            self._wanted = False

    def _can_deliver(self) -> bool:
        return bool(self._line) and self._line[0].task.done

    def _raise_error(self) -> None:
        error, self._error = self._error, None
        if error is self._untold:
            self._untold = None
        self._over = True
        try:
            assert error is not None
            raise error
        finally:
            del error  # its traceback holds this frame

    # Feeding.

    async def _feed(self) -> None:
        """Start tasks as there is room, until there are no more items."""
        try:
            source = self._items
            if isinstance(source, AsyncIterable):
                await self._feed_from_async(call_user(aiter, source))
            else:
                await self._feed_from(call_user(iter, source))
        except Exception as error:  # noqa: BLE001 - the consumer gets it
            self._untold = error
            if self._error is None:
                self._error = error
        self._source_done = True
        self._bell.wake()

    async def _feed_from(self, source: Iterator[T]) -> None:
        while True:
            await self._wait_for_room()
            try:
                item = call_user(next, source)
            except StopIteration:
                return
            self._start(item)

    async def _feed_from_async(self, source: AsyncIterator[T]) -> None:
        while True:
            await self._wait_for_room()
            try:
                item = await enter_user(anext, source)
            except StopAsyncIteration:
                return
            if self._closed:
                return
            self._start(item)

    async def _wait_for_room(self) -> None:
        while not self._has_room():
            await self._room.wait()

    def _has_room(self) -> bool:
        if self._closed or self._over or self._error is not None:
            return False  # the feeder may have been woken before that
        limit, running = self._options.max_concurrency, len(self._live)
        if running >= limit:
            return False
        waiting = self._started - self._delivered - running
        if running + waiting < limit:
            return True
        starved = self._wanted and not self._can_deliver()
        return starved and waiting < self._options.buffer

    def _start(self, item: T) -> None:
        options = self._options
        task = self._shell.begin_task(self._fn, (item,), options.shutdown, None)
        element: _Element[T, R] = _Element(item, task)
        self._started += 1
        self._live[element] = None
        if options.ordered:
            self._line.append(element)
        if options.timeout != math.inf:
            at = trio.current_time() + options.timeout
            element.alarm = alarm_clock().at(at, lambda: self._time_out(element))
        task.watch(lambda: self._ended(element))

    def _ended(self, element: _Element[T, R]) -> None:
        del self._live[element]
        if element.alarm is not None:
            element.alarm.cancel()
        if not self._options.ordered:
            self._line.append(element)
        outcome = element.task.outcome
        if element.late or isinstance(outcome, Exit):
            self._failed += 1
        if self._linked and isinstance(outcome, Exit) and self._error is None:
            self._error = TaskExit(element.task.path_text, outcome)
            self._error.__cause__ = outcome.error
        self._bell.wake()
        self._room.wake()

    def _time_out(self, element: _Element[T, R]) -> None:
        element.late = True
        if self._options.on_timeout == "exit" and self._error is None:
            seconds = self._options.timeout
            self._error = trio.TooSlowError(
                f"task {element.task.path_text!r} took longer than {seconds:g} s"
            )
        if element.task.record is not None:
            stop_task(element.task.record, "the stream's timeout", "brutal_kill")
        self._bell.wake()

    # The block.

    async def __aenter__(self) -> Self:
        if self._nursery_manager is not None:
            raise RuntimeError("a stream can be used once only")
        shell = self._shell
        shell.node.home.check("tasks.stream", shell.path_text, waits=True)
        self._nursery_manager = trio.open_nursery()
        self._nursery = await self._nursery_manager.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._closed = True
        assert self._nursery is not None
        self._nursery.cancel_scope.cancel("the stream was left")  # ends the feeder
        for element in list(self._live):
            if element.task.record is not None:
                self._shell.stop_record(element.task.record, "the stream was left")
        interrupt: BaseException | None = None
        try:
            await join([element.task for element in self._live])
        except KeyboardInterrupt as pressed:
            interrupt = pressed
        self._line.clear()
        try:
            fatal = await self._leave_nursery()
        finally:
            await enter_user(_close, self._items)
        fatal = fatal if interrupt is None else interrupt
        if fatal is not None and not (error is not None and _is_cancelled(fatal)):
            raise fatal
        self._tell(error)

    def _tell(self, error: BaseException | None) -> None:
        """Raise what the items raised after the last step of the iteration."""
        untold, self._untold = self._untold, None
        if untold is None:
            return
        if error is None or _is_cancelled(error):
            raise untold
        both = [error, untold]
        raise BaseExceptionGroup("the block and its items both failed", both) from None

    async def _leave_nursery(self) -> BaseException | None:
        """Wait for the feeder's end; return what it, or the wait, ended with."""
        try:
            await self._nursery_manager.__aexit__(None, None, None)
        except BaseException as error:  # noqa: BLE001 - raised again, or outdone
            found = list(leaves(error))
            return found[0] if len(found) == 1 else error
        return None


def _is_cancelled(error: BaseException) -> bool:
    return all(is_a(leaf, trio.Cancelled) for leaf in leaves(error))


async def _close(items: object) -> None:
    """Run the clean-up of a generator that was not read to its end (TASK-037)."""
    if inspect.isasyncgen(items):
        await items.aclose()
    elif inspect.isgenerator(items):
        items.close()


class Stream(_Stream[T, R]):
    """The results of one function over many items: see `TaskSupervisor.stream`.

    A block, and an async iterator inside of it, for one consumer. Nothing runs any
    more when the block has been left.
    """

    _linked = True

    async def __anext__(self) -> R:
        """Wait for the next result. A checkpoint.

        Raises:
            TaskExit: a task ended without one; its error is the cause.
            trio.TooSlowError: a task took longer than the stream's timeout.
            MaxChildren, SupervisorStopping: a task could not be started.
            Exception: what the items raise.
        """
        outcome = (await self._next()).outcome
        assert isinstance(outcome, Ok)
        return outcome.value


class NolinkStream(_Stream[T, R]):
    """As `Stream`, with failures as elements: see `TaskSupervisor.stream_nolink`."""

    _linked = False

    async def __anext__(self) -> Ok[R] | Failed[T]:
        """Wait for what became of the next item. A checkpoint.

        Raises:
            trio.TooSlowError: with ``on_timeout="exit"``, a task took too long.
            MaxChildren, SupervisorStopping: a task could not be started.
            Exception: what the items raise.
        """
        return (await self._next()).outcome
