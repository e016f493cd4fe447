"""What a registry with unique keys answers."""

import pytest
import trio
from trio.testing import wait_all_tasks_blocked

from trio_sup import (
    AlreadyRegistered,
    DynamicSupervisor,
    GenServer,
    NoProcess,
    NoSuchChild,
    Registration,
    Registry,
    Supervisor,
    WrongKind,
    call,
    child,
    dynamic_supervisor,
    open_supervisor,
    whereis,
)


class Own(GenServer):
    """Does with the registry what it is told, as the holder of its names."""

    def __init__(self, registry: Registry) -> None:
        self.registry = registry

    @call
    async def register(self, key: object, value: object = None) -> None:
        self.registry.register(key, value)

    @call(raises=(AlreadyRegistered,))
    async def clash(self, key: object) -> None:
        try:
            self.registry.register(key)
        except AlreadyRegistered as error:
            self.clashed = error

    @call
    async def holder_of_clash(self) -> object:
        return self.clashed.handle

    @call
    async def unregister(self, key: object) -> None:
        self.registry.unregister(key)

    @call
    async def unregister_even(self, key: object) -> None:
        self.registry.unregister_match(key, lambda value: value % 2 == 0)

    @call(raises=(LookupError, ZeroDivisionError))
    async def update(self, key: object) -> tuple[object, object]:
        try:
            return self.registry.update_value(key, lambda old: 10 // old)
        except NoSuchChild as error:
            raise KeyError(*error.args) from error


class Other(GenServer):
    pass


@pytest.mark.trio
async def test_typed_lookups_find_servers_and_supervisors(
    autojump_clock: trio.abc.Clock,
) -> None:
    registry = Registry()
    specs = [
        child(Own, registry, id="own", name=registry.via("own")),
        dynamic_supervisor(id="pool", name=registry.via("pool")),
    ]
    async with open_supervisor(specs) as sup:
        ref = registry.lookup("own", Own)
        assert ref == sup.server(Own, "own") == registry.get("own", Own)
        assert registry.lookup("own", GenServer) == ref
        assert await registry.wait_for("own", Own) == ref
        assert registry.lookup("pool", DynamicSupervisor) == sup.dynamic("pool")
        assert registry.lookup("own") == sup.child("own")


@pytest.mark.trio
async def test_lookups_refuse_a_holder_of_another_kind(
    autojump_clock: trio.abc.Clock,
) -> None:
    registry = Registry()
    spec = child(Own, registry, id="own", name=registry.via("own"))
    async with open_supervisor([spec]):
        with pytest.raises(WrongKind, match=r"Own.*Other"):
            registry.get("own", Other)
        with pytest.raises(WrongKind):
            registry.lookup("own", Supervisor)
        with pytest.raises(WrongKind):
            await registry.wait_for("own", Other)


@pytest.mark.trio
async def test_lookups_of_an_unknown_key(autojump_clock: trio.abc.Clock) -> None:
    registry = Registry(name="shop")
    assert registry.get("nobody") is None
    assert registry.entries("nobody") == []
    with pytest.raises(NoSuchChild, match=r"shop.*nobody"):
        registry.lookup("nobody", Own)
    with pytest.raises(NoSuchChild, match="nobody"):
        registry.value("nobody")
    with trio.move_on_after(1) as scope:
        await registry.wait_for("nobody")
    assert scope.cancelled_caught
    assert registry._waiters == {}


@pytest.mark.trio
async def test_wait_for_wakes_every_waiter_of_that_key(
    autojump_clock: trio.abc.Clock,
) -> None:
    registry = Registry()
    found: list[str] = []

    async def wait(key: str) -> None:
        handle = await registry.wait_for(key, Own)
        found.append(f"{key}: {handle.id}")

    async with open_supervisor([dynamic_supervisor(id="d")]) as sup:
        async with trio.open_nursery() as nursery:
            for key in ("a", "a", "b"):
                nursery.start_soon(wait, key)
            await wait_all_tasks_blocked()
            pool = sup.dynamic("d")
            await pool.start_child(child(Own, registry, name=registry.via("a")))
            await wait_all_tasks_blocked()
            assert found == ["a: a", "a: a"]
            await pool.start_child(child(Own, registry, name=registry.via("b")))
        assert found[-1] == "b: b"
        assert registry._waiters == {}


@pytest.mark.trio
async def test_wait_for_is_a_checkpoint_even_if_the_name_is_there(
    autojump_clock: trio.abc.Clock,
) -> None:
    registry = Registry()
    spec = child(Own, registry, name=registry.via("own"))
    async with open_supervisor([spec]):
        with trio.testing.assert_checkpoints():
            await registry.wait_for("own")


@pytest.mark.trio
async def test_reg_003_only_a_child_registers_itself_others_name_the_owner(
    autojump_clock: trio.abc.Clock,
) -> None:
    registry = Registry()
    with pytest.raises(NoProcess):
        registry.register("k")
    async with open_supervisor([child(Own, registry, id="own")]) as sup:
        with pytest.raises(NoProcess):
            registry.register("k")
        registry.register("k", 1, owner=sup.child("own"))
        assert registry.get("k") == sup.child("own")
        await sup.terminate_child("own")
        with pytest.raises(NoProcess, match="stopped"):
            registry.register("k", owner=sup.child("own"))
    assert registry.count() == 0


@pytest.mark.trio
async def test_reg_005_a_taken_key_is_refused_even_to_its_own_holder(
    autojump_clock: trio.abc.Clock,
) -> None:
    registry = Registry()
    async with open_supervisor(
        [child(Own, registry, id="a"), child(Own, registry, id="b")]
    ) as sup:
        a, b = sup.server(Own, "a"), sup.server(Own, "b")
        await a.call(Own.register, "k", "old")
        for ref in (a, b):
            await ref.call(Own.clash, "k")
            assert await ref.call(Own.holder_of_clash) == a
        assert registry.value("k") == "old"


@pytest.mark.trio
async def test_reg_007_a_refused_registration_leaves_nothing(
    autojump_clock: trio.abc.Clock,
) -> None:
    registry = Registry()
    async with open_supervisor(
        [child(Own, registry, id="a"), child(Own, registry, id="b")]
    ) as sup:
        a, b = sup.server(Own, "a"), sup.server(Own, "b")
        await a.call(Own.register, "k")
        await b.call(Own.clash, "k")
        assert registry.keys(b) == []
        assert registry.count() == 1
        assert b.record not in registry._table._by_owner


@pytest.mark.trio
async def test_reg_008_equal_numbers_are_one_key(
    autojump_clock: trio.abc.Clock,
) -> None:
    registry = Registry()
    spec = child(Own, registry, id="a", name=registry.via(1))
    async with open_supervisor([spec]) as sup:
        assert registry.get(1.0) == registry.get(True) == sup.child("a")
        assert registry.get("1") is None


@pytest.mark.trio
@pytest.mark.parametrize(
    "key", ["_", "$1", ("_", "$1"), ("a", ("b", "*")), frozenset({"_"}), "[a-z]", None]
)
async def test_reg_009_no_key_is_a_pattern(
    key: object, autojump_clock: trio.abc.Clock
) -> None:
    registry = Registry()
    async with open_supervisor([child(Own, registry, id="a")]) as sup:
        ref = sup.server(Own, "a")
        await ref.call(Own.register, "plain", 1)
        assert registry.get(key) is None
        await ref.call(Own.register, key, 2)
        assert registry.value(key) == 2
        await ref.call(Own.unregister, key)
        assert registry.keys(ref) == ["plain"]


@pytest.mark.trio
async def test_reg_016_only_the_holder_updates_a_value(
    autojump_clock: trio.abc.Clock,
) -> None:
    registry = Registry()
    async with open_supervisor(
        [child(Own, registry, id="a"), child(Own, registry, id="b")]
    ) as sup:
        a, b = sup.server(Own, "a"), sup.server(Own, "b")
        await a.call(Own.register, "k", 5)
        assert await a.call(Own.update, "k") == (2, 5)
        with pytest.raises(KeyError):
            await b.call(Own.update, "k")
        with pytest.raises(KeyError):
            await a.call(Own.update, "absent")
        assert registry.value("k") == 2
        await a.call(Own.register, "zero", 0)
        with pytest.raises(ZeroDivisionError):
            await a.call(Own.update, "zero")
        assert registry.value("zero") == 0


@pytest.mark.trio
async def test_reg_017_unregister_touches_only_the_callers_own_entry(
    autojump_clock: trio.abc.Clock,
) -> None:
    registry = Registry()
    async with open_supervisor(
        [child(Own, registry, id="a"), child(Own, registry, id="b")]
    ) as sup:
        a, b = sup.server(Own, "a"), sup.server(Own, "b")
        await a.call(Own.register, "k")
        await a.call(Own.register, "l")
        await b.call(Own.unregister, "k")
        await b.call(Own.unregister, "absent")
        assert registry.keys(a) == ["k", "l"]
        await a.call(Own.unregister, "k")
        assert registry.keys(a) == ["l"]
        await b.call(Own.register, "k")
        with pytest.raises(NoProcess):
            registry.unregister("k")


@pytest.mark.trio
async def test_reg_021_022_count_and_select(autojump_clock: trio.abc.Clock) -> None:
    registry = Registry()
    async with open_supervisor([child(Own, registry, id="a")]) as sup:
        ref = sup.server(Own, "a")
        for number in range(4):
            await ref.call(Own.register, ("n", number), number)
        assert registry.count() == len(registry.select()) == 4

        def odd(one: Registration) -> bool:
            return isinstance(one.value, int) and one.value % 2 == 1

        chosen = registry.select(odd)
        assert [(one.key, one.value) for one in chosen] == [
            (("n", 1), 1),
            (("n", 3), 3),
        ]
        assert all(one.server(Own) == ref for one in chosen)
        assert registry.count(odd) == 2
        assert registry.of(ref) == registry.select()
        assert registry.values(("n", 3), ref) == [3]
        with pytest.raises(WrongKind):
            chosen[0].server(Other)


@pytest.mark.trio
async def test_reg_012_a_snapshot_survives_changes_made_while_it_is_used(
    autojump_clock: trio.abc.Clock,
) -> None:
    registry = Registry()
    specs = [child(Own, registry, id=n, name=registry.via(n)) for n in range(3)]
    async with open_supervisor(specs) as sup:
        for one in registry.select():
            await sup.terminate_child(one.handle.id)
        assert registry.count() == 0


def test_reg_001_keys_must_be_one_of_two_words() -> None:
    with pytest.raises(ValueError, match="'unique' or 'duplicate'"):
        Registry("bag")  # type: ignore[arg-type]


def test_reg_030_meta_is_a_dict_that_the_registry_never_looks_into() -> None:
    registry = Registry()
    registry.meta["limit"] = 3
    registry.meta[("any", "key")] = None
    assert registry.meta.pop("limit") == 3
    assert registry.meta.get("absent") is None
    assert registry.count() == 0


def test_reg_032_addresses_are_equal_by_registry_and_key_whatever_the_value() -> None:
    registry = Registry()
    assert registry.via("k", {"un": "hashable"}) == registry.via("k")
    assert hash(registry.via("k", [])) == hash(registry.via("k"))
    assert registry.via("k") != Registry().via("k")


@pytest.mark.trio
async def test_reg_032_a_value_need_not_be_hashable(
    autojump_clock: trio.abc.Clock,
) -> None:
    registry = Registry()
    spec = child(Own, registry, name=registry.via("k", {"room": 1}))
    async with open_supervisor([spec]):
        assert registry.value("k") == {"room": 1}


def test_whereis_outside_of_trio_is_an_error() -> None:
    with pytest.raises(RuntimeError):
        whereis("x")
