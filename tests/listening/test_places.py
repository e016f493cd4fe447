"""Where a listener listens: ports, paths, TLS; and what it refuses to take."""

from __future__ import annotations

import logging
import socket
import ssl
import stat
from pathlib import Path
from typing import Any

import pytest
import trio

from tests.listening.clients import connect, echo, exactly
from trio_sup import (
    ChildSpecError,
    Listener,
    StartFailed,
    address,
    listener,
    open_supervisor,
    tcp_listener,
    unix_listener,
)

WEB = address("web", Listener[Any])
PEM = Path(__file__).parent / "localhost.pem"


@pytest.mark.trio
async def test_a_port_in_use_is_a_start_that_failed() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        web = tcp_listener(echo, port, host="127.0.0.1")
        with pytest.raises(StartFailed) as caught:
            async with open_supervisor([web]):
                pass
        cause: BaseException | None = caught.value
        while cause is not None and not isinstance(cause, OSError):
            cause = cause.__cause__
        assert isinstance(cause, OSError)


@pytest.mark.trio
async def test_a_free_port_is_one_port_at_all_addresses() -> None:
    async with open_supervisor([tcp_listener(echo, 0, name="web")]):
        hosts = ["127.0.0.1"]
        with socket.socket(socket.AF_INET6) as asking:
            if not asking.connect_ex(("::1", WEB.value)):
                hosts.append("::1")
        for host in hosts:
            client = await trio.open_tcp_stream(host, WEB.value)
            await client.send_all(b"1")
            assert await exactly(client, 1) == b"1"
            await client.aclose()


@pytest.mark.trio
async def test_a_unix_socket_is_the_users_own_and_goes_with_its_listener(
    short_dir: Path,
) -> None:
    path = short_dir / "web.sock"
    with socket.socket(socket.AF_UNIX) as killed:
        killed.bind(str(path))  # what a killed program leaves behind
    async with open_supervisor([unix_listener(echo, path, name="web")]):
        assert WEB.value == path
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        clients = [await trio.open_unix_socket(str(path)) for _ in range(2)]
        for client in clients:
            await client.send_all(b"1")
            assert await exactly(client, 1) == b"1"
        ids = [str(info.id) for info in WEB.connections.which_children()]
        assert len(set(ids)) == 2
        assert all(id.endswith(f"#{n}") for n, id in enumerate(ids, 1))
        for client in clients:
            await client.aclose()
    assert not path.exists()


@pytest.mark.trio
async def test_a_path_at_which_somebody_listens_is_left_to_them(
    short_dir: Path,
) -> None:
    path, other = short_dir / "web.sock", short_dir / "file"
    other.write_text("mine")
    with socket.socket(socket.AF_UNIX) as theirs:
        theirs.bind(str(path))
        theirs.listen()
        for taken in (path, other):
            with pytest.raises(StartFailed):
                async with open_supervisor([unix_listener(echo, taken)]):
                    pass
        assert path.is_socket()
    assert other.read_text() == "mine"


def contexts() -> tuple[ssl.SSLContext, ssl.SSLContext]:
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    server.load_cert_chain(PEM)
    return server, ssl.create_default_context(cafile=PEM)


@pytest.mark.trio
async def test_tls_and_what_is_no_tls(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "trio_sup.listener")
    server, trusting = contexts()
    web = tcp_listener(echo, 0, host="127.0.0.1", name="web", ssl_context=server)
    async with open_supervisor([web]):
        scanner = await connect(WEB.value)
        await scanner.send_all(b"GET / HTTP/1.0\r\n\r\n")
        while await scanner.receive_some():
            pass
        await scanner.aclose()
        plain = await connect(WEB.value)
        client = trio.SSLStream(plain, trusting, server_hostname="localhost")
        await client.send_all(b"secret")
        assert await exactly(client, 6) == b"secret"
        await client.aclose()
        for info in WEB.connections.which_children():
            await info.handle.wait_stopped()
    said = [r for r in caplog.records if r.name == "trio_sup.listener"]
    assert len(said) == 1
    assert "no TLS connection" in said[0].getMessage()
    assert not [r for r in caplog.records if r.levelno >= logging.WARNING]


@pytest.mark.trio
async def test_a_client_that_never_shakes_hands_is_left(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO, "trio_sup.listener")
    server, _ = contexts()
    web = tcp_listener(
        echo, 0, host="127.0.0.1", name="web", ssl_context=server, handshake_timeout=0
    )
    async with open_supervisor([web]):
        silent = await connect(WEB.value)
        assert await silent.receive_some() == b""
        await silent.aclose()
    assert "not done in 0 s" in caplog.text


async def wants_two(stream: object, other: object) -> None: ...


def plain(stream: object) -> None: ...


@pytest.mark.parametrize(
    ("what", "field"),
    [
        (lambda: tcp_listener(echo, 70_000), "port"),
        (lambda: tcp_listener(echo, "80"), "port"),  # type: ignore[call-overload]
        (lambda: tcp_listener(echo, True), "port"),
        (lambda: tcp_listener(echo, 0, max_connections=0), "max_connections"),
        (lambda: tcp_listener(echo, 0, max_connections=1.5), "max_connections"),
        (lambda: tcp_listener(echo, 0, drain=-1), "drain"),
        (lambda: tcp_listener(echo, 0, handshake_timeout=-1), "handshake_timeout"),
        (lambda: unix_listener(echo, "x", when_full="drop"), "when_full"),  # type: ignore[arg-type]
        (lambda: tcp_listener(plain, 0), "target"),  # type: ignore[arg-type]
        (lambda: tcp_listener(wants_two, 0), "args"),  # type: ignore[arg-type]
        (lambda: listener(echo, plain), "target"),  # type: ignore[arg-type]
    ],
)
def test_what_cannot_be_is_refused_where_it_is_written(what: Any, field: str) -> None:
    with pytest.raises(ChildSpecError) as caught:
        what()
    assert caught.value.field == field


def test_an_unknown_option_is_answered_with_those_that_there_are() -> None:
    with pytest.raises(TypeError, match=r"'connections'; it takes .*max_connections"):
        tcp_listener(echo, 0, connections=5)  # type: ignore[call-overload]
