"""The restart window on a running supervisor, at its very edge."""

from __future__ import annotations

import math

import pytest
import trio
from trio.testing import MockClock

from tests.supervision.stage import Boom, Stage, quiet
from trio_sup import RestartLimitExceeded, open_supervisor

pytestmark = pytest.mark.trio

EPSILON = 2**-20  # exact in floating point


async def crash_after(stage: Stage, seconds: float, id: str = "a") -> None:
    await trio.sleep(seconds)
    stage.crash(id)
    await quiet()


@pytest.mark.parametrize(
    ("gap", "gives_up"),
    [(5 - EPSILON, True), (5.0, True), (5 + EPSILON, False)],
)
async def test_the_window_is_inclusive_sup_072(
    autojump_clock: MockClock, gap: float, gives_up: bool
) -> None:
    stage = Stage()
    raised = False
    try:
        async with open_supervisor(stage.specs("a"), max_restarts=1, max_seconds=5):
            await crash_after(stage, 1)
            await crash_after(stage, gap)
    except RestartLimitExceeded:
        raised = True
    assert raised is gives_up


@pytest.mark.parametrize("limit", [0, 1, 3])
async def test_as_many_restarts_as_the_limit_are_fine_sup_070(
    autojump_clock: MockClock, limit: int
) -> None:
    stage = Stage()
    with pytest.raises(RestartLimitExceeded) as info:
        async with open_supervisor(stage.specs("a b"), max_restarts=limit):
            for n in range(limit):
                await crash_after(stage, 0, "ab"[n % 2])  # one window for both: 071
                assert stage.up in (["a", "b"], ["b", "a"])
            stage.crash("a")
            await trio.sleep_forever()
    assert info.value.max_restarts == limit


async def test_requests_never_count_sup_076(autojump_clock: MockClock) -> None:
    stage = Stage()
    async with open_supervisor(stage.specs("a"), max_restarts=0) as sup:
        for _ in range(5):
            await sup.terminate_child("a")
            await sup.restart_child("a")
        await sup.start_child(stage.spec("b"))
        assert sup.statistics().restarts == 0


async def test_every_failing_attempt_counts_sup_074(autojump_clock: MockClock) -> None:
    stage = Stage()
    with pytest.raises(RestartLimitExceeded):
        async with open_supervisor(stage.specs("a"), max_restarts=4):
            stage.failing_starts["a"] = [Boom(str(n)) for n in range(9)]
            stage.crash("a")
            await trio.sleep_forever()
    assert stage.lives["a"] == 1 + 4


async def test_history_survives_good_restarts_sup_077(
    autojump_clock: MockClock,
) -> None:
    stage = Stage()
    async with open_supervisor(stage.specs("a"), max_restarts=2, max_seconds=5) as sup:
        await crash_after(stage, 0)
        await crash_after(stage, 3)
        assert sup.statistics().restarts == 2
        assert sup.statistics().frees_at == 5
        await trio.sleep(2 + EPSILON)
        assert sup.statistics().restarts == 1
        await crash_after(stage, 0)
        assert stage.up == ["a"]


async def test_an_empty_window_frees_never(autojump_clock: MockClock) -> None:
    async with open_supervisor([]) as sup:
        assert sup.statistics().frees_at == -math.inf


async def test_a_new_life_of_the_supervisor_has_a_new_window() -> None:
    from trio_sup import supervisor

    stage = Stage()
    inner = supervisor(stage.specs("a"), id="s", max_restarts=1)
    async with open_supervisor([inner]) as sup:
        stage.crash("a")
        await quiet()
        stage.crash("a")
        await quiet()
        assert sup.supervisor("s").life == 2
        stage.crash("a")
        await quiet()
        assert sup.supervisor("s").life == 2
        assert sup.supervisor("s").statistics().restarts == 1


async def test_the_bystanders_are_untouched_until_the_end_sup_075() -> None:
    stage = Stage()
    with pytest.raises(RestartLimitExceeded):
        async with open_supervisor(
            stage.specs("a b c"), strategy="one_for_all", max_restarts=0
        ):
            stage.take()
            stage.crash("b")
            await trio.sleep_forever()
    assert stage.take() == ["b down", "c down", "a down"]


async def test_the_story_of_giving_up(autojump_clock: MockClock) -> None:
    stage = Stage()
    last = Boom("the last one")
    with pytest.raises(RestartLimitExceeded) as info:
        async with open_supervisor(stage.specs("a b"), max_restarts=1, id="shop"):
            await crash_after(stage, 1)
            await trio.sleep(0.5)
            stage.crash("b", last)
            await trio.sleep_forever()
    error = info.value
    assert error.supervisor == "shop"
    assert (error.max_restarts, error.max_seconds) == (1, 5.0)
    assert [(c.at, c.path, c.life) for c in error.crashes] == [
        (1.0, "shop/a", 1),
        (1.5, "shop/b", 1),
    ]
    assert error.__cause__ is last
    text = str(error)
    assert "+0.500 s  shop/b (life 1): Boom: the last one" in text


async def test_the_story_is_bounded(autojump_clock: MockClock) -> None:
    stage = Stage()
    with pytest.raises(RestartLimitExceeded) as info:
        async with open_supervisor(stage.specs("a"), max_restarts=50):
            for _ in range(50):
                await crash_after(stage, 0)
            stage.crash("a")
            await trio.sleep_forever()
    assert len(info.value.crashes) == 10
    assert info.value.crashes[-1].life == 51
