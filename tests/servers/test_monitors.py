"""Monitors, for servers and for plain tasks (MON-001..005)."""

from typing import Any

import pytest
import trio
import trio.testing
from trio.testing import MockClock

from trio_sup import (
    Backoff,
    Down,
    Exit,
    GenServer,
    Mailbox,
    Registry,
    call,
    cast,
    child,
    dynamic_supervisor,
    monitor,
    open_supervisor,
)


class Target(GenServer):
    @cast
    async def crash(self) -> None:
        raise ValueError("crash")

    @call
    async def ping(self) -> Any:
        return "pong"


class Watcher(GenServer):
    def __init__(self) -> None:
        self.downs: list[Any] = []
        self.monitors: list[Any] = []

    @call
    async def watch(self, target: Any, until: Any = "life") -> Any:
        self.monitors.append(self.monitor(target, until=until))
        return len(self.monitors) - 1

    @call
    async def unwatch(self, number: Any) -> None:
        self.monitors[number].cancel()

    @call
    async def hold(self, seconds: Any) -> None:
        await trio.sleep(seconds)

    @call
    async def heard(self) -> Any:
        return [(down.target.id, down.life, down.exit.kind) for down in self.downs]

    @cast
    async def crash(self) -> None:
        raise ValueError

    async def handle_info(self, message: Any) -> None:
        assert isinstance(message, Down)
        self.downs.append(message)


def tree(*, target: dict[str, Any] | None = None, **options: Any) -> Any:
    given: dict[str, Any] = target or {}
    specs = [child(Target, id="target", **given), child(Watcher, **options)]
    return open_supervisor(specs, max_restarts=9)


@pytest.mark.trio
async def test_a_server_hears_of_the_end_of_each_life() -> None:
    """MON-001, MON-005 (the handle, not the incarnation, is watched)."""
    async with tree() as sup:
        target, watcher = sup.server(Target, "target"), sup.server(Watcher, "Watcher")
        await watcher.call(Watcher.watch, target)
        target.cast(Target.crash)
        await trio.testing.wait_all_tasks_blocked()
        await target.stop()
        await trio.testing.wait_all_tasks_blocked()
        await sup.terminate_child("target")
        assert await watcher.call(Watcher.heard) == [
            ("target", 1, "crashed"),
            ("target", 2, "normal"),
            ("target", 3, "shutdown"),
        ]


@pytest.mark.trio
async def test_until_stopped_hears_only_of_the_end_without_return(
    autojump_clock: MockClock,
) -> None:
    backoff = Backoff(initial=5, jitter=0, immediate_first=False)
    options = {"backoff": backoff, "restart": "transient"}
    async with tree(target=options) as sup:
        target, watcher = sup.server(Target, "target"), sup.server(Watcher, "Watcher")
        await watcher.call(Watcher.watch, target, until="stopped")
        target.cast(Target.crash)
        await trio.sleep(1)
        assert target.status == "backing_off"
        await trio.sleep(9)
        assert await watcher.call(Watcher.heard) == []
        await target.stop()
        await trio.testing.wait_all_tasks_blocked()
        assert await watcher.call(Watcher.heard) == [("target", 2, "normal")]
        await sup.restart_child("target")
        await sup.terminate_child("target")
        assert len(await watcher.call(Watcher.heard)) == 1


@pytest.mark.trio
@pytest.mark.parametrize("until", ["life", "stopped"])
async def test_a_child_that_is_down_already_is_reported_at_once(until: Any) -> None:
    """MON-001, rule 15."""
    async with tree() as sup:
        target, watcher = sup.server(Target, "target"), sup.server(Watcher, "Watcher")
        await sup.terminate_child("target")
        await watcher.call(Watcher.watch, target, until=until)
        assert await watcher.call(Watcher.heard) == [("target", 1, "noproc")]


@pytest.mark.trio
@pytest.mark.parametrize("until", ["life", "stopped"])
async def test_a_child_that_is_gone_is_reported_once_and_never_again(
    until: Any,
) -> None:
    async with tree() as sup:
        pool = await sup.start_child(dynamic_supervisor())
        target = await pool.start_child(child(Target, restart="temporary"))
        await target.stop()
        assert target.status == "gone"
        watcher = sup.server(Watcher, "Watcher")
        await watcher.call(Watcher.watch, target, until=until)
        assert [kind for *_, kind in await watcher.call(Watcher.heard)] == ["noproc"]
        assert target.record.watchers is None


@pytest.mark.trio
async def test_several_monitors_are_independent() -> None:
    """MON-002."""
    async with tree() as sup:
        target, watcher = sup.server(Target, "target"), sup.server(Watcher, "Watcher")
        first = await watcher.call(Watcher.watch, target)
        await watcher.call(Watcher.watch, target)
        await watcher.call(Watcher.watch, target)
        await watcher.call(Watcher.unwatch, first)
        await target.stop()
        await trio.testing.wait_all_tasks_blocked()
        assert len(await watcher.call(Watcher.heard)) == 2


@pytest.mark.trio
async def test_a_cancelled_monitor_says_nothing_even_of_a_queued_end(
    autojump_clock: MockClock,
) -> None:
    """MON-003, with flush."""
    async with tree() as sup, trio.open_nursery() as nursery:
        target, watcher = sup.server(Target, "target"), sup.server(Watcher, "Watcher")
        number = await watcher.call(Watcher.watch, target)
        nursery.start_soon(watcher.call, Watcher.hold, 2)
        await trio.testing.wait_all_tasks_blocked()
        nursery.start_soon(watcher.call, Watcher.unwatch, number)
        await trio.testing.wait_all_tasks_blocked()
        await target.stop()
        await trio.sleep(3)
        assert await watcher.call(Watcher.heard) == []


