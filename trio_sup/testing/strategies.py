"""Strategies for Hypothesis: trees, scripts of faults, schedules (extra ``testing``).

`check_supervision` draws from these. Use them for properties of your own, in a plain
``@given``: `trio_sup.testing.replay` runs a tree under a script and a schedule.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import trio
from attrs import evolve
from hypothesis import strategies as st

from trio_sup._core.options import ChildOptions
from trio_sup._core.policies import Backoff
from trio_sup._servers.genserver import GenServer
from trio_sup._tree.specs import child, supervisor
from trio_sup.testing._run import draws
from trio_sup.testing._run.arguments import check_kinds, make_options, nothing_to_try
from trio_sup.testing._run.case import Case, Schedules
from trio_sup.testing._run.findings import undisturbed
from trio_sup.testing._run.ground import Ground
from trio_sup.testing._run.questions import Question, asked_on
from trio_sup.testing.faults import STANDARD, Fault
from trio_sup.testing.world import BuildTree

MAX_MOVES = 5
MAX_CODES = 40
PERMUTATIONS = 120
"""Drawn bytes below this are codes themselves: all orders of five tasks."""
FAR = 0x9E3779B97F4A7C15
"""Other bytes are multiples of this, so that larger batches are permuted as a whole."""

_SCRIPT_BYTES = 4 * MAX_MOVES
_SEED_BYTES = 3
_FIRST_MOVE = 128
_PLAIN_ORDER = 80
"""Of 256 schedules so many are the plain one."""


def schedules(max_size: int = MAX_CODES) -> st.SearchStrategy[list[int]]:
    """Draw codes for `replay`: the order of tasks at each contested moment.

    Args:
        max_size: How many contested moments are decided; 0, the plain order, follows.
    """
    return st.binary(max_size=max_size).map(_codes)


def _codes(drawn: bytes) -> list[int]:
    return [_code(byte) for byte in drawn]


def _code(byte: int) -> int:
    return byte if byte < PERMUTATIONS else (byte - PERMUTATIONS + 1) * FAR


def fault_scripts(
    build_tree: BuildTree,
    *,
    faults: Sequence[type[Fault]] = STANDARD,
    spare: Sequence[str] = (),
    duration: float = 10.0,
) -> st.SearchStrategy[list[Fault]]:
    """Draw scripts for a tree, which is run once, undisturbed, to look at it.

    They are made of moves: storms of crashes up to a limit and beyond, crashes around
    the edge of its window, starts that fail, stops and starts by hand, several
    children at once.

    Args:
        build_tree: As for `check_supervision`.
        faults: The kinds of faults to draw.
        spare: Paths of children that are left alone.
        duration: Virtual seconds of a run.

    Raises:
        TypeError: an argument is of a wrong type.
        ValueError: `duration` is not above 0, `spare` names nobody, or all scripts
            would be empty.
    """
    check_kinds(faults)
    options = make_options(build_tree, None, (), (), duration)
    calm = undisturbed(options, spare)
    ground = draws.survey(calm, spare, duration)
    if not draws.can_hit(ground, faults, client=True):
        raise nothing_to_try(calm, spare)
    return scripts_on(ground, faults)


def scripts_on(
    ground: Ground, faults: Sequence[type[Fault]]
) -> st.SearchStrategy[list[Fault]]:
    """Draw scripts for a tree that has been looked at, in the form that shrinks best."""
    moves = draws.moves_of(faults)
    one = st.tuples(
        st.integers(0, max(len(moves) - 1, 0)),
        st.integers(0, max(len(ground.targets) - 1, 0)),
        st.integers(0, len(ground.times) - 1),
        st.integers(0, draws.FINE * draws.AMOUNTS - 1),
    )

    def script(drawn: list[draws.Draw]) -> list[Fault]:
        return draws.script_of(ground, moves, faults, drawn)

    most = MAX_MOVES if moves else 0
    # Unique: of other lists Hypothesis makes most examples by copying within them.
    return st.lists(one, max_size=most, unique=True).map(script)


def cases_on(
    ground: Ground,
    faults: Sequence[type[Fault]],
    questions: Sequence[Question] = (),
    schedules: Schedules = "drawn",
) -> st.SearchStrategy[Case]:
    """Draw a script and a schedule for a tree that has been looked at, fast.

    In one piece: if there were two of a kind, Hypothesis would make most examples by
    copying one over the other, which takes longer than to run some trees.
    """
    moves = draws.moves_of(faults)

    def case(drawn: bytes) -> Case:
        numbers = _draws_in(drawn[:_SCRIPT_BYTES])
        script = draws.script_of(ground, moves, faults, numbers)
        order = drawn[_SCRIPT_BYTES:]
        if schedules == "likely":
            return Case(script, seed=int.from_bytes(order))
        if not order or order[0] < _PLAIN_ORDER:
            return Case(script)
        begin = _beginning(order[0] - _PLAIN_ORDER, ground.contested)
        return Case(script, [0] * begin + _codes(order[1:]))

    least = most = _SCRIPT_BYTES
    if schedules == "likely":
        least = most = _SCRIPT_BYTES + _SEED_BYTES
    elif schedules == "drawn":
        most = _SCRIPT_BYTES + 1 + MAX_CODES
    drawn = st.binary(min_size=least, max_size=most).map(case)
    if not questions:
        return drawn
    both = st.tuples(drawn, asked_on(ground, questions))
    return both.map(lambda two: evolve(two[0], script=[*two[0].script, *two[1]]))


def _beginning(drawn: int, contested: int) -> int:
    """Return which contested moment is the first that is not left as it comes.

    Half of the schedules begin at the beginning, the others anywhere: what comes late
    in a long run is contested, too.
    """
    half = (256 - _PLAIN_ORDER) // 2
    if drawn < half:
        return 0
    return (drawn - half) * contested // half


def _draws_in(drawn: bytes) -> Iterator[draws.Draw]:
    """Take four bytes a move; half of the values of the first stand for none."""
    for start in range(0, _SCRIPT_BYTES, 4):
        move, target, time, amount = drawn[start : start + 4]
        if move >= _FIRST_MOVE:
            yield move - _FIRST_MOVE, target, time, amount


# Trees.


class Idle(GenServer):
    """A server that nobody asks."""


async def _waits() -> None:
    await trio.sleep_forever()


async def _ends(after: float) -> None:
    await trio.sleep(after)


async def _gets_ready(
    *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED
) -> None:
    await trio.sleep(0.125)
    task_status.started()
    await trio.sleep_forever()


async def _lingers() -> None:
    try:
        await trio.sleep_forever()
    finally:
        with trio.CancelScope(shield=True):
            await trio.sleep(0.25)


_FLAGS = st.tuples(
    st.sampled_from(("one_for_one", "rest_for_one", "one_for_all")),
    st.integers(0, 3),
    st.sampled_from((5.0, 1.0, 2.0)),
)
_LEAF = st.tuples(
    st.sampled_from(("waits", "server", "gets ready", "lingers", "ends")),
    st.sampled_from(("permanent", "transient", "temporary")),
    st.booleans(),
    st.sampled_from((5.0, 0.125, "brutal_kill")),
    st.booleans(),
)


@st.composite
def trees(draw: Callable[..., Any], *, max_children: int = 8) -> Any:
    """Draw specifications of trees of up to so many plain functions and servers.

    Their flags, restart types, graces and backoffs differ; up to two groups of them
    stand under supervisors of their own. Undisturbed, such a tree goes on for ever.

    Args:
        draw: Given by Hypothesis.
        max_children: Functions and servers in the whole tree.
    """
    groups: list[list[Any]] = [[], [], []]
    autos = [
        "never",
        *(draw(st.sampled_from(("never", "any_significant"))) for _ in groups[1:]),
    ]
    for number in range(draw(st.integers(1, max_children))):
        place = draw(st.sampled_from((0, 0, 1, 2)))
        leaf = draw(_LEAF)
        groups[place].append(_leaf(f"c{number}", leaf, autos[place]))
    inner = [
        _group(draw(_FLAGS), group, auto_shutdown=auto, id=id)
        for group, auto, id in zip(groups[1:], autos[1:], "xy", strict=True)
        if group
    ]
    return _group(draw(_FLAGS), [*groups[0], *inner], id="app")


def _group(flags: Any, children: list[Any], **options: Any) -> Any:
    strategy, max_restarts, max_seconds = flags
    return supervisor(
        children,
        strategy=strategy,
        max_restarts=max_restarts,
        max_seconds=max_seconds,
        **options,
    )


def _leaf(id: str, drawn: Any, auto_shutdown: str) -> Any:
    kind, restart, delayed, shutdown, significant = drawn
    options: ChildOptions = {"id": id, "restart": restart, "shutdown": shutdown}
    if delayed:
        options["backoff"] = Backoff(jitter=0)
    if kind == "ends":
        # A permanent one would use up the limit all by itself.
        options["restart"] = "transient" if restart == "permanent" else restart
        return child(_ends, 3.0, **options)
    if significant and restart != "permanent" and auto_shutdown != "never":
        options["significant"] = True
    match kind:
        case "server":
            options["name"] = id
            return child(Idle, **options)
        case "gets ready":
            return child(_gets_ready, **options)
        case "lingers":
            return child(_lingers, **options)
        case _:
            return child(_waits, **options)
