"""The node: one Trio program, its roots, its registry, its events."""

from __future__ import annotations

import string
import sys
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVarTuple

import trio
from trio.lowlevel import RunVar

from trio_sup._children.current import current_record, record_of
from trio_sup._children.generators import Generators
from trio_sup._core.events import LifecycleEvent, kind_of
from trio_sup._core.exits import Exit
from trio_sup._core.long_memory import FULL, LongMemory
from trio_sup._core.remains import HeavyExits
from trio_sup._node.crash_log import CrashLog, Telling, is_logged, known_as
from trio_sup._node.levels import Levels, level_of, loudest
from trio_sup._node.stream import EventStream
from trio_sup._registry.made import registries_of
from trio_sup._registry.registry import Registry
from trio_sup._registry.seen import SeenRegistry
from trio_sup._trio.alarms import AlarmClock, alarm_clock
from trio_sup._trio.alone import Alone
from trio_sup._trio.blocks import async_block
from trio_sup._trio.gate import Gate
from trio_sup._trio.home import Home, own_home
from trio_sup._trio.last_resort import report_hook
from trio_sup._trio.protect import call_user

if TYPE_CHECKING:
    from trio_sup._children.record import Record
    from trio_sup._core.long_memory import Entry, Unmade
    from trio_sup._node.attached import AttachedTasks
    from trio_sup._node.inside import Inside
    from trio_sup._node.reloads import Reloads
    from trio_sup.inspect.node.source import ObservedChild

Fields = TypeVarTuple("Fields")


class EventHook(Protocol):
    """What `Node.add_hook` takes: a plain function, called with each event.

    It runs synchronously after the state has changed. If it raises, that is logged
    and reported once as `HookFailed`; nothing else is disturbed. What is fatal
    (`SystemExit`, `KeyboardInterrupt`) ends the tree in order. So it is with the
    handlers and filters of ``logging``, but for the report, which goes to stderr.
    """

    def __call__(self, event: LifecycleEvent, /) -> object:
        """Take one event."""


def _body_of(record: Record) -> Any:
    return record.spec.runs.body(record)


