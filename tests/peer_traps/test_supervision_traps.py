"""Bugs that other supervision libraries have, as facts about this one.

The numbers are those of the list of peer traps. Where a trap has a test of its
own subject it stands there, with `trap_NN` in its name: 1 and 17 (Ctrl-C, stop
order), 9 (rollback), 12 (handles), 14 (backing off), 15 and 19 (requests), 18 (stuck
children), 23 (quarantine). The rest is here; 13 and 20 to 22 are about servers, 28
about the inspector.
"""

from __future__ import annotations

import sys
import time
import weakref

import pytest
import trio
from trio.testing import MockClock

from tests.supervision.stage import Boom, Stage, quiet
from trio_sup import (
    GenServer,
    LeakedCancelled,
    RestartLimitExceeded,
    call,
    child,
    current_node,
    dynamic_supervisor,
    open_supervisor,
    supervisor,
)

pytestmark = pytest.mark.trio


async def test_trap_02_a_temporary_child_that_raises_leaves_siblings_alone() -> None:
    stage = Stage()
    specs = [stage.spec("a"), stage.spec("t", restart="temporary"), stage.spec("c")]
    async with open_supervisor(specs, max_restarts=0):
        stage.crash("t")
        await quiet()
        assert stage.up == ["a", "c"]
        assert stage.lives == {"a": 1, "t": 1, "c": 1}


async def test_trap_03_a_permanent_child_that_keeps_returning_raises() -> None:
    lives: list[int] = []

    async def brief() -> None:
        lives.append(1)

    with trio.fail_after(5):
        with pytest.raises(RestartLimitExceeded):
            async with open_supervisor([child(brief)]):
                await trio.sleep_forever()
    assert len(lives) == 4


async def test_trap_04_two_flaky_children_share_one_budget() -> None:
    stage = Stage()
    crashes = 0
    with pytest.raises(RestartLimitExceeded):
        async with open_supervisor(stage.specs("a b"), max_restarts=3):
            for id in "ababab":
                stage.crash(id)
                crashes += 1
                await quiet()
    assert crashes == 4


async def test_trap_05_two_crashes_one_after_the_other_restart_each_child_once() -> (
    None
):
    stage = Stage()
    async with open_supervisor(stage.specs("a b c")):
        stage.crash("a")
        await quiet()
        stage.crash("c")
        await quiet()
        assert stage.lives == {"a": 2, "b": 1, "c": 2}
        assert sorted(stage.up) == ["a", "b", "c"]


async def test_trap_06_a_group_counts_once_and_waits_for_every_sibling(
    autojump_clock: MockClock,
) -> None:
    stage = Stage(stop_seconds={"a": 1.0, "c": 3.0})
    async with open_supervisor(
        stage.specs("a b c"), strategy="one_for_all", max_restarts=1
    ) as sup:
        stage.take()
        stage.crash("b")
        await trio.sleep(3.5)
        assert stage.take() == ["b down", "c down"]
        await trio.sleep(1)
        assert stage.take() == ["a down", "a up", "b up", "c up"]
        assert sup.statistics().restarts == 1
        stage.stop_seconds.clear()


@pytest.mark.parametrize("depth", [0, 1, 2])
async def test_trap_07_the_limit_is_seen_all_the_way_up(depth: int) -> None:
    stage = Stage()
    tree = supervisor(stage.specs("a"), id="s0", max_restarts=0)
    for level in range(depth):
        tree = supervisor([tree], id=f"s{level + 1}", max_restarts=0)
    with pytest.raises(RestartLimitExceeded) as info:
        async with open_supervisor(tree):
            stage.crash("a")
            await trio.sleep_forever()
    error: BaseException | None = info.value
    for _ in range(depth):
        assert isinstance(error, RestartLimitExceeded)
        error = error.__cause__
    assert isinstance(error, RestartLimitExceeded)
    assert isinstance(error.__cause__, Boom)


async def test_trap_08_children_added_later_behave_like_those_of_the_list() -> None:
    stage = Stage()
    async with open_supervisor(stage.specs("a"), strategy="one_for_all") as sup:
        await sup.start_child(stage.spec("b"))
        await sup.start_child(dynamic_supervisor(id="d"))
        await sup.dynamic("d").start_child(stage.spec("x"))
        stage.take()
        stage.crash("b")
        await quiet()
        # The dynamic supervisor is part of the group, with all its children.
        assert stage.take() == ["b down", "x down", "a down", "a up", "b up"]
        assert sup.dynamic("d").life == 2
        stage.crash("a")
        await quiet()
        assert stage.take() == ["a down", "b down", "a up", "b up"]


