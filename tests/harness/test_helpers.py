"""Helpers for plain Trio tests."""

import pytest
import trio

from trio_sup import StartFailed, child, current_node, open_supervisor
from trio_sup._core.events import ChildCrashed, ChildStarted
from trio_sup.testing import (
    EventRecorder,
    Supervised,
    assert_restarted,
    run_virtual,
    settled,
    start_supervised,
)


async def crash_after(seconds: float) -> None:
    await trio.sleep(seconds)
    raise ValueError("planned")


async def fails(
    *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED
) -> None:
    raise OSError("no route")


def test_assert_restarted_waits_for_the_next_life() -> None:
    async def main() -> None:
        async with open_supervisor([child(crash_after, 2, id="x")]) as sup:
            await assert_restarted(sup.child("x"))
            assert (sup.child("x").life, trio.current_time()) == (2, 2.0)
            await assert_restarted(sup.child("x"), since=1)
            assert trio.current_time() == 2.0

    run_virtual(main)


def test_assert_restarted_says_why_not() -> None:
    async def main() -> None:
        spec = child(crash_after, 2, id="x", restart="temporary")
        async with open_supervisor([spec, child(trio.sleep_forever)]) as sup:
            with pytest.raises(AssertionError, match="planned"):
                await assert_restarted(sup.child("x"))
            assert trio.current_time() == 2.0
            with pytest.raises(AssertionError, match="not restarted within 3 s"):
                await assert_restarted(sup.child("sleep_forever"), within=3)
            assert trio.current_time() == 5.0

    run_virtual(main)


def test_a_recorder_keeps_events_in_order() -> None:
    async def main() -> None:
        with EventRecorder().recording() as recorder:
            async with open_supervisor([child(crash_after, 1, id="x")]):
                await trio.sleep(1.5)
        seen = len(recorder.events)
        assert [e.life for e in recorder.of(ChildStarted, "root/x")] == [1, 2]
        assert len(recorder.of(ChildCrashed)) == 1
        assert recorder.story()[0] == ("child_starting", "root/x")
        assert "crash (ValueError)" in recorder.timeline()
        recorder.check_no_crash(ValueError)
        with pytest.raises(AssertionError, match="unexpectedly") as failed:
            recorder.check_no_crash(KeyError)
        assert isinstance(failed.value.__cause__, ValueError)
        async with open_supervisor([child(trio.sleep_forever)]):
            await settled()
        assert len(recorder.events) == seen

    run_virtual(main)


def test_supervised_children_stop_in_reverse_order_of_their_start() -> None:
    async def main() -> None:
        with EventRecorder().recording() as recorder:
            async with Supervised() as supervised:
                one = await supervised.start(child(trio.sleep_forever, id="one"))
                await supervised.start(child(trio.sleep_forever, id="two"))
                three = await supervised.start(child(trio.sleep_forever, id="three"))
                await supervised.stop(one)
                assert (one.status, three.status) == ("gone", "running")
        ends = [path for kind, path in recorder.story() if kind == "child_stopped"]
        names = [path.rpartition("/")[2] for path in ends]
        assert names == ["one", "three", "two", "test"]

    run_virtual(main)


def test_supervised_children_are_restarted_without_a_limit() -> None:
    async def main() -> None:
        async with Supervised() as supervised:
            handle = await supervised.start(child(crash_after, 0.25))
            await assert_restarted(handle, times=40, within=20)

    run_virtual(main)


def test_start_supervised_lives_as_long_as_the_nursery() -> None:
    async def main() -> None:
        async with trio.open_nursery() as nursery:
            handle = await start_supervised(nursery, child(trio.sleep_forever))
            assert str(handle.status) == "running"
            nursery.cancel_scope.cancel()
        assert str(handle.status) == "gone"
        assert not current_node().roots()

    run_virtual(main)


def test_start_supervised_raises_what_made_the_start_fail() -> None:
    async def main() -> None:
        async with trio.open_nursery() as nursery:
            with pytest.raises(StartFailed, match="no route"):
                await start_supervised(nursery, child(fails))

    run_virtual(main)
