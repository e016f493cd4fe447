"""`trio-sup nodes --cluster URL` on a real Redis."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import trio

from tests.cluster.nodes import Board, nodes
from tests.cluster.redis_server import needs_redis, redis_server
from trio_sup import child, open_supervisor
from trio_sup.cli import main
from trio_sup.cluster import open_cluster
from trio_sup.cluster._nodes.looking import Looks

Output = Callable[[], tuple[str, str]]
TTL = 2.0


async def ask(*words: str) -> int:
    def run() -> int:
        with pytest.raises(SystemExit) as ended:
            raise SystemExit(main(["nodes", *words]))
        return int(ended.value.code or 0)

    return await trio.to_thread.run_sync(run)


@needs_redis
@pytest.mark.trio
async def test_it_lists_health_leases_names_and_holders_and_joins_as_nobody(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with redis_server() as server:
        await server.ready()
        async with nodes(server.backend, "a", "b", ttl=TTL) as (a, b):
            async with open_supervisor([child(Board, name=a.name(("board", 7)))]):
                assert await ask("--cluster", server.url, "--names") == 0
                text = capsys.readouterr().out
                assert await ask("--cluster", server.url, "--json") == 0
                found = json.loads(capsys.readouterr().out)
            assert [info.name for info in b.nodes().values()] == ["a", "b"]
    lines = [line.split() for line in text.splitlines()]
    assert [line[:2] for line in lines[:3]] == [
        ["NODE", "HEALTH"],
        ["a", "ok"],
        ["b", "ok"],
    ]
    assert lines[4][:3] == ["NAME", "NODE", "TOKEN"]
    assert lines[5][:3] == ["('board',", "7)", "a"]
    assert lines[5][-1] == "root/Board"
    assert [node["node"] for node in found["nodes"]] == ["a", "b"]
    assert [node["held"] for node in found["nodes"]] == [1, 0]
    assert found["nodes"][0]["names"][0]["key"] == "('board', 7)"


@needs_redis
@pytest.mark.trio
async def test_a_frozen_node_is_said_to_be_silent_and_an_empty_cluster_to_be_empty(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with redis_server() as server:
        await server.ready()
        assert await ask("--cluster", server.url) == 0
        said = "no node is in the cluster 'trio-sup' there; --prefix names another"
        assert said in capsys.readouterr().err
        assert await ask("--cluster", server.url, "--prefix", "boards") == 0
        assert "in the cluster 'boards' there" in capsys.readouterr().err
        monkeypatch.setattr(Looks, "take", lambda *_: None)
        async with open_cluster(server.backend, node="a", ttl=9):
            assert await ask("--cluster", server.url, "--timeout", "0.1") == 0
            assert "a     no answer in 0.1 s" in capsys.readouterr().out
            words = ("--cluster", server.url, "--timeout", "0.1", "--json")
            assert await ask(*words) == 0
            (node,) = json.loads(capsys.readouterr().out)["nodes"]
            assert (node["node"], node["answers"]) == ("a", False)


@pytest.mark.trio
async def test_what_is_no_engine_and_one_that_is_not_there_are_said_in_a_line(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert await ask("--cluster", "http://x") == 2
    said = capsys.readouterr().err
    assert "redis://" in said
    assert "postgresql://" in said
    assert await ask("--cluster", "redis://localhost:x") == 2
    assert capsys.readouterr().err.startswith("trio-sup: the port of 'localhost': ")
    assert await ask("--cluster", f"unix://{tmp_path}/none") == 7
    assert capsys.readouterr().err.startswith("trio-sup: cannot join: ")
