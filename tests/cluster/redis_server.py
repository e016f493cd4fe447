"""A real redis-server for the tests, on a socket of its own, stopped by its own process."""

from __future__ import annotations

import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import trio
from attrs import define

from tests.directories import short_directory
from trio_sup.cluster._backends.link import LinkDown
from trio_sup.cluster._backends.redis_wire import Address, open_wire
from trio_sup.cluster.redis import RedisBackend

BINARY = shutil.which("redis-server") or shutil.which("valkey-server")

needs_redis = pytest.mark.skipif(
    BINARY is None,
    reason="NO REDIS TESTED: there is no redis-server (apt-get install redis-server)",
)


@define
class RedisServer:
    """One server, with what tests do to it."""

    directory: Path
    process: subprocess.Popen[bytes] | None = None
    options: tuple[str, ...] = ()

    @property
    def socket(self) -> Path:
        return self.directory / "redis.sock"

    @property
    def url(self) -> str:
        return f"unix://{self.socket}"

    @property
    def backend(self) -> RedisBackend:
        return RedisBackend(self.url, patience=1.0)

    def start(self) -> None:
        self.socket.unlink(missing_ok=True)
        quiet = ["--port", "0", "--save", "", "--loglevel", "warning"]
        place = ["--dir", str(self.directory), "--unixsocket", str(self.socket)]
        self.process = subprocess.Popen(
            [str(BINARY), *quiet, *place, *self.options], stdout=subprocess.DEVNULL
        )

    async def ready(self) -> None:
        with trio.fail_after(20):
            while True:
                try:
                    await self.command("PING")
                except LinkDown:
                    await trio.sleep(0.01)
                else:
                    return

    async def stop(self) -> None:
        self.kill()

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def freeze(self) -> None:
        assert self.process is not None
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        assert self.process is not None
        self.process.send_signal(signal.SIGCONT)

    async def forget(self) -> None:
        """Restart without any data."""
        self.kill()
        self.start()
        await self.ready()

    async def command(self, *words: str) -> object:
        """Ask it something, on a connection of its own."""
        async with open_wire(Address.of(self.url, None), print, 5) as wire:
            return await wire.ask(*words)


@contextmanager
def redis_server(*options: str) -> Iterator[RedisServer]:
    with short_directory() as directory:
        server = RedisServer(directory, options=options)
        server.start()
        try:
            yield server
        finally:
            server.kill()
