"""A crash loop does not keep what its dead lives had: neither locals nor payloads.

`python -m bench.memory` does the same a thousand times.
"""

import gc
import json
import logging
import tracemalloc
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import pytest
import trio

from trio_sup import (
    Child,
    GenServer,
    PastError,
    RestartLimitExceeded,
    ServerExit,
    Stop,
    call,
    child,
    current_node,
    dynamic_supervisor,
    open_supervisor,
    task_supervisor,
)
from trio_sup._core.remains import WHOLE
from trio_sup.events import ChildCrashed, LifecycleEvent

MB = 1_000_000
CRASHES = 60


@pytest.fixture
def traced(quiet_log: None) -> Iterator[Callable[[], int]]:
    """Returns the bytes in use that Python knows of; nothing is collected first."""
    tracemalloc.start()
    gc.disable()
    try:
        yield lambda: tracemalloc.get_traced_memory()[0]
    finally:
        gc.enable()
        tracemalloc.stop()


async def fail_with_locals() -> None:
    pinned = bytearray(5 * MB)
    await _fail_deeper(pinned)


async def _fail_deeper(pinned: bytearray) -> None:
    more = bytearray(5 * MB)
    await trio.lowlevel.checkpoint()
    raise ValueError(len(pinned) + len(more))


async def fail_with_payload() -> None:
    await trio.lowlevel.checkpoint()
    json.loads("x" * 10 * MB)


async def fail_with_cause() -> None:
    try:
        await fail_with_payload()
    except ValueError as error:
        raise LookupError("no such document") from error


async def fail_in_a_thread() -> None:
    def work() -> None:
        pinned = bytearray(10 * MB)
        raise ValueError(len(pinned))

    await trio.to_thread.run_sync(work)


async def fail_with_group() -> None:
    async with trio.open_nursery() as nursery:
        nursery.start_soon(fail_with_payload)
        nursery.start_soon(fail_with_locals)


async def stop_with_reason() -> None:
    raise Stop(bytearray(10 * MB))


WAYS = [
    fail_with_locals,
    fail_with_payload,
    fail_with_cause,
    fail_with_group,
    fail_in_a_thread,
    stop_with_reason,
]


async def crash_often(
    fail: Callable[[], Awaitable[None]], traced: Callable[[], int]
) -> int:
    """Return how many bytes more are in use after many crashes than before."""
    lives = 0
    start, over = trio.Event(), trio.Event()

    async def worker() -> None:
        nonlocal lives
        lives += 1
        await start.wait()
        if lives > CRASHES:
            over.set()
            await trio.sleep_forever()
        await fail()

    async with open_supervisor([child(worker)], max_restarts=10**9):
        before = traced()
        start.set()
        await over.wait()
        return traced() - before


@pytest.mark.trio
@pytest.mark.parametrize("fail", WAYS)
async def test_crashes_with_ten_megabytes_each_keep_less_than_the_budget(
    fail: Callable[[], Awaitable[None]], traced: Callable[[], int]
) -> None:
    assert await crash_often(fail, traced) < WHOLE


class Loader(GenServer):
    @call
    async def load(self, text: str) -> int:
        page = text + "x" * 10 * MB
        return len(json.loads(page))


@pytest.mark.trio
async def test_a_server_that_crashes_over_large_requests_keeps_none_of_them(
    traced: Callable[[], int],
) -> None:
    async with open_supervisor([child(Loader)], max_restarts=10**9) as tree:
        loader = tree.server(Loader, "Loader").when_running()
        before = traced()
        for _ in range(20):
            with pytest.raises(ServerExit):
                await loader.call(Loader.load, "?")
        gc.collect()  # what pytest.raises holds
        assert traced() - before < WHOLE


@pytest.mark.trio
async def test_many_children_that_crashed_once_share_one_budget(
    traced: Callable[[], int],
) -> None:
    async def fail_once(done: list[int]) -> None:
        if done:
            await trio.sleep_forever()
        done.append(1)
        await fail_with_payload()

    async with open_supervisor(
        [dynamic_supervisor(id="many", max_restarts=10**9)]
    ) as tree:
        many = tree.dynamic("many")
        before = traced()
        for _ in range(100):
            await many.start_child(child(fail_once, []))
        await trio.testing.wait_all_tasks_blocked()
        assert traced() - before < WHOLE + MB
        crashed = [one.handle.last_exit for one in many.which_children()]
        kept = [exit for exit in crashed if exit is not None]
        assert len(kept) == 100
        assert isinstance(kept[0].error, PastError)
        assert isinstance(kept[-1].error, json.JSONDecodeError)
        assert {str(exit) for exit in kept} == {
            "crashed: JSONDecodeError: Expecting value: line 1 column 1 (char 0)"
        }