class Node:
    """One Trio program, made on first use; get it with `current_node`."""

    def __init__(self) -> None:
        self.name: str = default_name()
        self.home: Home = own_home("current_node", "node = current_node()")
        """The run itself; not for users."""
        self.registry: Registry = Registry()
        self.generators: Generators = Generators(self)
        """What async generators the children leave behind; not for users."""
        self.alarms: AlarmClock = alarm_clock()
        """The run's alarm clock, at hand; not for users."""
        self.time: Callable[[], float] = trio.lowlevel.current_clock().current_time
        """`trio.current_time`, two frames nearer; not for users."""
        self.gate: Gate = Gate()
        """Where lives pass that end; not for users."""
        self.alone: Alone | None = None
        """For the next who waits for a child alone; not for users."""
        self._roots: dict[int, Record] = {}
        self._attached: AttachedTasks | None = None
        self._uids = 0
        self._memory: LongMemory = LongMemory()
        self._recent: list[Entry] = self._memory.entries
        self.remember: Callable[[Unmade], object] = self.keeping()
        """Takes an event of which nobody is to be told, in a step that `note`s another;
        not for users."""
        # Messages received, handled and dropped in lives that have ended.
        self.past_messages: tuple[int, int, int] = (0, 0, 0)
        # Who is told of every child with a lifecycle change; mostly nobody.
        self.reporting: tuple[Callable[[Record], object], ...] = ()
        self.bodies: Callable[[Record], Any] = _body_of
        """Makes what runs in the lives of a new child; not for users."""
        # With how many failures of that hook there were; only the first is told. In a
        # list, so that it is counted without the hook's own hash. None without hooks.
        self._hooks: dict[EventHook, list[int]] | None = None
        self._telling: Telling = Telling()
        self._loudest: Levels = loudest(self._telling.style.level)
        # Children whose last exit is kept whole although it is heavy.
        self.heavy_exits: HeavyExits[Record] = HeavyExits()
        self.reloads: Reloads | None = None
        """What the tree is from, where that is known; not for users."""

    @property
    def crash_log(self) -> CrashLog:
        """How crashes are logged; may be set to another, from then on."""
        return self._telling.style

    @crash_log.setter
    def crash_log(self, style: CrashLog) -> None:
        self._telling.style = style
        self._loudest = loudest(style.level)

    def next_uid(self) -> int:
        """Return a number that no other child of this node ever had."""
        self._uids += 1
        return self._uids

    def add_root(self, record: Record) -> None:
        """Show a root supervisor to those who look."""
        self._roots[record.uid] = record

    def remove_root(self, record: Record) -> None:
        """A root supervisor has ended."""
        self._roots.pop(record.uid, None)

    def trees(self) -> Sequence[Record]:
        """The root supervisors that run at present."""
        return list(self._roots.values())

    @property
    def attached(self) -> AttachedTasks:
        """The tasks that attached themselves; not for users."""
        if self._attached is None:
            # Imported here, for a light start, and as records need a node first.
            from trio_sup._node.attached import AttachedTasks  # noqa: PLC0415

            self._attached = AttachedTasks(self.next_uid())
        return self._attached

    def roots(self) -> Sequence[ObservedChild]:
        """What those see who look: the root supervisors, and who attached himself."""
        if self._attached is None or not self._attached.tasks:
            return self.trees()
        return [*self.trees(), self._attached]

    def report_changes(self, to: Callable[[Record], object]) -> bool:
        """Call `to` with every child that has a lifecycle change, from now on.

        For the inspector: it must be quick, and must not raise.
        """
        self.reporting += (to,)
        return True

    def report_no_more(self, to: Callable[[Record], object]) -> None:
        """End `report_changes` for this very function."""
        self.reporting = tuple(told for told in self.reporting if told is not to)

    def child_of(self, task: trio.lowlevel.Task) -> tuple[int, str]:
        """Return the number and path of the child that a task belongs to, or 0."""
        record = record_of(task, self)
        return (0, "") if record is None else (record.uid, record.path_text)

    def registries(self) -> Sequence[SeenRegistry]:
        """The registries that this run uses, its own first; for the inspector."""
        return [SeenRegistry(each) for each in registries_of(self.home, self.registry)]

    def present_child(self) -> tuple[int, str]:
        """As `child_of`, for the code that runs here: a child's threads, too."""
        record = current_record.get()
        if record is None or record.node is not self:
            return 0, ""
        return record.uid, record.path_text

    def inside_of(self, record: Record) -> Inside:
        """Return what is told of a child on request only; for the inspector."""
        # Imported here, for a light start: nobody needs it before somebody looks.
        from trio_sup._node.inside import Inside  # noqa: PLC0415

        return Inside(record)

    def recent_events(self) -> Sequence[LifecycleEvent]:
        """The last events, oldest first; at most 1024.

        Raises:
            WrongRun: called from elsewhere while the Trio run goes on.
        """
        self.home.check_if_going("node.recent_events", self.name)
        return self._memory.newest()

    def older_events(self, after: int = 0) -> Sequence[tuple[int, LifecycleEvent]]:
        """What is remembered of each supervisor's troubles before `recent_events`.

        Each event comes with its number in the order of all; for the inspector.
        """
        return self._memory.older(after)

    def let_go(self, exit: Exit, words: Exit) -> None:
        """Remember the event of an end with other words for its exit."""
        self._memory.let_go(exit, words)

    @property
    def events_emitted(self) -> int:
        """How many events there have been since the node began."""
        return self._memory.total

    @property
    def event_counts(self) -> Mapping[str, int]:
        """How many events of each kind there have ever been."""
        return {kind_of(make): count for make, count in self._memory.counts().items()}

    def add_hook(self, hook: EventHook) -> None:
        """Call `hook` with every event from now on.

        Raises:
            WrongRun: called from a thread or from another Trio run.
        """
        self.home.check("node.add_hook", self.name)
        if self._hooks is None:
            self._hooks = {}
        self._hooks[hook] = [0]

    def remove_hook(self, hook: EventHook) -> None:
        """Call it no more; harmless if it was not there.

        Raises:
            WrongRun: called from elsewhere while the Trio run goes on.
        """
        self.home.check_if_going("node.remove_hook", self.name)
        if self._hooks is not None:
            self._hooks.pop(hook, None)
            self._hooks = self._hooks or None

    @async_block
    async def events(self, capacity: int = 1024) -> AsyncGenerator[EventStream]:
        """Open a stream of the events from now on.

        Args:
            capacity: How many events may wait; further ones are dropped and counted
                in `EventStream.dropped`.

        Raises:
            WrongRun: called from a thread or from another Trio run.
        """
        self.home.check("node.events", self.name, waits=True)
        stream = EventStream(capacity, self.home)
        self.add_hook(stream.put)
        try:
            yield stream
        finally:
            self.remove_hook(stream.put)
            stream.close()

    def emit(
        self, make: Callable[[*Fields], LifecycleEvent], fields: tuple[*Fields]
    ) -> None:
        """Remember an event, log it, and tell the hooks. State has changed by now.

        Args:
            make: The class of the event.
            fields: Its fields.
        """
        if self.note(make, fields):
            self.tell(make, fields)

    def note(
        self, make: Callable[[*Fields], LifecycleEvent], fields: tuple[*Fields]
    ) -> bool:
        """Remember an event; return whether somebody is to be told: see `tell`.

        Every start, crash and stop comes here several times, and mostly nobody takes
        the event: so it costs one append, and the record is made for whoever looks.
        """
        if len(self._recent) >= FULL:
            self._memory.fold()
        self.remember((make, fields))
        return self.is_told(make)

    def make_room(self) -> None:
        """Let old events go, before many are only remembered."""
        if len(self._recent) >= FULL:
            self._memory.fold()

    def keeping(self) -> Callable[[Unmade], object]:
        """Return what keeps an event: pytest's plugin listens here."""
        return self._recent.append

    def is_told(self, make: Callable[..., LifecycleEvent]) -> bool:
        """Whether anybody is to be told of events of this class."""
        if self._hooks is not None:
            return True
        level = self._loudest[make]
        return known_as(level) is not False and is_logged(level)

    def tell(
        self, make: Callable[[*Fields], LifecycleEvent], fields: tuple[*Fields]
    ) -> None:
        """Log an event that was noted just now, and tell the hooks."""
        event = make(*fields)
        self._recent[-1] = event  # they are told of the very object that stays
        level = level_of(event, self._telling.style.level)
        if is_logged(level):
            self._telling.write(event, level)
        if self._hooks is not None:
            self._call_hooks(event, list(self._hooks.items()))

    def _call_hooks(
        self, event: LifecycleEvent, hooks: list[tuple[EventHook, list[int]]]
    ) -> None:
        for hook, failures in hooks:
            try:
                call_user(hook, event)
            except Exception as error:  # noqa: BLE001 - reported
                failures[0] += 1
                if failures[0] == 1:
                    report_hook("event hook", hook, error)


_node: RunVar[Node] = RunVar("trio_sup node")


def current_node() -> Node:
    """Return the node of the present Trio run; made when first asked for.

    Raises:
        WrongRun: outside of `trio.run`; a `RuntimeError`.
    """
    return node_for("current_node", "node = current_node()")


def node_for(call: str, line: str) -> Node:
    """Return the present node, for what users call by another name.

    Args:
        call: What they called.
        line: How that is written where it works.

    Raises:
        WrongRun: outside of `trio.run`.
    """
    try:
        return _node.get()
    except LookupError:
        node = Node()
        _node.set(node)
        return node
    except RuntimeError:
        own_home(call, line)
        raise


def default_name() -> str:
    """Derive a node's name from how the program was started."""
    main = sys.modules.get("__main__")
    spec = getattr(main, "__spec__", None)
    if spec is not None and spec.name:
        name = str(spec.name).removesuffix(".__main__")
    else:
        name = Path(sys.argv[0] if sys.argv else "node").stem
    allowed = string.ascii_letters + string.digits + "._-"
    clean = "".join(c if c in allowed else "-" for c in name)
    return clean.strip("-.")[:32] or "node"
