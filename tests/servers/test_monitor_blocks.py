"""A monitor is a context manager: it ends with its block."""

import pytest
import trio
from trio.testing import wait_all_tasks_blocked

from trio_sup import Child, Down, GenServer, attach, call, child, open_supervisor


class Watching(GenServer):
    def __init__(self) -> None:
        self.heard: list[int] = []

    @call
    async def watch(self, other: Child) -> int:
        with self.monitor(other) as watch:
            assert watch.target == other
            return other.life

    async def handle_info(self, message: object) -> None:
        assert isinstance(message, Down)
        self.heard.append(message.life)


@pytest.mark.trio
async def test_a_monitor_ends_with_its_block() -> None:
    async with open_supervisor([child(Watching), child(trio.sleep_forever)]) as sup:
        other, ref = sup.child("sleep_forever"), sup.server(Watching, "Watching")
        async with attach() as me:
            with me.monitor(other):
                await sup.terminate_child("sleep_forever")
                assert (await me.receive()).target == other
            await sup.restart_child("sleep_forever")
            assert await ref.call(Watching.watch, other) == 2
            await sup.terminate_child("sleep_forever")
            await wait_all_tasks_blocked()
            assert me.waiting == 0
        assert (await ref.get_state())["heard"] == []
