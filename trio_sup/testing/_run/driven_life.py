"""Faults of one life: its coroutine is driven by hand, trap by trap.

An exception is thrown in exactly as Trio delivers a cancellation: the abort function of
the wait is called first, so that locks and queues stay consistent. Waits that cannot be
cancelled are left alone.
"""

from __future__ import annotations

import types
from collections.abc import Callable, Coroutine, Generator, Sequence
from typing import Any, NoReturn

import outcome
import trio
from trio.lowlevel import Abort, Task, reschedule, wait_task_rescheduled

from trio_sup._children.record import Record
from trio_sup._children.stopping import cut_short
from trio_sup._core.exits import Exit
from trio_sup._trio.stacks import stack_of_coroutine
from trio_sup.testing._run.disturbance import Disturbance
from trio_sup.testing.faults import (
    AtCheckpoint,
    Crash,
    InjectedCrash,
    Interrupt,
    Slow,
    Vanish,
)


class DrivenLife:
    """One life of a plain function or server, under faults."""

    def __init__(
        self,
        record: Record,
        planned: Sequence[AtCheckpoint],
        note_hit: Callable[[AtCheckpoint], None],
        felt: Disturbance,
        ordinal: int,
        path: str,
    ) -> None:
        self.path = path
        self.life = record.life
        # Which life at that path, though another child had it before: faults count so.
        self.ordinal = ordinal
        self.task: Task = trio.lowlevel.current_task()
        assert record.scope is not None
        self._record = record
        self._scope = record.scope
        # How many waits of its main task there were.
        self.checkpoints = 0
        # The exceptions that were made for it.
        self.thrown: list[BaseException] = []
        self.deaf = 0.0
        # How often a wait of it was cancelled since its life was.
        self.cancellations = 0
        self._planned = planned
        self._note_hit = note_hit
        self._felt = felt
        self._pending: BaseException | None = None
        self._delay = 0.0
        # Counts lags; odd while one goes on.
        self._lags = 0
        # The abort function of the present wait; None while the task runs.
        self._abort: Callable[[Any], Abort] | None = None
        self._refused: Callable[[], NoReturn] | None = None
        self._coro: Coroutine[Any, Any, None] | None = None

    @property
    def _waits(self) -> bool:
        """Whether its task waits, and nothing has woken it yet."""
        # Trio forgets this whenever it reschedules a task.
        return self._abort is not None and self.task.custom_sleep_data is not None

    @property
    def lags(self) -> bool:
        """Whether it goes on only later."""
        return self._lags % 2 == 1

    def belongs_to(self, record: Record) -> bool:
        """Whether it is a life of that very child."""
        return self._record is record

    def stack(self) -> str:
        """Format where its own code waits, the innermost frame last.

        Trio's view of the task ends at `drive`.
        """
        return stack_of_coroutine(self._coro)

    # Faults from outside, at a time.

    def strike(self, fault: AtCheckpoint) -> None:
        """Let a fault happen now, or at the next wait if the task is just running."""
        match fault:
            case Slow(seconds=seconds):
                self._delay += seconds
            case Vanish():
                self.vanish()
            case _:
                error = self._make(fault)
                abort = self._abort
                if abort is None or not self._waits:
                    self._pending = error
                elif abort(_raiser(error)) is Abort.SUCCEEDED:
                    self._abort = None
                    reschedule(self.task, outcome.Error(error))

    def vanish(self) -> None:
        """Cancel it; it has crashed once it has unwound."""
        error = InjectedCrash(f"{self.path} vanished")
        self.thrown.append(error)
        end = Exit("crashed", None, error)
        cut_short(self._record, end, "the harness lets it vanish")

    def _make(self, fault: AtCheckpoint) -> BaseException:
        error: BaseException = InjectedCrash(f"injected into {self.path}")
        if isinstance(fault, Interrupt):
            error = KeyboardInterrupt("injected")
        self.thrown.append(error)
        return error

    # Its own waits.

    def _at_wait(self, abort: Callable[[Any], Abort]) -> BaseException | None:
        """The task is about to wait; return what to throw instead, if anything."""
        place = self.checkpoints
        self.checkpoints += 1
        error, self._pending = self._pending, None
        for fault in self._planned:
            if fault.checkpoint != place:
                continue
            self._note_hit(fault)
            if isinstance(fault, Slow):
                self._delay += fault.seconds
            elif isinstance(fault, Vanish):
                self.vanish()
            elif isinstance(fault, Crash | Interrupt):
                error = self._make(fault)
        if error is not None and abort(_raiser(error)) is Abort.SUCCEEDED:
            return error
        return None

    def _refuse_or_abort(self, raise_cancel: Callable[[], NoReturn]) -> Abort:
        """Stands in the place of the wait's abort function."""
        abort = self._abort
        if abort is None:
            return Abort.FAILED
        # Its own timeouts are no cancellation of it: they are always heard.
        if self.deaf > 0 and self._is_told():
            if self._refused is None:
                trio.lowlevel.spawn_system_task(self._hear, name="harness: deaf")
            self._refused = raise_cancel
            return Abort.FAILED
        done = abort(raise_cancel)
        if done is Abort.SUCCEEDED:
            self._abort = None
        return done

    def _is_told(self) -> bool:
        """Whether it is cancelled: by its supervisor, or to vanish."""
        return self._scope.cancel_called

    async def _hear(self) -> None:
        self._felt.begin(trio.current_time())
        await trio.sleep(self.deaf)
        self._felt.end(trio.current_time())
        self.deaf = 0.0
        abort, raise_cancel = self._abort, self._refused
        self._refused = None
        if abort is None or raise_cancel is None or not self._waits:
            return  # it runs: the cancellation comes at its next wait
        if abort(raise_cancel) is Abort.SUCCEEDED:
            self._abort = None
            reschedule(self.task, outcome.capture(raise_cancel))

    async def lag(self) -> None:
        """Go on later, as if it computed meanwhile.

        Nothing of its own ends that, no timeout that is over already: only that it is
        told to end. The cancellation comes at its next wait then.
        """
        delay, self._delay = self._delay, 0.0
        if self._is_told():
            return
        self._lags += 1
        self._felt.begin(trio.current_time())
        trio.lowlevel.spawn_system_task(
            self._go_on_after, delay, self._lags, name="harness: slow"
        )
        await wait_task_rescheduled(lambda _: Abort.FAILED)
        self._felt.end(trio.current_time())

    async def _go_on_after(self, delay: float, lag: int) -> None:
        await trio.sleep(delay)
        self._end_lag(lag)

    def told(self) -> None:
        """It has been cancelled: by its supervisor, or to vanish."""
        self._end_lag(self._lags)

    def _end_lag(self, lag: int) -> None:
        if lag == self._lags and lag % 2:
            self._lags += 1
            reschedule(self.task)

    def late_start(self) -> bool:
        """Whether its start is to be slow."""
        for fault in self._planned:
            if isinstance(fault, Slow) and fault.checkpoint == -1:
                self._note_hit(fault)
                self._delay += fault.seconds
        return self._delay > 0

    @types.coroutine
    def drive(self, coro: Coroutine[Any, Any, None]) -> Generator[Any, Any, None]:
        """Run a coroutine under this life's faults; to be awaited."""
        value: Any = None
        error: BaseException | None = None
        self._coro = coro
        while True:
            try:
                trap = coro.send(value) if error is None else coro.throw(error)
            except StopIteration:
                return
            finally:
                error = None
            abort = getattr(trap, "abort_func", None)
            if abort is not None:
                error = self._at_wait(abort)
                if error is not None:
                    continue
                trap = type(trap)(self._refuse_or_abort)
            self._abort = abort
            if self.task.custom_sleep_data is None:
                self.task.custom_sleep_data = self
            try:
                value = yield trap
            except BaseException as thrown:  # noqa: BLE001 - it is for the coroutine
                value, error = None, thrown
            # Trio hands over what a wait raises as an outcome.
            if isinstance(getattr(value, "error", None), trio.Cancelled):
                self.cancellations += self._is_told()
            self._abort = None
            if self._delay > 0:
                yield from self.lag().__await__()


def _raiser(error: BaseException) -> Callable[[], NoReturn]:
    def raise_it() -> NoReturn:
        raise error

    return raise_it
