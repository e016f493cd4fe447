"""What the program writes to its log: seen only while somebody follows.

Not by a handler: one of ours on the root logger would silence `logging.lastResort`,
and make the program's own `basicConfig` do nothing. While somebody follows, the step
of `logging` that every record takes on its way to the handlers is another.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from itertools import count
from typing import TYPE_CHECKING, Any, Final

from attrs import frozen

from trio_sup._core.exits import describe_error
from trio_sup.inspect.node.bounds import MAX_ERROR, MAX_NAME, MAX_PATH, clip
from trio_sup.inspect.node.places import short_file
from trio_sup.inspect.node.shares import Plain
from trio_sup.inspect.protocol.codec import encode
from trio_sup.inspect.protocol.wire_logs import LogLine, Logs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from trio_sup.inspect.node.detail_parts import Insides
    from trio_sup.inspect.node.shares import Share
    from trio_sup.inspect.protocol.wire_details import Follow

    Step = Callable[[logging.Logger, logging.LogRecord], None]

KEPT: Final = 1000
"""Records that are kept while somebody follows."""
LINES_PER_FRAME: Final = 200
MAX_LINE: Final = 500
"""Characters of a record's text."""
SEEN: Final = 4 * MAX_LINE
"""Characters that are looked at."""


@frozen
class _Taken:
    """A record as it was written, in whichever thread."""

    n: int
    record: logging.LogRecord
    child: int
    path: str
    text: str
    error: str


class LogTap:
    """Sees each record that a logger lets pass, from `open` to `close`.

    Args:
        present: The child whose code runs here, and its path; 0 for none. Called in
            any thread.
    """

    def __init__(self, present: Callable[[], tuple[int, str]]) -> None:
        self.level: int = 0
        """Records below it are passed over."""
        self._present = present
        self._on = False
        self._numbers = count(1)
        # Filled in any thread, emptied in the loop's: each step of it is atomic.
        self._fresh: deque[_Taken] = deque(maxlen=KEPT)
        self._steps: tuple[Step, Step] | None = None

    def open(self) -> None:
        """See what is written from now on. Idempotent."""
        self._on = True
        if self._steps is None:
            before: Step = logging.Logger.callHandlers

            def call_handlers(
                logger: logging.Logger, record: logging.LogRecord
            ) -> None:
                if self._on:
                    self._take(record)
                before(logger, record)

            self._steps = before, call_handlers
            _set_step(call_handlers)

    def close(self) -> None:
        """See nothing, and be gone. Idempotent."""
        self._on = False
        self._fresh.clear()
        # Where somebody put a step of his own over ours, ours stays, and does nothing.
        if self._steps is not None and logging.Logger.callHandlers is self._steps[1]:
            _set_step(self._steps[0])
            self._steps = None

    def _take(self, record: logging.LogRecord) -> None:
        try:
            if record.levelno < self.level:
                return
            child, path = self._present()
            event = getattr(record, "trio_sup_event", None)
            if event is not None:
                child, path = 0, str(event.path_text)
            # The text of an event tells how the child ended.
            raised = record.exc_info[1] if record.exc_info and not event else None
            error = "" if raised is None else describe_error(raised, MAX_ERROR)
            text = _message(record)[:SEEN]
            taken = _Taken(next(self._numbers), record, child, path, text, error)
        except Exception:  # noqa: BLE001 - a record made by hand: nobody is hurt
            return
        self._fresh.append(taken)

    def drain(self, shown: Callable[[str, int], str], now: float) -> Iterator[LogLine]:
        """What was written since the last time, oldest first.

        Args:
            shown: What may be seen of a text, of at most so many characters.
            now: The node's clock.
        """
        ahead = now - time.time()
        while self._fresh:
            try:
                line = _line(self._fresh.popleft(), shown, ahead)
            except Exception:  # noqa: BLE001, S112 - a record made by hand
                continue
            yield line


