"""Names follow the lives of their holders, whatever the supervisor does."""

import pytest
import trio
from trio.testing import wait_all_tasks_blocked

from tests.registry.holders import Plain
from trio_sup import (
    AlreadyRegistered,
    Backoff,
    Budget,
    ChildQuarantined,
    Exit,
    NoProcess,
    Registry,
    call,
    child,
    dynamic_supervisor,
    open_supervisor,
    whereis,
)
from trio_sup._core.words import Restart


class Slow(Plain):
    """Becomes ready when told to; ends as slowly as told to."""

    def __init__(self, ready: list[trio.Event], down: trio.Event | None = None) -> None:
        self._ready = ready
        self._down = down

    async def init(self) -> None:
        await self._ready[self.life - 1].wait()

    async def terminate(self, exit: Exit) -> None:
        if self._down is not None:
            await self._down.wait()


def opened() -> trio.Event:
    event = trio.Event()
    event.set()
    return event


@pytest.mark.trio
async def test_a_name_is_hidden_while_its_first_life_starts(
    autojump_clock: trio.abc.Clock,
) -> None:
    registry, go = Registry(), trio.Event()
    async with open_supervisor([dynamic_supervisor(id="d")]) as sup:
        pool = sup.dynamic("d")
        async with trio.open_nursery() as nursery:
            spec = child(Slow, [go], name=registry.via("k"))
            nursery.start_soon(pool.start_child, spec)
            await wait_all_tasks_blocked()
            assert registry.get("k") is None
            assert registry.count() == 0
            with pytest.raises(AlreadyRegistered) as taken:
                await pool.start_child(child(Plain, name=registry.via("k")))
            assert taken.value.handle.status == "starting"
            go.set()
        assert registry.lookup("k", Slow).life == 1


@pytest.mark.trio
async def test_a_name_is_hidden_but_reserved_while_its_holder_restarts(
    autojump_clock: trio.abc.Clock,
) -> None:
    registry, go = Registry(), trio.Event()
    specs = [child(Slow, [opened(), go], id="s", name=registry.via("k"))]
    async with open_supervisor([*specs, dynamic_supervisor(id="d")]) as sup:
        ref = sup.server(Slow, "s")
        ref.cast(Slow.crash)
        await wait_all_tasks_blocked()
        assert ref.status == "restarting"
        assert registry.get("k") is None
        with pytest.raises(AlreadyRegistered) as taken:
            await sup.dynamic("d").start_child(child(Plain, name=registry.via("k")))
        assert taken.value.handle == ref
        go.set()
        assert await registry.wait_for("k", Slow) == ref
        assert ref.life == 2


@pytest.mark.trio
async def test_a_name_is_hidden_but_reserved_while_its_holder_backs_off(
    autojump_clock: trio.abc.Clock,
) -> None:
    registry = Registry()
    backoff = Backoff(initial=10, jitter=0, immediate_first=False)
    spec = child(Plain, id="s", name=registry.via("k"), backoff=backoff)
    async with open_supervisor([spec, dynamic_supervisor(id="d")]) as sup:
        ref = sup.server(Plain, "s")
        began = trio.current_time()
        ref.cast(Plain.crash)
        await wait_all_tasks_blocked()
        assert ref.status == "backing_off"
        assert registry.get("k") is None
        assert registry.keys(ref) == []
        with pytest.raises(AlreadyRegistered):
            await sup.dynamic("d").start_child(child(Plain, name=registry.via("k")))
        await registry.wait_for("k")
        assert trio.current_time() - began == 10


@pytest.mark.trio
async def test_a_name_is_found_until_the_end_of_a_life_that_is_being_stopped(
    autojump_clock: trio.abc.Clock,
) -> None:
    registry, down = Registry(), trio.Event()
    spec = child(Slow, [opened()], down, id="s", name=registry.via("k"))
    async with open_supervisor([spec]) as sup:
        ref = sup.server(Slow, "s")
        async with trio.open_nursery() as nursery:
            nursery.start_soon(sup.terminate_child, "s")
            await wait_all_tasks_blocked()
            assert registry.get("k") == ref
            with pytest.raises(NoProcess):
                await registry.lookup("k", Slow).call(Slow.ping)
            down.set()
        assert registry.get("k") is None


@pytest.mark.trio
@pytest.mark.parametrize("restart", ["permanent", "transient", "temporary"])
async def test_terminate_child_frees_the_name(
    restart: Restart, autojump_clock: trio.abc.Clock
) -> None:
    registry = Registry()
    spec = child(Plain, id="s", name=registry.via("k"), restart=restart)
    async with open_supervisor([spec, dynamic_supervisor(id="d")]) as sup:
        await sup.terminate_child("s")
        assert registry.holder("k") is None
        await sup.dynamic("d").start_child(child(Plain, name=registry.via("k")))


