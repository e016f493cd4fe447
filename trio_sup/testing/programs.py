"""Plain Trio programs, searched for what cancellation, Ctrl-C and schedules break."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Literal

from attrs import frozen

from trio_sup.testing._orders.one_by_one import OneByOne, Picked
from trio_sup.testing._orders.searching import Limits, ScheduleReport, every, likely
from trio_sup.testing._run.arguments import (
    DEPTH,
    check_count,
    check_run,
    make_options,
    of_likely,
)
from trio_sup.testing._run.broken import Breach, broken
from trio_sup.testing._run.columns import WIDEST, cut, fitted
from trio_sup.testing._run.disturbances import (
    CancelProgram as CancelProgram,
    Deadline as Deadline,
    Disturbance as Disturbance,
    InterruptProgram as InterruptProgram,
)
from trio_sup.testing._run.layout import imports as import_lines, laid_out
from trio_sup.testing._run.one_program import Main, Past, Program, run_program
from trio_sup.testing._run.pages import PROGRAMS
from trio_sup.testing._run.program import DEEP, reference
from trio_sup.testing._run.watchdog import Watchdog
from trio_sup.testing.orders import can_be_chosen
from trio_sup.testing.schedule import shortened

Way = Literal["cancel", "ctrl_c", "deadline"]

RUNS = 200
"""Of likely schedules, where nothing is said."""

_WAYS: dict[str, str] = {
    "cancel": "cancelled before each step of its tasks",
    "ctrl_c": "Ctrl-C before each step of its tasks",
    "deadline": "a deadline at each time at which it does something",
}


class ProgramViolation(AssertionError):
    """A program did what it must not; the message repeats it under plain pytest."""

    def __init__(
        self,
        past: Past,
        program: Program,
        disturbance: Disturbance | None,
        picks: Sequence[int] | None,
    ) -> None:
        self.disturbance: Disturbance | None = disturbance
        self.picks: list[int] | None = None if picks is None else shortened(picks)
        self.problems: list[str] = list(past.problems)
        self.where: str = past.where
        """Where its main task waited then: a stack, as text."""
        self.program: str = _source(self, program)
        super().__init__(_message(self))

    def __reduce__(self) -> tuple[type[AssertionError], tuple[str]]:
        """Travel as text between processes."""
        return AssertionError, (str(self),)


def _source(found: ProgramViolation, program: Program) -> str:
    imports, name, note = reference(program.main, "main")
    lines = laid_out(name, DEEP)
    ours = ["replay_program"]
    if found.disturbance is not None:
        lines += laid_out(repr(found.disturbance), DEEP)
        ours.insert(0, type(found.disturbance).__name__)
    if found.picks is not None:
        lines += laid_out(repr(found.picks), DEEP, "picks=")
    if program.afterwards is not None:
        more, check, other_note = reference(program.afterwards, "afterwards")
        imports, note = imports + more, note + other_note
        lines += laid_out(check, DEEP, "afterwards=")
    if program.allow:
        kinds = ", ".join(kind.__name__ for kind in program.allow)
        lines += laid_out(f"[{kinds}]", DEEP, "allow=")
    source = [
        *import_lines("trio_sup.testing", ours),
        *dict.fromkeys(imports + note),
        "",
        "",
        "def test_replay() -> None:",
        "    replay_program(",
        *lines,
        "    )",
    ]
    return "\n".join(source)


def _message(found: ProgramViolation) -> str:
    lines = ["the program broke what must hold", "", "This repeats it:", ""]
    lines += [cut(f"    {each}".rstrip(), WIDEST) for each in found.program.split("\n")]
    if found.where:
        lines += ["", "Its main task waited there:", ""]
        lines += fitted(found.where.rstrip().splitlines())
    lines += ["", "What broke:"]
    lines += broken(
        (Breach(_law_of(each), each) for each in found.problems),
        lambda law: PROGRAMS,
        "`problems` of the exception has all of it",
    )
    return "\n".join(lines)


_LAWS = {
    "it fails: ": "a program fails by nothing but what it was told",
    "a task is left: ": "a program leaves no task behind",
    "it does not end ": "a program ends by itself in all orders of its tasks, or none",
    "it goes on ": "a program ends when it is told to",
    "no rest in ": "a program comes to rest",
}
"""By the beginnings of findings; all others are what `afterwards` says."""


def _law_of(problem: str) -> str:
    laws = (law for begin, law in _LAWS.items() if problem.startswith(begin))
    return next(laws, "what is demanded afterwards holds")


@frozen
class ProgramReport:
    """What was tried with a program."""

    ends: bool
    """Whether it ends by itself."""
    ways: dict[str, tuple[int, int]]
    """By what befell it: how many runs there were, and how many failed."""
    seconds: float
    schedules: ScheduleReport | None = None
    failures: tuple[AssertionError, ...] = ()

    @property
    def runs(self) -> int:
        """How many runs there were."""
        orders = 0 if self.schedules is None else self.schedules.runs
        return 1 + orders + sum(runs for runs, _ in self.ways.values())

    def check(self) -> None:
        """Raise the first failure, if there was one.

        Raises:
            ProgramViolation: with a note of how many there were.
        """
        __tracebackhide__ = True
        if self.failures:
            first = self.failures[0]
            first.add_note(f"{len(self.failures)} of {self.runs} runs failed\n{self}")
            raise first

    def __str__(self) -> str:
        lines = [
            f"{way:9} {runs:5} runs, {failed} failed: {_WAYS[way]}"
            for way, (runs, failed) in self.ways.items()
        ]
        if self.schedules is not None:
            lines.append(f"schedules {self.schedules}")
        end = "it ends by itself" if self.ends else "it is ended when its time is over"
        lines.append(f"{self.runs} runs in {self.seconds:.1f} s; {end}")
        return "\n".join(lines)


def check_program(
    main: Main,
    *,
    ways: Sequence[Way] = ("cancel", "ctrl_c", "deadline"),
    schedules: Literal["likely", "every", "none"] = "likely",
    afterwards: Callable[[], object] | None = None,
    allow: Iterable[type[BaseException]] = (),
    duration: float = 10.0,
    depth: int | None = None,
    runs: int | None = None,
    most: int = 1000,
    check: bool = True,
) -> ProgramReport:
    """Try to break a Trio program that has no supervisors.

    It runs in virtual time: once undisturbed, then cancelled before each step of its
    tasks, with Ctrl-C before each step, with a deadline at each time at which it does
    something, and under schedules. In each of these runs it must end within a minute
    of virtual time once it is told to, fail by nothing but what it was told, leave no
    task behind, and `afterwards` must hold. If it ends by itself when it is not
    disturbed, it must do so under each schedule.

    Args:
        main: An async function without parameters; called for each run, so it makes
            everything anew.
        ways: What befalls it.
        schedules: ``likely`` draws priorities, see `likely_schedules`; ``every`` tries
            all orders that can make a difference, see `every_schedule`.
        afterwards: A plain function that is called after each run; it fails by raising,
            or by returning False.
        allow: Exceptions of `main` that are no failure.
        duration: Virtual seconds after which a program that does not end is told to.
        depth: Of the bugs that ``likely`` looks for; 3 by default.
        runs: Of ``likely``; 200 by default.
        most: Runs of each way, which ends at its first failure, and of ``every``. Of more places so many are tried,
            evenly spread.
        check: Whether to raise the first failure.

    Raises:
        ProgramViolation: something does not hold, and `check` is true. It holds a
            program that repeats it.
        TypeError: an argument is of a wrong type.
        ValueError: a number is not above 0, a way is unknown, or there are `depth` or
            `runs` without ``likely``.
        RuntimeError: this is called from async code, or this version of Trio does not
            let its schedules be chosen.
    """
    __tracebackhide__ = True
    began = time.perf_counter()
    program = _program(main, afterwards, allow, duration)
    check_count("most", most)
    _known(ways, schedules)
    likely_depth = of_likely("depth", depth, DEPTH, schedules)
    likely_runs = of_likely("runs", runs, RUNS, schedules)
    calm = run_program(program, None, Watchdog(()))
    tried: dict[str, tuple[int, int]] = {}
    failures: list[AssertionError] = []
    if calm.problems:
        failures.append(ProgramViolation(calm, program, None, None))
    wanted: list[Way] = [] if failures else list(dict.fromkeys(ways))
    for way in wanted:
        places = list(_places(way, calm, duration))
        places = places[:: -(-len(places) // most)] if len(places) > most else places
        done, bad = 0, 0
        while done < len(places) and not bad:
            found = _one(program, places[done], Watchdog(()))
            done += 1
            if found is not None:  # a program that hangs would hang at each place
                failures.append(found)
                bad = 1
        tried[way] = (done, bad)
    orders = None
    if schedules != "none" and not failures:
        orders = _orders(program, calm, schedules, likely_depth, likely_runs, most)
        failures += [] if orders.failure is None else [orders.failure]
    seconds = time.perf_counter() - began
    report = ProgramReport(calm.ended, tried, seconds, orders, tuple(failures))
    if check:
        report.check()
    return report


def replay_program(
    main: Main,
    disturbance: Disturbance | None = None,
    *,
    picks: Sequence[int] | None = None,
    afterwards: Callable[[], object] | None = None,
    allow: Iterable[type[BaseException]] = (),
    duration: float = 10.0,
) -> None:
    """Run a program once, as a failure of `check_program` prints it.

    Args:
        main: As for `check_program`, like the rest.
        disturbance: What befalls it.
        picks: In which order its tasks go on: see `replay`. The program has to end by
            itself then.
        afterwards: What must hold.
        allow: Exceptions that are no failure.
        duration: Virtual seconds.

    Raises:
        ProgramViolation: something does not hold.
        TypeError: an argument is of a wrong type.
        ValueError: `duration` is not above 0, or a pick is negative.
        RuntimeError: this is called from async code.
    """
    __tracebackhide__ = True
    program = _program(main, afterwards, allow, duration)
    check_run((), picks or ())
    order = Watchdog(()) if picks is None else Picked(picks)
    found = _one(program, disturbance, order, picks)
    if found is not None:
        raise found


def _program(
    main: Main,
    afterwards: Callable[[], object] | None,
    allow: Iterable[type[BaseException]],
    duration: float,
) -> Program:
    __tracebackhide__ = True
    can_be_chosen()
    if not callable(main):
        raise TypeError(f"main must be an async function, not {main!r}")
    if afterwards is not None and not callable(afterwards):
        raise TypeError(f"afterwards must be a function, not {afterwards!r}")
    known = make_options(main, None, (), allow, duration)
    return Program(
        main=main, afterwards=afterwards, allow=known.allow, duration=duration
    )


def _known(ways: Sequence[str], schedules: str) -> None:
    __tracebackhide__ = True
    for way in ways:
        if way not in _WAYS:
            raise ValueError(f"ways takes some of {', '.join(_WAYS)}; not {way!r}")
    if schedules not in ("likely", "every", "none"):
        raise ValueError(f"schedules is likely, every or none; not {schedules!r}")


def _places(way: Way, calm: Past, duration: float) -> Iterator[Disturbance]:
    match way:
        case "cancel":
            yield from (CancelProgram(step + 1) for step in range(calm.steps))
        case "ctrl_c":
            yield from (InterruptProgram(step + 1) for step in range(calm.steps))
        case "deadline":
            yield from (Deadline(at) for at in calm.times if 0 < at < duration)


def _one(
    program: Program,
    disturbance: Disturbance | None,
    order: Watchdog,
    picks: Sequence[int] | None = None,
) -> ProgramViolation | None:
    past = run_program(program, disturbance, order)
    if picks is not None and disturbance is None and not past.ended:
        past.problems = past.problems or [_LATE.format(program.duration)]
    if not past.problems:
        return None
    return ProgramViolation(past, program, disturbance, picks)


_LATE = "it does not end within {:g} s"
_NEVER = "it does not end within {:g} s in{} order of its tasks, in others it does"


def _orders(
    program: Program, calm: Past, schedules: str, depth: int, runs: int, most: int
) -> ScheduleReport:
    def run(order: OneByOne) -> AssertionError | None:
        past = run_program(program, None, order)
        if past.ended and not calm.ended and not past.problems:
            # Here it ends, so there is something that it must not wait for elsewhere.
            calm.problems.append(_NEVER.format(program.duration, " the plain"))
            return ProgramViolation(calm, program, None, [])
        if calm.ended and not past.ended and not past.problems:
            past.problems.append(_NEVER.format(program.duration, " this"))
        if not past.problems:
            return None
        return ProgramViolation(past, program, None, order.picks)

    if schedules == "every":
        return every(run, Limits(most))
    return likely(run, Limits(runs), depth, 0)
