"""One list of children in the place of another, and back again.

Both steps, `switch` and `undo`, are taken at once, while nobody lives who is in one of
the lists only: so no id is in doubt, and no name free that both lists hold.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Generic

from trio_sup._core.comparing import goes_on, id_of, same_value
from trio_sup._core.plan.doing import (
    Adopt,
    Changed,
    Do,
    Dos,
    K,
    MoveNames,
    Respecified,
    Settle,
)
from trio_sup._core.plan.flags import take as take_flags
from trio_sup._core.plan.static import StaticPlan
from trio_sup._core.reconfigured import ReconfigurePlan
from trio_sup._core.specs import ChildSpec, Flags, lists_children
from trio_sup._core.tables import place

if TYPE_CHECKING:
    from trio_sup._core.words import Status


class Change(Generic[K]):
    """One change in hand.

    Args:
        plan: The supervisor's.
        made: What changes.
    """

    def __init__(self, plan: StaticPlan[K], made: ReconfigurePlan) -> None:
        self.plan = plan
        self.made = made
        # As it was.
        self.flags: Flags = plan.flags
        self.before: list[K] = list(plan.core.records.values())
        self._specs: dict[K, ChildSpec[Any]] = {r: r.spec for r in self.before}
        self._statuses: dict[K, Status] = {r: r.status for r in self.before}
        self._originals: dict[int, K] = dict(plan.originals)
        # What becomes of it.
        self._by_id = {record.id: record for record in self.before}
        self._pairs = list(
            zip(made.new.children, made.children[: len(made.new.children)], strict=True)
        )
        wanted = {id_of(spec) for spec, _ in self._pairs}
        # Who has no place in the new list: taken away, or of another kind there.
        self._gone: list[K] = [r for r in self.before if r.id not in wanted]
        # Whose lives end by it; and those of them who were not down for good.
        self.ending: dict[K, None] = dict.fromkeys(self._endings())
        self.carrying: list[K] = self._carrying()
        self.went_on: set[K] = {record for record in self.ending if goes_on(record)}
        # The new list; who of it is made for it, and who begins anew.
        self.after: list[K] = []
        self._made: set[K] = set()
        self.renewed: dict[K, None] = {}
        # Supervisors that live on, with the flags that they are to have, and those
        # that have got them.
        self.below: dict[K, Flags] = {}
        self.changed_below: list[K] = []
        # Who waited to be restarted with a group: that wait is over.
        self.folded: dict[K, None] = {}
        # Whose next attempt stands in line.
        self.retried: K | None = None

    def _endings(self) -> Iterable[K]:
        for spec, change in self._pairs:
            record = self._by_id.get(id_of(spec))
            if record is not None and change.action == "restart":
                yield record
        yield from self._gone

    def _carrying(self) -> list[K]:
        changes = [(self._by_id.get(id_of(spec)), c) for spec, c in self._pairs]
        return [r for r, c in changes if r is not None and c.carries_state]

    def coming_back(self) -> list[K]:
        """Supervisors whose lives end, and begin again with a list of children."""
        pairs = ((self._by_id.get(id_of(spec)), spec) for spec, _ in self._pairs)
        return [
            record
            for record, spec in pairs
            if record in self.ending
            and record.spec.runs is spec.runs
            and lists_children(spec)
        ]

    def flags_before(self, record: K) -> Flags | None:
        """The flags of a supervisor of the former list."""
        return self._specs[record].flags

    def fold_group(self) -> None:
        """Let a group that waits for its time, or its turn, wait no more.

        Who of it has a place in the new list is started with what is new.
        """
        groups = self.plan.groups
        if not groups.unfinished:
            return
        self.retried = groups.stalled
        groups.present = groups.stalled = None
        for record in self.before:
            waits = record.in_plan or record.awaiting_restart or record.comes_back
            if waits and not record.alive and record not in self.ending:
                record.ticket += 1
                record.enter("returns")
                record.in_plan = True
                self.folded[record] = None

    # There.

    def switch(self) -> Dos[K]:
        """Put the new list in force."""
        plan = self.plan
        free = [(record, self._name(record)) for record in self._gone]
        dos: list[Do[K]] = []
        listed: dict[int, K] = {}
        take: list[K] = []
        for number, (spec, change) in enumerate(self._pairs):
            record = self._by_id.get(id_of(spec))
            begins = change.action in ("start", "restart")
            if record is None or record.status == "gone":
                if not begins:  # it is temporary, and has ended
                    if number in self._originals:
                        listed[number] = self._originals[number]
                    continue
                record = self._make(spec)
                take.append(record)
            elif record.spec.runs is not spec.runs:
                free.append((record, self._name(record)))
                self._gone.append(record)
                record = self._make(spec)
                take.append(record)
            elif self._respecify(record, spec, free, begins=begins):
                take.append(record)
            if begins:
                self.renewed[record] = None
                dos.append(Respecified(record))
            self._note_below(record, dos)
            listed[number] = record
            self.after.append(record)
        self._put(self.after)
        take_flags(plan, self.made.new)
        plan.relist(listed)
        return (MoveNames(tuple(free), tuple(take)), *dos)

    def _name(self, record: K) -> Any:
        return self._specs[record].name

    def _make(self, spec: ChildSpec[Any]) -> K:
        record = self.plan.make(spec, id_of(spec))
        record.enter("listed")
        self._made.add(record)
        return record

    def _respecify(
        self, record: K, spec: ChildSpec[Any], free: list[Any], *, begins: bool
    ) -> bool:
        """Give a child its new specification; return whether its name is another."""
        former, record.spec = record.spec, spec
        if begins:
            record.enter("returns")
            record.in_plan = True
            record.attempt = 0
            record.budget_window = None
        else:
            self._limit(record, former)
        if same_value(former.name, spec.name):
            return False
        free.append((record, former.name))
        return True

    def _limit(self, record: K, former: ChildSpec[Any]) -> None:
        """Count what is counted against the budget that is in force now."""
        budget = record.spec.budget
        if budget is None:
            record.budget_window = None
        elif record.budget_window is not None and budget != former.budget:
            record.budget_window.resize(budget.max_restarts, budget.max_seconds)

    def _note_below(self, record: K, dos: list[Do[K]]) -> None:
        flags = record.spec.flags
        if flags is None or record in self._made:
            return
        if record.spec.kind == "dynamic" or not record.alive:
            dos.append(Adopt(record, flags))
        elif flags is not self._specs[record].flags:
            self.below[record] = flags

    def _put(self, records: Iterable[K]) -> None:
        table = self.plan.core.records
        table.clear()
        for record in records:
            if record.status != "gone":
                place(table, record.id, record)

    def commit(self) -> Dos[K]:
        """Forget who has no place any more: there is no way back."""
        self.plan.change = None
        for record in self._gone:
            self.plan.core.drop(record)
        return tuple(Settle(record) for record in self._gone)

    # Back.

    def undo(self) -> Dos[K]:
        """Put the former list in force again; nobody who is new lives any more."""
        plan = self.plan
        plan.change = None
        free = [(r, r.spec.name) for r in self._made]
        take: list[K] = []
        dos: list[Do[K]] = []
        for record in self.before:
            spec, former = record.spec, self._specs[record]
            if record.status == "gone":
                continue
            record.spec = former
            if record in self._gone or not same_value(spec.name, former.name):
                free.append((record, spec.name))
                take.append(record)
            if record in self.renewed:
                dos.append(Respecified(record))
            others = former.flags is not spec.flags
            down = former.kind == "dynamic" or not record.alive
            if former.flags is not None and others and down:
                dos.append(Adopt(record, former.flags))
            if record in self.ending and record not in self.went_on:
                dos += self._rest_again(record)
        for record in self._made:
            plan.core.drop(record)
            dos.append(Settle(record))
        self._put(self.before)
        take_flags(plan, self.flags)
        plan.relist(self._originals)
        return (MoveNames(tuple(free), tuple(take)), *dos)

    def _rest_again(self, record: K) -> Dos[K]:
        """Leave a child down that was down before."""
        was_shut_away = self._statuses[record] == "quarantined"
        record.enter("quarantined" if was_shut_away else "rests")
        return (Settle(record), Changed(record))


def put_at_rest(plan: StaticPlan[K], flags: Flags) -> Dos[K]:
    """Put a new list in the place of another while all children are down."""
    former = {r.id: r for r in plan.originals.values() if r.status != "gone"}
    held = [(r, r.spec.name) for r in former.values()]
    listed: dict[int, K] = {}
    dos: list[Do[K]] = []
    for number, spec in enumerate(flags.children):
        record = former.get(id_of(spec))
        if record is None or record.spec.runs is not spec.runs:
            if plan.keeps_names and spec.name is not None:
                listed[number] = plan.make(spec, id_of(spec))
                listed[number].comes_back = True
            continue  # else made when the next life begins
        del former[record.id]
        listed[number] = record
        record.spec = spec
        dos.append(Respecified(record))
        if spec.flags is not None:
            dos.append(Adopt(record, spec.flags))
    for record in former.values():
        plan.core.drop(record)
        dos.append(Settle(record))
    table = plan.core.records
    table.clear()
    for record in listed.values():
        place(table, record.id, record)
    take_flags(plan, flags)
    plan.relist(listed)
    if plan.keeps_names:
        dos.insert(0, MoveNames(tuple(held), tuple(listed.values())))
    return dos
