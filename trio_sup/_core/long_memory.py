"""What a node remembers: its newest events, and each supervisor's last troubles. Pure.

One child that crashes a hundred times a second pushes everything else out of the
newest events within seconds. What tells of a trouble is therefore kept for each
supervisor apart before it goes; what tells of none, a child that starts and ends in
order, is let go. This is done for many events at once, so that to emit one stays
cheap: an entry is the class of an event and its fields, and no event is made here.
"""

from __future__ import annotations

from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Callable, Mapping
from operator import attrgetter, itemgetter
from typing import TYPE_CHECKING, Any, Final, TypeAlias, cast

import attrs

from trio_sup._core import events
from trio_sup._core.events import LifecycleEvent

if TYPE_CHECKING:
    from trio_sup._core.exits import Exit

Unmade: TypeAlias = tuple[Callable[..., LifecycleEvent], tuple[Any, ...]]
"""The class of an event and its fields."""
Entry: TypeAlias = LifecycleEvent | Unmade

NEWEST: Final = 1024
"""The events that are remembered whatever they tell."""
TOGETHER: Final = 512
"""So many more are there before the oldest of them are sorted out."""
EACH: Final = 48
"""Events of one supervisor that are kept beyond that."""
SUPERVISORS: Final = 64
"""The supervisors of which any are: those with the latest troubles."""
FULL: Final = NEWEST + TOGETHER

_TROUBLES: Final[frozenset[Any]] = frozenset(
    {
        events.ChildCrashed,
        events.ChildStartFailed,
        events.ChildQuarantined,
        events.ChildGivenUp,
        events.ChildStuck,
        events.RestartDecided,
        events.SupervisorGaveUp,
        events.SupervisorAutoShutdown,
        events.OperatorAction,
    }
)
# These tell of one sometimes.
_STARTED: Final = events.ChildStarted
_STOPPING: Final = events.ChildStopping
_STOPPED: Final = events.ChildStopped
_REMOVED: Final = events.ChildRemoved
_TELLING: Final = _TROUBLES | {_STARTED, _STOPPING, _STOPPED, _REMOVED}
_OF_ITS_OWN: Final[frozenset[Any]] = frozenset(
    {events.SupervisorGaveUp, events.SupervisorAutoShutdown}
)
"""Events that a supervisor tells of its own children."""
TELLS_AN_END: Final = (
    events.ChildCrashed,
    events.ChildStartFailed,
    events.ChildStopped,
)


