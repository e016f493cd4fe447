"""A cluster on a real Redis, and what becomes of it when Redis does not do its part."""

import subprocess
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import trio

from tests.cluster.nodes import KEY, Board, User, all_crosses, board, nodes
from tests.cluster.redis_server import RedisServer, needs_redis, redis_server
from tests.directories import short_directory
from trio_sup import Supervisor, open_supervisor
from trio_sup.cluster import (
    Backend,
    Cluster,
    ClusterError,
    ConnectionChanged,
    EngineUnavailable,
    NodeDown,
    open_cluster,
)
from trio_sup.cluster.redis import RedisBackend

pytestmark = needs_redis
TTL = 0.9


@pytest.fixture
def server() -> Iterator[RedisServer]:
    with redis_server() as one:
        yield one


@asynccontextmanager
async def two(
    server: RedisServer, grace: float = 0.0
) -> AsyncGenerator[tuple[Cluster, Cluster, Supervisor]]:
    await server.ready()
    with trio.fail_after(60):
        async with nodes(server.backend, "a", "b", grace=grace, ttl=TTL) as (a, b):
            async with open_supervisor([board(a)]) as root:
                yield a, b, root


async def until(true: Callable[[], bool]) -> None:
    while not true():
        await trio.sleep(0.01)


async def answered(cluster: Cluster) -> list[User]:
    """Call until there is an answer: each failure is one of those that say so."""
    while True:
        try:
            users = await cluster.ref(KEY, Board).with_timeout(1).call(Board.echo, [])
        except ClusterError:
            await trio.sleep(0.02)
        else:
            assert users == []
            return []


@pytest.mark.trio
async def test_calls_casts_and_errors_cross(server: RedisServer) -> None:
    async with two(server) as (_, b, _root):
        await all_crosses(b)


@pytest.mark.trio
async def test_a_redis_that_restarts_empty_stops_no_child(server: RedisServer) -> None:
    async with two(server, grace=2 * TTL) as (a, b, root):
        (info,) = root.which_children()
        assert info.handle is not None
        await server.forget()
        await answered(b)
        assert info.handle.life == 1
        assert (a.statistics().incarnations, b.statistics().incarnations) == (1, 1)
        assert await b.whereis(KEY) == "a"


@pytest.mark.trio
async def test_a_redis_that_freezes_ends_leases_and_all_goes_on_behind_it(
    server: RedisServer,
) -> None:
    async with two(server) as (a, b, root):
        (info,) = root.which_children()
        assert info.handle is not None
        server.freeze()
        began = a._membership._link.time()
        await until(lambda: a.id is None and b.id is None)
        assert a._membership._link.time() - began <= TTL
        assert info.handle.status in ("stopping", "restarting")
        with pytest.raises(EngineUnavailable):
            await b.ref(KEY, Board).call(Board.life_now)
        server.thaw()
        await answered(b)
        assert info.handle.life == 2
        assert root.status == "running"


@pytest.mark.trio
async def test_connections_that_are_cut_are_made_anew_and_calls_say_so(
    server: RedisServer,
) -> None:
    async with two(server) as (a, b, root):
        (info,) = root.which_children()
        assert info.handle is not None
        for _ in range(5):
            async with trio.open_nursery() as calls:

                async def ask() -> None:
                    # Or it was lost on the way to a node that was cut as well.
                    with pytest.raises((ConnectionChanged, NodeDown)):
                        await b.ref(KEY, Board).with_timeout(30).call(Board.later)

                await b.ref(KEY, Board).call(Board.life_now)
                calls.start_soon(ask)
                await trio.sleep(0.05)
                await server.command("CLIENT", "KILL", "TYPE", "pubsub")
            await answered(b)
        assert info.handle.life == 1
        assert a.statistics().incarnations == 1


@pytest.mark.trio
async def test_a_redis_that_refuses_to_write_gives_no_leases(
    server: RedisServer,
) -> None:
    async with two(server) as (a, b, _):
        await server.command("CONFIG", "SET", "min-replicas-to-write", "1")
        await until(lambda: a.id is None and b.id is None)
        await server.command("CONFIG", "SET", "min-replicas-to-write", "0")
        await answered(b)


@pytest.mark.trio
async def test_what_is_sent_to_a_frozen_redis_is_done_once_or_never(
    server: RedisServer,
) -> None:
    async with two(server) as (_, b, _root):
        ref = b.ref(KEY, Board)
        await ref.call(Board.life_now)
        server.freeze()
        for number in range(20):
            ref.cast(Board.see, number)
        await trio.sleep(TTL / 3)
        server.thaw()
        await answered(b)
        seen = await ref.call(Board.numbers)
        assert seen == sorted(set(seen))


