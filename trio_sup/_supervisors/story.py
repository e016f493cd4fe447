"""What a supervisor reports: crashes, lives that hang, limits never reached."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeAlias

import trio

from trio_sup._children.record import Record
from trio_sup._core import events
from trio_sup._core.anatomy import class_name, is_a
from trio_sup._core.errors import Crash, crash_summary
from trio_sup._core.exits import Exit, PastError
from trio_sup._core.policies import Budget
from trio_sup._core.specs import ChildSpec, Flags
from trio_sup._trio.alarms import alarm_clock
from trio_sup._trio.log import Log
from trio_sup._trio.stacks import await_stack

if TYPE_CHECKING:
    from trio_sup._children.record import Child

_log = Log("trio_sup")

STORY_LENGTH = 10
"""How many crashes a supervisor remembers for its story."""

STUCK_AFTER = 1.0
"""Seconds between the cancellation of a life and the first report that it is stuck;
each further report waits twice as long."""


EventParts: TypeAlias = tuple[Callable[..., events.LifecycleEvent], tuple[Any, ...]]
"""The class of an event and its fields: what `emit` takes."""


def report_while_stuck(record: Record, emit: Callable[..., None]) -> None:
    """Report, again and again, a life that outlives its cancellation.

    Args:
        record: Whose life.
        emit: Takes the class of an event and its fields.
    """
    life, began = record.life, trio.current_time()

    def look(wait: float) -> None:
        if record.life != life or not record.alive or record.ending.returned:
            return
        record.enter("hangs")
        record.touch()
        current = trio.current_time()
        frames = _facts(record)
        if record.task is not None:
            frames += _await_stack(record.task)
        told = (current, record.path_text, life, current - began, frames)
        emit(events.ChildStuck, told)
        again = wait * 2
        alarm_clock().at(current + again, lambda: look(again))

    alarm_clock().at(began + STUCK_AFTER, lambda: look(STUCK_AFTER))


def _facts(record: Record) -> str:
    """What its kind has to say: of a process that cannot be killed what it waits for."""
    return "".join(f"  {name}: {text}\n" for name, text in record.body.facts())


def _await_stack(task: trio.lowlevel.Task) -> str:
    try:
        return await_stack(task)
    except Exception as broken:  # noqa: BLE001 - a user's awaitable, or a loader
        return f"<its frames raised {class_name(broken)}>"


class Story:
    """The last crashes under a supervisor, put into words when it gives up."""

    def __init__(self) -> None:
        self.crashes: deque[tuple[float, str, int, Exit]]
        """When, of whom, in which life, and how; the oldest go by themselves."""
        self.crashes = deque(maxlen=STORY_LENGTH)

    def let_go(self, exit: Exit, words: Exit) -> None:
        """Keep a crash in words."""
        for place, (at, path, life, told) in enumerate(self.crashes):
            if told is exit:
                self.crashes[place] = (at, path, life, words)

    def forget(self) -> None:
        """Begin anew."""
        self.crashes.clear()

    def tell(self) -> list[Crash]:
        """Return the crashes, oldest first."""
        return [_crash(*entry) for entry in self.crashes]


def _crash(at: float, path: str, life: int, exit: Exit) -> Crash:
    error = exit.error
    assert error is not None
    text = error.traceback if is_a(error, PastError) else ""
    return Crash(at, path, life, error, crash_summary(exit), text)


def note_endless_backoff(spec: ChildSpec[Child], flags: Flags, supervisor: str) -> None:
    """Note a backoff so slow that no limit ever ends a crash loop.

    At INFO, not WARNING: to retry for ever is a sound choice for a service; who did
    not mean it finds the note where they look for the reason.

    Args:
        spec: The child's specification.
        flags: Its supervisor's.
        supervisor: The supervisor's path.
    """
    if spec.backoff is None:
        return
    limit: Budget | Flags = flags if spec.budget is None else spec.budget
    if not spec.backoff.can_exceed(limit.max_restarts, limit.max_seconds):
        _log.info(
            "child %r of supervisor %r: with this backoff it never restarts more "
            "than %d times in %g s, so a crash loop never ends; choose a longer "
            "window",
            spec.label,
            supervisor,
            limit.max_restarts,
            limit.max_seconds,
        )
