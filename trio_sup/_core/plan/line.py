"""Jobs, one after the other: what an ordered supervisor cannot do at once.

A job is a generator (`Steps`). It yields what is to be done; where that takes its time
(a start, a stop), the line waits for the child, and the job goes on when it has come
about, or when the supervisor is to stop. A stop cuts the wait short, and the job learns
whether that came first (`overtaken`): answers go by what came first, not by whose turn
it is next.
"""

from __future__ import annotations

import math
from collections import deque
from typing import Any, Generic

from trio_sup._core.exits import Exit
from trio_sup._core.plan.doing import (
    NOTHING,
    Answer,
    Breathe,
    Dos,
    K,
    Raise,
    Refuse,
    Refused,
    Request,
    Start,
    Steps,
    Stop,
)

BREATHE = Breathe(2)
"""A restart takes its first step before the next decision. Twice: the control task and a
new one run in one batch, in any order."""


class Line(Generic[K]):
    """A queue of jobs, and the one in hand."""

    __slots__ = (
        "_life",
        "_parked",
        "_request",
        "_steps",
        "awaited",
        "cut_short",
        "failed",
        "more",
        "overtaken",
        "queue",
    )

    def __init__(self) -> None:
        self.queue: deque[Steps[K, None] | Request[K]] = deque()
        # The job in hand, and the request that it serves.
        self._steps: Steps[K, Any] | None = None
        self._request: Request[K] | None = None
        # The child that it waits for: until it is down, or until this life is ready.
        self.awaited: K | None = None
        self._life: float = math.inf
        # Whether it will start another one when that is ready.
        self.more: bool = False
        # Whether it waits for whatever wakes the control task.
        self._parked: bool = False
        # Why the life that it waits for has not even begun.
        self.failed: Exit | None = None
        # Whether the supervisor stops, so that nothing is waited for any more; and
        # whether that came before what the job in hand waited for.
        self.cut_short: bool = False
        self.overtaken: bool = False

    def add(self, steps: Steps[K, None]) -> None:
        """Put a job in line, behind all others."""
        self.queue.append(self._with_a_breath(steps))

    def _with_a_breath(self, steps: Steps[K, None]) -> Steps[K, None]:
        yield from steps
        if self.queue:
            yield (BREATHE,)

    @property
    def busy(self) -> bool:
        """Whether there is a job in hand."""
        return self._steps is not None

    @property
    def idle(self) -> bool:
        """Whether there is neither a job in hand nor one in line."""
        return self._steps is None and not self.queue

    def clear(self) -> list[Request[K]]:
        """Forget what has not begun; return the requests, which are to be refused."""
        queue, self.queue = self.queue, deque()
        return [job for job in queue if isinstance(job, Request)]

    def cut(self, *, fatal: bool) -> None:
        """Wait for nothing any more.

        Args:
            fatal: Whether the reason is such that no job counts as done.
        """
        self.cut_short = True
        if self.awaited is not None:
            self.overtaken = fatal or not self._has_come()

    def turn(self) -> Dos[K]:
        """Go on with the job in hand, or with the next; nothing if there is no need.

        What comes back is to be carried out before the next turn.
        """
        while self._steps is not None or self._take_up():
            dos = self.go_on()
            if dos or self._steps is not None:
                return dos
        return NOTHING

    def go_on(self) -> Dos[K]:
        """As `turn`, with the job in hand alone; nothing if it waits, or is done."""
        while self._steps is not None:
            if self.awaited is not None:
                if not (self.cut_short or self._has_come()):
                    return NOTHING
                self.awaited = None
            dos = self._go_on()
            if dos:
                return dos
            if self._parked:
                self._parked = False
                break
        return NOTHING

    def _take_up(self) -> bool:
        """Take the next job in hand, if there is one."""
        while self.queue:
            job = self.queue.popleft()
            if not isinstance(job, Request):
                self._steps = job
                return True
            if job.record is not None:
                job.record.pending -= 1
            if not job.withdrawn:
                self._steps, self._request = job.steps(), job
                return True
        return False

    def _go_on(self) -> Dos[K]:
        """Take the next step of the job in hand."""
        steps, request = self._steps, self._request
        assert steps is not None
        try:
            return next(steps)
        except StopIteration as done:
            self._put_down()
            return NOTHING if request is None else (Answer(request, done.value),)
        except Exception as error:  # noqa: BLE001 - the answer
            self._put_down()
            if request is None:
                return (Raise(error),)
            return (Refuse(request, error),)
        except BaseException as fatal:  # noqa: BLE001 - such as what a key's hash raised
            self._put_down()
            if request is None:
                return (Raise(fatal),)
            return (Refuse(request, Refused("stopping")), Raise(fatal))

    def _put_down(self) -> None:
        self._steps = self._request = self.awaited = None

    # What jobs consist of.

    def wait_for(self, record: K, life: float = math.inf) -> None:
        """Let the job in hand go on when a child is down, or in that life ready."""
        self.awaited, self._life, self.more = record, life, False
        if self.cut_short and not self._has_come():
            self.overtaken = True  # the stop came before there was anything to wait for

    def stop(self, stop: Stop[K]) -> Dos[K]:
        """Stop a child that lives; the job in hand goes on when it has ended."""
        self.wait_for(stop.record)
        return (stop,)

    def park(self) -> Steps[K, None]:
        """Let the job in hand go on when the control task is woken."""
        self._parked = True
        yield NOTHING

    def _has_come(self) -> bool:
        record = self.awaited
        assert record is not None
        return record.started_life >= self._life or not record.alive

    def start(self, record: K, *, more: bool = False) -> Steps[K, Exit | None]:
        """Start a child, and wait until it is ready; return how it ended if not.

        Args:
            record: The child.
            more: Whether the job will start another one then, if all goes well: who is
                ready may prepare for that.
        """
        life = record.life + 1
        self.failed = None
        self.wait_for(record, life)
        self.more = more
        yield (Start(record, supervised=True),)
        if self.failed is not None:
            return self.failed
        if record.life < life:  # the supervisor stopped before it could begin
            self.overtaken = True
            return None
        # It may have died and been restarted before this job had its turn.
        if record.started_life >= life or record.alive:
            return None
        return record.last_exit
