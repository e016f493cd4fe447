"""A registry with many holders, names and callers: what each step costs."""

import pytest
import trio
import trio.testing

from tests.growth.steps import LINEAR, Counted, Measured, Steps, grows, name_of
from trio_sup import (
    GenServer,
    Registry,
    ServerRef,
    Supervisor,
    call,
    child,
    open_supervisor,
)
from trio_sup._tree.open import OpenSupervisor


class Holder(GenServer):
    """Registers where it is told."""

    def __init__(self, registry: Registry) -> None:
        self.registry = registry

    @call
    async def join(self, key: object, value: object) -> None:
        self.registry.register(key, value)

    @call
    async def leave(self, key: object) -> None:
        self.registry.unregister(key)


def holders(n: int, registry: Registry) -> OpenSupervisor:
    return open_supervisor([child(Holder, registry, id=i) for i in range(n)])


def refs(sup: Supervisor, n: int) -> list[ServerRef[Holder]]:
    return [sup.server(Holder, i) for i in range(n)]


async def many_leave_one_key(n: int, steps: Steps) -> None:
    registry = Registry("duplicate")
    async with holders(n, registry) as sup:
        all_ = refs(sup, n)
        for ref in all_:
            await ref.call(Holder.join, "topic", ref.id)
        with steps:
            for ref in reversed(all_):
                await ref.call(Holder.leave, "topic")
        assert registry.count() == 0


async def one_leaves_many_keys(n: int, steps: Steps) -> None:
    registry = Registry("duplicate")
    async with holders(1, registry) as sup:
        (ref,) = refs(sup, 1)
        for key in range(n):
            await ref.call(Holder.join, key, key)
        with steps:
            for key in range(n):
                await ref.call(Holder.leave, key)
        assert registry.count() == 0


async def values_of_each_holder(n: int, steps: Steps) -> None:
    registry = Registry("duplicate")
    async with holders(n, registry) as sup:
        all_ = refs(sup, n)
        for ref in all_:
            await ref.call(Holder.join, "topic", ref.id)
        with steps:
            found = [registry.values("topic", ref) for ref in all_]
        assert found == [[ref.id] for ref in all_]


async def many_wait_for_their_names(n: int, steps: Steps) -> None:
    registry = Registry()
    async with holders(1, registry) as sup, trio.open_nursery() as nursery:
        (ref,) = refs(sup, 1)
        for key in range(n):
            nursery.start_soon(registry.wait_for, key)
        await trio.testing.wait_all_tasks_blocked()
        with steps:
            for key in range(n):
                await ref.call(Holder.join, key, None)


async def waiters_are_cancelled_one_by_one(n: int, steps: Steps) -> None:
    registry = Registry()
    scopes: list[trio.CancelScope] = []

    async def wait() -> None:
        with trio.CancelScope() as scope:
            scopes.append(scope)
            await registry.wait_for("nobody")

    async with trio.open_nursery() as nursery:
        for _ in range(n):
            nursery.start_soon(wait)
        await trio.testing.wait_all_tasks_blocked()
        with steps:
            for scope in reversed(scopes):
                scope.cancel()
                await trio.lowlevel.checkpoint()
    assert not registry._waiters


async def a_lock_goes_from_hand_to_hand(n: int, steps: Steps) -> None:
    registry = Registry()

    async def hold() -> None:
        async with registry.lock("key"):
            await trio.lowlevel.checkpoint()

    with steps:
        async with trio.open_nursery() as nursery:
            for _ in range(n):
                nursery.start_soon(hold)


WORK = [
    many_leave_one_key,
    one_leaves_many_keys,
    values_of_each_holder,
    many_wait_for_their_names,
    waiters_are_cancelled_one_by_one,
    a_lock_goes_from_hand_to_hand,
]


@pytest.mark.parametrize("work", WORK, ids=name_of)
@pytest.mark.trio
async def test_each_step_costs_the_same_however_many_there_are(
    work: Measured,
) -> None:
    assert await grows(work) < LINEAR


@pytest.mark.parametrize("n", [1, 10, 1000])
@pytest.mark.trio
async def test_giving_up_a_shared_key_touches_keys_a_fixed_number_of_times(
    n: int,
) -> None:
    """However many hold the key, and however many other keys the holder has."""
    registry = Registry("duplicate")
    async with holders(2, registry) as sup:
        one, other = refs(sup, 2)
        for i in range(n):
            await other.call(Holder.join, Counted("topic"), i)
            await one.call(Holder.join, Counted(i), i)
        await one.call(Holder.join, Counted("topic"), "mine")
        wanted = Counted("topic")
        Counted.touched = 0
        assert registry.values(wanted, one) == ["mine"]
        looked = Counted.touched
        await one.call(Holder.leave, wanted)
        assert looked <= 4
        assert Counted.touched - looked <= 12
        assert registry.values(wanted, one) == []
        assert registry.values(wanted, other) == list(range(n))
