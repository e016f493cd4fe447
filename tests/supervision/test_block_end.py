"""What the end of the block raises (rules 3 and 4 of how it is built)."""

from __future__ import annotations

import pytest
import trio
from trio.testing import MockClock

from tests.supervision.stage import Boom, Stage, quiet
from trio_sup import (
    ChildSpecError,
    RestartLimitExceeded,
    child,
    open_supervisor,
    supervisor,
)

pytestmark = pytest.mark.trio


async def test_an_error_of_the_body_is_raised_bare_after_the_stop() -> None:
    stage = Stage()
    error = Boom("body")
    with pytest.raises(Boom) as info:
        async with open_supervisor(stage.specs("a")):
            raise error
    assert info.value is error
    assert stage.story == ["a up", "a down"]


async def test_a_group_of_the_body_stays_the_same_object() -> None:
    error = ExceptionGroup("mine", [Boom()])
    with pytest.raises(ExceptionGroup) as info:
        async with open_supervisor([]):
            raise error
    assert info.value is error


async def test_trap_07_giving_up_is_raised_bare() -> None:
    stage = Stage()
    with pytest.raises(RestartLimitExceeded):
        async with open_supervisor(stage.specs("a"), max_restarts=0):
            stage.crash("a")
            await trio.sleep_forever()


async def test_giving_up_cancels_the_body_after_the_tree_has_stopped(
    autojump_clock: MockClock,
) -> None:
    stage = Stage(stop_seconds={"a": 4.0})
    reasons: list[str | None] = []
    with pytest.raises(RestartLimitExceeded):
        async with open_supervisor(stage.specs("a b"), max_restarts=0, id="shop"):
            stage.crash("b")
            try:
                await trio.sleep_forever()
            except trio.Cancelled as cancelled:
                assert trio.current_time() == 4
                assert stage.up == []
                reasons.append(cancelled.reason)
                raise
    assert reasons == ["supervisor shop gave up"]


async def test_giving_up_is_raised_even_if_the_body_swallows_the_cancel() -> None:
    stage = Stage()
    with pytest.raises(RestartLimitExceeded):
        async with open_supervisor(stage.specs("a"), max_restarts=0):
            stage.crash("a")
            try:
                await trio.sleep_forever()
            except trio.Cancelled:
                pass


async def test_an_error_of_the_body_and_giving_up_make_one_group() -> None:
    stage = Stage()
    with pytest.raises(ExceptionGroup) as info:
        async with open_supervisor(stage.specs("a"), max_restarts=0):
            stage.crash("a")
            try:
                await trio.sleep_forever()
            finally:
                raise Boom("body")
    assert [type(e) for e in info.value.exceptions] == [Boom, RestartLimitExceeded]


async def test_an_error_of_the_body_while_the_tree_gives_up_makes_one_group(
    autojump_clock: MockClock,
) -> None:
    stage = Stage(stop_seconds={"a": 4.0})
    with pytest.raises(ExceptionGroup) as info:
        async with open_supervisor(stage.specs("a b"), max_restarts=0):
            stage.crash("b")
            await trio.sleep(1)
            raise Boom("body")
    assert [type(e) for e in info.value.exceptions] == [Boom, RestartLimitExceeded]


async def test_an_outer_cancel_while_giving_up_leaves_the_give_up_bare(
    autojump_clock: MockClock,
) -> None:
    stage = Stage(stop_seconds={"a": 4.0})
    with pytest.raises(RestartLimitExceeded):
        with trio.move_on_after(1):
            async with open_supervisor(stage.specs("a b"), max_restarts=0):
                stage.crash("b")
                await trio.sleep_forever()


async def test_an_outer_cancel_alone_stays_a_cancellation(
    autojump_clock: MockClock,
) -> None:
    stage = Stage()
    with trio.move_on_after(1) as outer:
        async with open_supervisor(stage.specs("a")):
            await trio.sleep_forever()
    assert outer.cancelled_caught


async def test_an_outer_deadline_during_the_stop_is_noticed(
    autojump_clock: MockClock,
) -> None:
    stage = Stage(stop_seconds={"a": 4.0})
    with trio.move_on_after(1) as outer:
        async with open_supervisor(stage.specs("a")):
            pass
    assert outer.cancelled_caught
    assert trio.current_time() == 4


async def test_a_crash_while_stopping_is_not_raised() -> None:
    stage = Stage(stop_errors={"a": Boom("late")})
    async with open_supervisor(stage.specs("a"), max_restarts=0):
        pass


async def test_auto_shutdown_ends_the_block_in_order() -> None:
    stage = Stage()
    specs = [stage.spec("a"), stage.spec("s", restart="transient", significant=True)]
    after = False
    async with open_supervisor(specs, auto_shutdown="any_significant") as sup:
        stage.finish("s")
        await trio.sleep_forever()
    after = True
    assert after
    assert sup.status == "gone"


async def test_a_block_inside_of_a_child_is_cancelled_with_it(
    autojump_clock: MockClock,
) -> None:
    stage = Stage()

    async def holder() -> None:
        async with open_supervisor(stage.specs("x y"), id="own"):
            await trio.sleep_forever()

    async with open_supervisor([child(holder)]) as sup:
        await quiet()
        await sup.terminate_child("holder")
        assert stage.story == ["x up", "y up", "y down", "x down"]
        exit = sup.child("holder").last_exit
        assert exit is not None
        assert (exit.kind, exit.error) == ("shutdown", None)


async def test_the_block_works_in_a_task_that_is_not_the_main_one() -> None:
    stage = Stage()

    async def deep() -> None:
        async with open_supervisor(stage.specs("a"), id="deep"):
            pass

    async with trio.open_nursery() as nursery:
        nursery.start_soon(deep)
    assert stage.story == ["a up", "a down"]


async def test_flags_beside_a_whole_specification_are_refused() -> None:
    with pytest.raises(ChildSpecError):
        open_supervisor(supervisor([]), max_restarts=5)


async def test_only_a_static_supervisor_can_be_a_root() -> None:
    stage = Stage()
    with pytest.raises(ChildSpecError):
        open_supervisor(stage.spec("a"))  # type: ignore[arg-type]


async def test_exceptions_do_not_drag_the_teardown_along() -> None:
    """The give-up's context is not some Cancelled of the machinery."""
    stage = Stage()
    with pytest.raises(RestartLimitExceeded) as info:
        async with open_supervisor(stage.specs("a"), max_restarts=0):
            stage.crash("a")
            await trio.sleep_forever()
    assert isinstance(info.value.__cause__, Boom)
    assert info.value.__suppress_context__


async def test_an_error_beside_the_bodys_cancellation_is_told_with_the_give_up() -> (
    None
):
    """A body that is cancelled in a nursery fails with a group that holds both."""
    stage = Stage()

    async def fails_when_cancelled() -> None:
        try:
            await trio.sleep_forever()
        finally:
            raise Boom("clean-up")

    with pytest.raises(ExceptionGroup) as info:
        async with open_supervisor(stage.specs("a"), max_restarts=0):
            async with trio.open_nursery() as nursery:
                nursery.start_soon(trio.sleep_forever)
                nursery.start_soon(fails_when_cancelled)
                await quiet()
                stage.crash("a")
    assert info.group_contains(RestartLimitExceeded)
    assert info.group_contains(Boom, match="clean-up")
    assert stage.up == []
    with trio.CancelScope() as scope:  # Trio's own records are in order
        scope.cancel()
        await trio.sleep_forever()
    assert scope.cancelled_caught
