"""`get_or_start`: one holder of a name, whoever asks first (rule 8 of how it is built)."""

from __future__ import annotations

from typing import Any

import pytest
import trio
from trio.testing import MockClock

from tests.supervision.stage import Boom, Stage, quiet
from trio_sup import (
    Backoff,
    Budget,
    ChildQuarantined,
    ChildSpecError,
    GenServer,
    Registry,
    StartFailed,
    WrongKind,
    call,
    child,
    dynamic_supervisor,
    open_supervisor,
    supervisor,
)

pytestmark = pytest.mark.trio


async def test_concurrent_callers_share_one_start(autojump_clock: MockClock) -> None:
    stage = Stage(start_seconds={"a": 3.0})
    found: list[object] = []
    async with open_supervisor([dynamic_supervisor(id="d")]) as sup:
        dynamic = sup.dynamic("d")

        async def ask() -> None:
            found.append(await dynamic.get_or_start(stage.spec("a", name="n")))

        async with trio.open_nursery() as nursery:
            for _ in range(5):
                nursery.start_soon(ask)
        assert len(found) == 5
        assert len(set(found)) == 1
        assert stage.lives == {"a": 1}
        assert trio.current_time() == 3


async def test_concurrent_callers_share_one_failure(autojump_clock: MockClock) -> None:
    stage = Stage(start_seconds={"a": 3.0})
    cause = Boom("no")
    stage.failing_starts["a"] = [cause]
    causes: list[object] = []
    async with open_supervisor([dynamic_supervisor(id="d")]) as sup:
        dynamic = sup.dynamic("d")

        async def ask() -> None:
            with pytest.raises(StartFailed) as info:
                await dynamic.get_or_start(stage.spec("a", name="n"))
            causes.append(info.value.__cause__)

        async with trio.open_nursery() as nursery:
            for _ in range(5):
                nursery.start_soon(ask)
        assert causes == [cause] * 5
        assert stage.lives == {"a": 1}


async def test_a_cancelled_first_caller_does_not_abort_the_start(
    autojump_clock: MockClock,
) -> None:
    stage = Stage(start_seconds={"a": 3.0})
    async with open_supervisor([dynamic_supervisor(id="d")]) as sup:
        dynamic = sup.dynamic("d")

        async def brief() -> None:
            with trio.move_on_after(1):
                await dynamic.get_or_start(stage.spec("a", name="n"))

        async with trio.open_nursery() as nursery:
            nursery.start_soon(brief)
            await quiet()
            await dynamic.get_or_start(stage.spec("a", name="n"))
        assert stage.lives == {"a": 1}


async def test_the_holder_may_have_any_supervisor() -> None:
    stage = Stage()
    async with open_supervisor(
        [stage.spec("a", name="n"), dynamic_supervisor(id="d")]
    ) as sup:
        found = await sup.dynamic("d").get_or_start(stage.spec("x", name="n"))
        assert found == sup.child("a")


async def test_a_holder_between_lives_is_awaited(autojump_clock: MockClock) -> None:
    stage = Stage()
    wait = Backoff(initial=4, jitter=0, immediate_first=False)
    async with open_supervisor([dynamic_supervisor(id="d")]) as sup:
        dynamic = sup.dynamic("d")
        spec = stage.spec("a", name="n", backoff=wait)
        first = await dynamic.get_or_start(spec)
        stage.crash("a")
        await quiet()
        assert await dynamic.get_or_start(spec) == first
        assert trio.current_time() == 4
        assert first.life == 2


async def test_a_holder_that_is_being_stopped_is_awaited_then_replaced(
    autojump_clock: MockClock,
) -> None:
    """Trap 15: start immediately after stop."""
    stage = Stage(stop_seconds={"a": 3.0})
    async with open_supervisor([dynamic_supervisor(id="d")]) as sup:
        dynamic = sup.dynamic("d")
        spec = stage.spec("a", name="n")
        first = await dynamic.get_or_start(spec)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(dynamic.terminate_child, first)
            await quiet()
            second = await dynamic.get_or_start(spec)
        assert second != first
        assert trio.current_time() == 3


