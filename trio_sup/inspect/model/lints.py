"""Which rules a node breaks at present, kept up to date row by row. Pure.

The work of a refresh is in proportion to the rows that changed and to what is
wrong, not to the size of the tree: what depends on a row alone is looked up when
the row changes, what depends on time waits in a queue until it is due.
"""

from __future__ import annotations

import heapq
from collections import deque
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from attrs import define, evolve, field, frozen

from trio_sup.inspect.model.held_lately import LATELY, HeldLately
from trio_sup.inspect.model.lint_rules import BY_ID, IN_QUARANTINE, ORDER, RULES, Rule
from trio_sup.inspect.model.problems import FINAL, LOOP

if TYPE_CHECKING:
    from collections.abc import Iterable

    from trio_sup.inspect.model.incidents import Incidents
    from trio_sup.inspect.model.tree_model import TreeModel
    from trio_sup.inspect.protocol.wire import Heartbeat, Row
    from trio_sup.inspect.protocol.wire_details import Holds

SLOW_MESSAGE: Final = 5.0
"""Seconds of one message in progress."""
SLOW_CHANGE: Final = 10.0
"""Seconds of starting or stopping."""
NEAR: Final = 0.8
"""The used share of a mailbox that is nearly full."""
HALF: Final = 0.5
"""The used share of a restart budget worth a warning."""
GROWING: Final = 5
"""Samples in a row that grew."""
GROWTH_LASTS: Final = 2.5
"""Seconds after the last growth for which a mailbox counts as growing."""
CROWD: Final = 10_000

_Timed: TypeAlias = Literal["slow-message", "slow-start", "slow-stop"]


@frozen
class Finding:
    """One broken rule."""

    rule: str
    """The `Rule.id`."""
    id: int
    """The row that it is about; 0 for the node as a whole."""
    path: str
    """The row's path; empty for the node."""
    text: str
    """What is the matter with this one, to be read after the path."""
    size: int = 0
    """How bad it is among those of its rule. Coarse, so that lines hold still."""
    why: str = ""
    """Why, where more is known of this one than its rule says."""


@define
class _Growth:
    length: int
    samples: int
    since: int
    """The length when it began to grow."""
    at: float


