"""One run of a program without supervisors: one `trio.run`, virtual time."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from inspect import isawaitable
from typing import Any, TypeAlias

import trio
import trio.testing
from attrs import Factory, define, frozen
from trio.lowlevel import Task

from trio_sup._core.anatomy import is_a, leaves
from trio_sup._trio.stacks import stack_of_coroutine
from trio_sup.testing._monitor.error_line import told
from trio_sup.testing._run.disturbances import (
    CancelProgram,
    Deadline,
    Disturbance,
    InterruptProgram,
)
from trio_sup.testing._run.injector import PLAYER
from trio_sup.testing._run.keyboard import Keyboard
from trio_sup.testing._run.quiet import quiet_log
from trio_sup.testing._run.watchdog import Watchdog, all_tasks, instruments_in, sweep
from trio_sup.testing.schedule import scheduled

Main: TypeAlias = Callable[[], Awaitable[object]]

PATIENCE = 60.0
"""Virtual seconds in which a program has to end that is told to."""


@frozen(kw_only=True)
class Program:
    """How to run it, and what must hold."""

    main: Main
    afterwards: Callable[[], object] | None
    allow: tuple[type[BaseException], ...]
    duration: float


@define
class Past:
    """What there is to know of a run."""

    problems: list[str] = Factory(list[str])
    ended: bool = False
    """Whether it ended by itself."""
    steps: int = 0
    times: list[float] = Factory(list[float])
    """When its tasks went on, each time once."""
    hit: bool = False
    """Whether the disturbance took place."""
    where: str = ""
    """Where its main task waited then."""
    result: object = None


def run_program(
    program: Program, disturbance: Disturbance | None, order: Watchdog
) -> Past:
    """Run it once."""
    run = _Run(program, disturbance, order)
    clock = trio.testing.MockClock(autojump_threshold=0)
    with scheduled(schedule=order), quiet_log():
        try:
            trio.run(run.main, clock=clock, instruments=instruments_in(order))
        except trio.TrioInternalError:
            if order.halt is None:
                raise
            run.past.problems.append(order.halt)
            sweep(order.left, order.busy)
    run.judge()
    return run.past


class _Run(trio.abc.Instrument):
    def __init__(
        self, program: Program, disturbance: Disturbance | None, order: Watchdog
    ) -> None:
        self._program = program
        self._disturbance = disturbance
        self._order = order
        self._scope = trio.CancelScope()
        self._keyboard = Keyboard()
        self._coro: Any = None
        self._told = trio.Event()
        self._error: BaseException | None = None
        self._over = False
        self.past = Past()

    # What Trio tells.

    def before_task_step(self, task: Task) -> None:
        """A task is about to run."""
        if self._over or task.name == PLAYER:
            return
        past, now = self.past, trio.current_time()
        past.steps += 1
        if not past.times or past.times[-1] != now:
            past.times.append(now)
        match self._disturbance:
            case CancelProgram(step=step) if step == past.steps:
                self._hit()
                self._scope.cancel("cancelled by the harness")
            case InterruptProgram(step=step) if step == past.steps:
                self._hit()
                self._keyboard.press()
            case _:
                pass

    def _hit(self) -> None:
        self.past.hit = True
        self.past.where = stack_of_coroutine(self._coro)
        self._told.set()

    # The run.

    async def main(self) -> None:
        """Be the main task."""
        self._coro = self._main()
        before = set(all_tasks())
        trio.lowlevel.spawn_system_task(self._end_it, name=PLAYER)
        before |= set(all_tasks())
        trio.lowlevel.add_instrument(self)
        try:
            with self._scope:
                await self._keyboard.drive(self._coro)
        except BaseException as error:  # noqa: BLE001 - judged below
            self._error = error
        finally:
            self._over = True
            trio.lowlevel.remove_instrument(self)
        self.past.ended = not self._told.is_set()
        with trio.CancelScope(shield=True):
            await trio.testing.wait_all_tasks_blocked()
        for task in set(all_tasks()) - before:
            self.past.problems.append(f"a task is left: {task.name}")

    async def _main(self) -> None:
        made = self._program.main()
        if not isawaitable(made):
            raise TypeError(f"main must be async; it returned {made!r}")
        self.past.result = await made

    async def _end_it(self) -> None:
        """Tell the program to end when its time is over; see that it does."""
        until = self._program.duration
        if isinstance(self._disturbance, Deadline):
            until = self._disturbance.at
        with trio.move_on_at(until):
            await self._told.wait()
        if not self._told.is_set():
            if isinstance(self._disturbance, Deadline):
                self._hit()
            self._told.set()
            self._scope.cancel("a deadline is over")
        await trio.sleep(PATIENCE)
        if self._over:
            return
        self._order.halt = (
            f"it goes on {PATIENCE:g} s after it was told to end; its main task waits:\n"
            + stack_of_coroutine(self._coro)
        )
        await trio.lowlevel.checkpoint()

    # What must hold.

    def judge(self) -> None:
        """Say what is wrong with the run."""
        if self._order.halt is not None:
            return
        self.past.problems += self._wrong_end()
        if self._program.afterwards is None:
            return
        try:
            if self._program.afterwards() is False:
                self.past.problems.append(
                    f"{_name(self._program.afterwards)}: it is false"
                )
        except Exception as error:  # noqa: BLE001 - the user's verdict
            self.past.problems.append(
                f"{_name(self._program.afterwards)}: {told(error)}"
            )

    def _wrong_end(self) -> Iterator[str]:
        error = self._error
        if error is None:
            return
        pressed = {id(each) for each in self._keyboard.pressed}
        rest = [
            leaf
            for leaf in leaves(error)
            if id(leaf) not in pressed and not is_a(leaf, self._program.allow)
        ]
        if any(is_a(leaf, KeyboardInterrupt) for leaf in rest):
            raise KeyboardInterrupt from error  # somebody did press Ctrl-C
        for leaf in rest:
            yield f"it fails: {told(leaf)}"


def _name(function: object) -> str:
    return str(getattr(function, "__name__", "afterwards"))
