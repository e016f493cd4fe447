"""The acceptor: room, what accept(2) says, and what a crash of its own leaves open."""

from __future__ import annotations

import errno
import logging

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from tests.listening.clients import connect, echo, exactly
from tests.listening.memory import MemoryListener
from trio_sup import (
    ChildSpec,
    Listener,
    RestartLimitExceeded,
    Supervisor,
    address,
    listener,
    open_supervisor,
    supervisor,
    tcp_listener,
)
from trio_sup.testing import Crash, replay

WEB = address("web", Listener[int])


def lines(caplog: pytest.LogCaptureFixture, level: int) -> list[str]:
    return [
        r.getMessage()
        for r in caplog.records
        if r.name == "trio_sup.listener" and r.levelno == level
    ]


def count() -> int:
    return WEB.connections.count_children().active


@pytest.mark.trio
async def test_a_full_listener_lets_clients_wait_and_says_so_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    place = MemoryListener()
    web = listener(echo, place.open, name="web", max_connections=2)
    async with open_supervisor([web]):
        clients = [place.connect() for _ in range(4)]
        for client in clients:
            await client.send_all(b"1")
        await wait_all_tasks_blocked()
        assert count() == 2
        for client in clients:  # each makes room for the next
            assert await exactly(client, 1) == b"1"
            await client.aclose()
            await wait_all_tasks_blocked()
        assert count() == 0
    [line] = lines(caplog, logging.WARNING)
    assert line == ("root/web: has max_connections=2 connections; new clients wait")


@pytest.mark.trio
async def test_several_sockets_of_one_listener_share_its_room() -> None:
    one, other = MemoryListener(), MemoryListener()

    async def both() -> list[MemoryListener]:
        return [one, other]

    async with open_supervisor([listener(echo, both, name="web", max_connections=1)]):
        clients = [place.connect() for place in (one, other) * 3]
        for client in clients:
            await client.send_all(b"1")
        await wait_all_tasks_blocked()
        assert count() == 1
        async with trio.open_nursery() as nursery:

            async def leave(client: trio.abc.Stream) -> None:
                assert await exactly(client, 1) == b"1"
                assert count() == 1
                await client.aclose()

            for client in clients:
                nursery.start_soon(leave, client)


@pytest.mark.trio
async def test_a_full_listener_that_refuses_closes_at_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    web = tcp_listener(
        echo, 0, host="127.0.0.1", name="web", max_connections=1, when_full="refuse"
    )
    async with open_supervisor([web]):
        first = await connect(WEB.value)
        await first.send_all(b"1")
        await exactly(first, 1)
        for _ in range(3):
            late = await connect(WEB.value)
            assert await late.receive_some() == b""
            await late.aclose()
        await first.send_all(b"2")
        assert await exactly(first, 1) == b"2"
        await first.aclose()
    [line] = lines(caplog, logging.WARNING)
    assert line.endswith("new clients are closed at once")


@pytest.mark.trio
@pytest.mark.parametrize("code", [errno.EMFILE, errno.ENFILE, errno.ENOBUFS])
async def test_too_many_open_files_is_tried_again_and_told_once(
    autojump_clock: MockClock, caplog: pytest.LogCaptureFixture, code: int
) -> None:
    caplog.set_level(logging.INFO, "trio_sup.listener")
    place = MemoryListener()
    async with open_supervisor([listener(echo, place.open, name="web")]):
        began = trio.current_time()
        for _ in range(5):
            place.fail(OSError(code, "none left"))
        client = place.connect()
        await client.send_all(b"1")
        assert await exactly(client, 1) == b"1"
        assert trio.current_time() == pytest.approx(began + 5 * 0.1)
        assert (WEB.life, WEB.statistics().restarts) == (1, 0)
        await client.aclose()
    [line] = lines(caplog, logging.ERROR)
    assert errno.errorcode[code] in line
    assert lines(caplog, logging.INFO) == ["root/web: accepts clients again"]


@pytest.mark.trio
async def test_a_client_that_is_gone_when_it_is_accepted_concerns_nobody() -> None:
    place = MemoryListener()
    async with open_supervisor([listener(echo, place.open, name="web")]):
        place.fail(OSError(errno.ECONNABORTED, "gone"))
        client = place.connect()
        await client.send_all(b"1")
        assert await exactly(client, 1) == b"1"
        assert WEB.statistics().restarts == 0
        await client.aclose()


@pytest.mark.trio
async def test_an_acceptor_that_crashes_leaves_sockets_and_connections_alone() -> None:
    place = MemoryListener()
    async with open_supervisor([listener(echo, place.open, name="web")]):
        client = place.connect()
        await client.send_all(b"1")
        await exactly(client, 1)
        place.fail(OSError(errno.EINVAL, "what is that?"))
        waiting = place.connect()
        await waiting.send_all(b"2")
        assert await exactly(waiting, 1) == b"2"
        assert not place.closed
        assert WEB.statistics().restarts == 1
        await client.send_all(b"3")
        assert await exactly(client, 1) == b"3"
        await client.aclose()
        await waiting.aclose()


def test_sockets_that_crash_take_the_acceptor_along_without_a_crash_of_its_own(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.CRITICAL, "trio_sup")

    def build() -> ChildSpec[Supervisor]:
        web = tcp_listener(echo, 0, host="127.0.0.1", id="web")
        return supervisor([web], id="root")

    # It has the laws checked, too: who crashes without a fault of its own breaks one.
    replay(build, [Crash("root/web/sockets", at=1.0)])


@pytest.mark.trio
async def test_a_listener_that_is_broken_gives_up() -> None:
    place = MemoryListener()
    with pytest.raises(RestartLimitExceeded) as caught:
        async with open_supervisor([listener(echo, place.open, id="web")]):
            for _ in range(100):
                place.fail(OSError(errno.EINVAL, "broken"))
            await trio.sleep_forever()
    assert isinstance(caught.value.__cause__, RestartLimitExceeded)
    assert place.closed
