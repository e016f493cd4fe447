"""Calls from threads and from other Trio runs: refused at once, nothing changed."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
import trio
import trio.lowlevel

import trio_sup
from tests.elsewhere import calls
from tests.elsewhere.places import PLACES
from trio_sup import SupervisionError

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("name", calls.CALLS)
def test_a_call_from_elsewhere_is_refused_and_changes_nothing(
    name: str, place: str
) -> None:
    assert trio.run(calls.problems, name, place) == []


@pytest.mark.slow
def test_calls_from_elsewhere_are_refused_without_assertions() -> None:
    ended = subprocess.run(
        [sys.executable, "-O", "-m", "tests.elsewhere.calls"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr


HARMLESS_LATER = {
    "caller.reply",  # a late answer vanishes
    "caller.fail",
    "timer.cancel",
    "monitor.cancel",
    "timeout.cancel",
    "timeout.update",
    "task.shutdown",
    "task.ignore",
    "task.unlink",
    "started",
    "tree.request_stop",
    "tree.hurry",
    "publish",
    "dispatch",
    "subscribe",
    "subscription.__exit__",
    "receive_nowait",
    "add_listener",
    "remove_listener",
    "remove_hook",
    "recent_events",
    "events.receive_nowait",
    "wait_stopped",
    "try_cast",
    "multi_call",
    "root.stop",
    "dynamic.stop",
    "tasks.stop",
    "yield_many",
    "wait_exit",
}
"""What may be asked when all is over: it reads, gives up, or has nothing to act on."""


FREE_AGAIN = {"lock", "wait_for"}
"""What the next run may do with a registry of its own accord."""


@pytest.mark.parametrize("name", sorted(calls.CALLS.keys() - FREE_AGAIN))
def test_after_the_run_a_call_is_refused_or_acts_on_nothing(name: str) -> None:
    worlds: list[calls.World] = []

    async def body(world: calls.World) -> None:
        worlds.append(world)

    trio.run(calls.build, body)
    (world,) = worlds
    node = world.node
    emitted = node.events_emitted

    async def later() -> BaseException | None:
        with trio.move_on_after(1):
            made: Any = None
            try:
                made = calls.CALLS[name](world)
                if hasattr(made, "__await__"):
                    await made
            except Exception as error:  # noqa: BLE001 - returned
                return error
            return None
        return trio.TooSlowError()

    error = trio.run(later)
    wanted = (
        SupervisionError,
        RuntimeError,  # outside of its block
        StopAsyncIteration,
        trio.ClosedResourceError,
        trio.EndOfChannel,
    )
    assert isinstance(error, wanted) or name in HARMLESS_LATER, repr(error)
    assert node.events_emitted == emitted
    assert world.registry.count() == 0
    assert [
        record.status
        for record in world.root.which_children()
        if record.handle.record.alive
    ] == []


def test_two_runs_after_each_other_and_side_by_side_are_both_right() -> None:
    answers: list[int] = []
    both = threading.Barrier(2, timeout=30)

    async def main() -> None:
        async def body(world: calls.World) -> None:
            await trio.to_thread.run_sync(both.wait)
            for _ in range(50):
                world.box.cast(calls.Box.tick)
                await trio.lowlevel.checkpoint()
            answers.append(await world.box.call(calls.Box.ask))
            world.caller.reply(1)

        await calls.build(body)

    for _ in range(2):
        threads = [threading.Thread(target=trio.run, args=(main,)) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert answers == [50] * 4


def test_a_registry_belongs_to_one_run_at_a_time() -> None:
    registry = trio_sup.Registry(name="shared")
    refused: list[BaseException | None] = []

    async def other() -> None:
        try:
            async with trio_sup.open_supervisor(
                [trio_sup.child(calls.Box, id="b", name=registry.via("b"))]
            ):
                pass
        except trio_sup.StartFailed as error:
            refused.append(error.__cause__)

    async def main() -> None:
        async with trio_sup.open_supervisor(
            [trio_sup.child(calls.Box, id="a", name=registry.via("a"))]
        ):
            await trio.to_thread.run_sync(trio.run, other)
            assert registry.get("b") is None
            assert registry.lookup("a").status == "running"

    trio.run(main)
    assert [type(error) for error in refused] == [trio_sup.WrongRun]
    assert registry.count() == 0
    trio.run(other)
    assert len(refused) == 1  # it is free for the next run