async def test_trap_10_a_failing_restart_counts_and_is_retried() -> None:
    stage = Stage()
    async with open_supervisor(stage.specs("a b"), max_restarts=3) as sup:
        stage.failing_starts["a"] = [Boom("one"), Boom("two")]
        stage.crash("a")
        await quiet()
        assert stage.up == ["b", "a"]
        assert sup.statistics().restarts == 3
        assert sup.life == 1


@pytest.mark.parametrize("strategy", ["one_for_one", "one_for_all", "rest_for_one"])
async def test_trap_11_lives_never_overlap(
    autojump_clock: MockClock, strategy: str
) -> None:
    stage = Stage(stop_seconds={"a": 2.0})  # the stage itself refuses an overlap
    async with open_supervisor(
        stage.specs("a b"),
        strategy=strategy,  # type: ignore[arg-type]
        max_restarts=100,
    ) as sup:
        for _ in range(5):
            stage.crash("a")
            await trio.sleep(10)
            await sup.terminate_child("a")
            await sup.restart_child("a")
        assert stage.lives["a"] == 11
        stage.stop_seconds.clear()


async def test_trap_12_the_name_is_free_before_the_next_start() -> None:
    found: list[object] = []

    class Named(GenServer):
        async def init(self) -> None:
            found.append(current_node().registry.get("n"))

        @call
        async def crash(self) -> None:
            raise Boom

    async with open_supervisor([child(Named, name="n")]) as sup:
        ref = sup.server(Named, "Named")
        for life in (2, 3):
            with pytest.raises(Exception, match="ended before it answered"):
                await ref.call(Named.crash)
            await ref.wait_running()
            assert current_node().registry.get("n") == ref
            assert ref.life == life
    assert found == [None, None, None]


async def test_trap_16_a_foreign_cancelled_is_a_crash() -> None:
    kept: list[trio.Cancelled] = []
    with trio.CancelScope() as scope:
        scope.cancel()
        try:
            await trio.lowlevel.checkpoint()
        except trio.Cancelled as error:
            kept.append(error)
            raise

    async def leaks() -> None:
        if kept:
            raise kept.pop()
        await trio.sleep_forever()

    async with open_supervisor([child(leaks, restart="transient")]) as sup:
        await quiet()
        handle = sup.child("leaks")
        exit = await handle.wait_exit(1)
        assert exit.kind == "crashed"
        assert isinstance(exit.error, LeakedCancelled)
        assert handle.life == 2


async def test_trap_16_a_foreign_timeout_is_a_crash(autojump_clock: MockClock) -> None:
    async def slow() -> None:
        with trio.fail_after(1):
            await trio.sleep_forever()

    async with open_supervisor([child(slow, restart="transient")]) as sup:
        await trio.sleep(1.5)
        exit = await sup.child("slow").wait_exit(1)
        assert exit.kind == "crashed"
        assert isinstance(exit.error, trio.TooSlowError)
        assert sup.child("slow").life == 2


@pytest.mark.skipif(
    sys.version_info < (3, 13), reason="frames can be cleared from 3.13"
)
async def test_trap_24_the_locals_of_dead_lives_are_not_kept() -> None:
    class Big:
        pass

    alive: list[weakref.ref[Big]] = []

    async def holds() -> None:
        big = Big()
        alive.append(weakref.ref(big))
        if len(alive) <= 3:
            raise Boom
        await trio.sleep_forever()

    async with open_supervisor([child(holds)]) as sup:
        await quiet()
        assert [ref() is None for ref in alive] == [True, True, True, False]
        exit = await sup.child("holds").wait_exit(1)
        assert isinstance(exit.error, Boom)  # it is kept; what it held is not


async def test_trap_25_instant_exits_cannot_starve_the_loop() -> None:
    async def instant() -> None:
        """No checkpoint at all."""

    turns = 0
    with pytest.raises(RestartLimitExceeded):
        async with open_supervisor([child(instant)], max_restarts=1000) as sup:
            handle = sup.child("instant")
            while True:
                await trio.lowlevel.checkpoint()
                turns += 1
                assert handle.life <= 4 * turns + 4
    assert handle.life == 1001


async def test_trap_26_autojump_does_not_disturb_windows(
    autojump_clock: MockClock,
) -> None:
    stage = Stage()
    async with open_supervisor(stage.specs("a"), max_restarts=1, max_seconds=5):
        for _ in range(10):
            stage.crash("a")
            await trio.sleep(5.5)
        assert stage.lives["a"] == 11


async def test_trap_26_steps_of_the_wall_clock_do_not_disturb_windows(
    autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = time.time
    stage = Stage()
    with pytest.raises(RestartLimitExceeded):
        async with open_supervisor(stage.specs("a"), max_restarts=1):
            stage.crash("a")
            await quiet()
            monkeypatch.setattr(time, "time", lambda: real() + 86_400)
            stage.crash("a")
            await trio.sleep_forever()
