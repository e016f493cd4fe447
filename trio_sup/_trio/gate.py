"""Where lives that end in great numbers at once wait for their turn.

Trio runs all tasks that are ready before it looks at anything else: a thousand ends in
one step, each with its decision, its events and perhaps a restart, would be a thousand
times as long a step. So from a certain number on they queue up here, and some at a time
go on. Nobody is overtaken: the order in which the lives ended is the order in which
they are decided about, whatever order Trio runs the tasks in.

A life that waits here counts as one whose code has not returned yet.
"""

from __future__ import annotations

from collections import deque
from itertools import islice

import trio
from trio.lowlevel import (
    Abort,
    Task,
    cancel_shielded_checkpoint,
    current_task,
    reschedule,
    wait_task_rescheduled,
)

from trio_sup._trio.protect import protected
from trio_sup._trio.wake import WAKE

LOOK = 128
"""After how many ends it is looked whether they came at once."""

CROWD = 400
"""How many may end at once before the others have to wait. More than are asked to
stop at a time, see `trio_sup._supervisors.dynamic`."""

TURN = 64
"""How many of them go on at a time."""


def _wait_on(_: object) -> Abort:
    return Abort.FAILED


@protected
class Gate:
    """Lets lives end, one after the other."""

    __slots__ = ("_awake", "_line", "_open", "passed")

    def __init__(self) -> None:
        # How many ends came since it was last looked; who ends counts himself.
        self.passed: int = 0
        # The tasks that wait, in the order in which they came.
        self._line: deque[Task] = deque()
        # How many of them were woken and did not run yet.
        self._awake = 0
        # False while `_usher` runs, or is about to.
        self._open = True

    def is_crowded(self) -> bool:
        """Whether an end has to `wait`; asked from `LOOK` on. No checkpoint."""
        if self._open:
            self._open = False
            trio.lowlevel.spawn_system_task(self._usher, name="trio_sup gate")
        return self.passed > CROWD or bool(self._line)

    async def wait(self) -> None:
        """Wait for the turn of the present task, come what may."""
        task, line = current_task(), self._line
        line.append(task)
        while True:
            await wait_task_rescheduled(_wait_on)
            self._awake -= 1
            if line[0] is task:  # else it was run before one that came before it
                line.popleft()
                return

    async def _usher(self) -> None:
        """Count anew, as this is another step; and let in those who wait."""
        try:
            while self._line:
                for task in list(islice(self._line, TURN)):
                    self._awake += 1
                    reschedule(task, WAKE)
                while self._awake:
                    await cancel_shielded_checkpoint()
        finally:
            self._open = True
            self.passed = 0
