"""Names, monitors and exits: rows that no other test names."""

from __future__ import annotations

import pytest
import trio

from tests.supervision.stage import Boom, Stage, quiet
from trio_sup import (
    AlreadyRegistered,
    ChildSpec,
    Down,
    GenServer,
    LeakedCancelled,
    NoProcess,
    Registry,
    ServerRef,
    call,
    cast,
    child,
    dynamic_supervisor,
    monitor,
    open_supervisor,
)

pytestmark = pytest.mark.trio


class Holder(GenServer):
    """Holds names of its own."""

    def __init__(self, registry: Registry) -> None:
        self.registry = registry

    @call
    async def take(self, key: str, value: object = None) -> None:
        self.registry.register(key, value)

    @call
    async def try_to_take(self, key: str) -> bool:
        try:
            self.registry.register(key)
        except AlreadyRegistered:
            return False
        return True

    @cast
    async def crash(self) -> None:
        raise Boom("crash")


async def test_a_dead_holder_is_not_found_and_blocks_nobody_reg_006_012() -> None:
    registry = Registry()
    specs = [child(Holder, registry, id=id, restart="temporary") for id in "ab"]
    async with open_supervisor(specs) as sup:
        a, b = (sup.server(Holder, id) for id in "ab")
        assert await a.call(Holder.try_to_take, "k") is True
        assert await b.call(Holder.try_to_take, "k") is False
        async with monitor(a) as exits:
            a.cast(Holder.crash)
            await exits.__anext__()
            # At the first moment at which its end is known.
            assert registry.get("k") is None
            assert await b.call(Holder.try_to_take, "k") is True
        assert registry.get("k", Holder) == b


async def test_an_address_finds_the_living_or_nobody_reg_013() -> None:
    registry = Registry()
    spec = child(Holder, registry, name=registry.via("k"))
    async with open_supervisor([spec]) as sup:
        address = registry.ref("k", Holder)
        await address.call(Holder.take, "mine")
        await sup.terminate_child("Holder")
        assert registry.get("k") is None
        assert registry.get("mine") is None
        with pytest.raises(NoProcess):
            await address.call(Holder.take, "other")
        await sup.restart_child("Holder")
        await address.call(Holder.take, "other")
        assert registry.get("other") == sup.child("Holder")


@pytest.mark.parametrize("keys", ["unique", "duplicate"])
async def test_keys_and_values_of_an_owner_reg_014_015(keys: str) -> None:
    registry = Registry(keys=keys)  # type: ignore[arg-type]
    async with open_supervisor(
        [child(Holder, registry, id=id, restart="temporary") for id in "abc"]
    ) as sup:
        a, b, stranger = (sup.server(Holder, id) for id in "abc")
        await a.call(Holder.take, "x", 1)
        await a.call(Holder.take, "y", 2)
        await b.call(Holder.take, "z", 3)
        if keys == "duplicate":
            await a.call(Holder.take, "x", 4)
            await b.call(Holder.take, "x", 5)
            assert registry.keys(a) == ["x", "y", "x"]
            assert registry.values("x", a) == [1, 4]
            assert registry.values("x", b) == [5]
        else:
            assert registry.keys(a) == ["x", "y"]
            assert registry.values("x", a) == [1]
            assert registry.values("x", b) == []
        assert registry.keys(stranger) == []
        assert registry.values("x", stranger) == []
        await sup.terminate_child("a")
        assert registry.keys(a) == []


async def test_entries_are_searched_and_counted_by_a_function_reg_019_020() -> None:
    registry = Registry(keys="duplicate")
    async with open_supervisor([child(Holder, registry)]) as sup:
        holder = sup.server(Holder, "Holder")
        for value in ({"n": 1}, {"n": 2}, {"m": 3}):
            await holder.call(Holder.take, "k", value)
        await holder.call(Holder.take, "other", {"n": 4})
        found = registry.select(
            lambda entry: entry.key == "k" and "n" in entry.value  # type: ignore[operator]
        )
        assert [entry.value for entry in found] == [{"n": 1}, {"n": 2}]
        assert registry.count(lambda entry: "n" in entry.value) == 3  # type: ignore[operator]


async def test_a_monitor_stays_with_whom_its_name_resolved_to_mon_004() -> None:
    registry = Registry()

    def spec() -> ChildSpec[ServerRef[Holder]]:
        return child(
            Holder, registry, name=registry.via("k"), restart="temporary", id=None
        )

    async with open_supervisor([dynamic_supervisor(id="d")]) as sup:
        dynamic = sup.dynamic("d")
        first = await dynamic.start_child(spec())
        async with monitor(registry.ref("k", Holder)) as exits:
            await dynamic.terminate_child(first)
            second = await dynamic.start_child(spec())
            assert registry.get("k") == second
            down = await exits.__anext__()
            assert isinstance(down, Down)
            assert down.target == first
            await dynamic.terminate_child(second)
            with trio.move_on_after(0) as scope:
                await exits.__anext__()  # nothing comes of the second
            assert scope.cancelled_caught


async def test_the_path_is_what_people_see_mon_010() -> None:
    stage = Stage()
    names: list[str] = []

    async def tells() -> None:
        names.append(trio.lowlevel.current_task().name)
        await trio.sleep_forever()

    specs = [child(tells, id=("room", 7)), stage.spec("a")]
    async with open_supervisor(specs, id="shop") as sup:
        await quiet()
        assert names == ["shop/('room', 7)"]
        assert sup.child("a").path_text == "shop/a"
        assert "'shop/a'" in repr(sup.child("a"))


async def test_an_end_that_was_asked_for_is_a_shutdown_whatever_happens_mon_012() -> (
    None
):
    async def returns() -> str:
        try:
            await trio.sleep_forever()
        except trio.Cancelled:
            return "swallowed"

    async with open_supervisor([child(returns)]) as sup:
        handle = sup.child("returns")
        await quiet()
        await sup.terminate_child("returns")
        assert handle.last_exit is not None
        assert handle.last_exit.kind == "shutdown"


async def test_ones_own_cancelled_scope_is_no_exit_mon_012() -> None:
    async def own() -> None:
        with trio.CancelScope() as scope:
            scope.cancel()
            await trio.sleep_forever()

    async with open_supervisor([]) as sup:
        handle = await sup.start_child(child(own, restart="temporary"))
        assert (await handle.wait_exit(1)).kind == "normal"


async def test_a_cancelled_from_elsewhere_is_a_crash_mon_012() -> None:
    kept: list[trio.Cancelled] = []
    with trio.CancelScope() as scope:
        scope.cancel()
        try:
            await trio.lowlevel.checkpoint()
        except trio.Cancelled as error:
            kept.append(error)
            raise

    async def leaks() -> None:
        raise kept[0]

    async with open_supervisor([]) as sup:
        handle = await sup.start_child(child(leaks, restart="temporary"))
        exit = await handle.wait_exit(1)
        assert exit.kind == "crashed"
        assert isinstance(exit.error, LeakedCancelled)
