"""Which rows are to be seen: the filter as typed, and the wish for problems alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from attrs import define, field

from trio_sup.inspect.model.problems import problem
from trio_sup.inspect.model.query import Query, QueryError, parse_query

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Mapping

    from trio_sup.inspect.protocol.wire import Row


@define
class Filter:
    """What the user asked to see, in force as long as it says something."""

    query: Query = field(factory=lambda: parse_query(""))
    """The last good filter."""
    typed: str = ""
    """What stands there, good or bad."""
    error: str = ""
    """What is wrong with the filter as typed."""
    only_problems: bool = False

    @property
    def on(self) -> bool:
        """Whether some rows are hidden by it."""
        return bool(self.query) or self.only_problems

    def type(self, text: str) -> bool:
        """Take the filter as typed; a bad one leaves the last good one in force.

        Returns:
            Whether the filter in force changed.
        """
        self.typed = text
        try:
            query = parse_query(text)
        except QueryError as error:
            self.error = str(error)
            return False
        self.error = ""
        changed = query.text != self.query.text
        self.query = query
        return changed

    def passing(
        self, rows: Mapping[int, Row], now: float, wrong: Container[int] = ()
    ) -> frozenset[int] | None:
        """The rows that pass, or None if nothing is hidden.

        Args:
            rows: All of them, by id.
            now: The node's clock.
            wrong: Rows that a lint is about: problems, too.
        """
        if not self.on:
            return None
        ids: Iterable[int] = self.query.select(rows.values(), now)
        if self.only_problems:
            ids = (id for id in ids if id in wrong or problem(rows[id], now))
        return frozenset(ids)


class Filtered(Protocol):
    """What is shown through a filter."""

    @property
    def filter(self) -> Filter:
        """The filter."""
        ...

    def type_filter(self, text: str) -> object:
        """Take the filter as typed."""
        ...
