"""Crashes by hand, a network in memory, and threads that keep order."""

import time
from typing import Any

import pytest
import trio

from trio_sup import ChildSpec, GenServer, call, child, open_supervisor, tcp_listener
from trio_sup.testing import (
    InjectedCrash,
    MemoryNetwork,
    assert_restarted,
    crash,
    replay,
    run_virtual,
    virtual_threads,
)


class Echo(GenServer):
    @call
    async def echo(self, text: str) -> str:
        return text


async def worker() -> None:
    await trio.sleep_forever()


@pytest.mark.parametrize("target", [Echo, worker])
def test_a_child_is_crashed_where_it_waits(target: Any) -> None:
    async def main() -> None:
        describe: Any = child
        spec: ChildSpec[Any] = describe(target, id="c")
        async with open_supervisor([spec]) as root:
            error = OSError("gone")
            assert crash(root.child("c"), error) is error
            await assert_restarted(root.child("c"))
            last = root.child("c").last_exit
            assert last is not None
            assert last.error is error
            assert isinstance(crash(root.child("c")), InjectedCrash)
            await assert_restarted(root.child("c"))

    run_virtual(main)


@pytest.mark.trio
async def test_it_works_in_real_time_too() -> None:
    async with open_supervisor([child(worker, id="c")]) as root:
        crash(root.child("c"))
        await assert_restarted(root.child("c"))


@pytest.mark.trio
async def test_who_cannot_crash_is_refused(autojump_clock: object) -> None:
    spec = child(worker, id="c", restart="temporary")
    async with open_supervisor([spec]) as root:
        with pytest.raises(ValueError, match="is a supervisor"):
            crash(root)
        handle = root.child("c")
        crash(handle)
        await handle.wait_stopped()
        with pytest.raises(ValueError, match="is not alive"):
            crash(handle)


# The network.


async def shout(stream: Any) -> None:
    async for data in stream:
        await stream.send_all(data.upper())


async def ask(port: int, text: bytes) -> bytes:
    async with await trio.open_tcp_stream("somewhere", port) as stream:
        await stream.send_all(text)
        answer: bytes = await stream.receive_some(100)
        return answer


def test_serve_tcp_is_reached_in_virtual_time() -> None:
    async def main() -> None:
        with MemoryNetwork() as network:
            async with trio.open_nursery() as nursery:
                await nursery.start(trio.serve_tcp, shout, 7)
                assert await ask(7, b"hello") == b"HELLO"
                network.refuses = True
                with pytest.raises(OSError, match="no connection to somewhere:7"):
                    await ask(7, b"hello")
                nursery.cancel_scope.cancel()

    before = trio.open_tcp_stream
    run_virtual(main)
    assert trio.open_tcp_stream is before


def test_a_listener_of_ours_is_reached_and_cut() -> None:
    async def main() -> None:
        with MemoryNetwork() as network:
            async with open_supervisor([tcp_listener(shout, 7, id="l")]):
                assert await ask(7, b"hello") == b"HELLO"
                stream = await trio.open_tcp_stream("somewhere", 7)
                await network.cut()
                with pytest.raises(trio.ClosedResourceError):
                    await stream.send_all(b"x")
                assert await ask(7, b"again") == b"AGAIN"

    run_virtual(main)


def test_a_port_is_taken_once_and_free_ones_are_found() -> None:
    async def main() -> None:
        with MemoryNetwork():
            [first] = await trio.open_tcp_listeners(7)
            with pytest.raises(OSError, match="in use"):
                await trio.open_tcp_listeners(7)
            await first.aclose()
            with pytest.raises(OSError, match="no connection"):
                await trio.open_tcp_stream("somewhere", 7)
            ports = {
                (await trio.open_tcp_listeners(0))[0].socket.getsockname()[1]
                for _ in range(3)
            }
            assert len(ports) == 3

    run_virtual(main)


# Threads.


def test_threads_keep_order_and_take_virtual_time() -> None:
    done: list[tuple[float, int]] = []

    def work(number: int) -> int:
        time.sleep(0.01 / (number + 1))  # later ones would be faster
        return number

    async def one(number: int) -> None:
        result = await trio.to_thread.run_sync(work, number)
        done.append((trio.current_time() - began, result))

    began = 0.0

    async def main() -> None:
        nonlocal began
        began = trio.current_time()
        with virtual_threads(seconds=2):
            async with trio.open_nursery() as nursery:
                for number in range(4):
                    nursery.start_soon(one, number)

    replay(lambda: [child(main, id="m", restart="temporary")])
    assert done == [(2, 0), (2, 1), (2, 2), (2, 3)]


def test_threads_ask_trio_and_are_told_of_cancellation() -> None:
    async def double(number: int) -> int:
        await trio.sleep(1)
        return number * 2

    def work() -> tuple[int, float]:
        trio.from_thread.check_cancelled()
        doubled = trio.from_thread.run(double, 4)
        return doubled, trio.from_thread.run_sync(trio.current_time)

    async def main() -> None:
        began = trio.current_time()
        with virtual_threads():
            doubled, now = await trio.to_thread.run_sync(work)
            assert (doubled, now - began) == (8, 1)
            with trio.move_on_after(0.5) as scope:
                await trio.to_thread.run_sync(work)
            assert scope.cancelled_caught
            with pytest.raises(ZeroDivisionError):
                await trio.to_thread.run_sync(lambda: 1 / 0)

    run_virtual(main)


def test_the_limiter_counts() -> None:
    async def main() -> None:
        limiter = trio.CapacityLimiter(1)
        began = trio.current_time()
        with virtual_threads(seconds=1):
            async with trio.open_nursery() as nursery:
                for _ in range(3):
                    nursery.start_soon(
                        lambda: trio.to_thread.run_sync(int, limiter=limiter)
                    )
        assert trio.current_time() - began == 3

    run_virtual(main)


def test_outside_of_the_block_threads_are_trio_s() -> None:
    before = trio.to_thread.run_sync
    with virtual_threads():
        assert trio.to_thread.run_sync is not before
    assert trio.to_thread.run_sync is before
