"""Connections are children: each ends alone, and its listener does not notice."""

from __future__ import annotations

import gc
import logging
import os
from pathlib import Path

import pytest
import trio

from tests.listening.clients import connect, echo, exactly, reset
from trio_sup import Listener, address, open_supervisor, tcp_listener
from trio_sup._children.record import Record

WEB = address("web", Listener[int])
LOCAL = "127.0.0.1"


def errors(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [r.getMessage() for r in caplog.records if r.levelno >= logging.ERROR]


def open_files() -> int:
    return len(os.listdir("/proc/self/fd"))


async def until_nobody_is_connected(web: Listener[int]) -> None:
    for info in web.connections.which_children():
        await info.handle.wait_stopped()


@pytest.mark.trio
async def test_the_port_is_the_value_and_each_connection_is_seen_by_its_peer() -> None:
    async with open_supervisor([tcp_listener(echo, 0, host=LOCAL, name="web")]):
        client = await connect(WEB.value)
        await client.send_all(b"hello")
        assert await exactly(client, 5) == b"hello"
        host, port = client.socket.getsockname()
        [info] = WEB.connections.which_children()
        assert info.id == f"{host}:{port}"
        assert info.handle.path_text == f"root/web/connections/{host}:{port}"
        await client.aclose()
        await info.handle.wait_stopped()
        assert WEB.connections.which_children() == []


@pytest.mark.trio
async def test_a_crash_ends_one_connection_and_is_told_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with open_supervisor([tcp_listener(echo, 0, host=LOCAL, name="web")]):
        other = await connect(WEB.value)
        await other.send_all(b"1")
        await exactly(other, 1)
        for _ in range(10):
            client = await connect(WEB.value)
            await client.send_all(b"crash")
            assert await client.receive_some() == b""
            await client.aclose()
        await other.send_all(b"2")
        assert await exactly(other, 1) == b"2"
        assert WEB.life == 1
        assert WEB.statistics().restarts == 0
        assert WEB.connections.statistics().restarts == 0
        await other.aclose()
        await until_nobody_is_connected(WEB)
    assert len(errors(caplog)) == 10
    assert all("ValueError('told to crash')" in line for line in errors(caplog))


async def resets(times: int) -> None:
    """Connect and reset, in different moments of the conversation."""
    for number in range(times):
        client = await connect(WEB.value)
        if number % 3:
            await client.send_all(b"x" * 100)
        if number % 3 == 2:
            await exactly(client, 50)
        reset(client)


async def storm(times: int) -> None:
    async with open_supervisor([tcp_listener(echo, 0, host=LOCAL, name="web")]):
        await resets(20)
        await until_nobody_is_connected(WEB)
        gc.collect()
        before = open_files()
        records = sum(isinstance(o, Record) for o in gc.get_objects())
        async with trio.open_nursery() as nursery:
            for _ in range(10):
                nursery.start_soon(resets, times // 10)
        last = await connect(WEB.value)
        await last.send_all(b"still here")
        assert await exactly(last, 10) == b"still here"
        await last.aclose()
        await until_nobody_is_connected(WEB)
        gc.collect()
        assert open_files() == before
        assert sum(isinstance(o, Record) for o in gc.get_objects()) <= records
        assert (WEB.life, WEB.statistics().restarts) == (1, 0)


@pytest.mark.trio
@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="counts open files")
async def test_resets_end_nothing_are_no_crash_and_leave_nothing_behind(
    caplog: pytest.LogCaptureFixture,
) -> None:
    await storm(200)
    assert errors(caplog) == []


@pytest.mark.slow
@pytest.mark.trio
@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="counts open files")
async def test_ten_thousand_resets_leave_nothing_behind(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.ERROR, "trio_sup")
    await storm(10_000)
    assert errors(caplog) == []


@pytest.mark.trio
async def test_a_client_that_closes_its_half_gets_its_answer() -> None:
    async def count(stream: trio.SocketStream) -> None:
        size = 0
        async for data in stream:
            size += len(data)
        await stream.send_all(b"%d" % size)

    async with open_supervisor([tcp_listener(count, 0, host=LOCAL, name="web")]):
        client = await connect(WEB.value)
        await client.send_all(b"x" * 1000)
        await client.send_eof()
        assert b"".join([part async for part in client]) == b"1000"
        await client.aclose()


@pytest.mark.trio
@pytest.mark.parametrize("grouped", [False, True])
async def test_the_broken_stream_of_somebody_else_is_a_crash(
    caplog: pytest.LogCaptureFixture, grouped: bool
) -> None:
    async def asks_a_database(stream: trio.SocketStream) -> None:
        error = trio.BrokenResourceError("the database is gone")
        raise ExceptionGroup("in a nursery", [error]) if grouped else error

    web = tcp_listener(asks_a_database, 0, host=LOCAL, name="web")
    async with open_supervisor([web]):
        client = await connect(WEB.value)
        assert await client.receive_some() == b""
        await client.aclose()
        await until_nobody_is_connected(WEB)
    assert len(errors(caplog)) == 1


@pytest.mark.trio
async def test_a_client_that_leaves_a_nursery_of_the_handler_is_no_crash(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def reads_and_writes(stream: trio.SocketStream) -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(echo, stream)

    web = tcp_listener(reads_and_writes, 0, host=LOCAL, name="web")
    async with open_supervisor([web]):
        client = await connect(WEB.value)
        await client.send_all(b"1")
        await exactly(client, 1)
        [info] = WEB.connections.which_children()
        reset(client)
        assert (await info.handle.wait_exit()).kind == "normal"
    assert errors(caplog) == []


@pytest.mark.trio
async def test_a_connection_can_be_ended_by_its_peers_name() -> None:
    web = tcp_listener(echo, 0, host=LOCAL, name="web", drain=0)
    async with open_supervisor([web]):
        client = await connect(WEB.value)
        await client.send_all(b"1")
        await exactly(client, 1)
        host, port = client.socket.getsockname()
        await WEB.connections.terminate_child(f"{host}:{port}")
        assert await client.receive_some() == b""
        await client.aclose()