@pytest.mark.trio
async def test_scripts_that_were_flushed_are_loaded_again(server: RedisServer) -> None:
    async with two(server) as (a, b, _):
        await server.command("SCRIPT", "FLUSH")
        await answered(b)
        await trio.sleep(TTL)
        assert a.statistics().incarnations == 1


@pytest.mark.trio
async def test_two_prefixes_are_two_clusters(server: RedisServer) -> None:
    await server.ready()
    one, other = (RedisBackend(server.url, prefix=each) for each in ("one", "other"))
    async with nodes(one, "a", ttl=TTL) as (a,), nodes(other, "b", ttl=TTL) as (b,):
        async with open_supervisor([board(a)]), open_supervisor([board(b)]):
            assert await a.whereis(KEY) == "a"
            assert await b.whereis(KEY) == "b"


async def joins(backend: Backend) -> None:
    async with open_cluster(backend, node="a", ttl=5 * TTL, grace=0) as a:
        async with open_supervisor([board(a)]):
            assert await a.whereis(KEY) == "a"


@pytest.mark.trio
async def test_a_password_is_needed_where_one_is_set() -> None:
    with redis_server("--requirepass", "p/ss wörd") as server:
        right = f"unix://:p%2Fss%20w%C3%B6rd@{server.directory}/redis.sock"
        while True:
            try:
                await joins(RedisBackend(right))
            except EngineUnavailable:
                await trio.sleep(0.02)
            else:
                break
        for wrong in (server.url, right.replace("wrd", "x").replace("p%2F", "")):
            with pytest.raises(EngineUnavailable, match=r"NOAUTH|WRONGPASS"):
                await joins(RedisBackend(wrong))
        assert "p%2F" not in repr(RedisBackend(right))


@pytest.mark.trio
async def test_who_is_not_there_is_an_engine_that_cannot_be_reached() -> None:
    with short_directory() as directory:
        with pytest.raises(EngineUnavailable, match="cannot connect to Redis"):
            await joins(RedisBackend(f"unix://{directory}/nobody"))


@pytest.mark.trio
async def test_who_hangs_up_on_a_greeting_is_an_engine_that_cannot_be_reached() -> None:
    # The asker and the connection's own task both see that: it is one thing.
    async def hang_up(stream: trio.SocketStream) -> None:
        async with stream:
            await stream.receive_some()

    with short_directory() as directory:
        with trio.socket.socket(trio.socket.AF_UNIX) as own:
            await own.bind(f"{directory}/rude")
            own.listen(8)
            async with trio.open_nursery() as nursery:
                nursery.start_soon(
                    trio.serve_listeners, hang_up, [trio.SocketListener(own)]
                )
                with pytest.raises(EngineUnavailable, match="closed the connection"):
                    await joins(RedisBackend(f"unix://{directory}/rude"))
                nursery.cancel_scope.cancel()


@pytest.mark.parametrize("url", ["http://x", "localhost", "redis://x/name", ""])
@pytest.mark.trio
async def test_another_url_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="Redis"):
        await joins(RedisBackend(url))


def certificate(directory: Path) -> tuple[str, str]:
    key, cert = str(directory / "key.pem"), str(directory / "cert.pem")
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "ec", "-nodes", "-days", "2"),
            *("-pkeyopt", "ec_paramgen_curve:prime256v1", "-keyout", key),
            *("-out", cert, "-subj", "/CN=localhost"),
            *("-addext", "subjectAltName=DNS:localhost"),
        ],
        check=True,
        capture_output=True,
    )
    return key, cert


@pytest.mark.trio
async def test_tls_is_spoken_and_a_certificate_is_checked(
    unused_tcp_port_here: int,
) -> None:
    import ssl

    port = unused_tcp_port_here
    with short_directory() as directory:
        key, cert = certificate(directory)
        options = ("--tls-port", str(port), "--tls-auth-clients", "no")
        files = ("--tls-cert-file", cert, "--tls-key-file", key)
        with redis_server(*options, *files) as server:
            await server.ready()
            trusted = ssl.create_default_context(cafile=cert)
            url = f"rediss://localhost:{port}"
            await joins(RedisBackend(url, tls=trusted))
            with pytest.raises(EngineUnavailable, match="cannot connect"):
                await joins(RedisBackend(url))


@pytest.fixture
def unused_tcp_port_here() -> int:
    import socket

    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
    return port
