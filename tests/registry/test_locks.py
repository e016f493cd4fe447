"""registry.lock(): one task at a time for each key."""

import pytest
import trio
from trio.testing import wait_all_tasks_blocked

from trio_sup import Registry


@pytest.mark.trio
async def test_reg_036_one_at_a_time_in_order_of_arrival_for_each_key(
    autojump_clock: trio.abc.Clock,
) -> None:
    registry = Registry()
    record: list[tuple[str, int, float]] = []

    async def hold(key: str, number: int) -> None:
        async with registry.lock(key):
            record.append((key, number, trio.current_time() - began))
            await trio.sleep(1)

    began = trio.current_time()
    async with trio.open_nursery() as nursery:
        for number in range(3):
            nursery.start_soon(hold, "a", number)
            await wait_all_tasks_blocked()
        nursery.start_soon(hold, "b", 9)
    assert sorted(record) == [("a", 0, 0), ("a", 1, 1), ("a", 2, 2), ("b", 9, 0)]
    assert registry._locks == {}


@pytest.mark.trio
async def test_reg_037_released_when_the_holder_raises(
    autojump_clock: trio.abc.Clock,
) -> None:
    registry = Registry()
    with pytest.raises(KeyError):
        async with registry.lock("k"):
            raise KeyError
    async with registry.lock("k"):
        pass
    assert registry._locks == {}


@pytest.mark.trio
async def test_reg_037_released_when_the_holder_is_cancelled_and_waiters_skipped(
    autojump_clock: trio.abc.Clock,
) -> None:
    registry = Registry()
    record: list[str] = []

    async def hold(name: str, scope: trio.CancelScope) -> None:
        with scope:
            async with registry.lock("k"):
                record.append(name)
                await trio.sleep_forever()

    scopes = [trio.CancelScope() for _ in range(3)]
    async with trio.open_nursery() as nursery:
        for name, scope in zip("abc", scopes, strict=True):
            nursery.start_soon(hold, name, scope)
            await wait_all_tasks_blocked()
        scopes[1].cancel()
        await wait_all_tasks_blocked()
        assert record == ["a"]
        scopes[0].cancel()
        await wait_all_tasks_blocked()
        assert record == ["a", "c"]
        scopes[2].cancel()
    assert registry._locks == {}


@pytest.mark.trio
async def test_reg_038_taking_it_again_is_an_error_and_keeps_the_lock(
    autojump_clock: trio.abc.Clock,
) -> None:
    registry = Registry()
    async with registry.lock("k"):
        with pytest.raises(RuntimeError):
            async with registry.lock("k"):
                raise AssertionError
        async with registry.lock("other"):
            pass
        with trio.move_on_after(1) as scope:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(_take, registry)
        assert scope.cancelled_caught
    assert registry._locks == {}


async def _take(registry: Registry) -> None:
    async with registry.lock("k"):
        raise AssertionError


@pytest.mark.trio
async def test_reg_036_locks_are_no_names(autojump_clock: trio.abc.Clock) -> None:
    registry = Registry()
    async with registry.lock("k"):
        assert registry.get("k") is None
        assert registry.count() == 0