class LongMemory:
    """The events of one node, in the order of their numbers, from 1 on."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        """The newest: whoever appends calls `fold` when there are `FULL`."""
        self.folded: int = 0
        """How many there were before these."""
        self._counts: defaultdict[Callable[..., LifecycleEvent], int]
        self._counts = defaultdict(int)
        # How many of `entries` are in the counts already.
        self._counted = 0
        self._kept: OrderedDict[str, deque[tuple[int, Entry]]] = OrderedDict()

    @property
    def total(self) -> int:
        """How many there have ever been."""
        return self.folded + len(self.entries)

    def counts(self) -> Mapping[Callable[..., LifecycleEvent], int]:
        """How many of each class there have ever been."""
        counts, entries = self._counts, self.entries
        new = entries[self._counted :]
        unmade = [entry for entry in new if isinstance(entry, tuple)]
        for make, times in Counter(map(itemgetter(0), unmade)).items():
            counts[make] += times
        if len(unmade) < len(new):
            for entry in new:
                if not isinstance(entry, tuple):
                    counts[type(entry)] += 1
        self._counted = len(entries)
        return counts

    def newest(self) -> list[LifecycleEvent]:
        """The last events, oldest first, at most `NEWEST`; made now if need be."""
        entries = self.entries
        start = max(0, len(entries) - NEWEST)
        made = [_made(entry) for entry in entries[start:]]
        entries[start:] = made
        return made

    def older(self, after: int = 0) -> list[tuple[int, LifecycleEvent]]:
        """What is known besides `newest`, with its numbers, oldest first.

        Args:
            after: Only those with a higher number.
        """
        found = [each for kept in self._kept.values() for each in kept]
        spare = len(self.entries) - NEWEST
        if spare > 0:
            found += enumerate(self.entries[:spare], self.folded + 1)
        found = [each for each in found if each[0] > after]
        found.sort(key=lambda each: each[0])
        return [(n, _made(entry)) for n, entry in found]

    def fold(self) -> None:
        """Let the oldest entries go, but for what tells of troubles."""
        self.counts()
        entries = self.entries
        going = entries[: len(entries) - NEWEST]
        first = self.folded + 1
        del entries[: len(going)]
        self.folded += len(going)
        self._counted = len(entries)
        kept: dict[str, list[tuple[int, Entry]]] = {}
        full = ""
        for at in reversed(_telling(going)):
            entry = going[at]
            # Quick for whoever fills all this: he has what is kept of him already.
            path: str = entry[1][1] if isinstance(entry, tuple) else entry.path
            if path == full:
                continue
            make = entry[0] if isinstance(entry, tuple) else type(entry)
            group = path if make in _OF_ITS_OWN else path.rpartition("/")[0]
            found = kept.setdefault(group, [])
            found.append((first + at, entry))
            if len(found) >= EACH:
                full = path
        for group, newest in reversed(kept.items()):
            self._keep(group, newest[EACH - 1 :: -1])

    def _keep(self, group: str, found: list[tuple[int, Entry]]) -> None:
        kept = self._kept.get(group)
        if kept is None:
            kept = self._kept[group] = deque(maxlen=EACH)
            if len(self._kept) > SUPERVISORS:
                self._kept.popitem(last=False)
        self._kept.move_to_end(group)
        kept.extend(found)

    def let_go(self, exit: Exit, words: Exit) -> None:
        """Remember the event of an end with other words for its exit."""
        if _replace(self.entries, exit, words):
            return
        for group, kept in self._kept.items():
            entries = [entry for _, entry in kept]
            if _replace(entries, exit, words):
                numbers = [n for n, _ in kept]
                self._kept[group] = deque(zip(numbers, entries, strict=True), EACH)
                return


def _made(entry: Entry) -> LifecycleEvent:
    return entry[0](*entry[1]) if isinstance(entry, tuple) else entry


def _fields(entry: Entry) -> Unmade:
    """The class and the fields of an event that may be made already."""
    if isinstance(entry, tuple):
        return entry
    make = type(entry)
    # Whoever looks has events made. `attrs.astuple` looks up the names each time.
    pick = _picks.get(make)
    if pick is None:
        pick = _picks[make] = attrgetter(*(each.name for each in attrs.fields(make)))
    return make, pick(entry)


_picks: Final[dict[type[LifecycleEvent], Callable[[Any], tuple[Any, ...]]]] = {}


def _telling(entries: list[Entry]) -> list[int]:
    """The places of those that tell of a trouble, or what became of one.

    Looked for in one go, without a call for each, as every event comes here once.
    """
    parts: list[Unmade]
    if set(map(type, entries)) == {tuple}:
        parts = cast("list[Unmade]", entries)
    else:
        parts = list(map(_fields, entries))
    return [
        at
        for at, (make, fields) in enumerate(parts)
        if make in _TELLING
        and (make is not _STOPPED or fields[-1] is False)  # it ended by itself
        and (make is not _REMOVED or _crashed_before(parts, at))
        and (make is not _STARTED or fields[2] > 1)  # a later life
        and (make is not _STOPPING or _is_after(fields[-1]))
    ]


def _is_after(reason: object) -> bool:
    """Whether somebody is stopped because of another's trouble."""
    return isinstance(reason, str) and " after " in reason


def _crashed_before(entries: list[Unmade], at: int) -> bool:
    """Whether a child crashed, and that was its last life."""
    before, fields = entries[at - 1]
    return before is events.ChildCrashed and at > 0 and fields[1] == entries[at][1][1]


def _replace(entries: list[Entry], exit: Exit, words: Exit) -> bool:
    for place in range(len(entries) - 1, -1, -1):
        entry = entries[place]
        if isinstance(entry, tuple):
            make, fields = entry
            if any(field is exit for field in fields):
                new = (words if field is exit else field for field in fields)
                entries[place] = (make, tuple(new))
                return True
        elif isinstance(entry, TELLS_AN_END) and entry.exit is exit:
            entries[place] = attrs.evolve(entry, exit=words)
            return True
    return False
