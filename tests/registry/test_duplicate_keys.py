"""Registries in which a key has any number of holders."""

from collections.abc import Callable

import pytest
import trio

from trio_sup import GenServer, Registration, Registry, call, child, open_supervisor


class Member(GenServer):
    def __init__(self, registry: Registry) -> None:
        self.registry = registry

    @call
    async def join(self, key: str, value: object = None) -> None:
        self.registry.register(key, value)

    @call
    async def leave(self, key: str) -> None:
        self.registry.unregister(key)

    @call
    async def leave_some(self, key: str, accept: Callable[[object], bool]) -> None:
        self.registry.unregister_match(key, accept)


@pytest.mark.trio
async def test_reg_010_one_child_may_hold_a_key_several_times(
    autojump_clock: trio.abc.Clock,
) -> None:
    registry = Registry("duplicate")
    async with open_supervisor([child(Member, registry, id="a")]) as sup:
        a = sup.server(Member, "a")
        for value in (1, 1, 2):
            await a.call(Member.join, "k", value)
        assert registry.keys(a) == ["k", "k", "k"]
        assert registry.values("k", a) == [1, 1, 2]
        assert registry.count() == 3


@pytest.mark.trio
async def test_reg_011_entries_come_in_registration_order(
    autojump_clock: trio.abc.Clock,
) -> None:
    registry = Registry("duplicate")
    specs = [child(Member, registry, id=id) for id in "abc"]
    async with open_supervisor(specs) as sup:
        for id in "cab":
            await sup.server(Member, id).call(Member.join, "k")
        assert [one.handle.id for one in registry.entries("k")] == ["c", "a", "b"]
        await sup.server(Member, "a").call(Member.leave, "k")
        assert [one.handle.id for one in registry.entries("k")] == ["c", "b"]
        await sup.server(Member, "a").call(Member.join, "k")
        assert [one.handle.id for one in registry.entries("k")] == ["c", "b", "a"]


@pytest.mark.trio
async def test_reg_017_unregister_removes_all_own_entries_of_the_key_only(
    autojump_clock: trio.abc.Clock,
) -> None:
    registry = Registry("duplicate")
    specs = [child(Member, registry, id=id) for id in "ab"]
    async with open_supervisor(specs) as sup:
        a, b = sup.server(Member, "a"), sup.server(Member, "b")
        for ref in (a, b, a):
            await ref.call(Member.join, "k")
        await a.call(Member.join, "l")
        await a.call(Member.leave, "k")
        assert [one.handle for one in registry.entries("k")] == [b]
        assert registry.keys(a) == ["l"]


@pytest.mark.trio
async def test_reg_018_unregister_match_removes_n_of_m(
    autojump_clock: trio.abc.Clock,
) -> None:
    registry = Registry("duplicate")
    specs = [child(Member, registry, id=id) for id in "ab"]
    async with open_supervisor(specs) as sup:
        a, b = sup.server(Member, "a"), sup.server(Member, "b")
        for value in range(5):
            await a.call(Member.join, "k", value)
        await b.call(Member.join, "k", 4)

        def even(value: object) -> bool:
            return isinstance(value, int) and value % 2 == 0

        await a.call(Member.leave_some, "k", even)
        assert registry.values("k", a) == [1, 3]
        assert registry.values("k", b) == [4]
        assert registry.keys(a) == ["k", "k"]
        assert registry.count() == 3


@pytest.mark.trio
async def test_reg_025_the_end_of_one_holder_leaves_the_others(
    autojump_clock: trio.abc.Clock,
) -> None:
    registry = Registry("duplicate")
    specs = [child(Member, registry, id=id) for id in "ab"]
    async with open_supervisor(specs) as sup:
        for id in "aba":
            await sup.server(Member, id).call(Member.join, "k")
        await sup.terminate_child("a")
        assert [one.handle.id for one in registry.entries("k")] == ["b"]
        assert registry.count() == 1


@pytest.mark.trio
async def test_reg_023_dispatch_calls_once_with_all_entries_or_not_at_all(
    autojump_clock: trio.abc.Clock,
) -> None:
    registry = Registry("duplicate")
    calls: list[list[Registration]] = []
    registry.dispatch("k", calls.append)
    assert calls == []
    specs = [child(Member, registry, id=id) for id in "ab"]
    async with open_supervisor(specs) as sup:
        for id in "ab":
            await sup.server(Member, id).call(Member.join, "k", id.upper())
        registry.dispatch("k", calls.append)
        assert [[one.value for one in call] for call in calls] == [["A", "B"]]


@pytest.mark.trio
async def test_reg_024_an_error_in_the_dispatched_function_is_the_callers(
    autojump_clock: trio.abc.Clock,
) -> None:
    registry = Registry("duplicate")
    async with open_supervisor([child(Member, registry, id="a")]) as sup:
        await sup.server(Member, "a").call(Member.join, "k")

        def broken(entries: list[Registration]) -> None:
            raise KeyError(len(entries))

        with pytest.raises(KeyError, match="1"):
            registry.dispatch("k", broken)
        assert sup.child("a").life == 1


def test_dispatch_refuses_an_async_function() -> None:
    async def nobody_waits(entries: list[Registration]) -> None:
        raise AssertionError

    with pytest.raises(TypeError, match="entries"):
        Registry("duplicate").dispatch("k", nobody_waits)


def test_reg_033_what_needs_one_holder_refuses_duplicate_keys() -> None:
    registry = Registry("duplicate", name="topics")
    uses: list[Callable[[], object]] = [
        lambda: registry.via("k"),
        lambda: registry.get("k"),
        lambda: registry.lookup("k"),
        lambda: registry.value("k"),
        lambda: registry.ref("k", Member),
    ]
    for use in uses:
        with pytest.raises(ValueError, match="topics"):
            use()


@pytest.mark.trio
async def test_reg_033_wait_for_refuses_duplicate_keys() -> None:
    with pytest.raises(ValueError, match="duplicate"):
        await Registry("duplicate").wait_for("k")
