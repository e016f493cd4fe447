"""The messages of a whole node, kept up to date with each of its rows. Pure.

Nobody has to add up ten thousand rows in order to say how many messages wait.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import define

if TYPE_CHECKING:
    from collections.abc import Mapping

    from trio_sup.inspect.protocol.wire import Row


@define(eq=False)
class Traffic:
    """Sums over all rows that are there."""

    handled: int = 0
    """Messages that were handled since the first look; what a child had done when it
    was first seen does not count."""
    waiting: int = 0
    """Messages that wait in all mailboxes."""
    _begun: bool = False

    def clear(self) -> None:
        """Another process, or another place of a recording."""
        self.handled = self.waiting = 0
        self._begun = False

    def begin(self, rows: Mapping[int, Row], old: Mapping[int, Row]) -> None:
        """A snapshot has come, over what was known before."""
        self.waiting = sum(row.mailbox_len or 0 for row in rows.values())
        # A number that another process counted says nothing of this one.
        same, self._begun = self._begun, True
        for id in rows.keys() & old.keys() if same else ():
            self.handled += _done(old[id].life, old[id].handled, rows[id])

    def came(self, row: Row) -> None:
        """There is a new row."""
        self.waiting += row.mailbox_len or 0

    def moved(
        self, row: Row, life: int, handled: int | None, waiting: int | None
    ) -> None:
        """A row is other than it was.

        Args:
            row: The row.
            life: Which life it was.
            handled: What that had handled.
            waiting: What waited.
        """
        if row.mailbox_len != waiting:
            self.waiting += (row.mailbox_len or 0) - (waiting or 0)
        self.handled += _done(life, handled, row)

    def left(self, row: Row) -> None:
        """A row is no more."""
        self.waiting -= row.mailbox_len or 0


def _done(life: int, handled: int | None, row: Row) -> int:
    """What was handled since: a new life counts from zero."""
    if row.handled is None:
        return 0
    before = handled or 0 if life == row.life else 0
    return max(row.handled - before, 0)
