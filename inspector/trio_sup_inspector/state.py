"""What the application shows of one node, and how. Knows no Textual.

A session holds what the node said; `NodeState` is what of it is on screen: the
tree with its recent dead, the filter, pause, and the figures of the header.
"""

from __future__ import annotations

from collections import Counter, deque
from typing import TYPE_CHECKING, Final

from attrs import define, field

from trio_sup.inspect.client.session import Phase, Session
from trio_sup.inspect.model.lints import Lints
from trio_sup.inspect.model.order import ORDERS, Order, arrange
from trio_sup.inspect.model.problems import problem
from trio_sup.inspect.model.query import Query, QueryError, parse_query
from trio_sup.inspect.model.tree_model import ROOT, TreeModel
from trio_sup.inspect.model.tree_view import Expansion, Line, flatten, walk
from trio_sup_inspector.lines.journal import Journal
from trio_sup_inspector.lines.waiting import deadlocks

if TYPE_CHECKING:
    from collections.abc import Iterable

    from trio_sup.inspect.client.session import Changes
    from trio_sup.inspect.model.lints import Finding
    from trio_sup.inspect.protocol.wire import Heartbeat, Row

DEAD_SECONDS: Final = 6.0
"""How long a row that is no more stays, dimmed."""
MINUTE: Final = 60.0
FINDINGS_A_SECOND: Final = 2000
"""How many findings are looked for again in a second, on the average."""
BEATS: Final = 120
"""How many heartbeats the trends of the Node screen cover."""
RATES: Final = (1.0, 2.0, 4.0, 10.0)
"""The refresh rates to choose from, in deltas a second."""


