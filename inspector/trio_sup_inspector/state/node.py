"""What the application shows of one node, and how.

A session holds what the node said; `NodeState` is what of it is on screen, made of
parts that each have one job: see `state/__init__.py`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from attrs import Factory, define, field

from trio_sup.inspect.client.session import Phase, Session
from trio_sup.inspect.model.order import ORDERS, Order, arrange
from trio_sup.inspect.model.problems import LOOP, problem
from trio_sup.inspect.model.tree_view import walk
from trio_sup.inspect.protocol.wire import CAPS
from trio_sup_inspector.state.charts import Charts
from trio_sup_inspector.state.figures import Figures
from trio_sup_inspector.state.filter import Filter
from trio_sup_inspector.state.folding import Folding
from trio_sup_inspector.state.journal import Journal
from trio_sup_inspector.state.loops import Loops
from trio_sup_inspector.state.picture import Picture
from trio_sup_inspector.state.waiting import deadlocks
from trio_sup_inspector.state.watches import Watches

if TYPE_CHECKING:
    from trio_sup.inspect.client.session import Changes
    from trio_sup.inspect.model.lints import Finding
    from trio_sup.inspect.model.tree_model import TreeModel
    from trio_sup.inspect.protocol.wire import Row
    from trio_sup.inspect.protocol.wire_details import Follow, WaitEdge

FINDINGS_A_SECOND: Final = 2000
"""How many findings are looked for again in a second, on the average."""
OLD: Final = "This node cannot tell: its trio-sup is older than this inspector."
RECORDED: Final = "This recording holds no such parts."
RATES: Final = (1.0, 2.0, 4.0, 10.0)
"""The refresh rates to choose from, in deltas a second."""
_NOT_YET: Final[tuple[float, tuple[int, int], list[Finding]]] = (-1.0, (-1, -1), [])


def _figures(state: NodeState) -> Figures:
    return Figures(state.session, state.model)


def _charts(state: NodeState) -> Charts:
    return Charts(state.session)


def _watches(state: NodeState) -> Watches:
    return Watches(state.session)


def _folding(state: NodeState) -> Folding:
    return Folding(state.model, state.filter)


@define
class NodeState:
    """One node as shown. The application's clock is passed in as `clock`."""

    session: Session
    host: str = ""
    """The machine that the node is on, if it is not this one."""
    filter: Filter = field(factory=Filter)
    picture: Picture = field(
        default=Factory(lambda state: Picture(state.session), takes_self=True)
    )
    model: TreeModel = field(
        default=Factory(lambda state: state.picture.model, takes_self=True)
    )
    """The picture's tree."""
    folding: Folding = field(default=Factory(_folding, takes_self=True))
    figures: Figures = field(default=Factory(_figures, takes_self=True))
    journal: Journal = field(factory=Journal)
    charts: Charts = field(default=Factory(_charts, takes_self=True))
    watches: Watches = field(default=Factory(_watches, takes_self=True))
    loops: Loops = field(factory=Loops)
    order: Order = ORDERS[0]
    reverse: bool = False
    columns: dict[str, tuple[str, ...]] = field(factory=dict[str, "tuple[str, ...]"])
    """The columns that were chosen for a list, by the list's name."""
    over: bool = False
    """Whether its process has ended: nothing of what is shown is there any more."""
    recorded: bool = False
    """Whether this is a recording, which can be asked for nothing."""
    marks: dict[int, None] = field(factory=dict["int", None])
    """The children that are marked, in the order of marking."""
    task_looks: int = 0
    """Grows whenever the node told something new about its tasks."""
    followed: tuple[Follow, ...] = ()
    """What the node is asked for, each topic once."""
    said: tuple[str, bool, float] | None = None
    """What became of the last action: a line, whether it went well, and when."""
    _epoch: str = ""
    _found: tuple[float, tuple[int, int], list[Finding]] = _NOT_YET

    # --- what the node says ------------------------------------------------

    def absorb(self, clock: float) -> Changes:
        """Take what the session heard since the last call.

        Returns:
            What it was; rows of a paused picture are not touched.
        """
        changes = self.session.take_changes()
        self.figures.note()
        self.journal.add(changes.former)
        self._meet_node(changes)
        self.journal.add(changes.events)
        if "tasks" in changes.topics or changes.state:
            self.task_looks += 1
        if "node" in changes.topics:
            self.figures.measure_processor()
        if "waits" in changes.topics:
            self.picture.lints.revision += 1
        self.picture.apply(changes, clock)
        self.charts.note()
        return changes

    def _meet_node(self, changes: Changes) -> None:
        """Notice that what is held is of another process than before."""
        node = self.picture.node
        if node is None or node.epoch == self._epoch:
            return
        self.journal.meet(node)
        if self._epoch:
            self.figures.node_restarted()
            self.charts.clear()
            self.watches.forget()
            self.picture.node_restarted()
            self.marks.clear()
            changes.gone.clear()  # Its rows did not go: they are of another story.
        self._epoch = node.epoch

    def start_anew(self) -> None:
        """Forget what was derived from the session, but not what the user chose."""
        self.picture.clear()
        self.figures = _figures(self)
        self.charts.clear()
        self.journal = Journal(serial=self.journal.serial + 1)
        self.task_looks, self.followed, self.said = 0, (), None
        self.marks.clear()
        self._epoch, self._found = "", _NOT_YET

    def follow(self, wishes: tuple[Follow, ...], clock: float) -> None:
        """Ask the node for these topics, those that it knows, and for no others."""
        wishes = tuple(wish for wish in wishes if self._knows(wish.topic))
        topics = {wish.topic for wish in wishes}
        for wish in self.followed:
            if wish.topic not in topics:
                self.session.ask.unfollow(wish.topic)
        for wish in wishes:
            if wish not in self.followed:
                self.session.ask.follow(wish, clock)
        self.followed = wishes

    def _knows(self, topic: str) -> bool:
        # Younger topics are features, told by their names.
        node = self.session.node
        return node is None or topic not in CAPS or topic in node.caps

    # --- what is on screen -------------------------------------------------

    def now(self) -> float:
        """The node's clock of the picture: of its last word, which the rows are of."""
        return self.picture.now()

    def row(self, id: int | None) -> Row | None:
        """The row as shown, or None."""
        return None if id is None else self.model.rows.get(id)

    @property
    def stale(self) -> bool:
        """Whether what is shown is not the node's present state."""
        if self.session.state.phase not in (Phase.LIVE, Phase.SYNCING):
            return True
        answers = self.session.node
        return answers is not None and self.session.clock.is_another(answers)

    @property
    def bare(self) -> bool:
        """Whether this is a Trio program without a supervisor."""
        # Rows that have come may not be taken over yet.
        nobody = self.empty and not self.session.rows
        return nobody and self.session.state.phase in (Phase.LIVE, Phase.STALE)

    @property
    def cannot_tell(self) -> str:
        """Why the node is not asked for something."""
        return RECORDED if self.recorded else OLD

    @property
    def empty(self) -> bool:
        """Whether there is nothing to show yet."""
        return not self.model.rows

    @property
    def waits(self) -> list[WaitEdge]:
        """The calls in progress, as far as the node was asked for them."""
        waits = self.session.topics.waits
        return [] if waits is None else waits.edges

    def type_filter(self, text: str) -> None:
        """Take the filter as typed; a bad one leaves the last good one in force."""
        if self.filter.type(text):
            self.folding.forget_filtered()

    def matches(self, clock: float) -> frozenset[int] | None:
        """The rows that pass the filter, or None if there is none."""
        wrong = self._wrong(clock) if self.filter.only_problems else ()
        return self.filter.passing(self.model.rows, self.now(), wrong)

    def _wrong(self, clock: float) -> frozenset[int]:
        """The rows that a lint is about."""
        return frozenset(found.id for found in self.findings(clock, age=1.0))

    def list_ids(
        self, matches: frozenset[int] | None, clock: float, *, first: int | None
    ) -> list[int]:
        """The process list, sorted as far as the first `first` rows."""
        return arrange(
            self.model,
            self.model.rows if matches is None else matches,
            self.order,
            now=self.now(),
            clock=clock,
            reverse=self.reverse,
            first=first,
        )

    def next_problem(self, after: int | None, clock: float) -> int | None:
        """The next row that needs a look, folded or not, the worst first.

        Args:
            after: Behind which one; the search goes round. From one that needs none
                it goes to the worst.
            clock: The application's clock.

        Returns:
            None if all is well (under the filter, if there is one).
        """
        order = self._problems(clock)
        if not order:
            return None
        at = order.index(after) + 1 if after in order else 0
        return order[at % len(order)]

    def _problems(self, clock: float) -> list[int]:
        """The rows that need a look: as the lints are listed, then in tree order."""
        now, rows = self.now(), self.model.rows
        passing = self.matches(clock)
        listed = dict.fromkeys(found.id for found in self.findings(clock, age=1.0))
        order = [id for id in listed if id in rows]
        order += [
            id for id in walk(self.model) if id not in listed and problem(rows[id], now)
        ]
        return order if passing is None else [id for id in order if id in passing]

    def findings(self, clock: float, *, age: float = 0.0) -> list[Finding]:
        """What is wrong, the most urgent first; found at most once a tick.

        Args:
            clock: The application's clock.
            age: An answer that is so many seconds old will do.
        """
        at, revision, found = self._found
        lints = self.picture.lints
        now = (lints.revision, self.journal.serial)
        # To find thousands takes long: the more there are, the older they may be.
        age = max(age, len(found) / FINDINGS_A_SECOND)
        fresh = clock == at and revision == now
        if not fresh and not 0.0 < clock - at < age:
            found = lints.find(
                self.model,
                self.now(),
                incidents=self.journal.incidents,
                beat=self.session.heartbeat,
                holds=self.session.topics.holds,
                missed=self.session.events_dropped,
                deadlocks=deadlocks(self.waits, self.model.rows),
                fast=self.session.paces.fast(self.now(), LOOP - 1),
            )
            self._found = clock, now, found
        return found
