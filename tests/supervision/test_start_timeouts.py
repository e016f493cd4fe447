"""A start that takes too long has failed, whatever comes of it later."""

from __future__ import annotations

import pytest
import trio
from trio.testing import MockClock

from tests.supervision.stage import (
    Stage,
    of_kind,
    record_events,
)
from trio_sup import (
    StartFailed,
    child,
    open_supervisor,
    supervisor,
)
from trio_sup._core.events import (
    ChildStarted,
    ChildStartFailed,
)

pytestmark = pytest.mark.trio


async def test_a_start_timeout_is_a_failed_start(autojump_clock: MockClock) -> None:
    stage = Stage(start_seconds={"a": 10.0})
    with pytest.raises(StartFailed) as info:
        async with open_supervisor(stage.specs("a", start_timeout=3)):
            pass
    assert trio.current_time() == 3
    assert info.value.exit.kind == "killed"
    assert isinstance(info.value.__cause__, trio.TooSlowError)


async def test_a_start_timeout_waits_for_the_real_end(
    autojump_clock: MockClock,
) -> None:
    stage = Stage(start_seconds={"a": 10.0}, stop_seconds={"a": 4.0})
    with pytest.raises(StartFailed):
        async with open_supervisor(stage.specs("a", start_timeout=3)):
            pass
    assert trio.current_time() == 7


async def test_readiness_after_the_start_timeout_comes_too_late(
    autojump_clock: MockClock,
) -> None:
    async def late(
        *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED
    ) -> None:
        with trio.CancelScope(shield=True):
            await trio.sleep(10)
        task_status.started()
        await trio.sleep_forever()

    async with open_supervisor([]) as sup:
        seen = record_events()
        with pytest.raises(StartFailed):
            await sup.start_child(child(late, start_timeout=3, restart="transient"))
        assert trio.current_time() == 10
        assert of_kind(seen, ChildStarted) == []
        assert len(of_kind(seen, ChildStartFailed)) == 1


async def test_a_restart_that_takes_too_long_counts_and_is_retried(
    autojump_clock: MockClock,
) -> None:
    stage = Stage()
    async with open_supervisor(
        stage.specs("a", start_timeout=3), max_seconds=60
    ) as sup:
        stage.start_seconds["a"] = 10
        stage.crash("a")
        await trio.sleep(4)
        stage.start_seconds.clear()
        assert sup.child("a").status == "restarting"
        await sup.child("a").wait_running()
        assert trio.current_time() == 6  # the second attempt was slow, too
        assert sup.statistics().restarts == 3
        assert stage.lives["a"] == 4


async def test_a_supervisor_that_starts_too_slowly_is_rolled_back(
    autojump_clock: MockClock,
) -> None:
    stage = Stage(start_seconds={"b": 10.0}, stop_seconds={"a": 1.0})
    inner = supervisor(stage.specs("a b"), id="inner", start_timeout=3)
    with pytest.raises(StartFailed) as info:
        async with open_supervisor([inner]):
            pass
    assert stage.story == ["a up", "a down"]
    assert info.value.spec.id == "inner"
    assert isinstance(info.value.__cause__, trio.TooSlowError)
    assert trio.current_time() == 4


async def test_a_start_timeout_of_nothing_refuses_everything(
    autojump_clock: MockClock,
) -> None:
    for kind in range(2):
        for _ in range(8):
            stage = Stage(start_seconds={"a": 1.0})
            spec = stage.spec("a", start_timeout=0)
            if kind:
                spec = supervisor(stage.specs("a"), id="s", start_timeout=0)
            with pytest.raises(StartFailed):
                async with open_supervisor([spec]):
                    pass
