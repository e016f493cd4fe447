"""Faults, and where they strike: before a step of a task, or at a line.

A step is what a task does between two waits, so a fault before each step meets each
state that a tree can wait in. A Ctrl-C may also come between two lines of one step.
"""

# pyright: reportPrivateUsage=false

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Generator
from contextlib import contextmanager
from types import CodeType, FrameType
from typing import Any, Literal, TypeAlias

import outcome
import trio
from attrs import define
from trio.lowlevel import Task

import trio_sup
from trio_sup.testing import schedule as schedules

from .laws import Injected

Kind: TypeAlias = Literal["none", "cancel", "sigint", "twice", "raise"]
"""``twice`` is a Ctrl-C, and another a few steps later."""

_TRIO = os.path.dirname(trio.__file__)
_OURS = os.path.dirname(trio_sup.__file__)
_OUTCOME = os.path.dirname(outcome.__file__)
_STANDARD = os.path.dirname(os.__file__)


def press_ctrl_c() -> None:
    """Press Ctrl-C."""
    signal.raise_signal(signal.SIGINT)


@define(eq=False)
class Steps(trio.abc.Instrument):
    """Counts the steps of tasks; strikes before one of them.

    A raise needs user code that waits there; elsewhere it is no fault that could
    happen, and it strikes nothing.
    """

    at: int
    kind: Kind
    scope: trio.CancelScope
    count: int = 0
    fired: bool = False
    injected: Injected | None = None

    def before_task_step(self, task: Task) -> None:
        """Trio is about to run a task."""
        self.count += 1
        # A small number, and another for each place.
        again = self.at + 1 + self.at % 13
        if self.kind == "twice" and self.fired and self.count == again:
            press_ctrl_c()
        if self.count != self.at:
            return
        if self.kind in ("sigint", "twice"):
            self.fired = True
            press_ctrl_c()
        elif self.kind == "cancel":
            self.fired = True
            self.scope.cancel()
        elif self.kind == "raise" and _may_raise(task):
            self.fired = True
            self.injected = Injected(f"before step {self.at}")
            # The place where a task's wait gets its outcome from.
            task._next_send = outcome.Error(self.injected)


def _may_raise(task: Task) -> bool:
    # What comes out of its wait already must not be lost by this.
    return not isinstance(task._next_send, outcome.Error) and waits_in_user_code(task)


def waits_in_user_code(task: Task) -> bool:
    """Whether it is a function of the tests that waits, by itself or through Trio.

    The end of a nursery does not count: nothing raises at the wait for its tasks.
    """
    if task.coro.cr_frame is None or not task.coro.cr_suspended:
        return False
    innermost: FrameType | None = None
    for frame, _ in task.iter_await_frames():
        if frame.f_code.co_name == "_nested_child_finished":
            return False
        if not frame.f_code.co_filename.startswith((_TRIO, _OUTCOME, _STANDARD)):
            innermost = frame
    return innermost is not None and not innermost.f_code.co_filename.startswith(_OURS)


@define(eq=False)
class Lines:
    """Counts executed lines of the library; presses Ctrl-C at one of them.

    Where it comes on the spot, and where it waits for the main task, is Trio's and
    the library's doing: that is what is examined.
    """

    at: int = 0
    count: int = 0
    where: tuple[str, int] | None = None
    counting: bool = False

    def hit(self, file: str, line: int) -> None:
        """A line is about to be executed."""
        self.count += 1
        if self.count == self.at:
            self.where = os.path.basename(file), line
            press_ctrl_c()

    @contextmanager
    def watched(self) -> Generator[None]:
        """Counts while the block lasts; quick where there is `sys.monitoring`."""
        monitoring: Any = getattr(sys, "monitoring", None)
        if monitoring is None:
            with self._traced():
                yield
            return
        tool = monitoring.PROFILER_ID + 2
        monitoring.use_tool_id(tool, "tests.injection")
        line = monitoring.events.LINE

        def on_line(code: CodeType, number: int) -> object:
            if not code.co_filename.startswith(_OURS):
                return monitoring.DISABLE
            if self.counting:
                self.hit(code.co_filename, number)
            return None

        monitoring.register_callback(tool, line, on_line)
        monitoring.set_events(tool, line)
        try:
            yield
        finally:
            monitoring.set_events(tool, 0)
            monitoring.register_callback(tool, line, None)
            monitoring.free_tool_id(tool)

    @contextmanager
    def _traced(self) -> Generator[None]:
        def on_call(frame: FrameType, _event: str, _arg: object) -> Any:
            ours = frame.f_code.co_filename.startswith(_OURS)
            return on_event if ours else None

        def on_event(frame: FrameType, event: str, _arg: object) -> Any:
            if event == "line" and self.counting:
                self.hit(frame.f_code.co_filename, frame.f_lineno)
            return on_event

        before = sys.gettrace()
        sys.settrace(on_call)
        try:
            yield
        finally:
            sys.settrace(before)


@contextmanager
def scheduled(schedule: str) -> Generator[None]:
    """Give Trio an order of tasks: ``fifo``, or a number for a random one.

    The same word gives the same order.
    """
    if schedule == "fifo":
        with schedules.scheduled():
            yield
    else:
        trio._core._run._r.seed(int(schedule))
        yield
