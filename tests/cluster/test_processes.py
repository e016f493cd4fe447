"""Real processes on a real Redis; `python -m tests.cluster.faults` has all the faults."""

import pytest

from tests.cluster.faults import (
    SCENARIOS,
    TTL,
    Outcome,
    black_hole,
    freeze,
    kill,
    play,
)
from tests.cluster.redis_server import needs_redis
from tests.cluster.stage import judge, stage

pytestmark = [needs_redis, pytest.mark.slow]


@pytest.mark.trio
async def test_whoever_is_killed_frozen_or_cut_off_does_not_one_step_too_many() -> None:
    async with stage(TTL) as one:
        killed = await kill(one)
        assert killed.moved
        # Within a lease and a third, and what a busy machine takes.
        assert 0.5 * TTL < killed.gap < 1.33 * TTL + 1
        for fault in (freeze, black_hole):
            outcome = await fault(one)
            assert outcome.moved
            # What was frozen in the midst of a step ends that one; and a busy machine
            # freezes, too. Who was awake does none.
            assert outcome.verdict.awake == 0
            assert outcome.verdict.zombies <= 1
            # And a store that looks at the token takes nothing of it.
            assert outcome.verdict.spoiled == 0


@pytest.mark.trio
@pytest.mark.parametrize("name", ["forget", "forget-no-grace"])
async def test_an_engine_that_forgets_shows_two_owners_only_without_its_grace(
    name: str,
) -> None:
    scenario, found = SCENARIOS[name], list[Outcome]()
    await play(scenario, 1, found.append)
    (outcome,) = found
    assert bool(outcome.verdict.zombies) is scenario.two
    # A store that looks at the token has one owner in either case.
    assert bool(outcome.verdict.refused) is scenario.two
    assert outcome.verdict.spoiled == 0


def test_a_step_behind_one_of_a_greater_token_is_seen() -> None:
    assert judge([(1.0, 5, "a"), (2.0, 6, "b"), (3.0, 6, "b")]).zombies == 0
    verdict = judge([(1.0, 5, "a"), (2.0, 6, "b"), (2.5, 5, "a"), (3.0, 6, "b")])
    assert (verdict.zombies, verdict.together, verdict.awake) == (1, 0.5, 0)
    verdict = judge([(1.0, 5, "a"), (1.001, 6, "b"), (1.002, 5, "a")])
    assert (verdict.zombies, verdict.awake) == (1, 1), "it was not frozen"


def test_a_write_that_a_store_ought_to_have_refused_is_seen() -> None:
    taken = [(5, "a"), (5, "a"), (6, "b"), (6, "b")]
    assert judge([], taken).spoiled == 0
    assert judge([], [*taken, (5, "a"), (6, "b")]).spoiled == 1
    assert judge([], [*taken, (6, "a")]).spoiled == 1
