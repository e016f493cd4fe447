"""Graces: who has how long to stop, who is forced, and who is told of as stuck."""

from __future__ import annotations

import math

import pytest
import trio
from trio.testing import MockClock

from tests.supervision.stage import (
    Stage,
    of_kind,
    quiet,
    record_events,
)
from trio_sup import (
    RestartLimitExceeded,
    child,
    graceful_stop,
    open_supervisor,
    supervisor,
)
from trio_sup._core.events import ChildStuck

pytestmark = pytest.mark.trio


async def stubborn(seconds: float = math.inf) -> None:
    """Does not end before its time, whatever it is told."""
    with trio.CancelScope(shield=True):
        await trio.sleep(seconds)


async def test_a_plain_function_is_cancelled_at_once_sup_114(
    autojump_clock: MockClock,
) -> None:
    async def plain() -> None:
        await trio.sleep_forever()

    async with open_supervisor([child(plain, shutdown=100)]) as sup:
        handle = sup.child("plain")
        await quiet()
    assert trio.current_time() == 0
    assert (await handle.wait_exit(1)).kind == "shutdown"


async def test_graceful_stop_has_its_grace(autojump_clock: MockClock) -> None:
    told: list[float] = []

    async def polite() -> None:
        with graceful_stop() as stopping:
            await stopping.wait()
            told.append(trio.current_time())
            await trio.sleep(3)
            told.append(trio.current_time())

    async with open_supervisor([child(polite)]) as sup:
        handle = sup.child("polite")
        await trio.sleep(1)
    assert told == [1, 4]
    exit = await handle.wait_exit(1)
    assert (exit.kind, exit.error) == ("shutdown", None)


async def test_graceful_stop_is_cancelled_when_the_grace_is_over_sup_111(
    autojump_clock: MockClock,
) -> None:
    async def slow() -> None:
        with graceful_stop():
            await trio.sleep_forever()

    async with open_supervisor([child(slow, shutdown=2)]) as sup:
        handle = sup.child("slow")
        await quiet()
    assert trio.current_time() == 2
    assert (await handle.wait_exit(1)).kind == "killed"


async def test_leaving_graceful_stop_while_asked_cancels(
    autojump_clock: MockClock,
) -> None:
    after: list[str] = []

    async def polite() -> None:
        with graceful_stop() as stopping:
            await stopping.wait()
        after.append("left")
        await trio.sleep_forever()

    async with open_supervisor([child(polite, shutdown=100)]):
        await quiet()
    assert after == ["left"]
    assert trio.current_time() == 0


async def test_graceful_stop_inside_of_a_life_that_is_being_stopped(
    autojump_clock: MockClock,
) -> None:
    seen: list[bool] = []

    async def late() -> None:
        try:
            await trio.sleep_forever()
        finally:
            with graceful_stop() as stopping:
                seen.append(stopping.is_set())

    async with open_supervisor([child(late)]):
        await quiet()
    assert seen == [True]


async def test_graceful_stop_needs_a_supervised_function() -> None:
    with pytest.raises(RuntimeError, match="a function that a supervisor runs"):
        with graceful_stop():
            pass

    async def twice() -> None:
        with graceful_stop(), graceful_stop():
            pass

    with pytest.raises(RestartLimitExceeded) as info:
        async with open_supervisor([child(twice)], max_restarts=0):
            await trio.sleep_forever()
    assert isinstance(info.value.__cause__, RuntimeError)


async def test_brutal_kill_makes_no_request_sup_112(autojump_clock: MockClock) -> None:
    told: list[bool] = []

    async def polite() -> None:
        with graceful_stop() as stopping:
            try:
                await trio.sleep_forever()
            finally:
                told.append(stopping.is_set())

    async with open_supervisor([child(polite, shutdown="brutal_kill")]) as sup:
        handle = sup.child("polite")
        await quiet()
    assert told == [False]
    assert (await handle.wait_exit(1)).kind == "killed"


async def test_no_grace_asks_and_kills_at_once_sup_004(
    autojump_clock: MockClock,
) -> None:
    told: list[bool] = []

    async def polite() -> None:
        with graceful_stop() as stopping:
            try:
                await trio.sleep_forever()
            finally:
                told.append(stopping.is_set())

    async with open_supervisor([child(polite, shutdown=0)]) as sup:
        handle = sup.child("polite")
        await quiet()
    assert told == [True]
    assert (await handle.wait_exit(1)).kind == "killed"


async def test_no_grace_is_no_kill_for_who_ends_with_the_request_sup_114() -> None:
    async with open_supervisor(
        [child(trio.sleep_forever, id="plain", shutdown=0)]
    ) as sup:
        handle = sup.child("plain")
        await quiet()
    assert (await handle.wait_exit(1)).kind == "shutdown"


