"""The screen of a cluster before a real Redis, real nodes and a real observer."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.cluster.redis_server import needs_redis, redis_server
from tests.commands.rig import environment
from tests.inspector.cluster_rig import screen
from tests.inspector.rig import open_rig
from trio_sup._commands.inspect_cluster import observation

pytestmark = [pytest.mark.slow, needs_redis]


@contextmanager
def two_nodes(
    url: str, directory: Path
) -> Generator[subprocess.Popen[bytes], None, None]:
    words = ["demo", "--nodes", "2", "--redis", url, "--plain", "--clients", "0"]
    process = subprocess.Popen(
        [sys.executable, "-m", "trio_sup", *words],
        env=environment(directory),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def test_nodes_freeze_and_the_engine_hangs_dies_and_comes_back_while_it_is_open(
    short_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", environment(short_dir)["PYTHONPATH"])

    async def main() -> None:
        with redis_server() as server, two_nodes(server.url, short_dir) as nodes:
            how = observation(server.url)
            async with open_rig(cluster=how, directory=short_dir) as rig:
                await rig.until_shown("demo-2")
                await rig.until_shown("LIVE")
                os.kill(nodes.pid, signal.SIGSTOP)
                await rig.until_shown("no answer in 1 s")
                assert "the engine is away" not in rig.text()
                os.kill(nodes.pid, signal.SIGCONT)
                await rig.until_shown("● demo-2")
                server.freeze()
                await rig.until_shown("the engine is away")
                assert "demo-2" in rig.text()
                assert screen(rig).view.faded
                server.thaw()
                await rig.until(lambda: not screen(rig).view.faded)
                server.kill()
                await rig.until_shown("the engine is away")
                server.start()
                await rig.until(lambda: not screen(rig).view.faded)
                await rig.until_shown("● demo-2")
                server.freeze()
                await rig.until_shown("the engine is away")
                await rig.pilot.press("q")
                await rig.pilot.pause()
                assert not rig.app.is_running

    asyncio.run(main())
