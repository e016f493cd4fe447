"""Reverse stop order, whatever the cause of the end."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

import pytest
import trio
from trio.testing import MockClock

from tests.supervision.stage import (
    Boom,
    Stage,
    of_kind,
    quiet,
    record_events,
)
from trio_sup import (
    RestartLimitExceeded,
    Supervisor,
    dynamic_supervisor,
    open_supervisor,
    supervisor,
)
from trio_sup._core.events import ChildStopped, ChildStopping

pytestmark = pytest.mark.trio


TREE = ["f down", "e down", "d down", "c down", "b down", "a down"]


def tree(stage: Stage, **flags: Any) -> Any:
    inner = supervisor(stage.specs("c d"), id="inner")
    return open_supervisor(
        [*stage.specs("a b"), inner, *stage.specs("e f")], id="top", **flags
    )


Cause = Callable[[Stage, Supervisor], Coroutine[Any, Any, None]]


async def leave(stage: Stage, sup: Supervisor) -> None:
    """The block ends."""


async def body_error(stage: Stage, sup: Supervisor) -> None:
    raise Boom("body")


async def stop_from_the_body(stage: Stage, sup: Supervisor) -> None:
    await sup.stop()


async def outer_cancel(stage: Stage, sup: Supervisor) -> None:
    OUTER[0].cancel()
    await trio.sleep_forever()


async def outer_deadline(stage: Stage, sup: Supervisor) -> None:
    OUTER[0].deadline = trio.current_time() + 5
    await trio.sleep_forever()


async def exit_in_the_body(stage: Stage, sup: Supervisor) -> None:
    raise SystemExit(3)


OUTER = [trio.CancelScope()]


@pytest.mark.parametrize(
    "cause",
    [
        leave,
        body_error,
        stop_from_the_body,
        outer_cancel,
        outer_deadline,
        exit_in_the_body,
    ],
)
async def test_trap_17_reverse_stop_order_for_every_cause_sup_110(
    autojump_clock: MockClock, cause: Cause
) -> None:
    stage = Stage(stop_seconds=dict.fromkeys("abcdef", 1.0))
    seen = record_events()
    OUTER[0] = trio.CancelScope()
    began = 0.0
    caught: BaseException | None = None
    try:
        with OUTER[0]:
            async with tree(stage) as sup:
                stage.take()
                began = trio.current_time()
                await cause(stage, sup)
    except (Boom, SystemExit) as error:
        caught = error
    assert stage.story == TREE
    began += 5 if cause is outer_deadline else 0
    assert trio.current_time() == began + 6  # one at a time
    # Each is asked only when the one before it is down.
    order = [
        (type(event).__name__, event.path.rsplit("/")[-1])
        for event in of_kind(seen, ChildStopping, ChildStopped)
        if event.path != "top"
    ]
    expected: list[tuple[str, str]] = []
    for id in "fe":
        expected += [("ChildStopping", id), ("ChildStopped", id)]
    expected += [("ChildStopping", "inner")]
    for id in "dc":
        expected += [("ChildStopping", id), ("ChildStopped", id)]
    expected += [("ChildStopped", "inner")]
    for id in "ba":
        expected += [("ChildStopping", id), ("ChildStopped", id)]
    assert order == expected
    expected_error = {"body_error": Boom, "exit_in_the_body": SystemExit}
    assert type(caught) is expected_error.get(cause.__name__, type(None))
    assert OUTER[0].cancelled_caught is (cause in (outer_cancel, outer_deadline))


@pytest.mark.parametrize("fatal", [KeyboardInterrupt, SystemExit, GeneratorExit])
@pytest.mark.parametrize("who", ["a", "d", "f"])
async def test_trap_17_reverse_stop_order_when_a_child_raises_something_fatal(
    autojump_clock: MockClock, fatal: type[BaseException], who: str
) -> None:
    stage = Stage(stop_seconds=dict.fromkeys("abcdef", 1.0))
    with pytest.raises(fatal):
        async with tree(stage, max_restarts=100):
            stage.take()
            stage.crash(who, fatal())
            await trio.sleep_forever()
    others = [line for line in TREE if not line.startswith(who)]
    assert stage.story == [f"{who} down", *others] or who == "d"
    if who == "d":  # the inner supervisor goes first
        assert stage.story[:2] == ["d down", "c down"]
        assert stage.story[2:] == ["f down", "e down", "b down", "a down"]
    assert set(stage.lives.values()) == {1}


async def test_reverse_stop_order_when_giving_up_sup_075(
    autojump_clock: MockClock,
) -> None:
    stage = Stage(stop_seconds=dict.fromkeys("abcdef", 1.0))
    with pytest.raises(RestartLimitExceeded):
        async with tree(stage, max_restarts=0):
            stage.take()
            stage.crash("b")
            await trio.sleep_forever()
    assert stage.story == ["b down", *[line for line in TREE if line != "b down"]]


async def test_stop_during_the_start_stops_what_has_started(
    autojump_clock: MockClock,
) -> None:
    stage = Stage(start_seconds={"d": 10.0}, stop_seconds=dict.fromkeys("abcd", 1.0))
    with trio.move_on_after(5) as outer:
        async with tree(stage):
            raise AssertionError("the block was entered")
    assert outer.cancelled_caught
    assert stage.story == [*("a up", "b up", "c up"), *("c down", "b down", "a down")]
    assert trio.current_time() == 5 + 4  # the half-started one cleans up, too


async def test_a_cancelled_caller_enters_nothing() -> None:
    stage = Stage()
    with trio.CancelScope() as outer:
        outer.cancel()
        async with open_supervisor(stage.specs("a")):
            raise AssertionError("the block was entered")
    assert stage.up == []


async def test_a_child_that_ends_meanwhile_does_not_disturb_sup_115(
    autojump_clock: MockClock,
) -> None:
    stage = Stage(stop_seconds={"c": 3.0})

    async def meddle() -> None:
        await trio.sleep(1)
        stage.crash("a")

    async with trio.open_nursery() as nursery:
        async with open_supervisor(stage.specs("a b c"), max_restarts=0) as sup:
            handle = sup.child("a")
            stage.take()
            nursery.start_soon(meddle)
    assert stage.story == ["a down", "c down", "b down"]
    assert stage.lives["a"] == 1
    assert isinstance((await handle.wait_exit()).error, Boom)


async def test_an_error_in_the_clean_up_is_logged_and_goes_no_further_sup_116(
    caplog: pytest.LogCaptureFixture,
) -> None:
    stage = Stage(stop_errors={"a": Boom("cleaning up")})
    caplog.set_level("WARNING", "trio_sup")
    async with open_supervisor(stage.specs("a")) as sup:
        handle = sup.child("a")
    assert [r.levelname for r in caplog.records] == ["ERROR"]
    assert "cleaning up" in caplog.records[0].getMessage()
    exit = await handle.wait_exit(1)
    assert (exit.kind, str(exit.error)) == ("shutdown", "cleaning up")


async def test_stop_after_stop_is_harmless(autojump_clock: MockClock) -> None:
    stage = Stage(stop_seconds={"a": 2.0})
    async with open_supervisor(stage.specs("a")) as sup:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(sup.stop)
            nursery.start_soon(sup.stop)
        await sup.stop()
        assert sup.status == "gone"


async def test_stop_of_a_permanent_nested_supervisor_restarts_it_sup_121() -> None:
    stage = Stage()
    for restart, lives in (("permanent", 2), ("transient", 1), ("temporary", 1)):
        stage.lives.clear()
        inner = supervisor(
            stage.specs("a"),
            id="s",
            restart=restart,  # type: ignore[arg-type]
        )
        async with open_supervisor([inner]) as sup:
            handle = sup.supervisor("s")
            await handle.stop()
            await quiet()
            assert stage.lives["a"] == lives
            assert handle.last_exit is not None
            assert handle.last_exit.kind == "shutdown"
            status = {"permanent": "running", "transient": "stopped"}
            assert handle.status == status.get(restart, "gone")


async def test_stop_of_a_nested_dynamic_supervisor_restarts_it() -> None:
    stage = Stage()
    async with open_supervisor([dynamic_supervisor(id="d")]) as sup:
        dynamic = sup.dynamic("d")
        await dynamic.start_child(stage.spec("a"))
        await dynamic.stop()
        await dynamic.wait_running()
        assert dynamic.life == 2
        assert dynamic.count_children().specs == 0
