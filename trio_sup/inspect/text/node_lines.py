"""What ``trio-sup nodes`` prints: which nodes there are, and how they fare. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from attrs import frozen

from trio_sup.inspect.text import show

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from trio_sup._core.clean import Clean
    from trio_sup.inspect.finding.found_node import FoundNode
    from trio_sup.inspect.model.node_health import NodeHealth

NAMED: Final = 3
"""Problems of one node that are named."""


@frozen
class Checked:
    """A node that was asked how it fares."""

    title: str
    """Its name with its process id, or what it was asked for by."""
    health: NodeHealth | None
    error: str = ""
    """Why it could not be asked."""
    code: int = 0
    """The exit code that `trio-sup` has for that."""

    @property
    def well(self) -> bool:
        """Whether nothing of it needs a look."""
        return self.health is not None and not self.health.problems


def nodes_lines(nodes: Sequence[FoundNode], wall: float) -> Iterator[Clean]:
    """A line for each node, under a heading.

    Args:
        nodes: What was found.
        wall: Seconds since 1970 now.
    """
    rows = [("NODE", "PID", "UP", "PYTHON", "PROGRAM")]
    for node in nodes:
        file = node.file
        up = show.duration(wall - file.started_wall) if file else "?"
        python = file.python if file else "?"
        program = show.clean(file.argv0) if file else "?"
        if node.probe == "forbidden":
            program += "  (permission denied)"
        if node.owner:
            program += f"  (of {node.owner})"
        rows.append((node.name, str(node.pid), up, python, program))
    yield from _aligned(rows)


def health_lines(nodes: Sequence[Checked]) -> Iterator[Clean]:
    """A line of figures for each node, and below it what needs a look."""
    heads = ("NODE", "HEALTH", "UP", "CHILDREN", "DOWN", "RESTARTS/MIN", "MAILBOX")
    rows: list[tuple[str, ...]] = [(*heads, "LAG")]
    for node in nodes:
        it = node.health
        if it is None:
            rows.append(
                (show.clean(node.title), "no answer", *["-"] * (len(heads) - 1))
            )
            continue
        figures = (it.children, it.down, it.restarts, it.mailbox)
        rows.append(
            (
                show.clean(node.title),
                it.words,
                show.duration(it.up),
                *(f"{figure:,}" for figure in figures),
                show.duration(it.lag),
            )
        )
    heading, *lines = _aligned(rows)
    yield heading
    for node, line in zip(nodes, lines, strict=True):
        yield line
        if node.error:
            yield show.clean(f"  {node.error}")
        if node.health is not None:
            yield from _problems(node.health)


def _problems(health: NodeHealth) -> Iterator[Clean]:
    for breach in health.problems[:NAMED]:
        yield show.clean(f"  {breach.path or 'the node'} {breach.problem}")
    more = len(health.problems) - NAMED
    if more > 0:
        yield show.clean(f"  and {more:,} more")


def _aligned(rows: Sequence[tuple[str, ...]]) -> Iterator[Clean]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=True)]
        yield show.clean("  ".join(cells).rstrip())
