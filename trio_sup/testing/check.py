"""Let the harness try to break a tree: drawn faults, times and schedules."""

from __future__ import annotations

import functools
import inspect
import math
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias, TypedDict, Unpack

from attrs import Factory, frozen

from trio_sup.testing._extra import hypothesis_for
from trio_sup.testing._orders.pct import LikelyOrders, Priorities
from trio_sup.testing._orders.searching import ScheduleReport
from trio_sup.testing._recorded.playing import play, run_case
from trio_sup.testing._run import draws
from trio_sup.testing._run.arguments import (
    check_case,
    check_count,
    check_kinds,
    check_order,
    check_schedules,
    check_seconds,
    make_options,
    nothing_to_try,
)
from trio_sup.testing._run.case import Schedules
from trio_sup.testing._run.decorations import decorations
from trio_sup.testing._run.drawing import MANY, Tried, full_name, search, settings_of
from trio_sup.testing._run.findings import Findings, run_checked, undisturbed
from trio_sup.testing._run.ground import Ground
from trio_sup.testing._run.options import Client, Options
from trio_sup.testing._run.program import UNDECORATED
from trio_sup.testing.faults import STANDARD, Fault
from trio_sup.testing.invariants import Check, Invariant
from trio_sup.testing.orders import can_be_chosen
from trio_sup.testing.scenario import Scenario
from trio_sup.testing.situations import Guide, SituationReport
from trio_sup.testing.world import BuildTree, World

if TYPE_CHECKING:
    from hypothesis import settings as Settings

Kept: TypeAlias = (
    Sequence[Fault]
    | tuple[Sequence[Fault], Sequence[int]]
    | tuple[Sequence[Fault], Sequence[int], Sequence[int] | None]
    | Scenario
)
"""A script, or a script with codes, or with no codes and picks; or a recording."""
DURATION = 10.0
"""Virtual seconds of a run, unless something else is asked for."""


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
    corpus: Iterable[Kept]
    schedules: Schedules
    depth: int | None
    situations: bool


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
    schedules: ScheduleReport | None = None
    """Of ``schedules="likely"``: what orders were tried."""
    situations: SituationReport | None = None
    """Of ``situations=True``: what was reached, and what never."""

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
        text = (
            f"{self.examples} examples in {self.seconds:.1f} s over "
            f"{len(self.targets)} children: {ends}"
        )
        return text if self.schedules is None else f"{text}\nschedules {self.schedules}"


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
    corpus: Iterable[Kept] = (),
    schedules: Schedules = "drawn",
    depth: int | None = None,
    situations: bool = False,
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
        corpus: Cases that are tried before any is drawn, as failures print them: a
            script, or a tuple of a script and codes, or of a script, ``()`` and picks;
            or what `scenario_from` returned.
        schedules: ``drawn`` permutes the tasks that Trio would run in one round;
            ``likely`` lets one task go on at a time, by drawn priorities, see
            `likely_schedules`: that finds orders in which one task overtakes another
            by many steps. ``none`` leaves all as it comes.
        depth: Of the bugs that ``likely`` looks for; 3 by default.
        situations: Whether to count the situations of the supervisors that examples
            reach, for `CheckReport.situations`, and to draw more of those that reach
            what others do not. It costs some time in each example.

    Raises:
        SupervisionViolation: something does not hold.
        NotPlayed: there is a recording in the corpus that the tree cannot play.
        TypeError: an argument is of a wrong type.
        ValueError: `duration`, `max_examples`, `max_seconds` or `depth` is not above 0,
            `spare` names nobody, `schedules` is unknown, there is a `depth` without
            ``likely``,
            an `assume` holds in no run, or no fault could ever hit and there is
            neither a client nor an invariant: such a check could not fail.
        RuntimeError: this is called from async code, or ``likely`` is asked for and
            this version of Trio does not let its schedules be chosen.
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
    depth = check_schedules(schedules, depth)
    began = time.perf_counter()
    calm = undisturbed(options, spare)
    ground = draws.survey(calm, spare, duration)
    of_its_own = client is not None or bool(options.invariants) or bool(operations)
    if not (of_its_own or draws.can_hit(ground, faults, client=False)):
        raise nothing_to_try(calm, spare)
    asked = questions_of(calm, operations)
    cases = strategies.cases_on(ground, faults, asked, schedules)
    for case in kept:
        run_case(options, case)
    orders = _calm(options, ground, schedules, depth)
    until = math.inf if max_seconds is None else began + max_seconds
    guide = Guide() if situations else None
    tried = Tried(Findings(options, orders), hypothesis.reject, until, guide)
    chosen = settings_of(hypothesis, settings, max_examples, derandomize)
    name = full_name(build_tree)  # Hypothesis keeps failures by it
    search(tried, chosen, cases, name if orders is None else f"{name}, {schedules}")
    return _report(tried, ground, time.perf_counter() - began)


def _report(tried: Tried, ground: Ground, seconds: float) -> CheckReport:
    orders = tried.found.orders
    return CheckReport(
        tried.examples,
        seconds,
        tuple(target.path for target in ground.targets),
        tried.outcomes,
        tried.discarded,
        tried.faults,
        None if orders is None else _schedules(orders, seconds),
        None if tried.guide is None else tried.guide.report,
    )


def _schedules(orders: LikelyOrders, seconds: float) -> ScheduleReport:
    return ScheduleReport(
        orders.runs,
        seconds,
        tasks=orders.tasks,
        steps=orders.steps,
        depth=orders.depth,
    )


def _calm(
    options: Options, ground: Ground, schedules: Schedules, depth: int
) -> LikelyOrders | None:
    """Return what orders tasks by priorities, if that is asked for."""
    __tracebackhide__ = True
    if schedules != "likely":
        return None
    can_be_chosen()
    order = Priorities(1, 1, 0)
    run_checked(options, order=order)
    return LikelyOrders(depth, order.steps, len(ground.targets))


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
        picks: The schedule of a failure of `every_schedule`, of `likely_schedules`, or
            of a check with ``schedules="likely"``: one task goes on at a time, of
            several that are ready the one at this place among those that waited
            longest. 0 follows.

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
    check_order(script, codes, picks)
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
    with ``script=`` and ``codes=`` or ``picks=``, is a case that is tried first.

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