@define
class Lints:
    """The findings of one node. `now` is always the node's clock."""

    spending: dict[int, None] = field(factory=dict[int, None])
    """Rows that use some of a restart budget."""
    paced: dict[int, None] = field(factory=dict[int, None])
    """Rows whose children were restarted lately."""
    revision: int = 0
    """Grows whenever rows were looked at."""
    _static: dict[int, tuple[Finding, ...]] = field(
        factory=dict[int, "tuple[Finding, ...]"]
    )
    # What is due when: at most one entry for each row and rule.
    _queue: list[tuple[float, int, _Timed]] = field(
        factory=list["tuple[float, int, _Timed]"]
    )
    _queued: set[tuple[int, _Timed]] = field(factory=set["tuple[int, _Timed]"])
    _late: dict[tuple[int, _Timed], None] = field(
        factory=dict["tuple[int, _Timed]", None]
    )
    # Since when a row is starting or stopping.
    _moving: dict[int, tuple[str, float]] = field(
        factory=dict[int, "tuple[str, float]"]
    )
    _growth: dict[int, _Growth] = field(factory=dict[int, _Growth])
    _growing: dict[int, None] = field(factory=dict[int, None])
    _held: HeldLately = field(factory=HeldLately)
    _lost: deque[tuple[float, Row]] = field(
        factory=lambda: deque["tuple[float, Row]"](maxlen=64)
    )

    # --- what changed ------------------------------------------------------

    def reset(self, model: TreeModel, now: float) -> None:
        """Look at every row: after a snapshot."""
        for table in (
            self.spending,
            self.paced,
            self._static,
            self._late,
            self._growth,
        ):
            table.clear()
        self._growing.clear()
        self._queue.clear()
        self._queued.clear()
        self._moving = {i: m for i, m in self._moving.items() if i in model.rows}
        self.note(model, model.rows, now)

    def note(self, model: TreeModel, changed: Iterable[int], now: float) -> None:
        """Look at the rows that came or changed."""
        for id in changed:
            self.revision += 1
            row = model.rows.get(id)
            if row is not None and row.status != "gone":
                self._look(model, row, now)

    def forget(self, gone: Iterable[Row], now: float) -> None:
        """Rows that are no more."""
        for row in gone:
            self.revision += 1
            id = row.id
            self._static.pop(id, None)
            self.spending.pop(id, None)
            self.paced.pop(id, None)
            self._moving.pop(id, None)
            self._growth.pop(id, None)
            self._growing.pop(id, None)
            if row.restart == "temporary" and row.last_exit.startswith("crashed"):
                self._lost.append((now, row))

    def _look(self, model: TreeModel, row: Row, now: float) -> None:
        id = row.id
        found = tuple(_of_row(row))
        crowded = model.child_count(row.parent) > CROWD
        if found:
            self._static[id] = found
        else:
            self._static.pop(id, None)
        above = model.rows.get(row.parent)
        if crowded and above is not None and above.id not in self._static:
            number = model.child_count(above.id)
            text = f"has {number} children"
            self._static[above.id] = (Finding("crowd", above.id, above.path, text),)
        if row.budget_used:
            self.spending[id] = None
        else:
            self.spending.pop(id, None)
        if row.pace is not None:
            self.paced[id] = None
        self._time(row, now)
        self._grow(row, now)

    def _time(self, row: Row, now: float) -> None:
        if row.op_since is not None:
            self._queue_up(row.op_since + SLOW_MESSAGE, row.id, "slow-message")
        if row.status in ("starting", "stopping"):
            if self._moving.get(row.id, ("", 0.0))[0] != row.status:
                self._moving[row.id] = row.status, now
            rule: _Timed = "slow-start" if row.status == "starting" else "slow-stop"
            self._queue_up(self._moving[row.id][1] + SLOW_CHANGE, row.id, rule)
        else:
            self._moving.pop(row.id, None)

    def _queue_up(self, due: float, id: int, rule: _Timed) -> None:
        if (id, rule) not in self._queued:
            self._queued.add((id, rule))
            heapq.heappush(self._queue, (due, id, rule))

    def _grow(self, row: Row, now: float) -> None:
        length = row.mailbox_len
        if length is None:
            return
        old = self._growth.get(row.id)
        if old is not None and length == old.length:
            return
        if old is None or length < old.length:
            self._growth[row.id] = _Growth(length, 0, length, now)
            self._growing.pop(row.id, None)
            return
        if now - old.at > GROWTH_LASTS:
            old.samples, old.since = 0, old.length
        old.length, old.at = length, now
        old.samples += 1
        if old.samples >= GROWING:
            self._growing[row.id] = None

    # --- what is wrong -----------------------------------------------------

    def find(
        self,
        model: TreeModel,
        now: float,
        *,
        incidents: Incidents | None = None,
        beat: Heartbeat | None = None,
        holds: Holds | None = None,
        missed: int = 0,
        deadlocks: Iterable[tuple[int, str, str]] = (),
        fast: Iterable[int] | None = None,
    ) -> list[Finding]:
        """Everything that is wrong, the most urgent and worst first, then by path.

        Args:
            model: The tree that `note` was told about.
            now: The node's clock.
            incidents: What restarted lately.
            beat: The node's last heartbeat.
            holds: What the node has told of who held its loop.
            missed: Events that never came.
            deadlocks: Rings of calls: a row's id, its path, and the ring in words.
            fast: The rows that restart `LOOP` times in a minute and more, where they
                are known; else every one that ever did is asked.
        """
        found = [each for some in self._static.values() for each in some]
        found += self._timed(model, now)
        found += self._grown(model, now)
        while self._lost and now - self._lost[0][0] > LATELY:
            self._lost.popleft()
        found += [
            Finding("lost-temporary", row.id, row.path, row.last_exit)
            for _, row in self._lost
        ]
        loops = list(self._loops(incidents, model, now, fast))
        again = {each.id for each in loops}
        # Between two of its crashes it waits: that comes and goes, the loop stays.
        found = [f for f in found if f.rule != "backing-off" or f.id not in again]
        found += loops
        if incidents is not None:
            found += _given_up(incidents, model, now)
        if words := self._held.words(beat, holds, now):
            found.append(Finding("loop-lag", 0, "", words))
        if missed:
            found.append(
                Finding("missed-events", 0, "", f"{missed} events are missing")
            )
        found += [Finding("deadlock", id, path, text) for id, path, text in deadlocks]
        return sorted(found, key=lambda each: (ORDER[each.rule], -each.size, each.path))

    def _loops(
        self,
        incidents: Incidents | None,
        model: TreeModel,
        now: float,
        fast: Iterable[int] | None,
    ) -> Iterable[Finding]:
        """Crash loops, by what happened and by what rows count."""
        loops: dict[str, tuple[int, str]] = {}
        for incident in () if incidents is None else incidents.found:
            if incident.ends[-1] > now - LATELY:
                number = loops.get(incident.child, (0, ""))[0]
                number += incident.pace.counted(now)
                loops[incident.child] = number, incident.cause
        for id in self.paced if fast is None else fast:
            row = model.rows.get(id)
            if row is None or row.pace is None or row.status == "gone":
                continue
            # It counts what no event told: in a storm there are more than come here.
            number, cause = loops.get(row.path, (0, row.last_exit))
            loops[row.path] = max(number, row.pace.per_minute(now)), cause
        for path, (number, cause) in loops.items():
            row = model.rows.get(model.by_path(path) or 0)
            if row is not None and row.status in FINAL:
                continue  # It does not restart any more: what it is says more.
            if number >= LOOP:
                words = f"{number:,} times in a minute: {cause}"
                # In a storm the worst of a hundred is looked for: by powers of ten.
                size = len(str(number))
                yield Finding("crash-loop", model.by_path(path) or 0, path, words, size)

    def _timed(self, model: TreeModel, now: float) -> list[Finding]:
        while self._queue and self._queue[0][0] <= now:
            _, id, rule = heapq.heappop(self._queue)
            self._queued.discard((id, rule))
            self._late[id, rule] = None
        found: list[Finding] = []
        for id, rule in list(self._late):
            began = self._began(model, id, rule)
            limit = SLOW_MESSAGE if rule == "slow-message" else SLOW_CHANGE
            if began is not None and now - began >= limit:
                row = model.rows[id]
                found.append(Finding(rule, id, row.path, _late(row, rule, now - began)))
                continue
            del self._late[id, rule]
            if began is not None:
                self._queue_up(began + limit, id, rule)
        return found

    def _began(self, model: TreeModel, id: int, rule: _Timed) -> float | None:
        row = model.rows.get(id)
        if row is None or row.status == "gone":
            return None
        if rule == "slow-message":
            return row.op_since
        status = "starting" if rule == "slow-start" else "stopping"
        since = self._moving.get(id)
        return since[1] if since is not None and since[0] == status else None

    def _grown(self, model: TreeModel, now: float) -> list[Finding]:
        found: list[Finding] = []
        for id in list(self._growing):
            growth, row = self._growth.get(id), model.rows.get(id)
            if growth is None or row is None or now - growth.at > GROWTH_LASTS:
                del self._growing[id]
            elif not any(f.rule == "mailbox-full" for f in self._static.get(id, ())):
                text = f"grew from {growth.since} to {growth.length} messages"
                found.append(Finding("mailbox-growing", id, row.path, text))
        return found


