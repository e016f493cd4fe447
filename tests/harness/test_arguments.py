"""What the harness takes is looked at before anything runs."""

import math
from collections.abc import Callable
from typing import Any

import pytest
import trio

from trio_sup.testing import (
    CancelClient,
    Crash,
    CutTree,
    Deaf,
    FailStart,
    Fault,
    SupervisionViolation,
    Vanish,
    World,
    check_supervision,
    eventually,
    every_cancellation,
    every_checkpoint,
    invariant,
    replay,
    supervision_property,
)
from trio_sup.testing.strategies import fault_scripts

from .trees import flat


async def holds(world: World) -> bool:
    return world.root.status == "running"


@pytest.mark.parametrize(
    ("options", "error", "text"),
    [
        ({"spare": ["flat/nope"]}, ValueError, "had flat, flat/a, flat/b"),
        ({"spare": "flat/a"}, TypeError, r"\['flat/a'\]"),
        ({"faults": ["crash"]}, TypeError, "some of CancelClient, Crash"),
        ({"duration": 0}, ValueError, "above 0"),
        ({"duration": math.inf}, ValueError, "above 0"),
        ({"duration": math.nan}, ValueError, "above 0"),
        ({"client": "me"}, TypeError, "client must be a function"),
        ({"invariants": ["true"]}, TypeError, "function of the World, not 'true'"),
        ({"invariants": [holds]}, TypeError, r"eventually\(holds, within="),
        ({"allow": ["OSError"]}, TypeError, "types of exceptions, not 'OSError'"),
        ({"allow": [int]}, TypeError, "types of exceptions"),
    ],
)
def test_a_wrong_argument_is_named_with_what_is_accepted(
    options: dict[str, Any], error: type[Exception], text: str
) -> None:
    with pytest.raises(error, match=text):
        check_supervision(flat, **options)


@pytest.mark.parametrize(
    "enter",
    [
        check_supervision,
        replay,
        every_checkpoint,
        every_cancellation,
        fault_scripts,
    ],
)
def test_a_tree_that_exists_already_is_refused_at_each_entrance(
    enter: Callable[[Any], object],
) -> None:
    with pytest.raises(TypeError, match="for this one write lambda: spec"):
        enter(flat())
    with pytest.raises(TypeError, match="build_tree must be a function"):
        enter("flat")


def test_a_mode_that_is_unknown_is_refused() -> None:
    modes: Any = ("boom",)
    with pytest.raises(ValueError, match="crash, vanish, interrupt, slow; not 'boom'"):
        every_checkpoint(flat, modes=modes)


@pytest.mark.parametrize(
    ("script", "codes", "error", "text"),
    [
        (["crash"], [], TypeError, "'crash' is none"),
        ([], ["1"], TypeError, "not '1'"),
        ([], [-1], ValueError, "from 0 on: -1"),
    ],
)
def test_a_script_holds_faults_and_a_schedule_whole_numbers(
    script: Any, codes: Any, error: type[Exception], text: str
) -> None:
    with pytest.raises(error, match=text):
        replay(flat, script, codes)


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: Crash("a"), "needs a moment: either at= or checkpoint="),
        (lambda: Vanish("a", at=1.0, checkpoint=1), "either at= or checkpoint="),
        (lambda: Deaf("a"), "needs a moment: at="),
        (CancelClient, "needs a moment: at="),
        (CutTree, "either at= or step="),
        (lambda: FailStart("a", at=1.0), "life= and times=, but not at="),
        (lambda: Crash("a", at=-1.0), "from 0 on, not -1.0"),
        (lambda: Crash("a", at=math.inf), "from 0 on, not inf"),
    ],
)
def test_a_fault_that_never_happens_cannot_be_made(
    make: Callable[[], Fault], text: str
) -> None:
    with pytest.raises(ValueError, match=text):
        make()


def test_a_demand_has_a_time_and_an_invariant_a_moment() -> None:
    when: Any = "sometimes"
    with pytest.raises(ValueError, match="within must be a number"):
        eventually(holds, within=-1)
    with pytest.raises(ValueError, match="not 'sometimes'"):
        invariant(when=when)


def test_a_client_that_is_not_async_is_told_so() -> None:
    def waits_not(world: World) -> Any:
        return world.root.status

    with pytest.raises(SupervisionViolation, match="must be async; waits_not returned"):
        replay(flat, client=waits_not)


@pytest.mark.trio
async def test_inside_of_trio_the_harness_says_where_to_call_it() -> None:
    await trio.lowlevel.checkpoint()
    with pytest.raises(RuntimeError, match="call it from a plain function"):
        check_supervision(flat)


def test_the_decorator_refuses_what_the_function_refuses() -> None:
    tree: Any = flat()

    @supervision_property(tree)
    def nothing(world: World) -> None:
        del world

    with pytest.raises(TypeError, match="lambda: spec"):
        nothing()


def test_a_tree_with_too_much_beside_it_is_refused_in_words() -> None:
    with pytest.raises(TypeError, match="or a pair of that and an application object"):
        check_supervision(lambda: (flat(), 1, 2))
