"""Incidents under the supervisors that dealt with them, those of each process apart."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from attrs import frozen

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from trio_sup.inspect.model.incident import Incident
    from trio_sup.inspect.protocol.wire import Hello, Row
    from trio_sup_inspector.state.node import NodeState

ALIKE: Final = 4
"""Incidents of so many children that are just so are one line."""
BUCKETS: Final = 20
"""Parts of the minute that the strip covers."""


@frozen
class Group:
    """One supervisor with its incidents, newest first."""

    path: str
    row: Row | None
    """None: it is no more."""
    incidents: tuple[Incident, ...]
    node: Hello | None
    """The process that it is of, by whose clock all this is told."""
    ended: float | None = None
    """When that process was last heard of; None while it runs."""

    @property
    def former(self) -> bool:
        """Whether that process has ended, and another one runs."""
        return self.ended is not None

    @property
    def name(self) -> str:
        """What tells it from all others."""
        pid = self.node.pid if self.former and self.node is not None else ""
        return f"{pid}:{self.path}"


def strip_of(incidents: Iterable[Incident], now: float) -> list[int]:
    """Lives that ended by themselves in the last minute, by bucket, oldest first."""
    strip = [0] * BUCKETS
    for incident in incidents:
        found = incident.pace.buckets(now, BUCKETS)
        strip = [before + more for before, more in zip(strip, found, strict=True)]
    return strip


def group_incidents(
    state: NodeState, *, passing: frozenset[str] | None = None
) -> list[Group]:
    """The supervisors with something to tell: the latest incident first.

    Args:
        state: The node.
        passing: Paths of the children whose incidents are shown; None for all.
    """
    journal, node = state.journal, state.picture.node
    found = _by_supervisor(journal.incidents.found, passing)
    groups = [
        Group(path, state.row(state.model.by_path(path)), _joined(incidents), node)
        for path, incidents in found.items()
    ]
    known = set(found)
    for id in state.picture.lints.spending:
        row = state.row(id)
        if row is not None and row.kind in ("supervisor", "dynamic"):
            shown = passing is None or row.path in passing
            if row.path not in known and shown:
                groups.append(Group(row.path, row, (), node))
    if (before := journal.former) is not None:
        groups += [
            Group(path, None, _joined(incidents), before.node, before.ended)
            for path, incidents in _by_supervisor(before.incidents, passing).items()
        ]
    return groups


def _by_supervisor(
    incidents: Sequence[Incident], passing: frozenset[str] | None
) -> dict[str, list[Incident]]:
    """Those that pass, the newest first, under who dealt with them."""
    found: dict[str, list[Incident]] = {}
    for incident in reversed(incidents):
        if passing is None or incident.child in passing:
            found.setdefault(incident.supervisor, []).append(incident)
    return found


def _joined(incidents: list[Incident]) -> tuple[Incident, ...]:
    """Those of many children that are just so as one, where the newest stands."""
    alike: dict[tuple[str, ...], list[Incident]] = {}
    for incident in incidents:
        alike.setdefault(incident.like, []).append(incident)
    lines: list[Incident] = []
    for first, *others in alike.values():
        many = len({i.child for i in others} | {first.child}) >= ALIKE
        lines += [first.with_alike(others)] if many else [first, *others]
    return tuple(sorted(lines, key=lambda i: i.serial, reverse=True))


def frees_in(row: Row, incidents: Sequence[Incident], now: float) -> float | None:
    """Seconds until the first restart falls out of the budget's window.

    None if no budget is in use, or the restart was before what is known.
    """
    if not row.budget_used or row.budget_seconds is None:
        return None
    begin = now - row.budget_seconds
    inside = [at for i in incidents for at in i.ends if begin < at <= now]
    if len(inside) < row.budget_used:
        return None
    oldest = sorted(inside)[-row.budget_used]
    return max(0.0, oldest + row.budget_seconds - now)
