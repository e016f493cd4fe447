"""What a client holds of the topics that it follows, and of children's insides. Pure."""

from __future__ import annotations

from collections import deque
from itertools import islice
from typing import TYPE_CHECKING, Final, Generic, TypeAlias, TypeVar

import attrs

from trio_sup.inspect.protocol.wire import Detail
from trio_sup.inspect.protocol.wire_details import (
    Busy,
    Holds,
    Metrics,
    NodeInfo,
    Tasks,
    Waits,
)
from trio_sup.inspect.protocol.wire_logs import LogLine, Logs
from trio_sup.inspect.protocol.wire_profile import Profile
from trio_sup.inspect.protocol.wire_registry import Names
from trio_sup.inspect.protocol.wire_trace import Trace, TraceStep

if TYPE_CHECKING:
    from collections.abc import Iterable

    from trio_sup.inspect.protocol.wire_details import Held, TaskRow

T = TypeVar("T")

TopicMessage: TypeAlias = (
    Tasks | Busy | Waits | NodeInfo | Holds | Logs | Names | Trace | Profile | Metrics
)
"""What topics say, and what is asked for once."""

MAX_TASKS: Final = 50_000
"""How many tasks and nurseries a client holds; a node shows at most 20,000."""
HELD_KEPT: Final = 200
"""How many long steps a client remembers."""
MAX_PROFILE: Final = 50_000
"""How many functions, and how many stacks, of a profile a client holds."""
LINES_KEPT: Final = 2_000
"""How many lines of a log a client remembers."""
MAX_METRICS: Final = 16_000_000
"""The characters of all metrics."""


class TooMuch(Exception):
    """The node says more than a client holds: give it up. `str` is one line."""


class Tail(Generic[T]):
    """The newest of what comes one after the other.

    Args:
        kept: How many are kept.
    """

    def __init__(self, kept: int) -> None:
        self.lines: deque[T] = deque(maxlen=kept)
        """Oldest first."""
        self.count: int = 0
        """How many there have ever been."""
        self.missed: int = 0
        """How many the node could not tell, at least."""

    def add(self, lines: Iterable[T], missed: int) -> None:
        """Take what came."""
        for line in lines:
            self.lines.append(line)
            self.count += 1
        self.missed += missed

    def since(self, count: int) -> list[T]:
        """Those that came after there were so many, as far as they are kept."""
        new = min(self.count - count, len(self.lines))
        return list(islice(self.lines, len(self.lines) - new, None))


