"""A name that both specifications hold is nobody else's while one takes over."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import pytest
import trio

from tests.supervision.stage import Boom, Holder, Stage, quiet
from trio_sup import (
    AlreadyRegistered,
    ChildSpec,
    ReconfigureFailed,
    Supervisor,
    SupervisorStopping,
    child,
    open_supervisor,
    supervisor,
    whereis,
)

pytestmark = pytest.mark.trio


def holder(value: int, **options: Any) -> ChildSpec[Any]:
    return child(Holder, value, id=f"h{value}", **options)


def tree(pivot: int, *below: ChildSpec[Any], **flags: Any) -> ChildSpec[Supervisor]:
    """A supervisor that is restarted whenever another `pivot` is."""
    flags = {"strategy": "rest_for_one", **flags}
    inner = supervisor(below, id="inner")
    return supervisor([child(Holder, pivot, id="pivot"), inner], **flags)


@asynccontextmanager
async def thieves(*names: str) -> AsyncGenerator[list[str]]:
    """Try to take names all the time; yield those that could be taken."""
    taken: list[str] = []

    async def steal(other: Supervisor) -> None:
        while True:
            for name in names:
                spec = child(trio.sleep_forever, id=(name, len(taken)), name=name)
                try:
                    await other.start_child(spec)
                except AlreadyRegistered:
                    pass
                else:
                    taken.append(name)
            await trio.lowlevel.checkpoint()

    async with open_supervisor([], id="other") as other:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(steal, other)
            yield taken
            nursery.cancel_scope.cancel()


async def value_of(name: str) -> int:
    found = whereis(name, Holder)
    assert found is not None
    return await found.call(Holder.get)


@pytest.mark.parametrize("strategy", ["one_for_one", "rest_for_one", "one_for_all"])
@pytest.mark.parametrize("pivot", [1, 2])
async def test_names_are_swapped_below_a_supervisor_that_begins_anew(
    strategy: str, pivot: int
) -> None:
    old = tree(1, holder(1, name="x"), holder(2, name="y"), strategy=strategy)
    new = tree(pivot, holder(1, name="y"), holder(2, name="x"), strategy=strategy)
    async with open_supervisor(old) as sup, thieves("x", "y") as taken:
        await sup.reconfigure(new)
        assert taken == []
        assert [await value_of("x"), await value_of("y")] == [2, 1]


async def test_a_name_goes_to_another_child_and_to_one_deeper_in() -> None:
    deep = supervisor([holder(3, name="deep")], id="deep")
    old = tree(1, holder(1, name="x"), deep)
    new = tree(2, deep, holder(2, name="x"), holder(4, name="new"))
    async with open_supervisor(old) as sup, thieves("x", "deep") as taken:
        await sup.reconfigure(new)
        assert taken == []
        assert [await value_of(n) for n in ("x", "deep", "new")] == [2, 3, 4]


async def test_a_temporary_child_below_keeps_its_name_for_the_next() -> None:
    below = holder(1, name="x", restart="temporary")
    async with open_supervisor(tree(1, below)) as sup, thieves("x") as taken:
        await sup.reconfigure(tree(2, below))
        assert taken == []
        assert await value_of("x") == 1


async def test_what_is_rolled_back_had_its_names_all_the_time() -> None:
    stage = Stage(failing_starts={"new": [Boom("no")]})
    old = tree(1, holder(1, name="x"), holder(2, name="y"))
    new = tree(2, holder(3, name="x"), stage.spec("new"), holder(1, name="y"))
    async with open_supervisor(old) as sup, thieves("x") as taken:
        with pytest.raises(ReconfigureFailed):
            await sup.reconfigure(new)
        assert taken == []
        assert [await value_of("x"), await value_of("y")] == [1, 2]


async def test_a_name_that_only_the_former_specification_holds_is_free() -> None:
    old = tree(1, holder(1, name="x"), holder(2, name="y"))
    async with open_supervisor(old) as sup:
        await sup.reconfigure(tree(2, holder(1), holder(3, name="z")))
        async with thieves("x", "y", "z") as taken:
            while len(taken) < 2:
                await trio.lowlevel.checkpoint()
        assert taken == ["x", "y"]


async def test_after_a_stop_in_the_middle_no_name_is_left_behind() -> None:
    stage = Stage(start_seconds={"slow": 60})
    old = tree(1, holder(1, name="x"))
    inner = supervisor([holder(1, name="x")], id="inner")
    new = [child(Holder, 2, id="pivot"), stage.spec("slow"), inner]
    outer = supervisor([old.replace(id="tree")], id="outer")
    async with open_supervisor(outer) as sup:
        below = sup.supervisor("tree")

        async def change() -> None:
            with pytest.raises(SupervisorStopping):
                await below.reconfigure(new)

        async with trio.open_nursery() as nursery:
            nursery.start_soon(change)
            await quiet()
            await sup.terminate_child("tree")
        async with thieves("x") as taken:
            while not taken:
                await trio.lowlevel.checkpoint()
