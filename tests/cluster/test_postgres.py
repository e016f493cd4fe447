"""A real PostgreSQL does what every engine has to do; and a cluster runs on it."""

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
import trio

from tests.cluster.conformance import Check, beat, info, member, next_of
from tests.cluster.conformance_records import CHECKS
from tests.cluster.nodes import KEY, Board, all_crosses, board, nodes
from tests.cluster.postgres_server import (
    PostgresServer,
    needs_postgres,
    postgres_server,
)
from tests.cluster.test_nodes_command import ask
from trio_sup import ChildSpec, ServerRef, child, open_supervisor
from trio_sup.cluster import (
    ClusterError,
    EngineUnavailable,
    child_factory,
    open_cluster,
)
from trio_sup.cluster._backends.link import LinkDown
from trio_sup.cluster._rules.words import Name, Posted, Recorded, Reset

pytestmark = needs_postgres
TTL = 6.0
"""A lease that a busy machine renews; what was missed is asked for within its third."""
CUT = (
    "select pg_terminate_backend(pid) from pg_stat_activity "
    "where pid <> pg_backend_pid() and backend_type = 'client backend'"
)


@child_factory("postgres-thing")
def thing(number: int) -> ChildSpec[ServerRef[Board]]:
    del number
    return child(Board)


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
    async with nodes(one_server.backend, "a", "b", ttl=TTL) as (a, b):
        async with open_supervisor([board(a)]):
            await all_crosses(b)


@pytest.mark.trio
async def test_connections_that_are_cut_are_made_anew(one_server: Any) -> None:
    await one_server.ready()
    async with nodes(one_server.backend, "a", "b", ttl=TTL) as (a, b):
        async with open_supervisor([board(a)]):
            for _ in range(3):
                await one_server.command(CUT)
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
async def test_who_listens_goes_on_over_connections_that_are_cut(
    one_server: Any,
) -> None:
    await one_server.ready()
    await one_server.forget()
    kept = '["s","kept"]'
    async with member(one_server, "a") as a, member(one_server, "b") as b:
        b.topics.subscribe("t\x00")
        await b.records.follow()
        await one_server.command(CUT)
        await next_of(b, Reset)
        await next_of(a, Reset)
        with trio.fail_after(5):
            while True:
                with suppress(LinkDown):
                    await beat(a, "a")
                    await beat(b, "b")
                    break
                await trio.sleep(0.01)
        a.topics.publish("t\x00", b"\x00" * 20_000)
        assert await next_of(b, Posted) == Posted("t\x00", b"\x00" * 20_000)
        await a.records.swap(info("a").id, "s", Name(kept), None, "x" * 20_000)
        told = await next_of(b, Recorded)
        assert isinstance(told, Recorded)
        assert (told.name, told.text) == (kept, "x" * 20_000)


@pytest.mark.trio
async def test_children_are_placed_and_the_command_lists_their_nodes(
    one_server: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    await one_server.ready()
    await one_server.forget()
    async with nodes(one_server.backend, "a", "b", ttl=TTL) as (a, b):
        at_a, at_b = (each.dynamic_supervisor("things") for each in (a, b))
        async with open_supervisor([at_a.spec()]), open_supervisor([at_b.spec()]):
            ref = await at_a.start_child("one", thing, 1)
            assert await ref.call(Board.echo, 1) == 1
            with trio.fail_after(5):
                while [each.key for each in at_b.children()] != ["one"]:
                    await trio.sleep(0.01)
            assert await ask("--cluster", one_server.url, "--names") == 0
            lines = capsys.readouterr().out.splitlines()
    assert [line.split()[:2] for line in lines[1:3]] == [["a", "ok"], ["b", "ok"]]
    assert lines[5].startswith("'one'")


@pytest.mark.trio
async def test_who_is_not_there_is_an_engine_that_cannot_be_reached() -> None:
    from trio_sup.cluster.postgres import PostgresBackend

    with pytest.raises(EngineUnavailable, match="No such file"):
        async with open_cluster(PostgresBackend("postgresql:///x?host=/nowhere")):
            pass


@pytest.mark.parametrize("schema", ["", 'a"b', "1a", "x" * 50])
def test_another_name_of_a_schema_is_refused(schema: str) -> None:
    from trio_sup.cluster.postgres import PostgresBackend

    with pytest.raises(ValueError, match="a schema is"):
        PostgresBackend(schema=schema)
