"""The parts of the bench by their names, and what each of them measures."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import TypeAlias

from attrs import frozen

from bench.counting import NoCounter, counted, counts
from bench.method import Table, measure
from bench.report import Found, LeftOut, Say
from bench.tables import ALL


@frozen
class Options:
    """How much is measured."""

    rounds: int
    scale: float
    """Of the usual sizes; 1 is what the documentation was measured with."""
    instructions: bool
    """Whether they are counted, where they can be."""
    say: Say


Measure: TypeAlias = Callable[[Options], Iterator[Found]]


@frozen
class Part:
    """Something to be measured on its own."""

    name: str
    what: str
    run: Measure


def _compare(table: Table, options: Options) -> Iterator[Found]:
    found: dict[str, float] = {}
    if options.instructions:
        options.say(f"{table.name}: counting instructions")
        try:
            found = {one.name: one.instructions for one in counts(counted(table))}
        except NoCounter as no:
            yield LeftOut("instructions", str(no))
    yield from measure(table, options.rounds, options.scale, found, options.say)


def _late(module: str) -> Measure:
    """What `measure` of a module finds; it is imported when its turn comes."""

    def run(options: Options) -> Iterator[Found]:
        import importlib

        yield from importlib.import_module(f"bench.{module}").measure(
            options.scale, options.say
        )

    return run


PARTS = {
    part.name: part
    for part in (
        *(Part(table.name, table.what, partial(_compare, table)) for table in ALL),
        Part(
            "beam", "the same work in Erlang and Elixir, where installed", _late("beam")
        ),
        Part("memory", "bytes a child; what a crash loop keeps", _late("memory")),
        Part("curves", "operations among 10 to 100,000 others", _late("curves")),
        Part(
            "crowd", "start and stop of 100,000, and the longest stall", _late("crowd")
        ),
        Part("fairness", "calls beside crashes, a flood and a stop", _late("fairness")),
        Part(
            "startup", "import, --help, tree, inspect to first paint", _late("startup")
        ),
    )
}
