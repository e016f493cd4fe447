"""A name is free again as soon as its holder is gone for good, or did not start."""

import math

import pytest
import trio
from trio.testing import wait_all_tasks_blocked

from tests.registry.holders import Plain
from trio_sup import (
    AlreadyRegistered,
    Registry,
    RestartLimitExceeded,
    StartFailed,
    child,
    dynamic_supervisor,
    open_supervisor,
    supervisor,
)


@pytest.mark.trio
async def test_all_names_are_free_when_their_supervisor_ends(
    autojump_clock: trio.abc.Clock,
) -> None:
    registry = Registry()
    below = supervisor([child(Plain, id="s", name=registry.via("k"))], id="below")
    async with open_supervisor([below, dynamic_supervisor(id="d")]) as sup:
        await sup.terminate_child("below")
        assert registry.holder("k") is None
        await sup.dynamic("d").start_child(child(Plain, name=registry.via("k")))
        assert registry.count() == 1
    assert registry.count() == 0
    assert registry.holder("k") is None


@pytest.mark.trio
async def test_names_are_free_after_a_supervisor_gave_up(
    autojump_clock: trio.abc.Clock,
) -> None:
    registry = Registry()
    with pytest.raises(RestartLimitExceeded):
        async with open_supervisor(
            [
                child(Plain, id="bystander", name=registry.via("b")),
                child(Plain, id="s", name=registry.via("k")),
            ],
            max_restarts=0,
        ) as sup:
            sup.server(Plain, "s").cast(Plain.crash)
            await trio.sleep(math.inf)
    assert registry.count() == 0
    assert registry.holder("k") is registry.holder("b") is None


@pytest.mark.trio
async def test_trap_18_a_failing_init_releases_its_name(
    autojump_clock: trio.abc.Clock,
) -> None:
    class Broken(Plain):
        async def init(self) -> None:
            raise RuntimeError("no")

    registry = Registry()
    async with open_supervisor([dynamic_supervisor(id="d")]) as sup:
        for _ in range(2):
            with pytest.raises(StartFailed):
                spec = child(Broken, name=registry.via("k"))
                await sup.dynamic("d").start_child(spec)
            assert registry.holder("k") is None
        with pytest.raises(StartFailed):
            await sup.start_child(child(Broken, id="x", name=registry.via("k")))
        assert registry.holder("k") is None


@pytest.mark.trio
async def test_trap_18_a_restart_loop_never_meets_its_own_name(
    autojump_clock: trio.abc.Clock,
) -> None:
    lives: list[int] = []

    class Fragile(Plain):
        async def init(self) -> None:
            lives.append(self.life)
            if self.life in (2, 3):
                raise RuntimeError("not yet")

    registry = Registry()
    spec = child(Fragile, id="s", name=registry.via("k"))
    async with open_supervisor([spec], max_restarts=5) as sup:
        sup.server(Fragile, "s").cast(Fragile.crash)
        await sup.child("s").wait_exit(1)
        ref = await registry.wait_for("k", Fragile)
        assert await ref.when_running().call(Fragile.ping) == "pong of life 4"
    assert lives == [1, 2, 3, 4]


@pytest.mark.trio
async def test_peer_trap_12_the_name_is_free_before_the_next_start(
    autojump_clock: trio.abc.Clock,
) -> None:
    """Own names of a life are gone when its successor registers them again."""
    registry = Registry()

    class Selfish(Plain):
        async def init(self) -> None:
            registry.register("mine", self.life)

    async with open_supervisor([child(Selfish, id="s")]) as sup:
        ref = sup.server(Selfish, "s")
        ref.cast(Selfish.crash)
        await ref.wait_exit(1)
        await ref.wait_running()
        assert registry.value("mine") == ref.life == 2
        assert registry.get("mine") == ref


@pytest.mark.trio
async def test_reg_034_start_under_a_taken_name_leaves_no_second_process(
    autojump_clock: trio.abc.Clock,
) -> None:
    registry = Registry()
    async with open_supervisor([dynamic_supervisor(id="d")]) as sup:
        pool = sup.dynamic("d")
        first = await pool.start_child(child(Plain, name=registry.via("k")))
        with pytest.raises(AlreadyRegistered) as taken:
            await pool.start_child(child(Plain, name=registry.via("k")))
        assert taken.value.handle == first
        assert taken.value.key == "k"
        assert pool.count_children().specs == 1


@pytest.mark.trio
@pytest.mark.parametrize("end", ["crash", "return", "stop", "cancel"])
async def test_reg_025_every_kind_of_end_frees_all_names(
    end: str, autojump_clock: trio.abc.Clock
) -> None:
    registry, topics, go = Registry(), Registry("duplicate"), trio.Event()

    async def work() -> None:
        registry.register("own")
        topics.register("t")
        topics.register("t")
        await go.wait()
        if end == "crash":
            raise RuntimeError("boom")
        if end == "cancel":
            raise trio.TooSlowError

    spec = child(work, id="w", name=registry.via("given"), restart="temporary")
    async with open_supervisor([spec]) as sup:
        await wait_all_tasks_blocked()
        assert registry.keys(sup.child("w")) == ["given", "own"]
        assert topics.keys(sup.child("w")) == ["t", "t"]
        if end == "stop":
            await sup.terminate_child("w")
        go.set()
        await wait_all_tasks_blocked()
        assert registry.count() == topics.count() == 0
        assert registry.select() == topics.select() == []


@pytest.mark.trio
async def test_reg_026_the_name_is_gone_when_stop_returns(
    autojump_clock: trio.abc.Clock,
) -> None:
    registry = Registry()
    spec = child(Plain, id="s", name=registry.via("k"), restart="temporary")
    async with open_supervisor([spec]) as sup:
        await sup.server(Plain, "s").stop()
        assert registry.get("k") is None
