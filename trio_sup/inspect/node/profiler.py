"""Where the loop's time goes: looked at from a thread, for as long as somebody asked.

By whom it is used is known from the watchdog, which notes whose step runs. What
`profiling.sampling` of Python 3.15 sees from outside knows no children, so that the node
looks itself, on every Python.
"""

from __future__ import annotations

import sys
import threading
import time
from typing import TYPE_CHECKING, Final

from trio_sup.inspect.node.bounds import MAX_NAME, MAX_PATH, clip
from trio_sup.inspect.node.places import is_machinery, short_file
from trio_sup.inspect.protocol.wire_profile import (
    Profile,
    ProfiledFrame,
    ProfiledStack,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import CodeType, FrameType

    from trio.lowlevel import Task

    from trio_sup.inspect.node.watchdog import Watchdog

MAX_SECONDS: Final = 600.0
MAX_HZ: Final = 1000.0
MAX_STACKS: Final = 20_000
"""Stacks that are told apart; the others are one."""
MAX_FRAMES: Final = 128
FRAMES_PER_MESSAGE: Final = 1000
STACKS_PER_MESSAGE: Final = 250
OTHERS: Final = "(other stacks)"

Ran = tuple[int, str, tuple["CodeType", ...]]
"""A child's row, or 0; its path, or the task's name; the functions."""


class Profiler:
    """Looks at the loop's thread, from `start` to `stop`.

    Args:
        watchdog: Knows whose step runs; it has to be on.
        owner: The child whose life a task belongs to, and its path; 0 for none.
        hz: Looks a second.
    """

    def __init__(
        self, watchdog: Watchdog, owner: Callable[[Task], tuple[int, str]], hz: float
    ) -> None:
        self._watchdog = watchdog
        self._owner = owner
        self._pause = 1.0 / min(max(hz, 1.0), MAX_HZ)
        self.counts: dict[Ran, int] = {}
        """What ran, and in how many looks."""
        self._looks = self._idle = 0
        self._began = 0.0
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin to look at the present thread."""
        self._began = time.perf_counter()
        self._thread = threading.Thread(
            target=self._run,
            args=(threading.get_ident(),),
            name="trio-sup profiler",
            daemon=True,
        )
        self._thread.start()

    def stop(self) -> None:
        """Look no more. Idempotent."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()

    def _run(self, thread: int) -> None:
        due = time.perf_counter()
        while True:
            due = max(due + self._pause, time.perf_counter())
            if self._stop.wait(max(0.0, due - time.perf_counter())):
                return
            self._looks += 1
            task = self._watchdog.task
            if not self._watchdog.began or task is None:
                self._idle += 1
                continue
            frame = sys._current_frames().get(thread)  # pyright: ignore[reportPrivateUsage] # documented
            if frame is not None:
                self._count(task, frame)
            del task, frame

    def _count(self, task: Task, frame: FrameType) -> None:
        codes: list[CodeType] = []
        at: FrameType | None = frame
        while at is not None and len(codes) < MAX_FRAMES:
            code = at.f_code
            if is_machinery(code.co_filename) and code.co_name == "unrolled_run":
                break
            codes.append(code)
            at = at.f_back
        codes.reverse()
        child, path = self._owner(task)
        key: Ran = (child, path if child else task.name, tuple(codes))
        if key not in self.counts and len(self.counts) >= MAX_STACKS:
            key = 0, OTHERS, ()
        self.counts[key] = self.counts.get(key, 0) + 1

    # --- what came of it -----------------------------------------------------

    def messages(self, now: float) -> Iterator[Profile]:
        """What was seen, in pieces; only after `stop`."""
        seconds = round(time.perf_counter() - self._began, 3)
        numbers: dict[CodeType, int] = {}
        stacks = [
            ProfiledStack(
                clip(name, MAX_PATH),
                child,
                [numbers.setdefault(code, len(numbers)) for code in codes],
                count,
            )
            for (child, name, codes), count in self.counts.items()
        ]
        frames = [_frame(code) for code in numbers]
        while True:
            now_frames = frames[:FRAMES_PER_MESSAGE]
            now_stacks = [] if now_frames else stacks[:STACKS_PER_MESSAGE]
            del frames[: len(now_frames)], stacks[: len(now_stacks)]
            more = bool(frames or stacks)
            looks, idle = self._looks, self._idle
            yield Profile(now, seconds, looks, idle, now_frames, now_stacks, more)
            if not more:
                return


def _frame(code: CodeType) -> ProfiledFrame:
    file = clip(short_file(code.co_filename), MAX_PATH)
    return ProfiledFrame(file, code.co_firstlineno, clip(code.co_qualname, MAX_NAME))
