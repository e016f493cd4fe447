"""The rows on screen: the node's present ones and its recent dead, unless paused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from attrs import define, field

from trio_sup.inspect.model.lints import Lints
from trio_sup.inspect.model.tree_model import TreeModel

if TYPE_CHECKING:
    from trio_sup.inspect.client.session import Changes, Session
    from trio_sup.inspect.protocol.wire import Hello

DEAD_SECONDS: Final = 6.0
"""How long a row that is no more stays, dimmed."""


@define
class Picture:
    """A tree that follows the session's rows, or stands still.

    Its `model` is one object for good: lists tell by its counters what is new.
    """

    session: Session
    model: TreeModel = field(factory=TreeModel)
    lints: Lints = field(factory=Lints)
    """What is wrong with the rows of the picture."""
    keep_dead: bool = False
    paused_at: float | None = None
    """The node's clock when the picture was stopped."""

    @property
    def paused(self) -> bool:
        """Whether the picture stands still."""
        return self.paused_at is not None

    @property
    def node(self) -> Hello | None:
        """The process that what is shown is of, and whose clock its times are of.

        `Session.node` is who answers: after a restart its rows may be still to come.
        """
        return self.session.clock.node

    def now(self) -> float:
        """The node's clock of the picture: of its last word, which the rows are of.

        It stands while paused. Were it to run on, a call of a moment would grow old.
        """
        if self.paused_at is not None:
            return self.paused_at
        return self.session.node_time(None)

    def apply(self, changes: Changes, clock: float) -> None:
        """Take what changed, unless the picture stands still."""
        if self.paused:
            return
        now = self.session.node_time(None)
        if changes.reset:
            self._begin_anew(now, clock)
        else:
            rows = self.session.rows
            for id in changes.changed:
                if id in rows:
                    self.model.upsert(rows[id], clock)
            self.lints.note(self.model, changes.changed, now)
        self.lints.forget(changes.gone, now)
        for row in changes.gone:
            if row.id not in self.session.rows:
                self.model.bury(row, clock)
        if not self.keep_dead:
            self.model.expire(clock - DEAD_SECONDS)

    def _begin_anew(self, now: float, clock: float) -> None:
        """After a snapshot; the dead stay for as long as they would have."""
        model = self.model
        dead = {id: model.rows[id] for id in model.dead}
        times = dict(model.dead)
        model.reset(self.session.rows.values(), clock)
        for id, row in dead.items():
            if id not in model.rows:
                model.bury(row, times[id])
        self.lints.reset(model, now)

    def pause(self) -> None:
        """Stop the picture. The session goes on underneath."""
        self.paused_at = self.session.node_time(None)
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
        self.lints.reset(self.model, self.session.node_time(None))
        if self.paused:
            self.pause()

    def toggle_keep_dead(self, clock: float) -> None:
        """Keep the dead, or let those that are due go."""
        self.keep_dead = not self.keep_dead
        if not self.keep_dead:
            self.model.expire(clock - DEAD_SECONDS)

    def node_restarted(self) -> None:
        """Another process: nothing of the one before is its own, nor stands still."""
        self.model.dead.clear()
        self.lints = Lints(revision=self.lints.revision + 1)
        self.paused_at = None

    def clear(self) -> None:
        """Forget every row, and go on if it stood still."""
        self.model.reset(())
        self.lints = Lints()
        self.paused_at = None
