"""Who keeps the loop busy: a Trio instrument, there only while somebody looks.

Each step of each task is timed. A step that lasts is looked at from a thread while
it runs, since afterwards nobody can tell what held the loop.
"""

from __future__ import annotations

import sys
import threading
import time
from collections import deque
from typing import TYPE_CHECKING, Final

import trio
from attrs import define

from trio_sup.inspect.node.bounds import MAX_NAME, MAX_PATH, clip
from trio_sup.inspect.node.places import is_library, is_machinery, place
from trio_sup.inspect.protocol.wire_details import Busy, BusyRow, Held

if TYPE_CHECKING:
    from types import FrameType

    from trio.lowlevel import Task

    from trio_sup.inspect.node.source import ObservedNode

HELD_SECONDS: Final = 0.1
"""A step of this length and more is reported by itself."""
MAX_HELD: Final = 100
MAX_TASKS: Final = 20_000
"""Tasks that are told apart in one window."""
MAX_ROWS: Final = 500
WATCH_SECONDS: Final = 0.05
"""How often the thread looks whether a step lasts."""


@define(slots=True)
class _Sum:
    task: Task
    seconds: float = 0.0
    steps: int = 0
    longest: float = 0.0


class StepTimer(trio.abc.Instrument):
    """Times every step of every task while it is installed."""

    def __init__(self) -> None:
        self.sums: dict[int, _Sum] = {}
        self.held: deque[tuple[float, float, Task, str]] = deque(maxlen=MAX_HELD)
        # The step that runs: when it began, 0.0 between two steps.
        self.began: float = 0.0
        # What the thread saw in the middle of it.
        self.seen: str = ""

    def before_task_step(self, task: Task) -> None:
        """A step begins."""
        self.began = time.perf_counter()

    def after_task_step(self, task: Task) -> None:
        """A step has ended."""
        began, self.began = self.began, 0.0
        if not began:
            return  # The step in which this was installed.
        seconds = time.perf_counter() - began
        entry = self.sums.get(id(task))
        if entry is None:
            # Beyond the limit all further tasks are counted as one.
            key = id(task) if len(self.sums) < MAX_TASKS else 0
            entry = self.sums.setdefault(key, _Sum(task))
        entry.seconds += seconds
        entry.steps += 1
        if seconds > entry.longest:
            entry.longest = seconds
        if seconds >= HELD_SECONDS:
            self.held.append((trio.current_time(), seconds, task, self.seen))
            self.seen = ""


class BusyMeter:
    """Measures while it is on; one for each node."""

    def __init__(self, node: ObservedNode) -> None:
        self._node = node
        self._timer: StepTimer | None = None
        self._since = 0.0
        self._stop: threading.Event | None = None

    @property
    def on(self) -> bool:
        """Whether steps are timed at present."""
        return self._timer is not None

    def turn(self, *, on: bool) -> None:
        """Install or remove the instrument; idempotent."""
        if on and self._timer is None:
            self._timer = StepTimer()
            self._since = trio.current_time()
            trio.lowlevel.add_instrument(self._timer)
            self._stop = threading.Event()
            threading.Thread(
                target=_watch_steps,
                args=(self._timer, self._stop, threading.get_ident()),
                name="trio-sup inspector",
                daemon=True,
            ).start()
        elif not on and self._timer is not None:
            assert self._stop is not None
            self._stop.set()
            try:
                trio.lowlevel.remove_instrument(self._timer)
            except KeyError:
                pass  # Trio removed it: it raised, and the log says so.
            self._timer = self._stop = None

    def take(self) -> Busy | None:
        """What was measured since the last call; None while it is off."""
        timer = self._timer
        if timer is None:
            return None
        now = trio.current_time()
        seconds, self._since = now - self._since, now
        sums, timer.sums = timer.sums, {}
        held = [self._held(*entry) for entry in timer.held]
        timer.held.clear()
        rows = self._rows(sums)
        steps = sum(entry.steps for entry in sums.values())
        return Busy(
            now,
            seconds,
            sum(entry.seconds for entry in sums.values()),
            round(steps * _step_cost(), 6),
            rows,
            held,
        )

    def _rows(self, sums: dict[int, _Sum]) -> list[BusyRow]:
        rows: dict[tuple[int, str], BusyRow] = {}
        for entry in sums.values():
            child, name = self._owner(entry.task)
            row = rows.get((child, name))
            if row is None:
                rows[child, name] = BusyRow(
                    child, name, entry.seconds, entry.steps, entry.longest
                )
            else:
                row.seconds += entry.seconds
                row.steps += entry.steps
                row.longest = max(row.longest, entry.longest)
        busiest = sorted(rows.values(), key=_seconds, reverse=True)[:MAX_ROWS]
        for row in busiest:
            row.seconds, row.longest = round(row.seconds, 6), round(row.longest, 6)
        return busiest

    def _held(self, at: float, seconds: float, task: Task, seen: str) -> Held:
        child, name = self._owner(task)
        return Held(at, round(seconds, 4), child, name, clip(seen, MAX_PATH))

    def _owner(self, task: Task) -> tuple[int, str]:
        child, path = self._node.child_of(task)
        return child, clip(path if child else task.name, MAX_NAME)


def _seconds(row: BusyRow) -> float:
    return row.seconds


_cost = 0.0


def _step_cost() -> float:
    """Seconds that timing one step takes, measured once."""
    global _cost
    if not _cost:
        timer = StepTimer()
        task = trio.lowlevel.current_task()
        began = time.perf_counter()
        for _ in range(200):
            timer.before_task_step(task)
            timer.after_task_step(task)
        _cost = (time.perf_counter() - began) / 200
    return _cost


def _watch_steps(timer: StepTimer, stop: threading.Event, thread: int) -> None:
    """Note what runs in the middle of a step that lasts; ends when told to."""
    while not stop.wait(WATCH_SECONDS):
        began = timer.began
        if not began or timer.seen:
            continue
        if time.perf_counter() - began < HELD_SECONDS * 0.6:
            continue
        frame = sys._current_frames().get(thread)  # pyright: ignore[reportPrivateUsage] # documented
        text = "" if frame is None else _place_of(frame)
        del frame
        # It may have ended meanwhile: then what was seen was something else.
        if timer.began == began:
            timer.seen = text


def _place_of(frame: FrameType) -> str:
    """The innermost place of the program's own."""
    inner = at = frame
    while True:
        name = at.f_code.co_filename
        if not is_machinery(name) and not is_library(name):
            return place(at.f_code, at.f_lineno)
        if at.f_back is None:
            return place(inner.f_code, inner.f_lineno)
        at = at.f_back
