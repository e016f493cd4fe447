"""What the harness takes is looked at before anything runs."""

import gc
import math
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import trio

from trio_sup import ChildSpec, Supervisor, child, dynamic_supervisor, supervisor
from trio_sup.testing import (
    CancelClient,
    Crash,
    CutTree,
    Deaf,
    FailStart,
    Fault,
    Flood,
    SupervisionViolation,
    Vanish,
    World,
    assume,
    check_supervision,
    eventually,
    every_cancellation,
    every_checkpoint,
    invariant,
    replay,
    supervision_property,
    survives,
)
from trio_sup.testing.strategies import fault_scripts
from trio_sup.testing.world import BuildTree

from .trees import flat, tick


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
        ({"duration": "3"}, TypeError, "number of seconds, not '3'"),
        ({"max_examples": 0}, ValueError, "whole number above 0: 0"),
        ({"max_examples": "5"}, TypeError, "max_examples must be a whole number"),
        ({"client": "me"}, TypeError, "client must be a function"),
        ({"invariants": ["true"]}, TypeError, "function of the World, not 'true'"),
        ({"invariants": [holds]}, TypeError, r"eventually\(holds, within="),
        ({"allow": ["OSError"]}, TypeError, "types of exceptions, not 'OSError'"),
        ({"allow": [int]}, TypeError, "types of exceptions"),
        ({"allow": OSError}, TypeError, r"allow takes a list: \[OSError\]"),
        ({"faults": Crash}, TypeError, r"faults takes a list: \[Crash\]"),
        ({"invariants": abs}, TypeError, r"invariants takes a list: \[abs\]"),
    ],
)
def test_a_wrong_argument_is_named_with_what_is_accepted(
    options: dict[str, Any], error: type[Exception], text: str
) -> None:
    with pytest.raises(error, match=text):
        check_supervision(flat, **options)


EMPTY = supervisor([], id="empty")


def pair() -> ChildSpec[Supervisor]:
    return supervisor([child(tick, id="a"), child(tick, id="b")], id="pair")


@pytest.mark.parametrize(
    ("build_tree", "options", "text"),
    [
        (lambda: EMPTY, {}, "the undisturbed run had no children"),
        (lambda: [dynamic_supervisor()], {}, "a client= has to start them"),
        (pair, {"spare": ["pair/a", "pair/b"]}, "spare= names all children"),
        (pair, {"faults": []}, "can happen to pair/a, pair/b"),
        (pair, {"faults": [Flood]}, "can happen to pair/a, pair/b"),  # no servers
        (pair, {"faults": [CancelClient]}, "can happen to pair/a, pair/b"),
    ],
)
def test_a_check_that_could_not_fail_is_refused(
    build_tree: BuildTree, options: dict[str, Any], text: str
) -> None:
    with pytest.raises(ValueError, match=f"there is nothing to try: .*{text}"):
        check_supervision(build_tree, **options)


def test_without_faults_an_invariant_is_something_to_try() -> None:
    def never(world: World) -> bool:
        return world.outcome != "stopped"

    with pytest.raises(SupervisionViolation, match="never"):
        check_supervision(pair, faults=[], invariants=[never])


def test_no_place_to_try_is_no_success() -> None:
    with pytest.raises(ValueError, match="the undisturbed run had no children"):
        every_checkpoint(lambda: EMPTY)
    with pytest.raises(ValueError, match="spare= names all children"):
        every_checkpoint(pair, spare=["pair/a", "pair/b"])
    with pytest.raises(ValueError, match="the undisturbed run had no children"):
        every_cancellation(lambda: EMPTY)
    with pytest.raises(ValueError, match="the undisturbed run had no children"):
        fault_scripts(lambda: EMPTY)
    for enter in (every_checkpoint, every_cancellation):
        with pytest.raises(ValueError, match="most must be a whole number above 0"):
            enter(pair, most=0)


def test_runs_that_an_assume_gave_up_are_no_success() -> None:
    runs = 0

    def only_once() -> object:
        nonlocal runs
        runs += 1
        assume(runs == 1)
        return pair()

    with pytest.raises(ValueError, match="gave up all of"):
        check_supervision(only_once, max_examples=5)
    runs = 0
    with pytest.raises(ValueError, match="none of 8 faults could be judged"):
        every_checkpoint(only_once, modes=["crash"], spare=["pair/b"])
    with pytest.raises(ValueError, match="gave up the undisturbed run"):
        check_supervision(only_once)


def test_an_async_build_tree_is_told_so_and_leaves_no_warning() -> None:
    async def build() -> object:
        return flat()

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(TypeError, match=r"must not be async, and .*build"):
            check_supervision(build)
        gc.collect()


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


@pytest.mark.parametrize("faults", [0, -1, "1"])
def test_to_survive_nothing_is_no_demand(faults: Any) -> None:
    with pytest.raises(ValueError, match="whole number above 0"):
        survives(faults)


def test_an_invariant_with_a_yield_would_never_run() -> None:
    def stepwise(world: World) -> Any:
        yield world.outcome == "stopped"

    with pytest.raises(TypeError, match="'stepwise' has a yield in it"):
        replay(flat, invariants=[stepwise])


def test_a_demand_is_a_function() -> None:
    demand: Any = True
    with pytest.raises(TypeError, match="not True"):
        eventually(demand, within=1)


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


def test_the_decorator_needs_a_parameter_for_the_world() -> None:
    def blind() -> None: ...

    with pytest.raises(TypeError, match="no parameter for the World"):
        supervision_property(flat)(blind)


class TestAsMethods:
    @supervision_property(flat, max_examples=5)
    def test_a_method_gets_its_object_and_the_world(
        self, world: World, tmp_path: Path
    ) -> None:
        assert isinstance(self, TestAsMethods)
        assert world.outcome != "running"
        assert tmp_path.is_dir()


def test_a_world_fits_into_a_message() -> None:
    world = replay(flat, [Crash("flat/a", at=1.0)])
    assert repr(world) == f"<World: stopped, 1 faults, {len(world.events)} events>"


def test_a_tree_with_too_much_beside_it_is_refused_in_words() -> None:
    with pytest.raises(TypeError, match="or a pair of that and an application object"):
        check_supervision(lambda: (flat(), 1, 2))