async def test_a_static_holder_that_is_being_stopped_is_awaited_then_replaced(
    autojump_clock: MockClock,
) -> None:
    for _ in range(8):  # the waiter and the supervisor wake in any order
        stage = Stage(stop_seconds={"a": 1.0})
        async with open_supervisor(
            [stage.spec("a", name="n"), dynamic_supervisor(id="d")]
        ) as sup:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(sup.terminate_child, "a")
                await quiet()
                other = stage.spec("z", name="n")
                handle = await sup.dynamic("d").get_or_start(other)
                assert handle.id == "z"
            stage.stop_seconds.clear()


async def test_a_holder_whose_supervisor_restarts_is_awaited(
    autojump_clock: MockClock,
) -> None:
    for _ in range(8):
        stage = Stage(stop_seconds={"a": 1.0})
        tree = [
            dynamic_supervisor(id="d"),
            stage.spec("z"),
            supervisor([stage.spec("a", name="n"), stage.spec("b")], id="s"),
        ]
        async with open_supervisor(tree, strategy="rest_for_one") as sup:
            stage.crash("z")
            await quiet()
            found = await sup.dynamic("d").get_or_start(stage.spec("a", name="n"))
            assert found.path_text in ("root/s/a", "root/d/a")
            stage.stop_seconds.clear()


async def test_a_quarantined_child_is_not_started_behind_its_back() -> None:
    stage = Stage()
    spec = stage.spec("a", name="n", budget=Budget(0, 60.0, then="quarantine"))
    async with open_supervisor([dynamic_supervisor(id="d")]) as sup:
        dynamic = sup.dynamic("d")
        handle = await dynamic.get_or_start(spec)
        stage.crash("a")
        await quiet()
        assert handle.status == "quarantined"
        with pytest.raises(ChildQuarantined):
            await dynamic.get_or_start(spec)
        await dynamic.terminate_child(handle)
        assert await dynamic.get_or_start(spec) != handle


class Base(GenServer):
    @call
    async def who(self) -> str:
        return type(self).__name__


class Derived(Base):
    pass


class Other(GenServer):
    pass


async def test_the_holders_class_has_to_fit() -> None:
    registry = Registry()
    async with open_supervisor([dynamic_supervisor(id="d")]) as sup:
        dynamic = sup.dynamic("d")
        await dynamic.get_or_start(child(Derived, name=registry.via("k")))
        ref = await dynamic.get_or_start(child(Base, name=registry.via("k")))
        assert await ref.call(Base.who) == "Derived"
        with pytest.raises(WrongKind):
            await dynamic.get_or_start(child(Other, name=registry.via("k")))


async def test_a_name_is_needed() -> None:
    stage = Stage()
    async with open_supervisor([dynamic_supervisor(id="d")]) as sup:
        with pytest.raises(ChildSpecError) as info:
            await sup.dynamic("d").get_or_start(stage.spec("a"))
        assert info.value.field == "name"


async def test_call_or_start_closes_the_race_with_a_stopping_server(
    autojump_clock: MockClock,
) -> None:
    started: list[int] = []

    class Brief(GenServer):
        async def init(self) -> None:
            started.append(len(started))

        @call
        async def ask(self) -> int:
            return len(started)

    spec = child(Brief, name="brief", restart="temporary")
    async with open_supervisor([dynamic_supervisor(id="d")]) as sup:
        dynamic = sup.dynamic("d")
        answers: list[int] = []

        async def ask() -> None:
            answers.append(await dynamic.call_or_start(spec, Brief.ask))

        async def stop() -> None:
            ref: Any = await dynamic.get_or_start(spec)
            await dynamic.terminate_child(ref)

        for _ in range(20):
            async with trio.open_nursery() as nursery:
                nursery.start_soon(stop)
                nursery.start_soon(ask)
        assert len(answers) == 20
