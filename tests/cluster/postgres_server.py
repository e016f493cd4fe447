"""A real PostgreSQL for the tests: files of its own, a socket of its own, and its end."""

from __future__ import annotations

import os
import pwd
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
from tests.libpq import libpq_is_here


def _programs() -> Path | None:
    found = sorted(
        Path("/usr/lib/postgresql").glob("*/bin/postgres"),
        key=lambda path: float(path.parts[-3]),
    )
    on_path = shutil.which("postgres")
    if on_path:
        found.append(Path(on_path).resolve())
    return found[-1].parent if found else None


PROGRAMS = _programs()

needs_postgres = pytest.mark.skipif(
    PROGRAMS is None or not libpq_is_here(),
    reason="NO POSTGRESQL TESTED: there is no server, or psycopg finds no libpq "
    "(apt-get install postgresql libpq5)",
)


@define
class PostgresServer:
    """One server, with what tests do to it."""

    directory: Path
    user: str | None
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"postgresql://nodes@/postgres?host={self.directory}"

    @property
    def backend(self) -> object:
        from trio_sup.cluster.postgres import PostgresBackend

        return PostgresBackend(self.url, patience=3.0)

    def _begin(self, program: str, *args: str) -> subprocess.Popen[bytes]:
        assert PROGRAMS is not None
        return subprocess.Popen(
            [str(PROGRAMS / program), "-D", str(self.directory / "data"), *args],
            user=self.user,
            cwd=self.directory,
            env={"PATH": os.defpath, "LC_ALL": "C"},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def create(self) -> None:
        quick = ("--no-sync", "--auth", "trust", "--username", "nodes")
        assert self._begin("initdb", *quick, "-E", "UTF8", "--locale", "C").wait() == 0

    def start(self) -> None:
        options = ("fsync=off", "listen_addresses=", "shared_buffers=16MB")
        flags = [word for option in options for word in ("-c", option)]
        self.process = self._begin("postgres", "-k", str(self.directory), *flags)

    def kill(self) -> None:
        """End it, with all its processes, at once."""
        if self.process is not None:
            self.process.send_signal(signal.SIGQUIT)
            self.process.wait()
            self.process = None

    async def ready(self) -> None:
        from trio_sup.cluster._backends.link import LinkDown

        with trio.fail_after(60):
            while True:
                try:
                    await self.command("select 1")
                except LinkDown:
                    await trio.sleep(0.05)
                else:
                    return

    async def forget(self) -> None:
        """Lose all that a cluster has in it."""
        await self.command("drop schema if exists trio_sup cascade")

    async def command(self, sql: str) -> None:
        """Tell it something, on a connection of its own."""
        from trio_sup.cluster._backends.postgres_wire import open_wire

        async with open_wire(self.url, sql, print, 10):
            pass


@contextmanager
def postgres_server() -> Iterator[PostgresServer]:
    user = _other_user() if os.geteuid() == 0 else None
    with short_directory() as directory:
        if user is not None:  # it refuses to be run by root
            shutil.chown(directory, user)
        server = PostgresServer(directory, user)
        server.create()
        server.start()
        try:
            yield server
        finally:
            server.kill()


def _other_user() -> str:
    names = {each.pw_name for each in pwd.getpwall()}
    return next(name for name in ("postgres", "nobody") if name in names)
