"""`check_supervision`: silent about sound trees, loud and brief about broken ones."""

import gc
import math
from functools import partial
from typing import Any

import pytest
import trio
import trio.lowlevel

import trio_sup
from tests.harness.broken import leaky, spins
from trio_sup import GenServer, call, child, supervisor
from trio_sup._children.current import current_record
from trio_sup._children.functions import FunctionBody
from trio_sup._core.words import Strategy
from trio_sup._servers.runs import ServerBody
from trio_sup.testing import (
    EVERYTHING,
    STANDARD,
    CancelClient,
    Crash,
    CutTree,
    Deaf,
    FailStart,
    Fault,
    Flood,
    Interrupt,
    Slow,
    SupervisionViolation,
    Terminate,
    Vanish,
    World,
    assume,
    check_supervision,
    eventually,
    invariant,
    replay,
    supervision_property,
    survives,
)

from .trees import Db, customer, db_answers, flat, shop, tick


@pytest.mark.parametrize("strategy", ["one_for_one", "one_for_all", "rest_for_one"])
def test_a_sound_tree_survives_everything(strategy: Strategy) -> None:
    report = check_supervision(
        partial(flat, strategy), faults=EVERYTHING, max_examples=60
    )
    assert report.examples >= 60
    assert set(report.targets) == {"flat/a", "flat/b", "flat/c", "flat/d"}
    assert report.outcomes["stopped"] > 0


def test_a_nested_tree_with_a_client_survives_everything() -> None:
    report = check_supervision(
        shop,
        client=customer,
        invariants=[eventually(db_answers, within=600)],
        faults=[*STANDARD, Interrupt],
        max_examples=60,
    )
    assert "shop/sessions/s" in report.targets


@pytest.mark.parametrize(
    ("script", "outcome"),
    [
        ([], "stopped"),
        ([Crash("shop/db", at=1.0)], "stopped"),
        ([Crash("shop/db", checkpoint=2)], "stopped"),
        ([Vanish("shop/workers/a", at=1.0)], "stopped"),
        ([FailStart("shop/cache")], "not_started"),
        ([FailStart("shop/cache", life=2), Crash("shop/cache", at=1.0)], "stopped"),
        ([Slow("shop/db", at=1.0, seconds=5.0)], "stopped"),
        ([Deaf("shop/cache", seconds=3.0, at=1.0)], "stopped"),
        ([Flood("shop/db", at=1.0)], "stopped"),
        ([Terminate("shop/workers/a", at=1.0)], "stopped"),
        ([CancelClient(at=1.05)], "stopped"),
        ([CutTree(at=1.0)], "cut"),
        ([CutTree(step=9)], "cut"),
        ([Interrupt("shop/workers/a", at=1.0)], "interrupted"),
    ],
)
def test_each_fault_takes_place_and_leaves_a_sound_tree_sound(
    script: list[Fault], outcome: str
) -> None:
    world = replay(shop, script, client=customer)
    assert world.outcome == outcome
    assert len([hit for hit in world.hits if not hit.missed]) == len(script)


def test_crashes_of_one_moment_hit_one_life_after_the_other() -> None:
    world = replay(flat, [Crash("flat/a", at=1.0)] * 4)
    assert (world.outcome, world.crashes("flat/a"), world.end) == ("gave_up", 4, 1.0)


def test_a_deaf_child_holds_up_the_end_for_as_long_as_it_is_deaf() -> None:
    world = replay(shop, [Deaf("shop/cache", seconds=7.0, at=1.0)])
    assert world.end == 17.0


def test_a_deaf_child_hears_its_own_timeouts() -> None:
    heard: list[float] = []

    async def waits() -> None:
        while True:
            await trio.sleep(1)
            heard.append(trio.current_time())

    deaf = [Deaf("root/waits", seconds=0.5, at=at) for at in (0.0, 0.75, 1.5)]
    world = replay(lambda: [child(waits)], deaf, duration=2.5)
    assert (heard, world.end) == ([1.0, 2.0], 3.0)


