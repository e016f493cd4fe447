"""A plan of faults carried out on a node, and what came back. No I/O, no clock.

`advance` is told the time, acts through the session, and returns the faults whose
story has ended since: hit and back again, hit and not back in time, or not hit at all.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from attrs import define, field

from trio_sup.inspect.model.chaos import Step
from trio_sup.inspect.protocol.wire_actions import UNDOES

if TYPE_CHECKING:
    from trio_sup.inspect.client.session import Session
    from trio_sup.inspect.protocol.wire_rows import Row

NEW_LIFE: Final = frozenset({"crash", "vanish", "restart"})
"""Faults after which a child is back only in another life."""
UNDONE: Final = frozenset(UNDOES)
"""Faults that another step ends; their child is judged after that one."""


OUTCOMES: Final = ("back", "done", "refused", "missed", "not_back")
"""How the story of a fault can end."""


@define
class Hit:
    """One step of the plan, and what became of it."""

    step: Step
    began: float = 0.0
    """Seconds since the beginning."""
    life: int = 0
    req: int = 0
    outcome: str = ""
    """One of `OUTCOMES`; empty while it runs."""
    seconds: float = 0.0
    """How long it took to come back."""
    text: str = ""
    """For people."""


@define
class ChaosRun:
    """The plan under way.

    Args:
        session: Attached, with control.
        plan: In the order of time.
        patience: Seconds that a child has to come back.
    """

    session: Session
    plan: Sequence[Step]
    patience: float
    hits: list[Hit] = field(factory=list[Hit])
    """All faults so far, in order."""
    _next: int = 0
    _open: list[Hit] = field(factory=list[Hit])
    _owed: dict[tuple[str, str], Step] = field(factory=dict[tuple[str, str], Step])
    _undoing: set[int] = field(factory=set[int])
    """The requests that undo something."""

    @property
    def finished(self) -> bool:
        """Whether nothing more is to come."""
        return self._next >= len(self.plan) and not self._open and not self._owed

    @property
    def next_at(self) -> float | None:
        """When the next step is due; None if there is none."""
        return self.plan[self._next].at if self._next < len(self.plan) else None

    def abandon(self) -> None:
        """Begin nothing more, but undo what would stay behind."""
        self.plan = [*self.plan[: self._next], *self._owed.values()]

    def advance(self, now: float, *, hurry: bool = False) -> list[Hit]:
        """Do what is due and judge what was done.

        Args:
            now: Seconds since the beginning.
            hurry: Whether what is left of the plan is due at once.
        """
        rows = {row.path: row for row in self.session.rows.values()}
        if self._next >= len(self.plan) and self._owed and not self._open:
            # The plan leaves something behind: that is put right in the end.
            self.plan = [*self.plan, *self._owed.values()]
            hurry = True
        while self._next < len(self.plan) and (
            hurry or self.plan[self._next].at <= now
        ):
            self._strike(self.plan[self._next], rows, now)
            self._next += 1
        for hit in self._open:
            self._judge(hit, rows.get(hit.step.path), now)
        ended = [hit for hit in self._open if hit.outcome]
        self._open = [hit for hit in self._open if not hit.outcome]
        return ended

    def _strike(self, step: Step, rows: dict[str, Row], now: float) -> None:
        hit = Hit(step, now)
        self.hits.append(hit)
        self._open.append(hit)
        undoes = self._owed.pop((step.fault, step.path), None) is not None
        row = rows.get(step.path)
        if row is None:
            hit.outcome, hit.text = "missed", "there is no such child"
            if undoes:
                hit.outcome, hit.text = "not_back", "not back: it is gone"
            return
        leased = step.fault in UNDOES
        if leased:
            undo = UNDOES[step.fault]
            self._owed[undo, step.path] = Step(step.at, undo, step.path)
        hit.life = row.life
        operating = self.session.operating
        hit.req = operating.act(
            step.fault, row.id, row.life, step.argument, lease=leased
        )
        if undoes:
            self._undoing.add(hit.req)

    def _judge(self, hit: Hit, row: Row | None, now: float) -> None:
        if hit.outcome:
            return
        final = self.session.operating.final(hit.req)
        late = now - hit.began >= self.patience
        if final is None:
            if late:
                hit.outcome, hit.text = "not_back", "the node has not done it yet"
        elif final.state == "refused" and hit.req not in self._undoing:
            hit.outcome, hit.text = "refused", final.text
            self._owed.pop((UNDOES.get(hit.step.fault, ""), hit.step.path), None)
        elif hit.step.fault in UNDONE:
            hit.outcome, hit.text = "done", final.text
        elif _is_back(hit, row, undoes=hit.req in self._undoing):
            assert row is not None
            hit.outcome, hit.seconds = "back", now - hit.began
            hit.text = f"back after {hit.seconds:.1f} s, in life {row.life}"
        elif late:
            hit.outcome = "not_back"
            status = "gone" if row is None else row.status
            hit.text = f"not back: {status} after {self.patience:g} s"


def all_back(hits: Sequence[Hit]) -> bool:
    """Whether something was hit, and everything came back that had been."""
    outcomes = {hit.outcome for hit in hits}
    return "back" in outcomes and not outcomes & {"not_back", ""}


def _is_back(hit: Hit, row: Row | None, *, undoes: bool) -> bool:
    if row is None or row.status != "running":
        return False
    # What undoes may find that somebody else has done so.
    if hit.step.fault in NEW_LIFE and row.life <= hit.life and not undoes:
        return False
    return hit.step.fault != "flood" or not row.mailbox_len
