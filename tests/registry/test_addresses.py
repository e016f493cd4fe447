"""registry.ref(): an address that is looked up at each use."""

import pytest
import trio
from trio.testing import wait_all_tasks_blocked

from trio_sup import (
    Backoff,
    GenServer,
    NoProcess,
    Registry,
    ServerRef,
    WrongKind,
    call,
    cast,
    child,
    dynamic_supervisor,
    open_supervisor,
)


class Counter(GenServer):
    def __init__(self, start: int = 0) -> None:
        self.value = start

    @call
    async def add(self, n: int) -> int:
        self.value += n
        return self.value

    @cast
    async def bump(self) -> None:
        self.value += 1

    @cast
    async def crash(self) -> None:
        raise RuntimeError("boom")

    async def handle_info(self, message: object) -> None:
        assert isinstance(message, int)
        self.value += message


class Other(GenServer):
    @call
    async def nothing(self) -> None: ...


@pytest.mark.trio
async def test_reg_035_uses_of_an_address_without_holder_raise_no_process(
    autojump_clock: trio.abc.Clock,
) -> None:
    ref = Registry().ref("hits", Counter)
    for use in (
        lambda: ref.cast(Counter.bump),
        lambda: ref.send(1),
        lambda: ref.life,
        lambda: ref.path,
    ):
        with pytest.raises(NoProcess, match="hits"):
            use()
    with pytest.raises(NoProcess):
        await ref.call(Counter.add, 1)
    with pytest.raises(NoProcess):
        await ref.when_running().call(Counter.add, 1)
    with pytest.raises(NoProcess):
        await ref.cast_wait(Counter.bump)
    with pytest.raises(NoProcess):
        await ref.wait_running()
    await ref.wait_stopped()
    assert ref.try_cast(Counter.bump) is False
    assert ref.status == "gone"
    assert "gone" in repr(ref)


@pytest.mark.trio
async def test_an_address_follows_the_name_over_restarts_and_re_creation(
    autojump_clock: trio.abc.Clock,
) -> None:
    registry = Registry()
    ref: ServerRef[Counter] = registry.ref("hits", Counter)
    async with open_supervisor([dynamic_supervisor(id="d")]) as sup:
        pool = sup.dynamic("d")
        first = await pool.start_child(child(Counter, 10, name=registry.via("hits")))
        assert await ref.call(Counter.add, 1) == 11
        ref.cast(Counter.crash)
        await first.wait_exit(1)
        assert await ref.when_running().call(Counter.add, 1) == 11
        assert ref.life == 2
        await pool.terminate_child(first)
        with pytest.raises(NoProcess):
            await ref.call(Counter.add, 1)
        await pool.start_child(child(Counter, 50, name=registry.via("hits")))
        ref.send(5)
        ref.cast(Counter.bump)
        assert await ref.call(Counter.add, 1) == 57
        assert await ref.with_timeout(1).call(Counter.add, 0) == 57
        assert ref.life == 1


@pytest.mark.trio
async def test_a_patient_address_waits_for_the_restart_and_not_for_ever(
    autojump_clock: trio.abc.Clock,
) -> None:
    registry = Registry()
    backoff = Backoff(initial=3, jitter=0, immediate_first=False)
    spec = child(Counter, id="c", name=registry.via("hits"), backoff=backoff)
    ref = registry.ref("hits", Counter).when_running()
    async with open_supervisor([spec]) as sup:
        ref.cast(Counter.crash)
        await wait_all_tasks_blocked()
        began = trio.current_time()
        assert await ref.call(Counter.add, 1) == 1
        assert trio.current_time() - began == 3

        ref.cast(Counter.crash)
        await wait_all_tasks_blocked()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(_expect_no_process, ref)
            await wait_all_tasks_blocked()
            await sup.terminate_child("c")


async def _expect_no_process(ref: ServerRef[Counter]) -> None:
    with pytest.raises(NoProcess):
        await ref.call(Counter.add, 1)


@pytest.mark.trio
async def test_an_address_checks_the_class_of_each_holder(
    autojump_clock: trio.abc.Clock,
) -> None:
    registry = Registry()
    async with open_supervisor([child(Other, name=registry.via("hits"))]):
        with pytest.raises(WrongKind, match="Counter"):
            await registry.ref("hits", Counter).call(Counter.add, 1)
        await registry.ref("hits", GenServer).wait_running()


@pytest.mark.trio
async def test_stop_through_an_address(autojump_clock: trio.abc.Clock) -> None:
    registry = Registry()
    spec = child(Counter, name=registry.via("hits"), restart="temporary")
    async with open_supervisor([spec]):
        ref = registry.ref("hits", Counter)
        assert (await ref.stop()).kind == "normal"
        assert ref.status == "gone"


def test_addresses_are_equal_by_registry_and_key() -> None:
    registry = Registry()
    ref = registry.ref("a", Counter)
    assert ref == registry.ref("a", Counter).with_timeout(3)
    assert hash(ref) == hash(registry.ref("a", Counter))
    assert ref != registry.ref("b", Counter)
    assert ref != Registry().ref("a", Counter)
    assert ref.key == "a"
