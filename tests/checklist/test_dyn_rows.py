"""Dynamic supervisors: rows of DYN that no other test names."""

from __future__ import annotations

import logging
import math
from collections.abc import Iterator
from typing import Any

import pytest
import trio
from trio.testing import MockClock

from tests.supervision.stage import Boom, Stage, quiet
from trio_sup import (
    AlreadyRegistered,
    ChildNotStopped,
    ChildSpecError,
    DynamicSupervisor,
    NoSuchChild,
    Registry,
    StartFailed,
    child,
    dynamic_supervisor,
    open_supervisor,
    supervisor,
    whereis,
)

pytestmark = pytest.mark.trio


def leaves(error: BaseException | None) -> Iterator[BaseException | None]:
    """The exceptions in a group, or the exception itself."""
    if isinstance(error, BaseExceptionGroup):
        for member in error.exceptions:
            yield from leaves(member)
    else:
        yield error


async def test_flags_have_the_defaults_of_static_ones_dyn_002() -> None:
    flags = dynamic_supervisor().flags
    assert flags is not None
    assert (flags.max_restarts, flags.max_seconds) == (3, 5.0)
    assert flags.max_children == math.inf


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("max_restarts", -1),
        ("max_restarts", 1.5),
        ("max_seconds", 0),
        ("max_seconds", math.nan),
        ("max_children", -1),
        ("max_children", 1.5),
        ("max_children", math.nan),
        ("max_children", True),
        ("max_children", None),
    ],
)
async def test_a_bad_flag_is_named_with_its_value_dyn_003(
    field: str, value: Any
) -> None:
    with pytest.raises(ChildSpecError) as info:
        dynamic_supervisor(**{field: value})
    assert info.value.field == field
    assert info.value.value is value


@pytest.mark.parametrize(
    "error", [Boom("b"), trio.TooSlowError(), ExceptionGroup("g", [Boom("b")])]
)
async def test_whatever_a_start_raises_goes_to_the_starter_dyn_008(
    error: Exception,
) -> None:
    stage = Stage(failing_starts={"b": [error]})
    async with open_supervisor([dynamic_supervisor(id="d", max_restarts=0)]) as sup:
        dynamic = sup.dynamic("d")
        await dynamic.start_child(stage.spec("a"))
        with pytest.raises(StartFailed) as info:
            await dynamic.start_child(stage.spec("b"))
        # Scopes make a new group, of the same errors.
        assert list(leaves(info.value.__cause__)) == list(leaves(error))
        assert (dynamic.life, dynamic.status) == (1, "running")
        assert stage.up == ["a"]
        assert stage.lives == {"a": 1, "b": 1}
        assert [info.id for info in dynamic.which_children()] == ["a"]


async def test_terminating_a_restarting_child_cancels_the_retry_dyn_015(
    autojump_clock: MockClock,
) -> None:
    stage = Stage()
    async with open_supervisor([dynamic_supervisor(id="d")]) as sup:
        dynamic = sup.dynamic("d")
        handle = await dynamic.start_child(stage.spec("a"))
        stage.start_seconds["a"] = 5
        stage.crash("a")
        await trio.sleep(1)
        assert (handle.status, handle.life) == ("restarting", 2)
        await dynamic.terminate_child(handle)  # obtained in life 1
        assert trio.current_time() == 1
        with pytest.raises(NoSuchChild):
            await dynamic.terminate_child(handle)
        await trio.sleep(100)
        assert stage.lives == {"a": 2}
        assert handle.status == "gone"
        assert dynamic.which_children() == []


async def test_expected_ends_are_quiet_and_others_logged_dyn_022(
    caplog: pytest.LogCaptureFixture,
) -> None:
    stage = Stage(stop_errors={"b": Boom("cleaning up")})
    caplog.set_level(logging.INFO, "trio_sup")
    async with open_supervisor([dynamic_supervisor(id="d")]) as sup:
        for spec in stage.specs("a b c"):
            await sup.dynamic("d").start_child(spec)
        caplog.clear()
        await sup.terminate_child("d")
        assert stage.up == []
    lines = [r.getMessage() for r in caplog.records if r.levelno > logging.INFO]
    assert len(lines) == 1
    assert lines[0].startswith("root/d/b ")
    assert "cleaning up" in lines[0]


async def test_what_is_down_is_forgotten_so_nothing_is_deleted_or_restarted_dyn_025() -> (
    None
):
    assert not hasattr(DynamicSupervisor, "delete_child")
    stage = Stage()
    async with open_supervisor([dynamic_supervisor(id="d")]) as sup:
        dynamic = sup.dynamic("d")
        down = await dynamic.start_child(stage.spec("a", restart="transient"))
        up = await dynamic.start_child(stage.spec("b"))
        stage.finish("a")
        await quiet()
        with pytest.raises(NoSuchChild):
            await dynamic.restart_child(down)
        with pytest.raises(ChildNotStopped):
            await dynamic.restart_child(up)


async def test_two_with_the_default_id_clash_dyn_026() -> None:
    assert dynamic_supervisor().default_id == "dynamic_supervisor"
    with pytest.raises(ChildSpecError) as info:
        supervisor([dynamic_supervisor(), dynamic_supervisor()])
    assert (info.value.field, info.value.value) == ("id", "dynamic_supervisor")
    specs = [dynamic_supervisor(), dynamic_supervisor(id="other")]
    async with open_supervisor(specs) as sup:
        counts = sup.count_children()
        assert (counts.active, counts.supervisors) == (2, 2)


async def test_it_has_a_name_like_any_other_child_dyn_032() -> None:
    registry = Registry()
    plain = dynamic_supervisor(name="rooms", id="p")
    elsewhere = dynamic_supervisor(name=registry.via("rooms"), id="v")
    async with open_supervisor([plain, elsewhere]) as sup:
        assert whereis("rooms", DynamicSupervisor) == sup.dynamic("p")
        assert registry.get("rooms", DynamicSupervisor) == sup.dynamic("v")
        with pytest.raises(AlreadyRegistered):
            await sup.start_child(dynamic_supervisor(name="rooms", id="q"))
        await sup.terminate_child("p")
        assert whereis("rooms") is None


async def test_a_bad_specification_is_refused_before_the_supervisor_is_asked_dyn_005() -> (
    None
):
    async def idle() -> None:
        await trio.sleep_forever()

    vital = child(idle, restart="transient", significant=True)
    async with open_supervisor([dynamic_supervisor(id="d")]) as sup:
        gone = sup.dynamic("d")
    await quiet()
    assert gone.status in ("stopped", "gone")
    with pytest.raises(ChildSpecError):
        await gone.start_child(vital)