@pytest.mark.trio
async def test_restart_child_takes_the_name_again_or_says_who_has_it(
    autojump_clock: trio.abc.Clock,
) -> None:
    registry = Registry()
    spec = child(Plain, id="s", name=registry.via("k"))
    async with open_supervisor([spec, dynamic_supervisor(id="d")]) as sup:
        pool = sup.dynamic("d")
        await sup.terminate_child("s")
        other = await pool.start_child(child(Plain, name=registry.via("k")))
        with pytest.raises(AlreadyRegistered) as taken:
            await sup.restart_child("s")
        assert taken.value.handle == other
        await pool.terminate_child(other)
        await sup.restart_child("s")
        assert registry.lookup("k").path_text == "root/s"


@pytest.mark.trio
async def test_a_quarantined_child_is_not_found_but_keeps_its_name_reserved(
    autojump_clock: trio.abc.Clock,
) -> None:
    registry = Registry()
    budget = Budget(0, 1.0, then="quarantine")
    spec = child(Plain, id="s", name=registry.via("k"), budget=budget)
    async with open_supervisor([spec]) as sup:
        ref = sup.server(Plain, "s")
        ref.cast(Plain.crash)
        await ref.wait_stopped()
        assert ref.status == "quarantined"
        assert registry.get("k") is None
        with pytest.raises(AlreadyRegistered):
            await sup.start_child(child(Plain, id="t", name=registry.via("k")))
        await sup.restart_child("s")
        assert registry.get("k") == ref


@pytest.mark.trio
async def test_a_deleted_child_holds_no_name(autojump_clock: trio.abc.Clock) -> None:
    registry = Registry()
    async with open_supervisor([child(Plain, id="s", name=registry.via("k"))]) as sup:
        await sup.terminate_child("s")
        await sup.delete_child("s")
        await sup.start_child(child(Plain, id="t", name=registry.via("k")))
        assert registry.lookup("k").id == "t"


@pytest.mark.trio
async def test_a_group_restart_keeps_the_names_of_the_whole_group(
    autojump_clock: trio.abc.Clock,
) -> None:
    registry, down = Registry(), trio.Event()
    specs = [
        child(Plain, id="a", name=registry.via("a")),
        child(Slow, [opened(), opened()], down, id="b", name=registry.via("b")),
    ]
    async with open_supervisor(specs, strategy="one_for_all") as sup:
        sup.server(Plain, "a").cast(Plain.crash)
        await wait_all_tasks_blocked()  # b hangs in terminate; a is down
        assert registry.get("a") is None
        holder = registry.holder("a")
        assert holder is not None
        assert holder.handle == sup.child("a")
        down.set()
        await registry.wait_for("a", Plain)
        await registry.wait_for("b", Slow)
        assert [registry.lookup(key).life for key in "ab"] == [2, 2]


@pytest.mark.trio
async def test_reg_032_each_life_starts_with_the_value_of_the_address(
    autojump_clock: trio.abc.Clock,
) -> None:
    class Bold(Plain):
        @call
        async def change(self) -> object:
            return registry.update_value("k", lambda old: f"{old}, changed")

    registry = Registry()
    spec = child(Bold, id="s", name=registry.via("k", "fresh"))
    async with open_supervisor([spec]) as sup:
        ref = sup.server(Bold, "s")
        assert await ref.call(Bold.change) == ("fresh, changed", "fresh")
        assert registry.value("k") == "fresh, changed"
        ref.cast(Bold.crash)
        await ref.wait_exit(1)
        await ref.wait_running()
        assert registry.value("k") == "fresh"


@pytest.mark.trio
async def test_reg_042_the_given_name_and_own_names_in_many_registries_add_up(
    autojump_clock: trio.abc.Clock,
) -> None:
    first, second = Registry(), Registry("duplicate")

    class Many(Plain):
        async def init(self) -> None:
            first.register("extra")
            second.register("extra")

    async with open_supervisor([child(Many, id="m", name="node-wide")]) as sup:
        ref = whereis("node-wide", Many)
        assert ref == sup.child("m")
        assert ref is not None
        assert first.keys(ref) == second.keys(ref) == ["extra"]
        assert whereis("extra") is None
    assert whereis("node-wide") is None
    assert first.count() == second.count() == 0


@pytest.mark.trio
async def test_a_supervisor_and_its_root_can_have_names(
    autojump_clock: trio.abc.Clock,
) -> None:
    registry = Registry()
    pool = dynamic_supervisor(id="d", name=registry.via("pool"))
    async with open_supervisor([pool], name=registry.via("root")) as sup:
        assert registry.get("root") == sup
        assert registry.get("pool", type(sup.dynamic("d"))) == sup.dynamic("d")
    assert registry.count() == 0


@pytest.mark.trio
async def test_get_or_start_says_that_the_holder_is_quarantined(
    autojump_clock: trio.abc.Clock,
) -> None:
    spec = child(Plain, name="k", budget=Budget(0, 1.0, then="quarantine"))
    async with open_supervisor([dynamic_supervisor(id="pool")]) as sup:
        pool = sup.dynamic("pool")
        ref = await pool.get_or_start(spec)
        ref.cast(Plain.crash)
        await ref.wait_stopped()
        with pytest.raises(ChildQuarantined) as quarantined:
            await pool.get_or_start(spec)
        assert quarantined.value.handle == ref
        assert await pool.restart_child(ref) == ref
        assert await pool.get_or_start(spec) == ref
        assert ref.life == 2