def _line(taken: _Taken, shown: Callable[[str, int], str], ahead: float) -> LogLine:
    record = taken.record
    file = short_file(str(record.pathname))
    own = record.thread == threading.get_ident()
    return LogLine(
        taken.n,
        round(float(record.created) + ahead, 6),
        max(0, int(record.levelno)),
        clip(str(record.name), MAX_NAME),
        taken.child,
        clip(taken.path, MAX_PATH),
        shown(taken.text, MAX_LINE),
        shown(taken.error, MAX_ERROR),
        clip(f"{file}:{record.lineno} in {record.funcName}", MAX_PATH),
        "" if own else clip(str(record.threadName), MAX_NAME),
    )


def _set_step(step: Step) -> None:
    owner: Any = logging.Logger
    owner.callHandlers = step


def _message(record: logging.LogRecord) -> str:
    """The words of a record; as any handler does, this runs its arguments' code."""
    try:
        return str(record.getMessage())
    except Exception as error:  # noqa: BLE001 - the program's own
        return f"<the message could not be made: {type(error).__name__}>"


class LogTopic:
    """The newest records, for all who follow.

    Args:
        present: As for `LogTap`.
        insides: Knows what may be seen of a text.
    """

    pace: float = 0.0

    def __init__(
        self, present: Callable[[], tuple[int, str]], insides: Insides
    ) -> None:
        self._tap = LogTap(present)
        self._insides = insides
        self.ring: deque[LogLine] = deque(maxlen=KEPT)
        self.shares: set[LogShare] = set()
        self.looks: int = 0
        """How often was looked, with the shares that there were then."""

    @property
    def hidden(self) -> bool:
        """Whether this node shows no texts."""
        return not self._insides.contents

    def look(self, now: float) -> Iterator[None]:
        """Take over what was written."""
        self._tap.level = min((share.level for share in self.shares), default=0)
        self._tap.open()
        self.looks += 1
        for done, line in enumerate(self._tap.drain(self._insides.logged, now), 1):
            self.ring.append(line)
            if done % LINES_PER_FRAME == 0:
                yield

    def end(self) -> None:
        """Nobody follows: see nothing, keep nothing."""
        self._tap.close()
        self.ring.clear()

    def share(self) -> Share:
        """What is kept, then what comes."""
        share = LogShare(self)
        self.shares.add(share)
        return share


class LogShare(Plain):
    """How far one client has read."""

    def __init__(self, topic: LogTopic) -> None:
        self.level: int = 0
        self._topic = topic
        # The number that comes next; None before the first.
        self._next: int | None = None
        # A client is greeted as soon as what it asked for is seen.
        self._greeted = False
        self._asked = topic.looks

    def wish(self, follow: Follow) -> bool:
        """From which level on."""
        before, self.level = self.level, follow.level
        if before == follow.level:
            return False
        self._asked, self._greeted = self._topic.looks, False
        return True

    def close(self) -> None:
        """The client follows no more."""
        self._topic.shares.discard(self)

    def frames(self, now: float) -> Iterator[bytes]:
        """What was written since the client was told last."""
        if self._topic.looks == self._asked:
            return
        lines, missed = self._new()
        if not lines and not missed and self._greeted:
            return
        self._greeted = True
        passes = logging.getLogger().getEffectiveLevel()
        hidden = self._topic.hidden
        while True:
            piece, lines = lines[:LINES_PER_FRAME], lines[LINES_PER_FRAME:]
            yield encode(Logs(now, piece, missed, passes, hidden))
            missed = 0
            if not lines:
                return

    def _new(self) -> tuple[list[LogLine], int]:
        new: list[LogLine] = []
        missed = 0
        for line in self._topic.ring:
            if self._next is not None:
                if line.n < self._next:
                    continue
                missed += line.n - self._next
            self._next = line.n + 1
            if line.level >= self.level:
                new.append(line)
        return new, missed
