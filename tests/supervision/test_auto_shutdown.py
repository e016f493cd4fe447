"""Significant children end their supervisor (checklist SUP-130..140)."""

from __future__ import annotations

import pytest
import trio
from trio.testing import MockClock

from tests.supervision.stage import Boom, Stage, of_kind, quiet, record_events
from trio_sup import Backoff, Ignore, Stop, open_supervisor, supervisor
from trio_sup._core.events import SupervisorAutoShutdown

pytestmark = pytest.mark.trio


def significant(stage: Stage, ids: str, restart: str = "transient") -> list[object]:
    return [stage.spec(id, restart=restart, significant=True) for id in ids.split()]


@pytest.mark.parametrize(
    ("restart", "error", "ends"),
    [
        ("transient", None, True),
        ("transient", Stop("bye"), True),
        ("transient", Boom(), False),
        ("temporary", None, True),
        ("temporary", Boom(), True),
    ],
)
async def test_any_significant_sup_132_133(
    restart: str, error: BaseException | None, ends: bool, autojump_clock: MockClock
) -> None:
    stage = Stage()
    specs = [stage.spec("z"), *significant(stage, "a b", restart)]
    async with open_supervisor(
        specs,  # type: ignore[arg-type]
        auto_shutdown="any_significant",
    ) as sup:
        seen = record_events()
        if error is None:
            stage.finish("a")
        else:
            stage.crash("a", error)
        with trio.move_on_after(0.01):
            await sup.wait_stopped()
        assert (sup.status == "gone") is ends
        assert len(of_kind(seen, SupervisorAutoShutdown)) == ends
    if ends:
        assert stage.story[-3:] == ["a down", "b down", "z down"]
        assert sup.last_exit is not None
        assert sup.last_exit.kind == "shutdown"


async def test_all_significant_waits_for_the_last_sup_134() -> None:
    stage = Stage()
    async with open_supervisor(
        significant(stage, "a b"),  # type: ignore[arg-type]
        auto_shutdown="all_significant",
    ) as sup:
        stage.finish("a")
        await quiet()
        assert sup.status == "running"
        stage.finish("b")
        await sup.wait_stopped()
        assert sup.last_exit is not None


async def test_a_child_that_backs_off_counts_as_active_sup_134(
    autojump_clock: MockClock,
) -> None:
    stage = Stage()
    wait = Backoff(initial=5, jitter=0, immediate_first=False)
    specs = [
        stage.spec("a", restart="transient", significant=True, backoff=wait),
        stage.spec("b", restart="transient", significant=True),
    ]
    async with open_supervisor(specs, auto_shutdown="all_significant") as sup:
        stage.crash("a")
        await quiet()
        stage.finish("b")
        await quiet()
        assert sup.status == "running"
        await sup.child("a").wait_running()


async def test_siblings_that_wait_with_their_group_count_as_active(
    autojump_clock: MockClock,
) -> None:
    stage = Stage()
    wait = Backoff(initial=5, jitter=0, immediate_first=False)
    specs = [
        stage.spec("a", restart="transient", significant=True),
        stage.spec("p", backoff=wait),
        stage.spec("b", restart="transient", significant=True),
    ]
    async with open_supervisor(
        specs, strategy="rest_for_one", auto_shutdown="all_significant"
    ) as sup:
        stage.crash("p")
        await quiet()
        stage.finish("a")
        await quiet()
        assert sup.status == "running"
        await sup.child("b").wait_running()
        assert trio.current_time() == 5


async def test_a_crash_and_an_end_in_one_step_do_not_end_it() -> None:
    for _ in range(8):
        stage = Stage()
        async with open_supervisor(
            significant(stage, "a b"),  # type: ignore[arg-type]
            strategy="one_for_all",
            auto_shutdown="all_significant",
        ) as sup:
            stage.crash("b")
            stage.finish("a")
            await quiet()
            assert sup.status == "running"
            assert sorted(stage.up) == ["a", "b"]


async def test_terminate_child_never_triggers_but_makes_inactive_sup_135() -> None:
    stage = Stage()
    async with open_supervisor(
        significant(stage, "a b"),  # type: ignore[arg-type]
        auto_shutdown="all_significant",
    ) as sup:
        await sup.terminate_child("a")
        await quiet()
        assert sup.status == "running"
        stage.finish("b")
        await sup.wait_stopped()


async def test_an_ignored_start_is_not_active_sup_136() -> None:
    stage = Stage()
    stage.failing_starts["a"] = [Ignore()]
    async with open_supervisor(
        significant(stage, "a b"),  # type: ignore[arg-type]
        auto_shutdown="all_significant",
    ) as sup:
        stage.finish("b")
        await sup.wait_stopped()


async def test_bystanders_never_trigger_sup_137() -> None:
    stage = Stage()
    specs = [
        stage.spec("p"),
        stage.spec("t", restart="temporary", significant=True),
    ]
    async with open_supervisor(
        specs, strategy="one_for_all", auto_shutdown="any_significant"
    ) as sup:
        stage.crash("p")
        await quiet()
        assert sup.status == "running"
        assert stage.up == ["p"]


async def test_others_never_trigger_sup_138() -> None:
    stage = Stage()
    specs = [
        *significant(stage, "a"),
        stage.spec("b", restart="temporary"),
    ]
    async with open_supervisor(
        specs,  # type: ignore[arg-type]
        auto_shutdown="any_significant",
    ) as sup:
        stage.crash("b")
        await quiet()
        assert sup.status == "running"


async def test_it_cascades_through_significant_supervisors_only_sup_139() -> None:
    for cascades in (True, False):
        stage = Stage()
        inner = supervisor(
            significant(stage, "a"),  # type: ignore[arg-type]
            id="s",
            auto_shutdown="any_significant",
            restart="transient",
            significant=cascades,
        )
        async with open_supervisor([inner], auto_shutdown="any_significant") as sup:
            handle = sup.supervisor("s")
            stage.finish("a")
            await handle.wait_stopped()
            await quiet()
            assert (sup.status == "gone") is cascades


async def test_a_permanent_supervisor_with_auto_shutdown_is_restarted_sup_139() -> None:
    stage = Stage()
    inner = supervisor(
        significant(stage, "a"),  # type: ignore[arg-type]
        id="s",
        auto_shutdown="any_significant",
    )
    async with open_supervisor([inner]) as sup:
        stage.finish("a")
        await quiet()
        assert sup.supervisor("s").life == 2
        assert stage.up == ["a"]