@define
class NodeState:
    """One node as shown. The application's clock is passed in as `clock`."""

    session: Session
    model: TreeModel = field(factory=TreeModel)
    journal: Journal = field(factory=Journal)
    expansion: Expansion = field(factory=Expansion)
    filtered: Expansion = field(factory=lambda: Expansion(crowd=10**9))
    """What is unfolded while a filter is on: everything, unless folded then."""
    query: Query = field(factory=lambda: parse_query(""))
    """The last good filter."""
    query_error: str = ""
    """What is wrong with the filter as typed."""
    only_problems: bool = False
    keep_dead: bool = False
    order: Order = ORDERS[0]
    reverse: bool = False
    lints: Lints = field(factory=Lints)
    beats: deque[tuple[float, float]] = field(
        factory=lambda: deque["tuple[float, float]"](maxlen=BEATS)
    )
    """Loop lag and cost of inspection of the last heartbeats, oldest first."""
    processor: float | None = None
    """How much of a core the node's process used lately; None if unknown."""
    _last_cpu: tuple[float, float] | None = None
    task_looks: int = 0
    """Grows whenever the node told something new about its tasks."""
    followed: tuple[str, ...] = ()
    """The topics that the node is asked for."""
    said: tuple[str, bool, float] | None = None
    """What became of the last action: a line, whether it went well, and when."""
    paused_at: float | None = None
    """The node's clock when the picture was stopped."""
    _restart_times: deque[tuple[float, int]] = field(factory=deque["tuple[float, int]"])
    _restarts_seen: dict[int, int] = field(factory=dict["int", "int"])
    _epoch: str = ""
    _deepest: tuple[float, int] = (-1.0, 0)
    _beat: Heartbeat | None = None
    _found: tuple[float, tuple[int, int], list[Finding]] = field(
        factory=lambda: (-1.0, (-1, -1), [])
    )
    _kinds: tuple[int, Counter[str]] = field(factory=lambda: (-1, Counter()))

    # --- what the node says ------------------------------------------------

    def absorb(self, clock: float) -> Changes:
        """Take what the session heard since the last call.

        Returns:
            What it was; rows of a paused picture are not touched.
        """
        changes = self.session.take_changes()
        self._count_restarts(changes, clock)
        beat = self.session.heartbeat
        if beat is not None and beat is not self._beat:
            self._beat = beat
            self.beats.append((beat.lag, beat.cost))
        node = self.session.node
        if node is not None and node.epoch != self._epoch:
            if self._epoch:
                self.journal.node_restarted(node.pid)
                self.beats.clear()
                self.processor = self._last_cpu = None
                self.model.dead.clear()
            self._epoch = node.epoch
        self.journal.add(changes.events)
        if "tasks" in changes.topics or changes.state:
            self.task_looks += 1
        if "node" in changes.topics:
            self._measure_processor()
        if "waits" in changes.topics:
            self.lints.revision += 1
        if self.paused_at is None:
            self._apply(changes, clock)
        return changes

    def _measure_processor(self) -> None:
        info, before = self.session.topics.info, self._last_cpu
        if info is None:
            return
        if before is not None and info.at > before[0] and info.cpu >= before[1]:
            self.processor = (info.cpu - before[1]) / (info.at - before[0])
        self._last_cpu = info.at, info.cpu

    def _apply(self, changes: Changes, clock: float) -> None:
        model, lints = self.model, self.lints
        now = self.session.node_time(clock)
        if changes.reset:
            dead = {id: model.rows[id] for id in model.dead}
            times = dict(model.dead)
            model.reset(self.session.rows.values(), clock)
            for id, row in dead.items():
                if id not in model.rows:
                    model.bury(row, times[id])
            lints.reset(model, now)
        else:
            rows = self.session.rows
            for id in changes.changed:
                if id in rows:
                    model.upsert(rows[id], clock)
            lints.note(model, changes.changed, now)
        lints.forget(changes.gone, now)
        for row in changes.gone:
            if row.id not in self.session.rows:
                model.bury(row, clock)
        if not self.keep_dead:
            model.expire(clock - DEAD_SECONDS)

    def _count_restarts(self, changes: Changes, clock: float) -> None:
        seen, rows = self._restarts_seen, self.session.rows
        new = 0
        for id in changes.changed:
            row = rows.get(id)
            if row is not None:
                if not changes.reset:
                    new += max(0, row.restarts - seen.get(id, 0))
                seen[id] = row.restarts
        for row in changes.gone:
            seen.pop(row.id, None)
        if new:
            self._restart_times.append((clock, new))

    def restarts_per_minute(self, clock: float) -> int:
        """Restarts that this application saw in the last minute."""
        times = self._restart_times
        while times and times[0][0] < clock - MINUTE:
            times.popleft()
        return sum(new for _, new in times)

    def deepest(self, clock: float) -> int:
        """The fullest mailbox, counted once a second: it looks at every row."""
        at, depth = self._deepest
        if not 0.0 <= clock - at < 1.0:
            rows = self.model.rows.values()
            depth = max((row.mailbox_len or 0 for row in rows), default=0)
            self._deepest = clock, depth
        return depth

    def findings(self, clock: float, *, age: float = 0.0) -> list[Finding]:
        """What is wrong, the most urgent first; found at most once a tick.

        Args:
            clock: The application's clock.
            age: An answer that is so many seconds old will do.
        """
        at, revision, found = self._found
        now = (self.lints.revision, self.journal.serial)
        # To find thousands takes long: the more there are, the older they may be.
        age = max(age, len(found) / FINDINGS_A_SECOND)
        fresh = clock == at and revision == now
        if not fresh and not 0.0 < clock - at < age:
            found = self.lints.find(
                self.model,
                self.now(clock),
                incidents=self.journal.incidents,
                beat=self.session.heartbeat,
                missed=self.session.events_dropped,
                deadlocks=deadlocks(self),
            )
            self._found = clock, now, found
        return found

    @property
    def kinds(self) -> Counter[str]:
        """How many children there are of each kind; counted when the tree changes."""
        at, kinds = self._kinds
        model = self.model
        if at != model.structure:
            rows = model.rows.items()
            kinds = Counter(row.kind for id, row in rows if id not in model.dead)
            self._kinds = model.structure, kinds
        return kinds

    def now(self, clock: float) -> float:
        """The node's clock of the picture: it stands while paused."""
        if self.paused_at is not None:
            return self.paused_at
        return self.session.node_time(clock)

    def follow(self, topics: tuple[str, ...], clock: float) -> None:
        """Ask the node for these topics, and for no others."""
        for topic in self.followed:
            if topic not in topics:
                self.session.ask.unfollow(topic)
        for topic in topics:
            if topic not in self.followed:
                self.session.ask.follow(topic, clock)
        self.followed = topics

    # --- pause and the dead ------------------------------------------------

    @property
    def paused(self) -> bool:
        """Whether the picture stands still."""
        return self.paused_at is not None

    def pause(self, clock: float) -> None:
        """Stop the picture. The session goes on underneath."""
        self.paused_at = self.session.node_time(clock)
        self.model.freeze()

    def resume(self, clock: float) -> None:
        """Show the present again."""
        self.paused_at = None
        self.step(clock)

    def step(self, clock: float) -> None:
        """Show the present state once; a paused picture stays paused."""
        rows = self.session.rows
        lost = [row for id, row in self.model.rows.items() if id not in rows]
        buried = dict(self.model.dead)
        self.model.reset(rows.values(), clock)
        for row in lost:
            self.model.bury(row, buried.get(row.id, clock))
        self.lints.reset(self.model, self.session.node_time(clock))
        if self.paused:
            self.pause(clock)

    def toggle_keep_dead(self, clock: float) -> None:
        """Keep the dead, or let those that are due go."""
        self.keep_dead = not self.keep_dead
        if not self.keep_dead:
            self.model.expire(clock - DEAD_SECONDS)

    # --- the filter --------------------------------------------------------

    @property
    def filtering(self) -> bool:
        """Whether some rows are hidden by a filter."""
        return bool(self.query) or self.only_problems

    def type_filter(self, text: str) -> bool:
        """Take the filter as typed; a bad one leaves the last good one in force.

        Returns:
            Whether the filter in force changed.
        """
        try:
            query = parse_query(text)
        except QueryError as error:
            self.query_error = str(error)
            return False
        self.query_error = ""
        changed = query.text != self.query.text
        if changed:
            self.filtered.chosen.clear()
        self.query = query
        return changed

    def matches(self, clock: float) -> frozenset[int] | None:
        """The rows that pass the filter, or None if there is none."""
        if not self.filtering:
            return None
        now = self.now(clock)
        ids: Iterable[int] = self.query.select(self.model.rows.values(), now)
        if self.only_problems:
            rows = self.model.rows
            ids = (id for id in ids if problem(rows[id], now) is not None)
        return frozenset(ids)

    # --- what is on screen -------------------------------------------------

    @property
    def unfolded(self) -> Expansion:
        """The expansion in force."""
        return self.filtered if self.filtering else self.expansion

    def tree_lines(self, matches: frozenset[int] | None) -> list[Line]:
        """The lines of the tree."""
        return flatten(self.model, self.unfolded, matches=matches)

    def list_ids(
        self, matches: frozenset[int] | None, clock: float, *, first: int | None
    ) -> list[int]:
        """The process list, sorted as far as the first `first` rows."""
        return arrange(
            self.model,
            self.model.rows if matches is None else matches,
            self.order,
            now=self.now(clock),
            clock=clock,
            reverse=self.reverse,
            first=first,
        )

    def next_problem(self, after: int | None, clock: float) -> int | None:
        """The next row that needs a look, folded or not, in the tree's order.

        Args:
            after: Where to begin; the search goes round.
            clock: The application's clock.

        Returns:
            None if all is well (under the filter, if there is one).
        """
        now, rows = self.now(clock), self.model.rows
        passing = self.matches(clock)
        order = list(walk(self.model))
        start = order.index(after) + 1 if after in rows else 0
        for id in order[start:] + order[:start]:
            if (passing is None or id in passing) and problem(rows[id], now):
                return id
        return None

    def fold_all(self) -> None:
        """Fold every supervisor but the roots."""
        for root in self.model.children(ROOT):
            self.unfolded.set_below(self.model, root, False)
            self.unfolded.set_open(self.model, root, True)

    def reveal(self, id: int) -> None:
        """Unfold every supervisor above a row."""
        for above in self.model.ancestors(id):
            if not self.unfolded.is_open(self.model, above):
                self.unfolded.set_open(self.model, above, True)

    def row(self, id: int | None) -> Row | None:
        """The row as shown, or None."""
        return None if id is None else self.model.rows.get(id)

    @property
    def stale(self) -> bool:
        """Whether what is shown is not the node's present state."""
        return self.session.state.phase not in (Phase.LIVE, Phase.SYNCING)

    @property
    def empty(self) -> bool:
        """Whether there is nothing to show yet."""
        return not self.model.rows
