"""Who wants to know what of which child: details and charts may want the same one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import define, field

if TYPE_CHECKING:
    from trio_sup.inspect.client.session import Session


@define
class Watches:
    """The wishes of those that show children, put together for each child."""

    session: Session
    _wishes: dict[str, tuple[int, tuple[str, ...]]] = field(
        factory=dict[str, "tuple[int, tuple[str, ...]]"]
    )

    def want(self, who: str, id: int, parts: tuple[str, ...], clock: float) -> None:
        """Want parts of one child, and of no other any more.

        Args:
            who: Who wants it.
            id: The child's row.
            parts: Of `wire_details.PARTS`.
            clock: The application's clock.
        """
        before = self._wishes.get(who)
        if before == (id, parts):
            return
        self._wishes[who] = id, parts
        if before is not None and before[0] != id:
            self._ask(before[0], clock)
        self._ask(id, clock)

    def drop(self, who: str, clock: float) -> None:
        """Want nothing any more."""
        before = self._wishes.pop(who, None)
        if before is not None:
            self._ask(before[0], clock)

    def forget(self) -> None:
        """Another process: row numbers mean something else."""
        for id, _ in self._wishes.values():
            self.session.ask.unwatch(id)  # it may have been asked for meanwhile
        self._wishes.clear()

    def _ask(self, id: int, clock: float) -> None:
        wanted = [parts for other, parts in self._wishes.values() if other == id]
        if not wanted:
            self.session.ask.unwatch(id)
            return
        parts = dict.fromkeys(part for each in wanted for part in each)
        self.session.ask.watch(id, clock, tuple(parts))