def _late(row: Row, rule: _Timed, seconds: float) -> str:
    if rule == "slow-message":
        return f"has had one message ({row.op}) in progress for {seconds:.0f} s"
    doing = "starting" if rule == "slow-start" else "stopping"
    return f"has been {doing} for {seconds:.0f} s"


def _of_row(row: Row) -> Iterable[Finding]:
    """What is wrong with a row whatever the time."""
    plain = _BY_STATUS.get(row.status)
    if plain is not None:
        yield Finding(plain[0], row.id, row.path, plain[1])
    elif row.status == "stopped" and row.restart == "permanent":
        text = "is stopped although it is permanent"
        yield Finding("stopped", row.id, row.path, text)
    length, bound = row.mailbox_len, row.mailbox_cap
    if length is not None and bound is not None and bound > 0:
        words = f"holds {length} of {bound} messages"
        if length >= bound:
            yield Finding("mailbox-full", row.id, row.path, words)
        elif length >= NEAR * bound:
            yield Finding("mailbox-near", row.id, row.path, words)
    used, limit = row.budget_used, row.budget_max
    if used and limit is not None and row.status != "quarantined":
        window = "" if row.budget_seconds is None else f" in {row.budget_seconds:g} s"
        words = f"used {used} of {limit} restarts{window}"
        if used >= limit:
            yield Finding("budget-spent", row.id, row.path, words)
        elif used >= HALF * limit:
            yield Finding("budget-half", row.id, row.path, words)


_BY_STATUS: Final = {
    "restarting": ("backing-off", "is being restarted"),
    "stuck": ("stuck", "was cancelled and does not end"),
    "quarantined": ("quarantined", "stays down until somebody releases it"),
    "backing_off": ("backing-off", "waits before its next life"),
}


def explained(finding: Finding, incidents: Incidents) -> Finding:
    """The same; of one in quarantine who put it there, if that was seen."""
    if finding.rule != "quarantined":
        return finding
    text, why = IN_QUARANTINE.get(incidents.by_hand(finding.path), (finding.text, ""))
    return evolve(finding, text=text, why=why)


def _given_up(incidents: Incidents, model: TreeModel, now: float) -> Iterable[Finding]:
    """Supervisors that gave up lately."""
    gave_up: dict[str, str] = {}
    for incident in incidents.found:
        if incident.outcome == "gave_up" and incident.at > now - LATELY:
            gave_up[incident.supervisor] = incident.child.rpartition("/")[2]
    for path, child in gave_up.items():
        words = f"gave up over {child!r}"
        yield Finding("gave-up", model.by_path(path) or 0, path, words)


__all__ = ["BY_ID", "RULES", "Finding", "Lints", "Rule", "explained"]
