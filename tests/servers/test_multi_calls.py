"""multi_call: one operation on many servers (GS-044)."""

from typing import Any

import pytest
import trio
import trio.testing
from trio.testing import MockClock

from trio_sup import (
    GenServer,
    NoProcess,
    ServerExit,
    call,
    child,
    multi_call,
    open_supervisor,
)


class Worker(GenServer):
    def __init__(self, delay: Any = 0) -> None:
        self.delay = delay
        self.calls = 0

    @call(raises=(KeyError,))
    async def work(self, n: Any) -> Any:
        self.calls += 1
        await trio.sleep(self.delay)
        if n < 0:
            raise KeyError(n)
        if n == 0:
            raise ValueError("crash")
        return n * self.delay

    @call
    async def count(self) -> Any:
        return self.calls


def tree(*delays: Any) -> Any:
    return open_supervisor([child(Worker, delay, id=delay) for delay in delays])


@pytest.mark.trio
async def test_all_are_asked_at_once_and_all_answers_come(
    autojump_clock: MockClock,
) -> None:
    async with tree(1, 2, 3) as sup:
        refs = [sup.server(Worker, delay) for delay in (1, 2, 3)]
        result = await multi_call(refs, Worker.work, 10)
        assert trio.current_time() == 3
        assert list(result.replies.items()) == [
            (refs[0], 10),
            (refs[1], 20),
            (refs[2], 30),
        ]
        assert result.failed == {}


@pytest.mark.trio
async def test_no_failure_hides_an_answer(autojump_clock: MockClock) -> None:
    async with tree(1, 2, 3, 4) as sup:
        one, two, three, four = (sup.server(Worker, delay) for delay in (1, 2, 3, 4))
        await sup.terminate_child(1)
        refs = [one, two, three.with_timeout(1), four]
        result = await multi_call(refs, Worker.work, 10)
        assert trio.current_time() == 4
        assert result.replies == {two: 20, four: 40}
        assert {ref.id: type(e) for ref, e in result.failed.items()} == {
            1: NoProcess,
            3: trio.TooSlowError,
        }


@pytest.mark.trio
async def test_crashes_and_declared_errors_are_failures(
    autojump_clock: MockClock,
) -> None:
    async with tree(1, 2) as sup:
        refs = [sup.server(Worker, delay) for delay in (1, 2)]
        result = await multi_call(refs, Worker.work, 0)
        assert [type(e) for e in result.failed.values()] == [ServerExit, ServerExit]
        for ref in refs:
            await ref.wait_running()
        result = await multi_call(refs, Worker.work, -1)
        assert [type(e) for e in result.failed.values()] == [KeyError, KeyError]
        assert result.replies == {}


@pytest.mark.trio
async def test_a_cancelled_caller_leaves_the_servers_alone(
    autojump_clock: MockClock,
) -> None:
    async with tree(1, 2) as sup:
        refs = [sup.server(Worker, delay) for delay in (1, 2)]
        with trio.move_on_after(1.5) as scope:
            await multi_call(refs, Worker.work, 1)
        assert scope.cancelled_caught
        assert trio.current_time() == 1.5
        assert [await ref.call(Worker.count) for ref in refs] == [1, 1]


@pytest.mark.trio
async def test_a_server_given_twice_is_asked_once() -> None:
    async with tree(0) as sup:
        ref = sup.server(Worker, 0)
        result = await multi_call([ref, ref, ref.with_timeout(1)], Worker.work, 1)
        assert result.replies == {ref: 0}
        assert await ref.call(Worker.count) == 1


@pytest.mark.trio
async def test_nobody_to_ask_is_a_checkpoint_and_an_empty_answer() -> None:
    with trio.testing.assert_checkpoints():
        result = await multi_call([], Worker.work, 1)
    assert (result.replies, result.failed) == ({}, {})


@pytest.mark.trio
async def test_a_patient_view_waits_for_its_server(autojump_clock: MockClock) -> None:
    class Slow(Worker):
        async def init(self) -> None:
            await trio.sleep(3)

    async with tree(1) as sup, trio.open_nursery() as nursery:
        nursery.start_soon(sup.start_child, child(Slow, 1, id="slow"))
        await trio.testing.wait_all_tasks_blocked()
        refs = [sup.server(Worker, 1), sup.server(Worker, "slow")]
        patient = [ref.when_running() for ref in refs]
        result = await multi_call(patient, Worker.work, 1)
        assert trio.current_time() == 4
        assert len(result.replies) == 2
        hurried = [ref.with_timeout(2) for ref in patient]
        await refs[1].stop()
        result = await multi_call(hurried, Worker.work, 1)
        assert [type(e) for e in result.failed.values()] == [trio.TooSlowError]


@pytest.mark.trio
async def test_what_is_no_operation_of_one_of_them_asks_nobody() -> None:
    class Other(GenServer): ...

    async with open_supervisor([child(Worker), child(Other)]) as sup:
        refs: list[Any] = [sup.server(Worker, "Worker"), sup.server(Other, "Other")]
        with pytest.raises(TypeError, match="no operation"):
            await multi_call(refs, Worker.work, 1)
        assert await refs[0].call(Worker.count) == 0