async def test_without_a_grace_who_does_not_end_is_reported_sup_114(
    autojump_clock: MockClock,
) -> None:
    seen = record_events()
    async with open_supervisor([child(stubborn, 20.0, shutdown=0)]):
        await quiet()
    assert of_kind(seen, ChildStuck)[0].path == "root/stubborn"


async def test_endless_grace_waits_sup_113(autojump_clock: MockClock) -> None:
    async def polite() -> None:
        with graceful_stop() as stopping:
            await stopping.wait()
            await trio.sleep(50_000)

    async with open_supervisor([child(polite, shutdown=math.inf)]):
        await quiet()
    assert trio.current_time() == 50_000


async def test_trap_18_a_child_that_shields_itself_is_reported_with_its_frame(
    autojump_clock: MockClock,
) -> None:
    seen = record_events()
    async with open_supervisor([child(stubborn, 20.0, shutdown=2)]) as sup:
        handle = sup.child("stubborn")
        statuses: list[str] = []

        def look(event: object) -> None:
            if isinstance(event, ChildStuck):
                statuses.append(handle.status)

        from trio_sup import current_node

        current_node().add_hook(look)
        await quiet()
    assert trio.current_time() == 20  # it is waited for
    stuck = of_kind(seen, ChildStuck)
    # Cancelled at 2; reported after 1, then 2, 4, 8 seconds more.
    assert [event.at for event in stuck] == [3, 5, 9, 17]
    assert [event.seconds for event in stuck] == [1, 3, 7, 15]
    assert "in stubborn" in stuck[0].frames
    assert "await trio.sleep(seconds)" in stuck[0].frames
    assert statuses == ["stuck"] * 4
    assert (await handle.wait_exit(1)).kind == "killed"


async def test_one_stuck_child_holds_up_those_before_it_only(
    autojump_clock: MockClock,
) -> None:
    stage = Stage()
    async with open_supervisor(
        [stage.spec("a"), child(stubborn, 20.0), stage.spec("c")]
    ):
        await trio.sleep(1)
        stage.take()
    assert stage.story == ["c down", "a down"]
    assert trio.current_time() == 20


async def test_hurry_collapses_all_graces_and_keeps_the_order(
    autojump_clock: MockClock,
) -> None:
    stage = Stage()
    manager = open_supervisor(
        [
            child(forever_polite, stage, "a", shutdown=50, id="a"),
            supervisor(
                [
                    child(forever_polite, stage, "b", shutdown=50, id="b"),
                    child(forever_polite, stage, "c", shutdown=50, id="c"),
                ],
                id="inner",
            ),
        ]
    )

    async def soon() -> None:
        await trio.sleep(3)
        manager.hurry()

    async with trio.open_nursery() as nursery:
        async with manager:
            await quiet()
            nursery.start_soon(soon)
    assert stage.story == ["c down", "b down", "a down"]
    assert trio.current_time() == 3


async def forever_polite(stage: Stage, id: str) -> None:
    """Uses all its grace."""
    try:
        with graceful_stop():
            await trio.sleep_forever()
    finally:
        stage.story.append(f"{id} down")


async def test_a_supervisor_with_a_finite_grace_hurries_its_children(
    autojump_clock: MockClock,
) -> None:
    stage = Stage()
    inner = supervisor(
        [child(forever_polite, stage, id, shutdown=50, id=id) for id in "abc"],
        id="inner",
        shutdown=4,
    )
    async with open_supervisor([inner]):
        await quiet()
    assert stage.story == ["c down", "b down", "a down"]
    assert trio.current_time() == 4


async def test_a_brutally_killed_supervisor_gives_no_graces(
    autojump_clock: MockClock,
) -> None:
    stage = Stage()
    inner = supervisor(
        [child(forever_polite, stage, id, shutdown=50, id=id) for id in "ab"],
        id="inner",
        shutdown="brutal_kill",
    )
    async with open_supervisor([inner]):
        await quiet()
    assert stage.story == ["b down", "a down"]
    assert trio.current_time() == 0


async def test_an_outer_cancel_during_a_terminate_keeps_its_grace(
    autojump_clock: MockClock,
) -> None:
    """One deadline a life: a later request does not start the grace anew."""
    stage = Stage()
    with trio.move_on_after(3):
        async with open_supervisor(
            [child(forever_polite, stage, "a", shutdown=5, id="a")]
        ) as sup:
            await quiet()
            await sup.terminate_child("a")
    assert trio.current_time() == 5
    assert stage.story == ["a down"]


async def test_the_report_of_a_stuck_child_names_the_users_line(
    autojump_clock: MockClock,
) -> None:
    seen = record_events()
    async with open_supervisor([child(stubborn, 20.0, shutdown=2)]):
        await quiet()
    assert of_kind(seen, ChildStuck)[0].summary == (
        "root/stubborn is stuck, 1 s after its cancel: await trio.sleep(seconds)"
    )
