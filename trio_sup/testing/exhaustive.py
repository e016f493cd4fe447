"""One fault a run, at every place there is: no luck involved."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from typing import Literal, TypeAlias

from attrs import Factory, define, frozen

from trio_sup.testing._beside.beside import STAND_INS
from trio_sup.testing._beside.stand_ins import stand_ins
from trio_sup.testing._run.arguments import (
    check_count,
    check_modes,
    make_options,
    nothing_to_try,
)
from trio_sup.testing._run.example import run_example
from trio_sup.testing._run.findings import undisturbed
from trio_sup.testing._run.options import Client, Options
from trio_sup.testing._run.progress import Progress, chosen
from trio_sup.testing.faults import (
    Crash,
    CutTree,
    FailStart,
    Fault,
    Interrupt,
    Slow,
    Vanish,
)
from trio_sup.testing.invariants import Check, Invariant
from trio_sup.testing.report import SupervisionViolation
from trio_sup.testing.world import BuildTree, World

Mode: TypeAlias = Literal["crash", "vanish", "interrupt", "slow"]

_MODES: dict[str, type[Crash | Vanish | Interrupt | Slow]] = {
    "crash": Crash,
    "vanish": Vanish,
    "interrupt": Interrupt,
    "slow": Slow,
}

SURVIVED, FAILED, MISSED, DISCARDED = ".", "x", "-", "?"


@define
class Row:
    """What was tried on one life of one child in one mode."""

    marks: str = ""
    """One letter a place that was tried, in order: ``.`` the tree survived, ``x``
    something broke, ``-`` the fault did not take place, ``?`` an `assume` did not
    hold."""
    places: int = 0
    """Places there are."""

    @property
    def tried(self) -> int:
        """Places that were tried: all, unless there are more than `most`."""
        return len(self.marks)

    @property
    def hit(self) -> int:
        """Places at which the fault took place."""
        return self.marks.count(SURVIVED) + self.failed

    @property
    def failed(self) -> int:
        """Places at which something broke."""
        return self.marks.count(FAILED)


@frozen
class CoverageReport:
    """What an exhaustive run has tried, child by child."""

    rows: dict[tuple[str, str], Row]
    """By place (a child with its life, or the tree) and kind of fault."""
    seconds: float
    failures: tuple[SupervisionViolation, ...] = ()

    @property
    def runs(self) -> int:
        """How many runs there were."""
        return sum(row.tried for row in self.rows.values())

    def details(self) -> str:
        """Return each place of each child, one letter for each: see `Row.marks`.

        The letters of a row stand for the checkpoints 0, 1, 2, … of that life, so
        they say which child, checkpoint and fault was tried, and what came of it.
        """
        width = max([0, *(len(kind) for _, kind in self.rows)])
        lines: list[str] = []
        before = ""
        for (place, kind), row in self.rows.items():
            if place != before:
                lines.append(place)
                before = place
            left = f"  ({_left_out(row)})" if row.tried < row.places else ""
            lines.append(f"  {kind:{width}}  {row.marks}{left}")
        return "\n".join(lines)

    def check(self) -> None:
        """Raise the first failure, if there was one.

        Raises:
            SupervisionViolation: with a note of how many there were.
        """
        __tracebackhide__ = True
        if self.failures:
            first = self.failures[0]
            first.add_note(f"{len(self.failures)} of {self.runs} runs failed\n{self}")
            raise first

    def __str__(self) -> str:
        places = list(dict.fromkeys(place for place, _ in self.rows))
        kinds = list(dict.fromkeys(kind for _, kind in self.rows))
        width = max([5, *map(len, places)])
        lines = ["  ".join([f"{'place':{width}}", *(f"{kind:>14}" for kind in kinds)])]
        for place in places:
            cells = [_cell(self.rows.get((place, kind))) for kind in kinds]
            lines.append("  ".join([f"{place:{width}}", *cells]))
        for (place, kind), row in self.rows.items():
            if row.tried < row.places:
                lines.append(f"{place}, {kind}: {_left_out(row)}; see most=")
        failed = sum(row.failed for row in self.rows.values())
        lines.append(f"{self.runs} runs in {self.seconds:.1f} s, {failed} failed")
        return "\n".join(lines)


def _left_out(row: Row) -> str:
    return f"{row.tried} of {row.places} places were tried, evenly spread"


def _cell(row: Row | None) -> str:
    if row is None:
        return " " * 14
    text = f"{row.hit}/{row.places}" + (f", {row.failed} bad" if row.failed else "")
    return f"{text:>14}"


def _mark(world: World) -> str:
    if world.problems:
        return FAILED
    if not world.assumed:
        return DISCARDED
    return SURVIVED if world.disturbed else MISSED


@define
class _Case:
    place: str
    kind: str
    script: list[Fault]
    stands_for: int = 1
    """How many places there are for this one that is tried."""


def _spread(places: int, most: int) -> list[tuple[int, int]]:
    """Return which of so many places are tried, and for how many each stands."""
    if places <= most:
        return [(place, 1) for place in range(places)]
    chosen = [number * places // most for number in range(most)]
    return [
        (place, after - place)
        for place, after in zip(chosen, [*chosen[1:], places], strict=True)
    ]


@define
class _Tally:
    rows: dict[tuple[str, str], Row] = Factory(dict[tuple[str, str], Row])
    failures: list[SupervisionViolation] = Factory(list[SupervisionViolation])

    def note(self, case: _Case, world: World, options: Options) -> None:
        row = self.rows.setdefault((case.place, case.kind), Row())
        row.marks += _mark(world)
        row.places += case.stands_for
        if world.problems:
            self.failures.append(SupervisionViolation(world, options, case.script, ()))


def every_checkpoint(
    build_tree: BuildTree,
    *,
    modes: Sequence[Mode] = ("crash", "vanish"),
    starts: bool = True,
    spare: Sequence[str] = (),
    most: int = 1000,
    client: Client | None = None,
    invariants: Iterable[Invariant | Check] = (),
    allow: Iterable[type[BaseException]] = (),
    duration: float = 10.0,
    progress: Progress | bool | None = None,
    check: bool = True,
) -> CoverageReport:
    """Break each child once at each of its waits, one run for each.

    The waits are those of an undisturbed run: of the main task of each life, where
    Trio could deliver a cancellation. A bare `trio.lowlevel.checkpoint` that does not
    wait is only met by ``vanish``, at the next wait.

    Args:
        build_tree: As for `check_supervision`, like what is not named here.
        modes: ``crash``: an exception where it waits. ``vanish``: a cancellation,
            then a crash. ``interrupt``: a Ctrl-C. ``slow``: it goes on a second late.
        starts: Whether to let the first and the second start of each fail, too.
        spare: Paths that are left alone.
        most: Waits of one life that are tried. Of more so many are, evenly spread, and
            the report says so.
        client: Uses the tree.
        invariants: What else must hold.
        allow: Exceptions that are no failure.
        duration: Virtual seconds.
        progress: Called with the number of runs done and of all; True for a bar on
            standard error, which is the default where that is a terminal.
        check: Whether to raise the first failure at the end.

    Returns:
        What was tried.

    Raises:
        SupervisionViolation: something does not hold, and `check` is true.
        TypeError: an argument is of a wrong type.
        ValueError: a mode is unknown, `spare` names nobody, `duration` or `most` is
            not above 0, or there is no place to try.
        RuntimeError: this is called from async code.
    """
    __tracebackhide__ = True
    options = make_options(build_tree, client, invariants, allow, duration)
    check_modes(modes, _MODES)
    check_count("most", most)
    baseline = undisturbed(options, spare)
    cases: list[_Case] = []
    for (path, life), waits in baseline.checkpoints.items():
        if path in spare:
            continue
        place = f"{path} (life {life})" if life > 1 else path
        for mode in modes:
            for wait, stands_for in _spread(waits, most):
                fault = _MODES[mode](path, life=life, checkpoint=wait)
                cases.append(_Case(place, mode, [fault], stands_for))
        if starts and life == 1:
            cases.append(_Case(place, "fail start", [FailStart(path)]))
            again: list[Fault] = [FailStart(path, life=2), Crash(path, at=duration / 2)]
            cases.append(_Case(place, "fail start", again))
    if not cases:
        raise nothing_to_try(baseline, spare)
    return _run_all(options, cases, progress, check)


def every_cancellation(
    build_tree: BuildTree,
    *,
    most: int = 1000,
    client: Client | None = None,
    invariants: Iterable[Invariant | Check] = (),
    allow: Iterable[type[BaseException]] = (),
    duration: float = 10.0,
    progress: Progress | bool | None = None,
    check: bool = True,
) -> CoverageReport:
    """Cancel the whole tree from outside before each task step, one run for each.

    Args:
        build_tree: As for `check_supervision`, like what is not named here.
        most: Runs. Of more steps so many are tried, evenly spread, and the report says
            so.
        client: Uses the tree.
        invariants: What else must hold.
        allow: Exceptions that are no failure.
        duration: Virtual seconds.
        progress: Called with the number of runs done and of all; True for a bar on
            standard error, which is the default where that is a terminal.
        check: Whether to raise the first failure at the end.

    Returns:
        What was tried.

    Raises:
        SupervisionViolation: something does not hold, and `check` is true.
        TypeError: an argument is of a wrong type.
        ValueError: `duration` or `most` is not above 0, or there are no children, no
            client and no invariant: then nothing could fail.
        RuntimeError: this is called from async code.
    """
    __tracebackhide__ = True
    options = make_options(build_tree, client, invariants, allow, duration)
    check_count("most", most)
    baseline = undisturbed(options)
    if not baseline.checkpoints and client is None and not options.invariants:
        raise nothing_to_try(baseline, ())
    steps = baseline.steps
    cases = [
        _Case("the tree", "cut", [CutTree(step=step + 1)], stands_for)
        for step, stands_for in _spread(steps, most)
    ]
    return _run_all(options, cases, progress, check)


def _run_all(
    options: Options,
    cases: Sequence[_Case],
    progress: Progress | bool | None,
    check: bool,
) -> CoverageReport:
    __tracebackhide__ = True
    began, tally, tell = time.perf_counter(), _Tally(), chosen(progress)
    with stand_ins(STAND_INS):  # once, not for each run
        for number, case in enumerate(cases, start=1):
            tally.note(case, run_example(options, case.script), options)
            if tell is not None:
                tell(number, len(cases))
    seconds = time.perf_counter() - began
    report = CoverageReport(tally.rows, seconds, tuple(tally.failures))
    if check:
        report.check()
        if not any(row.hit for row in report.rows.values()):
            raise ValueError(f"none of {report.runs} faults could be judged:\n{report}")
    return report
