"""Let the harness try to break a tree: drawn faults, times and schedules."""

from __future__ import annotations

import functools
import inspect
import math
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias, TypedDict, Unpack

from attrs import Factory, frozen

from trio_sup.testing._beside.beside import STAND_INS
from trio_sup.testing._beside.stand_ins import stand_ins
from trio_sup.testing._extra import hypothesis_for
from trio_sup.testing._recorded.playing import play, run_case
from trio_sup.testing._run import draws
from trio_sup.testing._run.arguments import (
    check_case,
    check_count,
    check_kinds,
    check_run,
    check_seconds,
    make_options,
    nothing_to_try,
)
from trio_sup.testing._run.decorations import decorations
from trio_sup.testing._run.findings import Findings, run_checked, undisturbed
from trio_sup.testing._run.options import Client
from trio_sup.testing._run.program import UNDECORATED
from trio_sup.testing.faults import STANDARD, Fault
from trio_sup.testing.invariants import Check, Invariant
from trio_sup.testing.report import SupervisionViolation
from trio_sup.testing.scenario import Scenario
from trio_sup.testing.world import BuildTree, World

if TYPE_CHECKING:
    from hypothesis import settings as Settings

Case: TypeAlias = Sequence[Fault] | tuple[Sequence[Fault], Sequence[int]] | Scenario
"""A script, a script with codes, or a recording of a node."""


class CheckOptions(TypedDict, total=False):
    """The keyword arguments of `check_supervision`; see there."""

    client: Client | None
    invariants: Iterable[Invariant | Check]
    faults: Sequence[type[Fault]]
    spare: Sequence[str]
    operations: Iterable[Any] | Mapping[Any, Any]
    allow: Iterable[type[BaseException]]
    duration: float
    max_examples: int | None
    max_seconds: float | None
    derandomize: bool
    settings: Settings | None
    corpus: Iterable[Case]


@frozen
class CheckReport:
    """What a check that found nothing has tried."""

    examples: int
    seconds: float
    targets: tuple[str, ...]
    """The children that could be hit."""
    outcomes: dict[str, int]
    """How the runs ended, and how often."""
    discarded: int = 0
    """Runs beside the examples in which an `assume` did not hold."""
    faults: dict[str, tuple[int, int]] = Factory(dict[str, tuple[int, int]])
    """By kind of fault, how many were drawn, and how many of them hit."""

    def statistics(self) -> str:
        """Return a table: how many of each kind of fault were drawn, hit and missed."""
        width = max([5, *map(len, self.faults)])
        lines = [f"{'fault':{width}} {'drawn':>7} {'hit':>7} {'missed':>7}"]
        for name, (drawn, hit) in sorted(self.faults.items()):
            lines.append(f"{name:{width}} {drawn:>7} {hit:>7} {drawn - hit:>7}")
        return "\n".join(lines)

    def __str__(self) -> str:
        ends = ", ".join(f"{n} {word}" for word, n in sorted(self.outcomes.items()))
        if self.discarded:
            ends += f"; {self.discarded} discarded"
        return (
            f"{self.examples} examples in {self.seconds:.1f} s over "
            f"{len(self.targets)} children: {ends}"
        )


