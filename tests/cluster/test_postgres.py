"""A real PostgreSQL does what every engine has to do; and a cluster runs on it."""

from collections.abc import Iterator
from typing import Any

import pytest
import trio

from tests.cluster.conformance import Check
from tests.cluster.conformance_records import CHECKS
from tests.cluster.nodes import KEY, Board, Full, User, board, nodes
from tests.cluster.postgres_server import (
    PostgresServer,
    needs_postgres,
    postgres_server,
)
from trio_sup import open_supervisor
from trio_sup.cluster import ClusterError, EngineUnavailable, open_cluster
from trio_sup.cluster.postgres import PostgresBackend

pytestmark = needs_postgres


@pytest.fixture(scope="module")
def one_server() -> Iterator[PostgresServer]:
    with postgres_server() as server:
        yield server


@pytest.mark.trio
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
async def test_postgresql_conforms(check: Check, one_server: Any) -> None:
    await one_server.ready()
    await one_server.forget()
    await check(one_server)


@pytest.mark.trio
async def test_calls_casts_and_errors_cross(one_server: Any) -> None:
    await one_server.ready()
    await one_server.forget()
    async with nodes(one_server.backend, "a", "b", ttl=2) as (a, b):
        async with open_supervisor([board(a)]):
            ref = b.ref(KEY, Board)
            for number in range(100):
                ref.cast(Board.see, number)
            assert await ref.call(Board.numbers) == list(range(100))
            for name in "xyz":
                await ref.call(Board.join, User(name))
            with pytest.raises(Full):
                await ref.call(Board.join, User("w"))
            assert await b.whereis(KEY) == "a"
            big = "ä" * 100_000
            assert await ref.call(Board.echo, big) == big


@pytest.mark.trio
async def test_connections_that_are_cut_are_made_anew(one_server: Any) -> None:
    await one_server.ready()
    async with nodes(one_server.backend, "a", "b", ttl=3) as (a, b):
        async with open_supervisor([board(a)]):
            for _ in range(3):
                await one_server.command(
                    "select pg_terminate_backend(pid) from pg_stat_activity "
                    "where pid <> pg_backend_pid() and backend_type = 'client backend'"
                )
                with trio.fail_after(20):
                    while True:
                        try:
                            ref = b.ref(KEY, Board).with_timeout(1)
                            assert await ref.call(Board.echo, 1) == 1
                        except ClusterError:
                            await trio.sleep(0.05)
                        else:
                            break
            assert (a.statistics().incarnations, b.statistics().incarnations) == (1, 1)


@pytest.mark.trio
async def test_who_is_not_there_is_an_engine_that_cannot_be_reached() -> None:
    with pytest.raises(EngineUnavailable, match="No such file"):
        async with open_cluster(PostgresBackend("postgresql:///x?host=/nowhere")):
            pass


@pytest.mark.trio
@pytest.mark.parametrize("schema", ["", 'a"b', "1a", "x" * 50])
async def test_another_name_of_a_schema_is_refused(schema: str) -> None:
    with pytest.raises(ValueError, match="a schema is"):
        async with open_cluster(PostgresBackend(schema=schema)):
            pass