def test_a_slow_child_goes_on_later() -> None:
    world = replay(shop, [Slow("shop/cache", checkpoint=-1, seconds=3.0)])
    started = [e.at for e in world.events if e.kind == "child_started"]
    assert 3.25 in started


def test_a_fault_without_its_child_is_missed() -> None:
    world = replay(shop, [Crash("shop/nobody", at=1.0)])
    assert [hit.missed for hit in world.hits] == [True]
    assert not world.disturbed


def test_the_same_script_and_codes_give_the_same_events() -> None:
    script, codes = [Crash("shop/db", at=1.0), Vanish("shop/cache", at=1.0)], [3, 1, 5]
    one = replay(shop, script, codes, client=customer)
    two = replay(shop, script, codes, client=customer)
    assert [e.as_json() for e in one.events] == [e.as_json() for e in two.events]


def test_an_await_before_a_release_is_found_and_shrunk_to_one_fault() -> None:
    with pytest.raises(SupervisionViolation) as found:
        check_supervision(leaky, max_examples=500, derandomize=True)
    error = found.value
    assert [type(fault) for fault in error.script] == [Vanish]
    assert error.script[0].path == "leaky/forgets_to_unregister"
    assert not any(error.codes)
    assert "RuntimeError: the place is taken" in str(error)


def test_a_failure_prints_a_program_that_fails_in_the_same_way() -> None:
    with pytest.raises(SupervisionViolation) as found:
        check_supervision(leaky, max_examples=500, derandomize=True)
    namespace: dict[str, object] = {}
    exec(found.value.program, namespace)
    test = namespace["test_replay"]
    assert callable(test)
    with pytest.raises(SupervisionViolation) as again:
        test()
    assert again.value.world.problems == found.value.world.problems


def test_a_crash_in_an_undisturbed_run_is_found_at_once() -> None:
    async def broken() -> None:
        await trio.sleep(1)
        raise KeyError("typo")

    with pytest.raises(SupervisionViolation, match="KeyError: 'typo'") as found:
        check_supervision(lambda: [child(broken, restart="temporary")])
    assert found.value.script == []


def test_allowed_errors_are_no_failure() -> None:
    async def flaky() -> None:
        await trio.sleep(8)
        raise OSError("the line is down")

    build = lambda: [child(flaky)]  # noqa: E731
    check_supervision(build, allow=[OSError], max_examples=20)


class Chain(GenServer):
    """A server that crashes with the one it asks."""

    def __init__(self, below: str | None) -> None:
        self.below = below

    async def handle_info(self, message: object) -> None:
        while self.below is not None:
            ref = trio_sup.whereis(self.below, Chain)
            assert ref is not None
            await ref.call(Chain.ask)

    @call
    async def ask(self) -> int:
        await trio.sleep(1)
        return 1


def chained() -> Any:
    asking = [child(Chain, "db", id=f"s{n}", name=f"s{n}") for n in range(4)]
    return supervisor([child(Chain, None, id="db", name="db"), *asking], id="app")


async def wake_all(world: World) -> None:
    for n in range(4):
        world.root.server(Chain, f"s{n}").send("go")
    await trio.sleep_forever()


def test_a_crash_that_drags_all_others_along_is_found() -> None:
    with pytest.raises(SupervisionViolation) as found:
        check_supervision(
            chained,
            client=wake_all,
            invariants=[survives(1)],
            allow=[AssertionError],
            max_examples=300,
            derandomize=True,
        )
    assert len(found.value.script) == 1
    assert "survives(1)" in str(found.value)


def test_an_eventual_demand_that_is_not_met_is_found() -> None:
    def quits() -> Any:
        return [child(Db, name="db", restart="temporary"), child(tick)]

    demand = eventually(db_answers, within=5)
    with pytest.raises(SupervisionViolation, match=r"not within 5 s of the last fault"):
        check_supervision(
            quits, invariants=[demand], max_examples=300, derandomize=True
        )


