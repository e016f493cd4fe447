"""An ordered list of children: one job at a time, in start order.

Requests, ends that must wait their turn, and retries stand in one line. Under
one_for_one an end that nothing else concerns is decided at once, without a trip through
the line.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from typing import Any, Literal, Protocol

from trio_sup._core.anatomy import is_a
from trio_sup._core.exits import Exit, Ignore
from trio_sup._core.plan.doing import (
    NOTHING,
    RING,
    Do,
    Dos,
    K,
    KeepNames,
    MoveNames,
    Refuse,
    Refused,
    Request,
    Settle,
    Start,
    StartFailure,
    Steps,
    Wake,
)
from trio_sup._core.plan.groups import Groups
from trio_sup._core.plan.supervision import LETS_START, Plan
from trio_sup._core.specs import ChildSpec, Flags, lists_children
from trio_sup._core.state import ChildState
from trio_sup._core.strategy import SupervisorCore
from trio_sup._core.tables import place
from trio_sup._core.words import NAME_LOST


class Unfinished(Protocol[K]):
    """A change of the list that is in hand: `trio_sup._core.plan.change.Change`."""

    def undo(self) -> Dos[K]:
        """Put the former list in force again; nobody who is new lives any more."""
        ...


class StaticPlan(Plan[K]):
    """What a static supervisor decides; `requests` has what may be asked of it."""

    __slots__ = ("_listed", "change", "groups", "keeps_names", "kept", "originals")

    def __init__(
        self,
        own: ChildState,
        flags: Flags,
        make: Callable[[ChildSpec[Any], Hashable], K],
        draw: Callable[[], float],
    ) -> None:
        super().__init__(own, flags, make, draw)
        # The records of the initial list by their place in it, kept over lives so that
        # handles are. By place, for an id may change its hash.
        self.originals: dict[int, K] = {}
        # The same, for whoever asks about a child.
        self._listed: set[K] = set()
        self.groups: Groups[K] = Groups(self)
        # The change of the list that is in hand, and not finished.
        self.change: Unfinished[K] | None = None
        # Whether the names of its children stay reserved while it is down: it comes
        # back in a change that its own supervisor has in hand.
        self.keeps_names: bool = False
        # Of which supervisors below that is so, for a change of this one.
        self.kept: Sequence[K] = ()

    def _new_core(self, draw: Callable[[], float]) -> SupervisorCore[K]:
        return SupervisorCore(self.flags, dynamic=False, draw=draw)

    # The life of the supervisor.

    def begin(self) -> None:
        """A life of the supervisor begins: its list is about to be started."""
        super().begin()
        self.groups = Groups(self)
        for number, spec in enumerate(self.flags.children):
            record = self.originals.get(number)
            if record is None or record.status == "gone":
                id = spec.default_id if spec.id is None else spec.id
                record = self.list_child(number, self.make(spec, id))
            record.enter("listed")
            place(self.core.records, record.id, record)

    def list_child(self, number: int, record: K) -> K:
        """Note a record of the initial list."""
        former = self.originals.get(number)
        if former is not None:
            self._listed.discard(former)
        self.originals[number] = record
        self._listed.add(record)
        return record

    def relist(self, listed: Mapping[int, K]) -> None:
        """Note the records of another list."""
        self.originals = dict(listed)
        self._listed = set(listed.values())

    def is_original(self, record: K) -> bool:
        """Whether it comes back when this supervisor is restarted."""
        return record in self._listed and record.spec.restart != "temporary"

    def _start_children(self) -> Steps[K, None]:
        records = list(self.core.records.values())
        for number, record in enumerate(records, 1):
            if self.mode != "starting":
                return
            ended = yield from self.line.start(record, more=number < len(records))
            if self.mode != "starting":
                return
            if ended is None:
                continue
            if is_a(ended.error, Ignore):
                self.core.on_ignored_restart(record)
                yield (Settle(record),)
                continue
            record.enter("rests")
            self.outcome = Exit("shutdown", "a child failed to start")
            why = f"child {record.label!r} failed to start"
            yield (StartFailure(record, ended), *self.stop(why))
            return

    def _stop_children(self) -> Steps[K, None]:
        for record in reversed(list(self.core.records.values())):
            yield from self.stop_child(record, self.stop_reason)

    def _end(self) -> Iterator[Do[K]]:
        self.groups = Groups(self)
        if self.change is not None:
            yield from self.change.undo()  # the stop overtook it
        yield from self.free_kept()
        keeps = self.keeps_names
        for record in list(self.core.records.values()):
            record.ticket += 1
            record.attempt = record.pending = 0
            record.held = False
            if record.budget_window is not None:
                record.budget_window.clear()  # as the limit of all is: a new life of it
            if self.is_original(record):
                record.enter("rests")
                record.comes_back = True
                yield Settle(record)
                if keeps:
                    yield MoveNames((), (record,))  # it has it again, in this very step
            else:
                if keeps:
                    yield from self._hand_name_on(record)
                yield from self.drop(record)

    # Names that nobody else may take meanwhile.

    def _hand_name_on(self, record: K) -> Dos[K]:
        """Let a temporary child's name be its successor's, of the next life."""
        for number, listed in self.originals.items():
            if listed is record:
                after = self.list_child(number, self.make(record.spec, record.id))
                return (MoveNames(((record, record.spec.name),), (after,)),)
        return NOTHING

    def keep_names(self, *, keep: bool) -> Dos[K]:
        """Let the names below stay reserved while it is down, or no more."""
        self.keeps_names = keep
        listed = [r for r in self.originals.values() if r.status != "gone"]
        dos: list[Do[K]] = [
            KeepNames(record, keep) for record in listed if lists_children(record.spec)
        ]
        if not keep and self.mode == "down":
            free = ((r, r.spec.name) for r in listed if r.spec.name is not None)
            dos.append(MoveNames(tuple(free), ()))
        return dos

    def free_kept(self) -> Dos[K]:
        """Let no supervisor below keep names any more: what is down has none."""
        kept, self.kept = self.kept, ()
        return [KeepNames(record, keep=False) for record in kept]

    # What stands in line.

    def ask(self, request: Request[K]) -> Dos[K]:
        """Put a request in line.

        Raises:
            Refused: the supervisor is going down.
        """
        if self.mode not in ("running", "starting"):
            raise Refused("stopping")
        if request.record is not None:
            request.record.pending += 1
        self.line.queue.append(request)
        return RING

    def _refuse_line(self) -> Dos[K]:
        stopping = Refused("stopping")
        return [Refuse(request, stopping) for request in self.line.clear()]

    def _in_line(self, steps: Steps[K, None]) -> Dos[K]:
        self.line.add(steps)
        return RING

    # The ends of children.

    def rests(self, record: K) -> Literal["stopped", "gone"] | None:
        """As of any supervisor: who asked for the end goes on from here."""
        self.living -= 1
        record.ready = False
        record.enter("rests")
        if self.mode not in LETS_START:
            record.overtaken = record.life
            if self.mode == "stopping":
                # Who waits for it must not take it for a child that stays down.
                record.comes_back = self.is_original(record)
        return "stopped"

    def absorbed(self, record: K) -> Dos[K]:
        """An absorbed end has been told of: who asked for it goes on from here."""
        if self.mode == "stopping":
            # Those who wait for it must not take it for a child that stays down.
            record.comes_back = self.is_original(record)
        elif record.asked == NAME_LOST and self.line.awaited is not record:
            return self._name_lost(record)
        return NOTHING

    def _name_lost(self, record: K) -> Dos[K]:
        """Nobody asked for this end but whoever has the name: the next life follows."""
        if self.mode not in LETS_START:
            return NOTHING
        if record.held:
            return self.follow(record, self.core.quarantine(record), self.now)
        if record.spec.restart == "temporary":
            return self.drop(record)
        if self.core.grouped:
            record.in_plan = True
            return self._in_line(self.groups.replace(record, self.now, NAME_LOST))
        record.in_plan = False
        record.enter("returns")
        return (Start(record),)

    def _ended_alone(self, record: K, exit: Exit, now: float) -> Dos[K]:
        core = self.core
        if self.mode != "running" or core.grouped or record.pending or self.line.queue:
            core.expect(record, exit)
            return self._in_line(self.groups.late_exit(record, record.ticket, exit))
        return self.follow(record, core.on_exit(record, exit, now), now)

    def _start_ended(self, record: K, exit: Exit, now: float) -> Dos[K]:
        if record.supervised_start:
            record.enter("rests")
            return NOTHING
        if is_a(exit.error, Ignore):
            return self.follow(record, self.core.on_ignored_restart(record), now)
        record.enter("returns")
        if record.pending or self.line.queue or self.core.grouped:
            # Behind what waits already: a restart loop must not starve requests.
            return self._in_line(self.groups.late_retry(record))
        return self.follow(record, self.core.on_failed_restart(record, now), now)

    def due(self, wake: Wake[K], now: float) -> Dos[K]:
        """The time of a `Wake` has come: a group's start waits its turn."""
        group = self.groups.waiting
        if group is not None and group.pivot is wake.record and self.is_due(wake):
            return self._in_line(self.groups.due(wake.record, wake.ticket))
        return super().due(wake, now)
