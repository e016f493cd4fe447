"""Supervisors at work: rows of SUP that no other test names."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable

import pytest
import trio
from trio.testing import MockClock

from tests.supervision.stage import Boom, Stage, quiet
from trio_sup import (
    Exit,
    GenServer,
    NoSuchChild,
    RestartLimitExceeded,
    Supervisor,
    child,
    dynamic_supervisor,
    open_supervisor,
    supervisor,
)

pytestmark = pytest.mark.trio


async def idle() -> None:
    await trio.sleep_forever()


@pytest.mark.parametrize("jump", [-1e9, 1e9])
async def test_the_wall_clock_may_jump_sup_073(
    autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch, jump: float
) -> None:
    now = 1e9
    monkeypatch.setattr(time, "time", lambda: now)
    stage = Stage()
    with pytest.raises(RestartLimitExceeded):
        async with open_supervisor(stage.specs("a"), max_restarts=1, max_seconds=5):
            stage.crash("a")
            await trio.sleep(4)
            now += jump
            stage.crash("a")
            await trio.sleep(4)
            raise AssertionError("the first restart did not count")


async def test_static_children_are_addressed_by_id_only_sup_096() -> None:
    stage = Stage()
    async with open_supervisor(stage.specs("a")) as sup:
        handle = sup.child("a")
        for request in (sup.terminate_child, sup.restart_child, sup.delete_child):
            with pytest.raises(NoSuchChild):
                await request(handle)
        assert stage.up == ["a"]


async def test_a_slow_start_holds_up_requests_but_nothing_else_sup_099(
    autojump_clock: MockClock,
) -> None:
    stage = Stage(start_seconds={"slow": 10.0})
    async with open_supervisor(stage.specs("a b")) as sup:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(sup.start_child, stage.spec("slow"))
            await trio.sleep(1)
            stage.crash("a")
            await quiet()
            assert stage.lives["a"] == 2
            assert "a" in stage.up
            nursery.start_soon(sup.terminate_child, "b")
            await quiet()
            assert [info.id for info in sup.which_children()] == ["a", "b", "slow"]
            assert sup.count_children().active == 3
            assert trio.current_time() == 1
            assert "b" in stage.up  # this request waits in line
        assert trio.current_time() == 10
        assert stage.up == ["a", "slow"]


async def test_a_crash_waits_behind_requests_that_wait_already_sup_099(
    autojump_clock: MockClock,
) -> None:
    stage = Stage(start_seconds={"slow": 10.0})
    async with open_supervisor(stage.specs("a b")) as sup:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(sup.start_child, stage.spec("slow"))
            await quiet()
            nursery.start_soon(sup.terminate_child, "b")
            await quiet()
            stage.crash("a")
            await trio.sleep(9)
            assert sup.child("a").status == "restarting"
        await quiet()
        assert stage.up == ["slow", "a"]


async def test_one_child_is_looked_up_as_it_is_listed_sup_103() -> None:
    stage = Stage()
    inner = supervisor(stage.specs("x"), id="inner")
    async with open_supervisor([*stage.specs("a b"), inner]) as sup:
        await sup.terminate_child("b")
        for info in sup.which_children():
            handle = sup.child(info.id)
            assert (handle, handle.status) == (info.handle, info.status)
        assert sup.child("inner", "x").path == ("root", "inner", "x")
        for path in (("c",), ("a", "x"), ("inner", "y")):
            with pytest.raises(NoSuchChild):
                sup.child(*path)


class Server(GenServer):
    """Tells how it ended."""

    ends: list[str]

    def __init__(self, ends: list[str]) -> None:
        self.ends = ends

    async def terminate(self, exit: Exit) -> None:
        self.ends.append(f"{self.id}: {exit.kind}")


async def test_a_supervisor_cut_short_leaves_no_child_behind_sup_120(
    autojump_clock: MockClock,
) -> None:
    stage = Stage()
    ends: list[str] = []
    inner = supervisor(
        [*stage.specs("a b"), child(Server, ends, id="s", shutdown=100)],
        id="inner",
        shutdown="brutal_kill",
    )
    async with open_supervisor([inner]) as sup:
        await sup.terminate_child("inner")
        assert stage.story == ["a up", "b up", "b down", "a down"]
        assert ends == ["s: killed"]
        assert {info.status for info in sup.supervisor("inner").which_children()} == {
            "stopped"
        }
    assert trio.current_time() == 0


async def test_a_fatal_error_stops_all_siblings_in_order_sup_120() -> None:
    stage = Stage()
    with pytest.raises(SystemExit):
        async with open_supervisor(stage.specs("a b c"), max_restarts=100):
            stage.take()
            stage.crash("b", SystemExit(3))
            await trio.sleep_forever()
    assert stage.take() == ["b down", "c down", "a down"]


async def test_starts_are_logged_as_progress_sup_153(
    caplog: pytest.LogCaptureFixture,
) -> None:
    stage = Stage()
    caplog.set_level(logging.DEBUG, "trio_sup")
    async with open_supervisor(stage.specs("a")) as sup:
        stage.crash("a")
        await quiet()
        await sup.start_child(stage.spec("b"))
    levels = {
        r.getMessage(): r.levelname for r in caplog.records if "start" in r.getMessage()
    }
    for line in ("root/a started (life 1)", "root/a started (life 2)"):
        assert levels[line] == "INFO"
    assert levels["root/b started (life 1)"] == "INFO"
    assert levels["root/a starting (life 1)"] == "DEBUG"


async def test_a_report_names_child_and_cause_in_bounded_size_sup_154_app_004(
    caplog: pytest.LogCaptureFixture,
) -> None:
    stage = Stage()
    inner = supervisor([stage.spec("a", restart="temporary")], id="inner")
    huge = Boom("x" * 1_000_000)
    async with open_supervisor([inner]):
        stage.crash("a", huge)
        await quiet()
    (record,) = [r for r in caplog.records if r.levelno == logging.ERROR]
    event = record.trio_sup_event  # type: ignore[attr-defined]
    assert (event.path, event.life) == ("root/inner/a", 1)
    assert event.kind == "child_crashed"
    assert event.exit.error is huge
    assert record.exc_info is not None
    assert record.exc_info[1] is huge
    assert "root/inner/a crashed (life 1)" in record.getMessage()
    assert len(str(event.as_json())) < 1000


async def cpu_seconds(n: int, act: Callable[[int], object]) -> float:
    """The least of three rounds, in time of this process."""
    rounds: list[float] = []
    for _ in range(3):
        began = time.process_time()
        await act(n)  # type: ignore[misc]
        rounds.append(time.process_time() - began)
    return min(rounds)


async def start_and_stop_a_list(n: int) -> None:
    async with open_supervisor([child(idle, id=i) for i in range(n)]):
        pass


async def start_and_terminate(n: int) -> None:
    async with open_supervisor([]) as sup:
        for i in range(n):
            await sup.start_child(child(idle, id=i))
        for i in range(n):
            await sup.terminate_child(i)


async def start_and_stop_dynamic(n: int) -> None:
    async with open_supervisor([dynamic_supervisor(id="d")]) as sup:
        for _ in range(n):
            await sup.dynamic("d").start_child(child(idle))


@pytest.mark.parametrize(
    "act", [start_and_stop_a_list, start_and_terminate, start_and_stop_dynamic]
)
async def test_many_children_take_time_in_proportion_sup_155(
    act: Callable[[int], object],
) -> None:
    """Ten times as many: hundred times the work would be a mistake."""
    await cpu_seconds(20, act)
    few, many = await cpu_seconds(100, act), await cpu_seconds(1000, act)
    assert many / few < 30


async def test_an_endless_window_never_forgets_sup_077(
    autojump_clock: MockClock,
) -> None:
    stage = Stage()
    sup: Supervisor
    with pytest.raises(RestartLimitExceeded):
        async with open_supervisor(
            stage.specs("a"), max_restarts=1, max_seconds=math.inf
        ) as sup:
            stage.crash("a")
            await trio.sleep(80_000)
            assert sup.statistics().restarts == 1
            stage.crash("a")
            await trio.sleep_forever()