def test_an_eventual_demand_may_ask_a_server() -> None:
    async def answers(world: World) -> bool:
        return await world.root.server(Db, "db").call(Db.get, 1) == 0

    world = replay(
        shop, [Crash("shop/db", at=1.0)], invariants=[eventually(answers, within=1)]
    )
    assert world.lives("shop/db") == 2


def test_a_run_in_which_an_assumption_fails_counts_for_nothing() -> None:
    @invariant
    def never_restarted(world: World) -> None:
        assume(world.restarts("flat/a") == 0)
        assert world.restarts("flat/a") == 0, "not reached"

    crash = [Crash("flat/a", at=1.0)]
    assert not replay(flat, crash, invariants=[never_restarted]).assumed
    assert replay(flat, invariants=[never_restarted]).assumed
    report = check_supervision(
        flat, invariants=[never_restarted], max_examples=30, derandomize=True
    )
    assert report.examples >= 30
    assert report.discarded > 0
    assert "discarded" in str(report)


def test_children_clients_and_build_functions_may_assume() -> None:
    async def starts_once() -> None:
        record = current_record.get()
        assert record is not None
        assume(record.life == 1)
        await trio.sleep_forever()

    async def assumes(world: World) -> None:
        assume(False)

    def builds() -> Any:
        assume(False)

    once = lambda: [child(starts_once)]  # noqa: E731
    assert replay(once).assumed
    assert not replay(once, [Crash("root/starts_once", at=1.0)]).assumed
    assert not replay(flat, client=assumes).assumed
    assert not replay(builds).assumed


def test_an_invariant_of_quiet_moments_is_checked_while_the_tree_runs() -> None:
    seen: list[str] = []

    @invariant(when="quiet")
    def watch(world: World) -> None:
        seen.append(world.outcome)

    replay(shop, [Crash("shop/db", at=1.0)], invariants=[watch])
    assert len(seen) >= 3
    assert set(seen) == {"running"}


def test_a_caller_that_waits_for_ever_is_no_hang_of_the_harness() -> None:
    async def waits(world: World) -> None:
        await trio.sleep_forever()

    assert replay(shop, client=waits).outcome == "stopped"


def test_a_tree_that_does_not_stop_is_found_and_its_place_shown() -> None:
    with pytest.raises(SupervisionViolation, match="the tree comes to rest") as found:
        replay(lambda: [child(holds_out, shutdown=1)])
    shown = str(found.value)
    assert "in holds_out\n        await trio.sleep_forever()" in shown
    assert "virtual time passes" in shown


async def holds_out() -> None:
    with trio.CancelScope(shield=True):
        await trio.sleep_forever()


@pytest.mark.parametrize("target", [spins, holds_out])
def test_a_run_that_had_to_be_ended_leaves_nothing_behind(target: Any) -> None:
    def seam() -> tuple[object, ...]:
        return FunctionBody.run, ServerBody.run, ServerBody.put_call

    before = seam()
    with pytest.raises(SupervisionViolation) as found:
        replay(lambda: [child(target, shutdown=1)])
    assert seam() == before
    # Coroutines and nurseries that are still about would complain now: an error.
    del found
    gc.collect()


def test_a_leaked_task_is_found() -> None:
    async def leaks() -> None:
        trio.lowlevel.spawn_system_task(trio.sleep, math.inf, name="the leak")
        await trio.sleep_forever()

    with pytest.raises(SupervisionViolation, match="the leak still runs"):
        replay(lambda: [child(leaks)])


def test_build_tree_must_return_a_tree() -> None:
    with pytest.raises(TypeError, match="build_tree"):
        replay(lambda: 3)


@supervision_property(shop, client=customer, max_examples=10)
def test_as_a_decorator_a_function_is_an_invariant(world: World) -> None:
    assert world.lives("shop/db") >= 1


@supervision_property(shop, max_examples=10)
async def test_as_a_decorator_a_coroutine_function_is_the_client(world: World) -> None:
    await customer(world)
