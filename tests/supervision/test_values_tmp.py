"""What a child makes once and others use: typed, of the present life."""

import sys

import pytest
import trio
from trio.testing import MockClock

from trio_sup import (
    Backoff,
    Child,
    GenServer,
    NoProcess,
    address,
    call,
    child,
    open_supervisor,
)


class Pool:
    def __init__(self, url: str) -> None:
        self.url = url
        self.broken = trio.Event()

    def query(self) -> str:
        return f"answer of {self.url}"


async def serve_pool(url: str, *, task_status: trio.TaskStatus[Pool]) -> None:
    pool = Pool(url)
    task_status.started(pool)
    await pool.broken.wait()
    raise OSError


POOL = address("pool", Child[Pool], wait=True)
SLOW = Backoff(initial=3, immediate_first=False, jitter=0)


class Asking(GenServer):
    @call
    async def ask(self) -> str:
        return (await POOL.wait_value()).query()


@pytest.mark.trio
async def test_a_pool_made_by_one_child_is_typed_for_the_others(
    autojump_clock: MockClock,
) -> None:
    specs = [
        child(serve_pool, "db", name=POOL, backoff=SLOW),
        child(Asking),
    ]
    async with open_supervisor(specs) as sup:
        asking = sup.server(Asking, "Asking")
        assert await asking.call(Asking.ask) == "answer of db"
        first = POOL.value
        assert first.url == "db"
        first.broken.set()
        await POOL.wait_exit()
        with pytest.raises(NoProcess, match="has no value: it is backing_off"):
            POOL.value  # noqa: B018 - a property
        began = trio.current_time()
        assert await asking.call(Asking.ask) == "answer of db"
        assert trio.current_time() == began + 3
        assert POOL.value is not first


@pytest.mark.trio
async def test_a_handle_has_the_value_that_its_function_gave() -> None:
    async with open_supervisor([]) as sup:
        handle = await sup.start_child(child(serve_pool, "db"))
        assert handle.value.query() == "answer of db"
        assert (await handle.wait_value()) is handle.value
        await sup.terminate_child("serve_pool")
        with pytest.raises(NoProcess, match="stopped"):
            await handle.wait_value()


@pytest.mark.trio
async def test_who_gives_no_value_has_none() -> None:
    async with open_supervisor([child(Asking), child(trio.sleep_forever)]) as sup:
        assert sup.server(Asking, "Asking").value is None
        handle = sup.child("sleep_forever")
        assert await handle.wait_value() is None
        await sup.terminate_child("sleep_forever")
        assert handle.value is None
        assert sup.value is None