@pytest.mark.trio
async def test_a_down_finds_room_in_a_full_mailbox(autojump_clock: MockClock) -> None:
    async with tree(mailbox=Mailbox(1)) as sup, trio.open_nursery() as nursery:
        target, watcher = sup.server(Target, "target"), sup.server(Watcher, "Watcher")
        await watcher.call(Watcher.watch, target)
        nursery.start_soon(watcher.call, Watcher.hold, 2)
        await trio.testing.wait_all_tasks_blocked()
        watcher.send(Down(target, 0, Exit("noproc")))  # fills it
        await target.stop()
        await trio.sleep(3)
        assert len(await watcher.call(Watcher.heard)) == 2


@pytest.mark.trio
@pytest.mark.parametrize("policy", ["fail", "keep"])
async def test_monitors_end_with_the_watchers_life(
    policy: Any, autojump_clock: MockClock
) -> None:
    async with tree(mailbox=Mailbox(on_crash=policy)) as sup:
        target, watcher = sup.server(Target, "target"), sup.server(Watcher, "Watcher")
        await watcher.call(Watcher.watch, target)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(watcher.call, Watcher.hold, 2)
            await trio.testing.wait_all_tasks_blocked()
            watcher.cast(Watcher.crash)
            await target.stop()  # its Down is queued behind the crash
        await trio.sleep(1)
        await target.stop()
        await trio.testing.wait_all_tasks_blocked()
        assert watcher.life == 2
        assert await watcher.call(Watcher.heard) == []


@pytest.mark.trio
async def test_a_plain_task_iterates_over_the_ends_of_a_child() -> None:
    async with tree() as sup:
        target = sup.server(Target, "target")
        heard: list[Any] = []
        async with monitor(target) as exits:
            target.cast(Target.crash)
            async for down in exits:
                assert down.target == target
                heard.append((down.life, down.exit.kind))
                if len(heard) == 3:
                    break
                await target.wait_running()
                await target.stop()
        assert heard == [(1, "crashed"), (2, "normal"), (3, "normal")]


@pytest.mark.trio
async def test_the_iteration_ends_when_no_further_end_can_come() -> None:
    async with open_supervisor([dynamic_supervisor(id="pool")]) as sup:
        pool = sup.dynamic("pool")
        target = await pool.start_child(child(Target, restart="temporary"))
        for until in ("life", "stopped"):
            target = await pool.start_child(child(Target, restart="temporary"))
            async with monitor(target, until=until) as exits:
                target.cast(Target.crash)
                with trio.fail_after(1):
                    kinds = [down.exit.kind async for down in exits]
            assert kinds == ["crashed"]
            async with monitor(target, until=until) as exits:
                with trio.fail_after(1):
                    assert [d.exit.kind async for d in exits] == ["noproc"]


@pytest.mark.trio
async def test_a_slow_reader_loses_the_oldest_ends_and_is_told_so() -> None:
    async with tree() as sup:
        target = sup.server(Target, "target")
        async with monitor(target, capacity=2) as exits:
            for _ in range(4):
                await target.stop()
                await target.wait_running()
            assert exits.dropped == 2
            assert [(await anext(exits)).life for _ in range(2)] == [3, 4]


@pytest.mark.trio
async def test_a_supervisor_can_be_monitored_and_the_root_too() -> None:
    async with trio.open_nursery() as nursery:
        heard: list[Any] = []

        async def watch(handle: Any) -> None:
            async with monitor(handle, until="stopped") as exits:
                ends = [(down.target.id, down.exit.kind) async for down in exits]
                heard.extend(ends)

        async with open_supervisor([dynamic_supervisor(id="pool")]) as sup:
            nursery.start_soon(watch, sup)
            nursery.start_soon(watch, sup.dynamic("pool"))
            await trio.testing.wait_all_tasks_blocked()
    assert sorted(heard) == [("pool", "shutdown"), ("root", "normal")]


@pytest.mark.trio
async def test_a_monitor_says_what_it_watches_and_refuses_nonsense() -> None:
    async with tree() as sup:
        target = sup.server(Target, "target")
        async with monitor(target, until="stopped") as exits:
            assert exits.target == target
            assert exits.until == "stopped"
        with pytest.raises(ValueError, match="until"):
            async with monitor(target, until="never"):  # type: ignore[arg-type]
                pass
        assert target.record.watchers is not None


@pytest.mark.trio
async def test_an_address_that_nobody_holds_is_reported_at_once() -> None:
    """MON-001: as a message, not as an exception."""
    registry = Registry()
    nobody = registry.ref("nobody", Target)
    async with monitor(nobody) as exits:
        downs = [down async for down in exits]
    (down,) = downs
    assert (down.target, down.life, down.exit.kind) == (nobody, 0, "noproc")
    async with tree() as sup:
        watcher = sup.server(Watcher, "Watcher")

        async def heard() -> Any:
            state = await watcher.get_state()
            return [(down.target, down.exit.kind) for down in state["downs"]]

        await watcher.call(Watcher.watch, nobody)
        await trio.testing.wait_all_tasks_blocked()
        assert await heard() == [(nobody, "noproc")]
        await watcher.call(Watcher.unwatch, 0)


@pytest.mark.trio
async def test_a_plain_task_watches_who_holds_a_key() -> None:
    """MON-004."""
    registry = Registry()
    ref = registry.ref("key", Target)
    async with tree(target={"name": registry.via("key")}) as sup:
        async with monitor(ref) as exits:
            ref.cast(Target.crash)
            down = await anext(exits)
        assert down.target == sup.child("target")
        assert (down.life, down.exit.kind) == (1, "crashed")
