"""Plain Trio programs are searched for what cancellation, Ctrl-C and orders break."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
import trio

from trio_sup.testing import (
    CancelProgram,
    Deadline,
    InterruptProgram,
    ProgramViolation,
    check_program,
    replay_program,
)

Main = Callable[[], Awaitable[None]]

lent: list[str] = []


def nothing_is_lent() -> None:
    left = len(lent)
    lent.clear()
    assert left == 0


async def sound() -> None:
    async with trio.open_nursery() as nursery:
        nursery.start_soon(trio.sleep, 1)
        nursery.start_soon(trio.sleep, 2)


async def goes_on_for_ever() -> None:
    while True:
        await trio.sleep(3)


async def awaits_before_a_release() -> None:
    lent.append("it")
    try:
        await trio.sleep(1)
    finally:
        await trio.lowlevel.checkpoint()
        lent.pop()


async def swallows_cancellation() -> None:
    while True:
        try:
            await trio.sleep(1)
        except trio.Cancelled:
            continue


async def swallows_everything() -> None:
    while True:
        try:
            await trio.sleep(1)
        except BaseException:  # noqa: BLE001 - the bug
            await trio.sleep(1)


async def fails_when_it_is_late() -> None:
    with trio.CancelScope(shield=True):
        await trio.sleep(1)
    try:
        await trio.sleep(1)
    except trio.Cancelled:
        raise ValueError("too late") from None


async def leaves_a_task() -> None:
    trio.lowlevel.spawn_system_task(trio.sleep_forever)
    await trio.lowlevel.checkpoint()


def found_in(main: Main, **options: Any) -> ProgramViolation:
    with pytest.raises(ProgramViolation) as found:
        check_program(main, **options)
    return found.value


@pytest.mark.parametrize("main", [sound, goes_on_for_ever])
def test_a_sound_program_raises_no_alarm(main: Main) -> None:
    report = check_program(main, runs=10)
    assert report.ends is (main is sound)
    assert all(failed == 0 for _, failed in report.ways.values())
    assert report.ways["cancel"][0] >= 3
    assert report.runs > 10


def test_an_await_before_a_release_is_found_and_repeated() -> None:
    found = found_in(awaits_before_a_release, afterwards=nothing_is_lent)
    assert found.disturbance == CancelProgram(1)
    assert "CancelProgram(step=1)," in str(found)
    assert "await trio.sleep(1)" in str(found)
    with pytest.raises(ProgramViolation):
        replay_program(
            awaits_before_a_release, CancelProgram(1), afterwards=nothing_is_lent
        )
    replay_program(awaits_before_a_release, afterwards=nothing_is_lent)


def test_a_deadline_is_enough() -> None:
    with pytest.raises(ProgramViolation):
        replay_program(
            awaits_before_a_release, Deadline(0.5), afterwards=nothing_is_lent
        )


def test_a_loop_that_swallows_its_cancellation_is_found() -> None:
    assert "no rest in" in str(found_in(swallows_cancellation, ways=["cancel"]))


def test_a_loop_that_swallows_ctrl_c_is_found() -> None:
    found = found_in(swallows_everything, ways=["ctrl_c"])
    assert isinstance(found.disturbance, InterruptProgram)
    assert "60 s after it was told to end" in str(found)


def test_an_error_instead_of_an_end_is_found_and_can_be_allowed() -> None:
    assert "it fails: ValueError: too late" in str(found_in(fails_when_it_is_late))
    check_program(fails_when_it_is_late, allow=[ValueError], runs=5)


def test_a_task_that_is_left_is_found() -> None:
    assert "a task is left: trio.sleep_forever" in str(found_in(leaves_a_task))


def test_an_order_that_never_ends_is_found() -> None:
    async def lost_wake_up() -> None:
        ready: list[bool] = []
        woken = [trio.Event()]

        async def waiter() -> None:
            if not ready:
                await trio.lowlevel.checkpoint()
                await woken[0].wait()

        async def setter() -> None:
            ready.append(True)
            woken[0].set()
            woken[0] = trio.Event()

        async with trio.open_nursery() as nursery:
            nursery.start_soon(setter)
            nursery.start_soon(waiter)

    found = found_in(lost_wake_up, ways=(), schedules="every")
    assert found.picks
    with pytest.raises(ProgramViolation, match="does not end within 10 s"):
        replay_program(lost_wake_up, picks=found.picks)
    replay_program(lost_wake_up, picks=[])


def test_what_is_unknown_is_refused() -> None:
    with pytest.raises(ValueError, match="ways takes some of cancel, ctrl_c, deadline"):
        check_program(sound, ways=["fire"])  # type: ignore[list-item]
    with pytest.raises(ValueError, match="schedules is likely, every or none"):
        check_program(sound, schedules="some")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="above 0"):
        check_program(sound, runs=0)


@pytest.mark.parametrize("schedules", ["every", "none"])
@pytest.mark.parametrize("name", ["depth", "runs"])
def test_what_only_likely_schedules_have_is_refused_with_others(
    schedules: Any, name: str
) -> None:
    given: dict[str, Any] = {name: 5}
    with pytest.raises(ValueError, match=f'{name}= is of schedules="likely" alone'):
        check_program(sound, schedules=schedules, **given)
