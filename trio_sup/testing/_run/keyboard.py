"""Ctrl-C for who holds the tree: the task of its block is driven by hand, trap by trap."""

from __future__ import annotations

import types
from collections.abc import Callable, Coroutine, Generator
from typing import Any, NoReturn

import outcome
import trio
from trio.lowlevel import Abort, Task, reschedule


class Keyboard:
    """Where somebody presses Ctrl-C, as often as he likes."""

    def __init__(self) -> None:
        self.pressed: list[BaseException] = []
        """What reached the block."""
        self._task: Task | None = None
        self._abort: Callable[[Any], Abort] | None = None
        self._pending: BaseException | None = None

    def press(self) -> bool:
        """Press Ctrl-C; return whether there is a block that it reaches."""
        task = self._task
        if task is None:
            return False
        error = self._pending = KeyboardInterrupt("pressed by the harness")
        self.pressed.append(error)
        abort = self._abort
        if abort is None or task.custom_sleep_data is None:
            return True  # it runs: Ctrl-C comes at its next wait
        if abort(self._raise) is Abort.SUCCEEDED:
            self._abort = self._pending = None
            reschedule(task, outcome.Error(error))
        return True

    def _raise(self) -> NoReturn:
        """Raise what is pending; a nursery takes it so, and goes on waiting."""
        error, self._pending = self._pending, None
        assert error is not None
        raise error

    def _give_up(self, raise_cancel: Callable[[], NoReturn]) -> Abort:
        """Stands in the place of the wait's abort function."""
        abort = self._abort
        if abort is None:
            return Abort.FAILED
        done = abort(raise_cancel)
        if done is Abort.SUCCEEDED:
            self._abort = None
        return done

    @types.coroutine
    def drive(self, coro: Coroutine[Any, Any, None]) -> Generator[Any, Any, None]:
        """Run a coroutine that Ctrl-C can reach where it waits; to be awaited."""
        self._task = task = trio.lowlevel.current_task()
        value: Any = None
        error: BaseException | None = None
        try:
            while True:
                try:
                    trap = coro.send(value) if error is None else coro.throw(error)
                except StopIteration:
                    return
                finally:
                    error = None
                abort = getattr(trap, "abort_func", None)
                if abort is not None:
                    error = self._pending
                    if error is not None and abort(self._raise) is Abort.SUCCEEDED:
                        self._pending = None
                        continue
                    error = None
                    trap = type(trap)(self._give_up)
                self._abort = abort
                if task.custom_sleep_data is None:
                    task.custom_sleep_data = self
                try:
                    value = yield trap
                except BaseException as thrown:  # noqa: BLE001 - it is for the coroutine
                    value, error = None, thrown
                self._abort = None
        finally:
            self._task = None