def check_supervision(
    build_tree: BuildTree,
    *,
    client: Client | None = None,
    invariants: Iterable[Invariant | Check] = (),
    faults: Sequence[type[Fault]] = STANDARD,
    spare: Sequence[str] = (),
    operations: Iterable[Any] | Mapping[Any, Any] = (),
    allow: Iterable[type[BaseException]] = (),
    duration: float = 10.0,
    max_examples: int | None = None,
    max_seconds: float | None = None,
    derandomize: bool = False,
    settings: Settings | None = None,
    corpus: Iterable[Case] = (),
) -> CheckReport:
    """Try to break a tree; return what was tried, or raise what was found.

    The tree runs in virtual time, first undisturbed, then under drawn faults and
    drawn schedules. A failure is shrunk to the fewest faults and its message holds a
    program that repeats it.

    Beside `invariants` this must hold: children start and stop in order, restarts
    are those that the specification allows, lives never overlap, no task is left, the
    registry equals the living children, every caller gets an answer, counts of
    mailboxes add up, and no child fails by an error that no fault explains.

    Args:
        build_tree: Called for each run, inside of Trio: returns a specification, a
            list of them, or one of these and an application object (`World.app`).
        client: An async function of the `World` that uses the tree while it runs; it
            is cancelled when the run is over. Its own errors are failures.
        invariants: What else must hold: see `invariant`, `eventually`, `survives`.
        faults: The kinds of faults to draw.
        spare: Paths of children that are left alone.
        operations: Calls and casts of servers of the tree, such as ``[Db.get]``, that
            are drawn as well, at any time, with arguments of the types in their hints,
            with and without timeouts; or with a Hypothesis strategy for the tuple of
            arguments of each: ``{Db.get: st.tuples(st.integers(0, 9))}``. An error
            that is not declared is the server's crash, and no fault explains it.
        allow: Exceptions of children, or of the client, that are no failure.
        duration: Virtual seconds that a run lasts before its tree is stopped.
        max_examples: How many; by default Hypothesis' setting, or as many as fit into
            `max_seconds`.
        max_seconds: Real seconds after which no further example is begun.
        derandomize: Whether to try the same examples each time.
        settings: Hypothesis' settings, such as a database of your own; by default
            those of the profile that is loaded.
        corpus: Cases that are tried before any is drawn: scripts, or pairs of a script
            and codes, as a failure prints them, or what `scenario_from` returned.

    Raises:
        SupervisionViolation: something does not hold.
        NotPlayed: there is a recording in the corpus that the tree cannot play.
        TypeError: an argument is of a wrong type.
        ValueError: `duration`, `max_examples` or `max_seconds` is not above 0, `spare`
            names nobody,
            an `assume` holds in no run, or no fault could ever hit and there is
            neither a client nor an invariant: such a check could not fail.
        RuntimeError: this is called from async code.
        ImportError: Hypothesis is not installed (extra ``testing``).
    """
    __tracebackhide__ = True  # pytest shows where the check is, not its inside
    hypothesis = hypothesis_for("check_supervision")
    from trio_sup.testing import strategies  # noqa: PLC0415 - the extra `testing`
    from trio_sup.testing._run.questions import questions_of  # noqa: PLC0415 - it, too

    options = make_options(build_tree, client, invariants, allow, duration)
    check_kinds(faults)
    if max_examples is not None:
        check_count("max_examples", max_examples)
    if max_seconds is not None:
        check_seconds("max_seconds", max_seconds)
        max_examples = MANY if max_examples is None else max_examples
    kept = [case if isinstance(case, Scenario) else check_case(case) for case in corpus]
    began = time.perf_counter()
    calm = undisturbed(options, spare)
    ground = draws.survey(calm, spare, duration)
    of_its_own = client is not None or bool(options.invariants) or bool(operations)
    if not (of_its_own or draws.can_hit(ground, faults, client=False)):
        raise nothing_to_try(calm, spare)
    cases = strategies.cases_on(ground, faults, questions_of(calm, operations))
    for case in kept:
        run_case(options, case)
    until = math.inf if max_seconds is None else began + max_seconds
    tried = _Tried(Findings(options), hypothesis.reject, until)
    chosen = _settings(hypothesis, settings, max_examples, derandomize)
    _search(tried, chosen, cases, build_tree)
    paths = tuple(target.path for target in ground.targets)
    seconds = time.perf_counter() - began
    return CheckReport(
        tried.examples, seconds, paths, tried.outcomes, tried.discarded, tried.faults
    )


def _search(tried: _Tried, settings: Any, cases: Any, build_tree: BuildTree) -> None:
    """Try drawn cases until there are enough, or raise what was found."""
    __tracebackhide__ = True
    hypothesis = hypothesis_for("check_supervision")

    def test(case: tuple[list[Fault], list[int]]) -> None:
        __tracebackhide__ = True
        tried.one(case)

    # Hypothesis keeps failures by the name of the test: it is that of the tree.
    test.__qualname__ = f"check_supervision({_full_name(build_tree)})"
    try:
        with stand_ins(STAND_INS):  # once, not for each example
            settings(hypothesis.given(cases)(test))()
    except _Enough:
        pass
    except SupervisionViolation as violation:
        raise tried.found.verdict(violation) from None
    except hypothesis.errors.Unsatisfiable:
        raise ValueError(
            f"an assume() gave up all of {tried.discarded} runs: nothing was tried"
        ) from None


DURATION = 10.0
"""Virtual seconds of a run, unless something else is asked for."""
MANY = 10_000_000
"""Examples that no time is enough for."""


class _Enough(BaseException):
    """The time is over; Hypothesis lets it pass."""


class _Tried:
    """What Hypothesis has tried, counted."""

    def __init__(
        self, found: Findings, reject: Callable[[], object], until: float
    ) -> None:
        self.found = found
        self._reject = reject
        self._until = until
        self.examples = self.discarded = 0
        self.outcomes: dict[str, int] = {}
        self.faults: dict[str, tuple[int, int]] = {}

    def one(self, case: tuple[list[Fault], list[int]]) -> None:
        """Run one example; raises what was found."""
        __tracebackhide__ = True
        over = self.examples > 0 and time.perf_counter() >= self._until
        if over and self.found.violation is None:
            raise _Enough
        world = self.found.run(*case)
        if world is None:
            return
        if not world.assumed:
            self.discarded += 1
            self._reject()
        self.examples += 1
        self.outcomes[world.outcome] = self.outcomes.get(world.outcome, 0) + 1
        happened = {id(hit.fault): not hit.missed for hit in world.hits}
        for fault in case[0]:
            name = type(fault).__name__
            drawn, hits = self.faults.get(name, (0, 0))
            self.faults[name] = (drawn + 1, hits + happened.get(id(fault), False))


