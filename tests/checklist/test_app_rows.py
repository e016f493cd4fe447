"""Starting and stopping as a whole: rows of APP."""

from __future__ import annotations

import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import trio
from trio.testing import MockClock

from tests.supervision.stage import Boom, Stage, quiet
from trio_sup import (
    GenServer,
    RestartLimitExceeded,
    StartFailed,
    child,
    current_node,
    graceful_stop,
    open_supervisor,
    run,
    serve,
    supervisor,
)


class Unwilling(GenServer):
    """Its `init` fails."""

    async def init(self) -> None:
        raise Boom("no")


async def silent(*, task_status: trio.TaskStatus[None]) -> None:
    """Ends without a word."""


async def dies(*, task_status: trio.TaskStatus[None]) -> None:
    raise Boom("no")


async def swallows(*, task_status: trio.TaskStatus[None]) -> None:
    """Returns although it was never cancelled by anybody but itself."""
    with trio.CancelScope() as scope:
        scope.cancel()
        await trio.sleep_forever()


@pytest.mark.trio
@pytest.mark.parametrize("target", [silent, dies, swallows, Unwilling])
async def test_a_start_never_hangs_on_a_child_that_ends_app_001(target: object) -> None:
    spec = child(target, ready="signalled")  # type: ignore[call-overload]
    if target is Unwilling:
        spec = child(Unwilling)
    with pytest.raises(StartFailed):
        async with open_supervisor([spec]):
            raise AssertionError("entered")
    async with open_supervisor([]) as sup:
        with pytest.raises(StartFailed):
            await sup.start_child(spec)
        assert sup.which_children() == []


@pytest.mark.trio
async def test_a_start_that_takes_too_long_is_ended_and_told_once_app_002(
    autojump_clock: MockClock, caplog: pytest.LogCaptureFixture
) -> None:
    stage = Stage(start_seconds={"a": 100.0})
    async with open_supervisor([]) as sup:
        with pytest.raises(StartFailed) as info:
            await sup.start_child(stage.spec("a", start_timeout=3))
        assert trio.current_time() == 3
        assert info.value.exit.kind == "killed"
        assert isinstance(info.value.__cause__, trio.TooSlowError)
        await trio.sleep(1000)
        assert stage.story == []
    reports = [r.getMessage() for r in caplog.records if r.levelname == "ERROR"]
    assert len(reports) == 1
    assert reports[0].startswith("root/a failed to start")


class Slow(GenServer):
    """Takes its time to end."""

    async def terminate(self, exit: object) -> None:
        await trio.sleep(2)


@pytest.mark.trio
async def test_a_stop_is_delivered_though_nobody_waits_for_it_app_003(
    autojump_clock: MockClock,
) -> None:
    inner = supervisor([child(Slow)], id="inner", restart="temporary")
    async with open_supervisor([inner, child(Slow, restart="temporary")]) as sup:
        tree, server = sup.supervisor("inner"), sup.server(Slow, "Slow")
        for stop in (tree.stop, server.stop):
            with trio.move_on_after(0) as scope:
                await stop()
            assert scope.cancelled_caught
        assert tree.status == "stopping"
        await tree.wait_stopped()
        await server.wait_stopped()
        assert trio.current_time() == 2
        assert {tree.status, server.status} == {"gone"}


def test_a_program_that_does_not_start_ends_with_all_causes_app_010() -> None:
    stage = Stage(failing_starts={"b": [Boom("deep")]})
    tree = supervisor(
        [stage.spec("a"), supervisor([stage.spec("b")], id="inner")], id="app"
    )
    with pytest.raises(StartFailed) as info:
        run(tree, inspect=False)
    inner = info.value.__cause__
    assert isinstance(inner, StartFailed)
    assert isinstance(inner.__cause__, Boom)
    assert stage.story == ["a up", "a down"]


@pytest.mark.trio
async def test_what_stands_around_the_tree_outlives_it_app_012_016() -> None:
    stage = Stage()
    story = stage.story

    @asynccontextmanager
    async def database() -> AsyncIterator[list[str]]:
        story.append("open")
        rows = ["row"]
        yield rows
        rows.clear()
        story.append("closed")

    async def uses(rows: list[str]) -> None:
        try:
            await trio.sleep_forever()
        finally:
            story.append(f"flushes {rows}")

    async with database() as rows:
        async with open_supervisor([stage.spec("a"), child(uses, rows)]):
            await quiet()
            story.append("about to stop")
        story.append(f"stopped, still {rows}")
    assert story == [
        "open",
        "a up",
        "about to stop",
        "flushes ['row']",
        "a down",
        "stopped, still ['row']",
        "closed",
    ]


@pytest.mark.trio
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_stops_the_tree_in_reverse_app_013(
    number: signal.Signals,
) -> None:
    stage = Stage()

    async def interrupt() -> None:
        await quiet()
        signal.raise_signal(number)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(interrupt)
        await serve(stage.specs("a b c"), inspect=False, handle_signals=True)
    assert stage.story[3:] == ["c down", "b down", "a down"]


@pytest.mark.trio
async def test_a_second_signal_collapses_the_graces_app_013(
    autojump_clock: MockClock,
) -> None:
    ended: list[tuple[str, float]] = []

    async def polite(id: str) -> None:
        try:
            with graceful_stop():
                await trio.sleep_forever()
        finally:
            ended.append((id, trio.current_time()))

    async def interrupt_twice() -> None:
        await trio.sleep(1)
        signal.raise_signal(signal.SIGTERM)
        await trio.sleep(2)
        signal.raise_signal(signal.SIGTERM)

    specs = [child(polite, id, id=id, shutdown=100) for id in "ab"]
    async with trio.open_nursery() as nursery:
        nursery.start_soon(interrupt_twice)
        await serve(specs, inspect=False, handle_signals=True)
    assert ended == [("b", 3), ("a", 3)]


def test_giving_up_ends_the_program_and_a_stop_does_not_app_014() -> None:
    async def crashes() -> None:
        raise Boom("again")

    with pytest.raises(RestartLimitExceeded) as info:
        run([child(crashes)], inspect=False)
    assert info.value.supervisor == "root"

    async def stops_all() -> None:
        root = current_node().trees()[0]
        assert root.shell is not None
        root.shell.request_stop("on purpose")
        await trio.sleep_forever()

    run([child(stops_all)], inspect=False)  # returns


def test_a_top_supervisor_may_end_when_its_work_is_done_app_015() -> None:
    stage: list[str] = []

    async def job() -> None:
        stage.append("done")

    async def helper() -> None:
        try:
            await trio.sleep_forever()
        finally:
            stage.append("helper down")

    run(
        supervisor(
            [child(helper), child(job, restart="transient", significant=True)],
            auto_shutdown="any_significant",
        ),
        inspect=False,
    )
    assert stage == ["done", "helper down"]