@pytest.mark.trio
async def test_hooks_and_log_handlers_see_the_locals_of_the_crash() -> None:
    seen: dict[str, Any] = {}

    def locals_of(error: BaseException) -> dict[str, Any]:
        place = error.__traceback__
        assert place is not None
        while place.tb_next is not None:
            place = place.tb_next
        return dict(place.tb_frame.f_locals)

    def hook(event: LifecycleEvent) -> None:
        if isinstance(event, ChildCrashed):
            assert event.exit.error is not None
            seen["hook"] = locals_of(event.exit.error)

    class Handler(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if record.exc_info and record.exc_info[1] is not None:
                seen["log"] = locals_of(record.exc_info[1])

    async def worker() -> None:
        customer = "Ada"
        raise ValueError(customer)

    logger = logging.getLogger("trio_sup")
    handler = Handler()
    logger.addHandler(handler)
    try:
        current_node().add_hook(hook)
        async with open_supervisor([child(worker, restart="temporary")]):
            await trio.testing.wait_all_tasks_blocked()
    finally:
        logger.removeHandler(handler)
        current_node().remove_hook(hook)
    assert seen["hook"]["customer"] == "Ada"
    assert seen["log"]["customer"] == "Ada"


@pytest.mark.trio
async def test_the_last_exit_and_those_who_wait_for_it_have_the_exception_itself(
    quiet_log: None,
) -> None:
    gate = trio.Event()

    async def worker() -> None:
        await gate.wait()
        if handles[0].life == 1:
            json.loads("x" * MB)
        await trio.sleep_forever()

    handles: list[Child] = []
    got: list[BaseException | None] = []

    async def wait() -> None:
        got.append((await handles[0].wait_exit(1)).error)

    async with open_supervisor([dynamic_supervisor(id="d")]) as tree:
        handles.append(await tree.dynamic("d").start_child(child(worker)))
        async with trio.open_nursery() as nursery:
            nursery.start_soon(wait)
            await trio.testing.wait_all_tasks_blocked()
            gate.set()
        (error,) = got
        assert isinstance(error, json.JSONDecodeError)
        assert len(error.doc) == MB
        exit = handles[0].last_exit
        assert exit is not None
        assert exit.error is error
        # The next end makes it history, of which there are words only.
        await tree.dynamic("d").terminate_child(handles[0])


@pytest.mark.trio
async def test_history_story_and_recent_events_have_words_for_a_heavy_exception(
    quiet_log: None,
) -> None:
    async def worker() -> None:
        await fail_with_payload()

    with pytest.raises(RestartLimitExceeded) as caught:
        async with open_supervisor([child(worker)], max_restarts=2):
            await trio.sleep_forever()
    summary = "JSONDecodeError: Expecting value: line 1 column 1 (char 0)"
    assert [crash.summary for crash in caught.value.crashes] == [summary] * 3
    assert all(isinstance(c.error, PastError) for c in caught.value.crashes)
    assert all("fail_with_payload" in c.traceback for c in caught.value.crashes)
    assert isinstance(caught.value.__cause__, json.JSONDecodeError)
    events = [e for e in current_node().recent_events() if isinstance(e, ChildCrashed)]
    assert [type(event.exit.error) for event in events] == [PastError] * 3
    assert summary in str(events[0].exit)


@pytest.mark.trio
async def test_the_result_of_a_task_is_its_own_exception_however_heavy(
    quiet_log: None,
) -> None:
    async with open_supervisor([task_supervisor(id="tasks")]) as tree:
        task = tree.task_supervisor("tasks").async_nolink(fail_with_payload)
        with pytest.raises(Exception) as caught:  # noqa: PT011
            await task.result()
        assert isinstance(caught.value.__cause__, json.JSONDecodeError)
        assert len(caught.value.__cause__.doc) == 10 * MB
