"""The end of a listener: nobody is accepted, and who is there has its grace."""

from __future__ import annotations

import math

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from tests.listening.clients import connect, echo, exactly
from tests.listening.memory import MemoryListener
from trio_sup import (
    Listener,
    address,
    graceful_stop,
    listener,
    open_supervisor,
    tcp_listener,
)

WEB = address("web", Listener[int])


@pytest.mark.trio
async def test_the_port_is_closed_before_the_connections_end() -> None:
    async def polite(stream: trio.SocketStream) -> None:
        with graceful_stop() as stopping:
            await stream.send_all(b"hello")
            await stopping.wait()
            with pytest.raises(OSError, match="connect"):
                await connect(port)
            await stream.send_all(b"goodbye")

    web = tcp_listener(polite, 0, host="127.0.0.1", name="web", drain=math.inf)
    async with open_supervisor([web]) as tree:
        port = WEB.value
        client = await connect(port)
        await exactly(client, 5)
        await tree.terminate_child("web")
        assert b"".join([part async for part in client]) == b"goodbye"
        await client.aclose()


@pytest.mark.trio
async def test_a_connection_has_its_grace_to_end_by_itself(
    autojump_clock: MockClock,
) -> None:
    async def answers_slowly(stream: trio.abc.Stream) -> None:
        await trio.sleep(3)
        await stream.send_all(b"done")

    place = MemoryListener()
    web = listener(answers_slowly, place.open, name="web", drain=5)
    async with open_supervisor([web]) as tree:
        client = place.connect()
        await wait_all_tasks_blocked()
        began = trio.current_time()
        await tree.terminate_child("web")
        assert trio.current_time() == began + 3
        assert await exactly(client, 4) == b"done"
        assert place.closed


@pytest.mark.trio
async def test_what_outlasts_its_grace_is_cancelled(autojump_clock: MockClock) -> None:
    place = MemoryListener()
    web = listener(echo, place.open, name="web", drain=5)
    async with open_supervisor([web]) as tree:
        clients = [place.connect() for _ in range(3)]
        await wait_all_tasks_blocked()
        began = trio.current_time()
        await tree.terminate_child("web")
        assert trio.current_time() == began + 5  # all at the same time
        for client in clients:
            assert await client.receive_some() == b""


@pytest.mark.trio
async def test_clients_that_wait_for_room_are_closed_at_the_end() -> None:
    one, other = MemoryListener(), MemoryListener()

    async def both() -> list[MemoryListener]:
        return [one, other]

    web = listener(echo, both, name="web", max_connections=1, drain=0)
    async with open_supervisor([web]) as tree:
        clients = [one.connect(), other.connect()]
        await wait_all_tasks_blocked()
        await tree.terminate_child("web")
        for client in clients:
            assert await client.receive_some() == b""


@pytest.mark.trio
@pytest.mark.parametrize("turns", range(8))
async def test_a_stream_is_closed_even_if_its_life_never_began(turns: int) -> None:
    place = MemoryListener()
    async with open_supervisor([listener(echo, place.open, name="web", drain=0)]):
        client = place.connect()
        for _ in range(turns):
            await trio.lowlevel.checkpoint()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(WEB.stop)
            await WEB.connections.wait_exit(1)
    with pytest.raises(trio.BrokenResourceError):
        await client.send_all(b"1")


@pytest.mark.trio
async def test_a_listener_that_is_restarted_listens_again() -> None:
    place = MemoryListener()
    async with open_supervisor([listener(echo, place.open, name="web")]):
        await WEB.stop()
        await WEB.wait_running()
        assert WEB.life == 2
        client = place.connect()
        await client.send_all(b"1")
        assert await exactly(client, 1) == b"1"
        await client.aclose()
