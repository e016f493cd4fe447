"""Mentions on three nodes behind one address: the node of a sync dies."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

import pytest
import trio
from mentions import several
from mentions.front import spec as front
from mentions.github import GitHub
from mentions.several import tree
from mentions.standin import StandIn
from mentions.sync import Way

from examples.mentions.tests.standing_in import news, running, viewer
from trio_sup import open_supervisor
from trio_sup.cluster import Cluster, LocalBackend, open_cluster

pytestmark = pytest.mark.trio
TTL = 0.6
NODES = ("a", "b", "c")


@pytest.fixture(autouse=True)
def quiet(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    caplog.set_level(logging.CRITICAL, "trio_sup")
    caplog.set_level(logging.CRITICAL, "mentions")
    monkeypatch.setattr(several, "ASKED", 0.05)
    monkeypatch.setattr(several, "PATIENCE", 0.4)


@pytest.fixture
def standin() -> Iterator[StandIn]:
    with running(StandIn(largest=10)) as standin:
        yield standin


async def test_viewers_of_all_nodes_share_a_sync_that_outlives_its_node(
    standin: StandIn,
) -> None:
    engine, scopes = LocalBackend(), dict[str, trio.CancelScope]()
    clusters, pages = dict[str, Cluster](), dict[str, int]()

    async def run(node: str, task_status: trio.TaskStatus[None]) -> None:
        with trio.CancelScope() as scopes[node]:
            async with open_cluster(engine, node=node, ttl=TTL) as own:
                way = Way(GitHub(standin.url), "ada/engine", every=0.05)
                async with open_supervisor([tree(own, way, 0)]) as root:
                    value: Any = root.child(node, "web").value
                    clusters[node] = own
                    pages[node] = int(value[0].rpartition(":")[2])
                    task_status.started()
                    await trio.sleep_forever()

    with trio.fail_after(60):
        async with trio.open_nursery() as nursery:
            for node in NODES:
                await nursery.start(run, node)
            await trio.sleep(TTL / 2)
            standin.write("bob", "hello @ada", ago=60)
            async with (
                open_supervisor([front(0, list(pages.values()))]) as root,
                viewer(f"http://127.0.0.1:{pages['a']}", "ada") as at_a,
                viewer(f"http://127.0.0.1:{pages['b']}", "ada") as at_b,
            ):
                port: Any = root.child("front").value
                for each in (at_a, at_b):
                    assert (await news(each, "mentions"))[0]["body"] == "hello @ada"
                holder = await clusters["a"].whereis(("sync", "ada"))
                assert holder is not None
                engine.cut(holder)
                scopes[holder].cancel()
                standin.write("cy", "again @ada")
                left = at_b if holder == "a" else at_a
                while True:
                    found = await news(left, "mentions")
                    if any(each["body"] == "again @ada" for each in found):
                        break
                alive = next(node for node in NODES if node != holder)
                heir = await clusters[alive].whereis(("sync", "ada"))
                assert heir not in (None, holder)
                # The one address leads to a node that lives.
                async with viewer(f"http://127.0.0.1:{port}", "ada") as late:
                    assert len(await news(late, "mentions")) >= 1
            while await clusters[alive].whereis(("sync", "ada")):  # noqa: ASYNC110
                await trio.sleep(0.02)
            nursery.cancel_scope.cancel()
