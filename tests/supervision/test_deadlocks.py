"""What would wait for itself is refused at once (rule 11 of how it is built)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest
import trio

from tests.supervision.stage import Stage, quiet
from trio_sup import (
    Supervisor,
    WouldDeadlock,
    child,
    dynamic_supervisor,
    open_supervisor,
    supervisor,
)

pytestmark = pytest.mark.trio

Request = Callable[[Supervisor], Awaitable[object]]

WAITING_FOR_ONESELF: dict[str, Request] = {
    "terminate itself": lambda sup: sup.supervisor("s").terminate_child("asker"),
    "terminate its supervisor": lambda sup: sup.terminate_child("s"),
    "stop its supervisor": lambda sup: sup.supervisor("s").stop(),
    "stop the root": lambda sup: sup.stop(),
}


@pytest.mark.parametrize("what", WAITING_FOR_ONESELF)
async def test_waiting_for_ones_own_end_is_refused_sup_101_122(what: str) -> None:
    refused: list[str] = []
    go = trio.Event()
    root: list[Supervisor] = []

    async def asker() -> None:
        await go.wait()
        with pytest.raises(WouldDeadlock):
            await WAITING_FOR_ONESELF[what](root[0])
        refused.append(what)
        await trio.sleep_forever()

    tree = [supervisor([child(asker)], id="s")]
    async with open_supervisor(tree, max_restarts=0) as sup:
        root.append(sup)
        go.set()
        await quiet()
        assert refused == [what]
        assert sup.child("s", "asker").life == 1


@pytest.mark.parametrize("action", ["start", "terminate", "restart", "delete"])
async def test_asking_ones_own_supervisor_while_starting_is_refused(
    action: str,
) -> None:
    stage = Stage()
    refused: list[str] = []
    node_root: list[Supervisor] = []

    async def asker(
        *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED
    ) -> None:
        sup = node_root[0]
        with pytest.raises(WouldDeadlock):
            requests: dict[str, Callable[[], Awaitable[object]]] = {
                "start": lambda: sup.start_child(stage.spec("x")),
                "terminate": lambda: sup.terminate_child("a"),
                "restart": lambda: sup.restart_child("a"),
                "delete": lambda: sup.delete_child("a"),
            }
            await requests[action]()
        refused.append(action)
        task_status.started()
        await trio.sleep_forever()

    async with open_supervisor(stage.specs("a")) as sup:
        node_root.append(sup)
        await sup.start_child(child(asker))
        assert refused == [action]


async def test_asking_ones_own_supervisor_while_being_stopped_is_refused() -> None:
    stage = Stage()
    refused: list[bool] = []
    root: list[Supervisor] = []

    async def asker() -> None:
        try:
            await trio.sleep_forever()
        finally:
            with trio.CancelScope(shield=True):
                with pytest.raises(WouldDeadlock):
                    await root[0].start_child(stage.spec("x"))
                refused.append(True)

    async with open_supervisor([child(asker)]) as sup:
        root.append(sup)
        await quiet()
        await sup.terminate_child("asker")
        assert refused == [True]


async def test_a_grandchild_is_part_of_the_start_of_its_supervisor() -> None:
    stage = Stage()
    refused: list[bool] = []
    root: list[Supervisor] = []

    async def asker(
        *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED
    ) -> None:
        with pytest.raises(WouldDeadlock):
            await root[0].start_child(stage.spec("x"))
        refused.append(True)
        task_status.started()
        await trio.sleep_forever()

    async with open_supervisor([]) as sup:
        root.append(sup)
        await sup.start_child(supervisor([child(asker)], id="s"))
        assert refused == [True]


async def test_helpers_of_a_child_count_as_the_child() -> None:
    refused: list[bool] = []
    root: list[Supervisor] = []

    async def helper() -> None:
        with pytest.raises(WouldDeadlock):
            await root[0].stop()
        refused.append(True)

    go = trio.Event()

    async def asker() -> None:
        await go.wait()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(helper)
        await trio.sleep_forever()

    async with open_supervisor([child(asker)], max_restarts=0) as sup:
        root.append(sup)
        go.set()
        await quiet()
        assert refused == [True]


async def test_a_dynamic_child_cannot_terminate_itself_or_stop_its_supervisor() -> None:
    refused: list[bool] = []

    async with open_supervisor([dynamic_supervisor(id="d")]) as sup:
        dynamic = sup.dynamic("d")

        async def asker() -> None:
            await trio.lowlevel.checkpoint()
            with pytest.raises(WouldDeadlock):
                await dynamic.terminate_child("asker")
            with pytest.raises(WouldDeadlock):
                await dynamic.stop()
            refused.append(True)
            await trio.sleep_forever()

        await dynamic.start_child(child(asker, id="asker"))
        await quiet()
        assert refused == [True]


async def test_a_running_child_may_ask_its_supervisor_for_siblings() -> None:
    stage = Stage()
    root: list[Supervisor] = []
    go = trio.Event()

    async def chief() -> None:
        await go.wait()
        await root[0].start_child(stage.spec("x"))
        await root[0].terminate_child("a")
        await trio.sleep_forever()

    async with open_supervisor([*stage.specs("a"), child(chief)]) as sup:
        root.append(sup)
        go.set()
        await quiet()
        assert stage.up == ["x"]
