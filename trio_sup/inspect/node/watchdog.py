"""What holds the loop: looked at from a thread, while it is held.

A pass of the loop that lasts lets nobody run, this inspector included; afterwards
nobody can tell what it did. So a thread looks at the stack of the loop's thread in the
middle of it. The instrument only notes when a pass began and whose step runs: one
assignment a step, and only while it is installed.

Where C code holds the interpreter itself, no thread of Python can look: `stack_dump`
is for that.
"""

from __future__ import annotations

import sys
import threading
import time
from collections import Counter, deque
from typing import TYPE_CHECKING, Final

import trio
from attrs import frozen

from trio_sup._trio.log import Log
from trio_sup.inspect.node.bounds import MAX_NAME, MAX_PATH, clip
from trio_sup.inspect.node.places import is_foreign, is_machinery, place, short_file
from trio_sup.inspect.node.source_lines import source_line
from trio_sup.inspect.protocol.wire_details import Frame, Hold, Holds

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

    from trio.lowlevel import Task

HELD_SECONDS: Final = 0.1
"""A pass of this length and more is an incident."""
LOOK_SECONDS: Final = 0.05
"""How often the thread looks."""
KEPT: Final = 10
"""The worst so many are kept, ..."""
KEPT_SECONDS: Final = 3600.0
"""... those of the last hour."""
MAX_SAMPLES: Final = 100
"""Looks at one pass; the first ones."""
MAX_FRAMES: Final = 40

Place = tuple[str, int, str]
"""File, line and function of a frame."""

log: Log = Log("trio_sup")


@frozen
class _Sample:
    """One look at the loop's thread."""

    task: Task
    where: str
    stack: tuple[Place, ...]
    """The outermost first."""


class Watchdog(trio.abc.Instrument):
    """Notes what holds the loop, from `start` to `stop`.

    Args:
        owner: The child whose life a task belongs to, and its path; 0 for none.
        warn_after: A pass that lasts so many seconds is a warning in the log, while it
            lasts; None for no warnings.
    """

    def __init__(
        self,
        owner: Callable[[Task], tuple[int, str]],
        warn_after: float | None = None,
    ) -> None:
        self._owner = owner
        self._warn_after = warn_after
        self.worst: list[Hold] = []
        """The worst passes of the last hour, the longest first."""
        self.changed: int = 0
        """Grows with every incident."""
        # When the present pass began, 0.0 between two; the thread reads both.
        self.began: float = 0.0
        self.task: Task | None = None
        self.samples: deque[tuple[float, _Sample]] = deque(maxlen=MAX_SAMPLES)
        self._stop: threading.Event | None = None

    # --- the loop's thread -----------------------------------------------------

    def start(self) -> None:
        """Begin to look; idempotent."""
        if self._stop is not None:
            return
        self._stop = threading.Event()
        trio.lowlevel.add_instrument(self)
        threading.Thread(
            target=self._watch,
            args=(self._stop, threading.get_ident()),
            name="trio-sup watchdog",
            daemon=True,
        ).start()

    def stop(self) -> None:
        """Look no more; what was found stays. Idempotent."""
        if self._stop is None:
            return
        self._stop.set()
        self._stop = None
        self.began, self.task = 0.0, None
        self.samples.clear()
        try:
            trio.lowlevel.remove_instrument(self)
        except KeyError:
            pass  # Trio removed it: it raised, and the log says so.

    def before_task_step(self, task: Task) -> None:
        """A step begins."""
        self.task = task

    def after_io_wait(self, timeout: float) -> None:
        """A pass begins."""
        self.began = time.perf_counter()

    def before_io_wait(self, timeout: float) -> None:
        """A pass has ended."""
        began, self.began = self.began, 0.0
        if began:
            seconds = time.perf_counter() - began
            if seconds >= HELD_SECONDS:
                self._held(began, seconds)

    def _held(self, began: float, seconds: float) -> None:
        samples = [sample for at, sample in self.samples if at == began]
        self.samples.clear()
        hold = self._hold(trio.current_time(), seconds, samples)
        self.keep(hold)
        self.changed += 1
        task, self.task = self.task, None  # it may be the last that refers to it
        del task

    def _hold(self, now: float, seconds: float, samples: list[_Sample]) -> Hold:
        if not samples:
            # The thread never came to look: the interpreter itself was held.
            task = self.task
            child, name = (0, "") if task is None else self._name(task)
            return Hold(now, round(seconds, 4), child, name, "", 0, 0, [])
        commonest = Counter((id(s.task), s.where) for s in samples).most_common(1)
        (task_id, where), many = commonest[0]
        sample = next(s for s in samples if (id(s.task), s.where) == (task_id, where))
        child, name = self._name(sample.task)
        frames = [_frame(*each) for each in sample.stack]
        at = clip(where, MAX_PATH)
        return Hold(now, round(seconds, 4), child, name, at, many, len(samples), frames)

    def _name(self, task: Task) -> tuple[int, str]:
        child, path = self._owner(task)
        return child, clip(path if child else task.name, MAX_NAME)

    def keep(self, hold: Hold) -> None:
        """Keep an incident, if it is among the worst of the last hour."""
        recent = [each for each in self.worst if hold.at - each.at <= KEPT_SECONDS]
        recent.append(hold)
        recent.sort(key=_seconds, reverse=True)
        self.worst = recent[:KEPT]

    def holds(self) -> Holds:
        """The worst of the last hour, for those who look."""
        now = trio.current_time()
        self.worst = [each for each in self.worst if now - each.at <= KEPT_SECONDS]
        return Holds(now, list(self.worst))

    # --- the other thread --------------------------------------------------------

    def _watch(self, stop: threading.Event, thread: int) -> None:
        warned = 0.0
        while not stop.wait(LOOK_SECONDS):
            began, task = self.began, self.task
            if not began or task is None:
                continue
            lasts = time.perf_counter() - began
            if lasts < HELD_SECONDS * 0.6:
                continue
            frame = sys._current_frames().get(thread)  # pyright: ignore[reportPrivateUsage] # documented
            if frame is None:
                continue
            sample = _look(task, frame)
            del frame
            # It may have ended meanwhile: then what was seen was something else.
            if self.began == began and self.task is task:
                self.samples.append((began, sample))
            if self._warn_after is not None and lasts >= self._warn_after:
                if warned != began:
                    self._warn(sample, lasts)
                warned = began
            del task, sample

    def _warn(self, sample: _Sample, lasts: float) -> None:
        _, name = self._name(sample.task)
        lines = "".join(f"\n  {short_file(f)}:{n} in {q}" for f, n, q in sample.stack)
        text = "the loop has been held for %.1f s by %s at %s%s"
        log.warning(text, lasts, name, sample.where, lines)


def _seconds(hold: Hold) -> float:
    return hold.seconds


def _look(task: Task, frame: FrameType) -> _Sample:
    """What runs, without Trio's loop at the outer end."""
    found: list[Place] = []
    at: FrameType | None = frame
    where = ""
    while at is not None:
        code = at.f_code
        if is_machinery(code.co_filename) and code.co_name == "unrolled_run":
            break
        found.append((code.co_filename, at.f_lineno, code.co_qualname))
        if not where and not is_foreign(code.co_filename):
            where = place(code, at.f_lineno)
        at = at.f_back
    inner = frame.f_code
    found = found[:MAX_FRAMES]
    found.reverse()
    return _Sample(task, where or place(inner, frame.f_lineno), tuple(found))


def _frame(file: str, line: int, function: str) -> Frame:
    return Frame(
        clip(short_file(file), MAX_PATH),
        line,
        clip(function, MAX_NAME),
        source_line(file, line),
    )