class TopicStore:
    """The newest answer for each topic."""

    def __init__(self) -> None:
        self.tasks: dict[int, TaskRow] = {}
        """The task tree by serial number; parents stand before their children
        unless one came later."""
        self.tasks_whole: bool = False
        """Whether a look at the tasks has come completely."""
        self.tasks_truncated: int = 0
        """How many further tasks the program has."""
        self.busy: Busy | None = None
        """Who kept the loop busy, in the newest window."""
        self.held: deque[Held] = deque(maxlen=HELD_KEPT)
        """Steps that let nobody else run, oldest first."""
        self.waits: Waits | None = None
        """Who waits for whom."""
        self.info: NodeInfo | None = None
        """The node as a whole."""
        self.holds: Holds | None = None
        """What held the loop: the worst of the last hour."""
        self.registry: Names | None = None
        """What its registries hold: the page that was asked for."""
        self.trace: Trace | None = None
        """What the node said last of the servers that it looks at."""
        self.steps: Tail[TraceStep] = Tail(LINES_KEPT)
        """Their steps since they are followed."""
        self.logs: Logs | None = None
        """What the node said last of its log."""
        self.log: Tail[LogLine] = Tail(LINES_KEPT)
        """The records of its log since it is followed."""
        self.profile: Profile | None = None
        """Where the time went, once it was asked for and has come."""
        self._profile_begun: Profile | None = None
        self.metrics: str | None = None
        """All metrics, once they were asked for and have come."""
        self._metrics_begun = ""

    def clear(self) -> None:
        """Another node began under the same session."""
        self.tasks = {}
        self.tasks_whole = False
        self.tasks_truncated = 0
        self.busy = self.waits = self.info = self.metrics = self.holds = None
        self.logs, self.log = None, Tail(LINES_KEPT)
        self.registry = None
        self.trace, self.steps = None, Tail(LINES_KEPT)
        self._metrics_begun = ""
        self.profile = self._profile_begun = None
        self.held.clear()

    def forget(self, topic: str) -> None:
        """A topic is not followed any more, or asked for anew."""
        if topic == "tasks":
            self.tasks = {}
            self.tasks_whole = False
        elif topic == "busy":
            self.busy = None
        elif topic == "waits":
            self.waits = None
        elif topic == "registry":
            self.registry = None
        elif topic == "trace":
            self.trace, self.steps = None, Tail(LINES_KEPT)
        elif topic == "logs":
            self.logs, self.log = None, Tail(LINES_KEPT)
        elif topic == "metrics":
            self.metrics = None
        elif topic == "profile":
            self.profile = self._profile_begun = None

    def take(self, message: TopicMessage) -> str:
        """Keep what a topic says.

        Returns:
            The topic; nothing while the rest of what it says is to come.

        Raises:
            TooMuch: it is more than a client holds.
        """
        match message:
            case Tasks():
                self.add_tasks(message)
                return "tasks"
            case Busy():
                self.add_busy(message)
                return "busy"
            case Waits():
                self.waits = message
                return "waits"
            case NodeInfo():
                self.info = message
                return "node"
            case Holds():
                self.holds = message
                return "holds"
            case Logs():
                self.logs = message
                self.log.add(message.lines, message.missed)
                return "logs"
            case Names():
                self.registry = message
                return "registry"
            case Trace():
                self.trace = message
                self.steps.add(message.steps, message.missed)
                return "trace"
            case Profile():
                return "profile" if self.add_profile(message) else ""
            case Metrics():
                return "metrics" if self.add_metrics(message) else ""

    def add_tasks(self, message: Tasks) -> None:
        """Apply a frame of the task tree; tasks beyond `MAX_TASKS` are counted."""
        if message.reset:
            self.tasks = {}
            self.tasks_whole = False
        for number in message.gone:
            self.tasks.pop(number, None)
        beyond = 0
        for row in message.up:
            if len(self.tasks) < MAX_TASKS or row.id in self.tasks:
                self.tasks[row.id] = row
            else:
                beyond += 1
        if not message.more:
            self.tasks_whole = True
            self.tasks_truncated = message.truncated + beyond

    def add_busy(self, message: Busy) -> None:
        """Keep a window, and the long steps in it."""
        self.busy = message
        self.held.extend(message.held)

    def add_profile(self, message: Profile) -> bool:
        """Collect a profile; whether it is whole.

        Raises:
            TooMuch: it is more than a client holds.
        """
        begun = self._profile_begun
        if begun is not None:
            frames = [*begun.frames, *message.frames]
            stacks = [*begun.stacks, *message.stacks]
            message = attrs.evolve(message, frames=frames, stacks=stacks)
        if len(message.frames) > MAX_PROFILE or len(message.stacks) > MAX_PROFILE:
            raise TooMuch(f"its profile has over {MAX_PROFILE} entries")
        self._profile_begun = message if message.more else None
        if not message.more:
            self.profile = message
        return not message.more

    def add_metrics(self, message: Metrics) -> bool:
        """Collect the metrics; whether they are whole.

        Raises:
            TooMuch: they are more than a client holds.
        """
        self._metrics_begun += message.text
        if len(self._metrics_begun) > MAX_METRICS:
            raise TooMuch(f"its metrics have over {MAX_METRICS} characters")
        if message.more:
            return False
        self.metrics, self._metrics_begun = self._metrics_begun, ""
        return True


def merged(old: Detail | None, new: Detail) -> Detail:
    """`new`, with those parts of `old` that it does not speak of."""
    if new.row is None:
        return new
    if old is None:
        old = Detail(new.id, new.at, new.row)
    if new.parts and "overview" not in new.parts:
        new = attrs.evolve(new, traceback=old.traceback, clipped=old.clipped)
        new = attrs.evolve(new, held=old.held)
    return _with_parts(new, old)


def _with_parts(new: Detail, old: Detail) -> Detail:
    # Not on the wire if empty: whether a part is new, `parts` tells.
    fresh = new.parts
    return attrs.evolve(
        new,
        parts=list(dict.fromkeys([*old.parts, *fresh])),
        mailbox=new.mailbox if "mailbox" in fresh else old.mailbox,
        state=new.state if "state" in fresh else old.state,
        stack=(new.stack or []) if "stack" in fresh else old.stack,
        history=(new.history or []) if "history" in fresh else old.history,
        facts=(new.facts or []) if "facts" in fresh else old.facts,
        links=(new.links or []) if "links" in fresh else old.links,
        times=new.times if "times" in fresh else old.times,
    )
