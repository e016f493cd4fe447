"""What a process does with its processor time: looked at a thousand times a second of it.

A sample counts for the innermost function of Python's; what that calls in C counts for
it, too.
"""

from __future__ import annotations

import signal
from collections import Counter
from types import FrameType
from typing import Final

PARTS: Final = (
    ("/cluster/_rules/frames.py", "messages to bytes and back"),
    ("/cluster/_nodes/values.py", "arguments and answers by their types"),
    ("/cattrs/", "arguments and answers by their types"),
    ("/cluster/_backends/", "commands to Redis and what it says"),
    ("/cluster/", "who is asked, who waits, what is counted"),
    ("/_trio/alarms.py", "time limits"),
    ("/trio_sup/_trio/", "Trio: tasks that wait and go on"),
    ("/trio_sup/", "operations and servers, as on one node"),
    ("/trio/_socket.py", "sending and receiving, with the kernel's part"),
    ("/trio/_highlevel_socket.py", "sending and receiving, with the kernel's part"),
    ("/trio/_core/_io_epoll.py", "sending and receiving, with the kernel's part"),
    ("/trio/", "Trio: tasks that wait and go on"),
    ("/outcome/", "Trio: tasks that wait and go on"),
    ("/bench/", "the benchmark's own"),
    ("<", "making calls, requests and messages"),
    ("/collections/", "making calls, requests and messages"),
)
"""What stands in the name of a file, and what that file does."""


class Samples:
    """Begins to look when it is made."""

    def __init__(self) -> None:
        self._seen: Counter[str] = Counter()
        self._before = signal.signal(signal.SIGPROF, self._look)
        signal.setitimer(signal.ITIMER_PROF, 0.001, 0.001)

    def _look(self, _: int, frame: FrameType | None) -> None:
        file = "" if frame is None else frame.f_code.co_filename
        part = (what for name, what in PARTS if name in file)
        self._seen[next(part, "all else")] += 1

    def end(self) -> dict[str, float]:
        """Look no more; return which part of the time each part took."""
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, self._before)
        total = max(1, self._seen.total())
        return {part: seen / total for part, seen in self._seen.most_common()}