def _settings(
    hypothesis: Any, given: Any, max_examples: int | None, derandomize: bool
) -> Any:
    """Return how Hypothesis is to search: it must be quiet, the report is ours."""
    chosen: dict[str, Any] = {}
    if max_examples is not None:
        chosen["max_examples"] = max_examples
    if derandomize:
        chosen |= {"derandomize": True, "database": None}
    given = hypothesis.settings.default if given is None else given
    return hypothesis.settings(
        given,
        deadline=None,
        suppress_health_check=list(hypothesis.HealthCheck),
        report_multiple_bugs=False,
        print_blob=False,
        phases=[each for each in given.phases if each.name != "explain"],
        verbosity=hypothesis.Verbosity.quiet,
        **chosen,
    )


def _full_name(function: object) -> str:
    module = getattr(function, "__module__", "")
    return f"{module}.{getattr(function, '__qualname__', repr(function))}"


def replay(
    build_tree: BuildTree,
    script: Sequence[Fault] | Scenario = (),
    codes: Sequence[int] = (),
    *,
    client: Client | None = None,
    invariants: Iterable[Invariant | Check] = (),
    allow: Iterable[type[BaseException]] = (),
    duration: float | None = None,
    picks: Sequence[int] | None = None,
) -> World:
    """Run a tree once under a certain script and schedule; as a failure prints it.

    Or play what a real node went through, from `scenario_from`. That takes a few runs,
    until each fault finds the life that it found on the node. If it breaks the tree, the
    faults are made as few as break it; and if some of it cannot happen to this tree,
    that is an error, too.

    Args:
        build_tree: As for `check_supervision`, like the rest.
        script: What goes wrong.
        codes: The schedule: a permutation for each contested round, 0 for none.
        client: Uses the tree.
        invariants: What else must hold.
        allow: Exceptions that are no failure.
        duration: Virtual seconds; by default 10, or as long as the recording is.
        picks: The schedule of a failure of `every_schedule` or `likely_schedules`:
            one task goes on at a time, of several that are ready the one at this place
            among those that waited longest. 0 follows.

    Returns:
        The finished world.

    Raises:
        SupervisionViolation: something does not hold.
        NotPlayed: the tree cannot play the recording as it is.
        TypeError: an argument is of a wrong type.
        ValueError: `duration` is not above 0, a code or a pick is negative, or there
            are both, or one of them with a recording.
        RuntimeError: this is called from async code.
    """
    __tracebackhide__ = True
    seconds = DURATION if duration is None else duration
    options = make_options(build_tree, client, invariants, allow, seconds)
    if isinstance(script, Scenario):
        if codes or picks:
            raise ValueError(
                "a recording comes with no schedule: neither codes nor picks"
            )
        return play(options, script, duration)
    check_run(script, codes)
    check_run((), picks or ())
    if codes and picks:
        raise ValueError("a schedule is either codes= or picks=, not both")
    return run_checked(options, script, codes, picks)


def supervision_property(
    build_tree: BuildTree, **options: Unpack[CheckOptions]
) -> Callable[[Callable[..., object]], Callable[..., None]]:
    """Make a test of a function of the `World`; `check_supervision` as a decorator.

    An ``async def`` is the client: it uses the tree while faults hit it. A plain
    function is an invariant, checked after each run. Parameters after the first are
    fixtures. The test is a plain function, so any runner runs it; pytest-trio leaves
    it alone.

    In a class it is a method: ``self`` comes first, then the `World`.

    Hypothesis' ``@settings`` goes above or below it, and ``@example`` with a script, or
    with ``script=`` and ``codes=``, is a case that is tried first.

    Args:
        build_tree: As for `check_supervision`.
        options: Its keyword arguments.

    Raises:
        TypeError: the function has no parameter for the `World`.
    """

    def decorate(function: Callable[..., object]) -> Callable[..., None]:
        signature = inspect.signature(function)
        parameters = list(signature.parameters.values())
        world = 1 if parameters and parameters[0].name == "self" else 0
        if len(parameters) <= world:
            raise TypeError(f"{function!r} has no parameter for the World")
        del parameters[world]  # no fixture gives it

        @functools.wraps(function)
        def test(*instance: object, **fixtures: object) -> None:
            __tracebackhide__ = True
            given: dict[str, Any] = {**options}
            decorated = decorations(test)
            given.setdefault("settings", decorated.settings)
            given["corpus"] = [*given.get("corpus", ()), *decorated.examples]
            used = functools.partial(function, *instance, **fixtures)
            functools.update_wrapper(used, function)
            if inspect.iscoroutinefunction(function):
                given["client"] = used
            else:
                given["invariants"] = [*given.get("invariants", ()), used]
            check_supervision(build_tree, **given)

        # Runners must neither see the parameter of the world nor an async function.
        del test.__wrapped__
        setattr(test, UNDECORATED, function)  # for the program that repeats a failure
        test.__signature__ = signature.replace(  # type: ignore[attr-defined]
            parameters=parameters, return_annotation=None
        )
        return test

    return decorate
