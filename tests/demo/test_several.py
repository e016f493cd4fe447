"""The demonstration's boards on three nodes, one of which is cut off again and again."""

import argparse
from contextlib import AsyncExitStack

import pytest
import trio

from trio_sup import child, open_supervisor
from trio_sup._commands import demo as command
from trio_sup._commands.command import CommandError
from trio_sup.cluster import Cluster, LocalBackend, open_cluster
from trio_sup.demo.options import Options
from trio_sup.demo.several import BOARDS, TTL, SharedBoard, cut_off, fell, one_node

NAMES = ["demo-1", "demo-2", "demo-3"]


async def holders(clusters: list[Cluster]) -> set[str | None]:
    return {await clusters[0].whereis(("board", title)) for title in BOARDS}


@pytest.mark.trio
async def test_boards_run_on_all_nodes_and_outlive_each_of_them(
    autojump_clock: trio.abc.Clock, quiet_log: None
) -> None:
    engine = LocalBackend()
    async with AsyncExitStack() as stack:
        clusters = [
            await stack.enter_async_context(open_cluster(engine, node=name, ttl=TTL))
            for name in NAMES
        ]
        specs = [one_node(each, range(2)) for each in clusters]
        chaos = child(cut_off, engine, NAMES, 5.0)
        async with open_supervisor([*specs, chaos]) as root:
            await trio.sleep(120)
            await root.terminate_child("cut_off")
            for name in NAMES:
                engine.heal(name)
            await trio.sleep(4 * TTL)
            assert await holders(clusters) <= set(NAMES)
            async with open_supervisor([child(fell, clusters[0], 3.0)]):
                await trio.sleep(20)
            assert root.status == "running"
            news = clusters[0].ref(("board", "news"), SharedBoard)
            assert await news.call(SharedBoard.post, "ada", "still there") > 0
        assert all(each.statistics().malformed == 0 for each in clusters)


def test_its_options_survive_the_way_to_a_process_and_are_checked() -> None:
    options = Options(nodes=3, redis="redis://localhost:1")
    assert Options.from_argv(options.to_argv()) == options
    parser = argparse.ArgumentParser()
    command.arguments(parser)
    with pytest.raises(SystemExit):
        parser.parse_args(["--nodes", "0"])
    args = parser.parse_args(["--redis", "ftp://x"])
    with pytest.raises(CommandError, match="redis://"):
        command.run(args)
