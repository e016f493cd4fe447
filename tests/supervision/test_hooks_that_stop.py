"""A hook that stops the supervisor of which it is told has the last word."""

from __future__ import annotations

from functools import partial

import pytest
import trio

from tests.supervision.stage import Boom
from trio_sup import (
    Backoff,
    DynamicSupervisor,
    SupervisorStopping,
    child,
    current_node,
    dynamic_supervisor,
    graceful_stop,
    open_supervisor,
)
from trio_sup._core.events import LifecycleEvent
from trio_sup._tree.open import OpenSupervisor

pytestmark = pytest.mark.trio


def stop_when(told: str, manager: OpenSupervisor, event: LifecycleEvent) -> None:
    if event.kind == told:
        manager.request_stop("a hook")


async def crashes(when: trio.Event) -> None:
    await when.wait()
    raise Boom


@pytest.mark.parametrize("told", ["child_crashed", "restart_decided"])
async def test_nothing_is_restarted_after_it(told: str) -> None:
    now = trio.Event()
    manager = open_supervisor([child(crashes, now, id="a")])
    async with manager as root:
        current_node().add_hook(partial(stop_when, told, manager))
        a = root.child("a")
        now.set()
        await trio.sleep_forever()
    assert (a.life, a.status) == (1, "stopped")


async def test_a_request_in_hand_is_not_answered_as_if_it_had_been_served() -> None:
    released = trio.Event()

    async def slow() -> None:
        with graceful_stop() as stopping:
            await stopping.wait()
            await released.wait()

    manager = open_supervisor([child(slow, id="a")])
    async with manager as root:
        current_node().add_hook(partial(stop_when, "requested", manager))
        with pytest.raises(SupervisorStopping):
            await root.terminate_child("a")
        assert root.child("a").status == "stopping"
        released.set()


async def test_a_restart_of_a_dynamic_child_that_it_overtakes_is_refused_as_such(
    autojump_clock: trio.abc.Clock,
) -> None:
    slow = Backoff(initial=100, maximum=100, jitter=0, immediate_first=False)
    now = trio.Event()
    manager = open_supervisor([dynamic_supervisor(id="d")])
    async with manager as root:
        dynamic = root.dynamic("d")
        a = await dynamic.start_child(child(crashes, now, id="a", backoff=slow))
        now.set()
        await a.wait_exit(1)
        assert a.status == "backing_off"
        dynamic_stop = partial(stop_shell_when, "requested", dynamic)
        current_node().add_hook(dynamic_stop)
        with pytest.raises(SupervisorStopping):
            await dynamic.restart_child("a")
        assert a.life == 1


def stop_shell_when(told: str, of: DynamicSupervisor, event: LifecycleEvent) -> None:
    if event.kind == told and of.record.shell is not None:
        of.record.shell.request_stop("a hook")
