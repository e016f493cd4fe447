"""``reminders-postgres``: a PostgreSQL to try things with, and to kill.

Its files live in a folder of their own, which is gone at the end.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psycopg


def find() -> Path | None:
    """Return the folder of the newest PostgreSQL of this machine, if there is one."""
    found = sorted(
        Path("/usr/lib/postgresql").glob("*/bin/postgres"),
        key=lambda path: float(path.parts[-3]),
    )
    on_path = shutil.which("postgres")
    if on_path:
        found.append(Path(on_path).resolve())
    return found[-1].parent if found else None


class Trial:
    """A database that can be killed, frozen and started again.

    Args:
        programs: The folder that `find` returns.
        folder: Where its files go; has to belong to `user`.
        user: Whose processes they are; `None` for our own.
    """

    def __init__(self, programs: Path, folder: Path, user: str | None) -> None:
        self._programs = programs
        self._folder = folder
        self._user = user
        self._server: subprocess.Popen[bytes] | None = None
        self.url = f"postgresql://reminders@/postgres?host={folder}"

    def create(self) -> None:
        """Make the files of an empty database."""
        options = ("--auth", "trust", "--username", "reminders", "--no-sync")
        locale = ("--encoding", "UTF8", "--locale", "C")
        if self._begin("initdb", "-D", self._files, *options, *locale).wait():
            raise RuntimeError("initdb made no database")

    def start(self) -> None:
        """Start it; it answers when this returns."""
        sockets = ("-k", str(self._folder), "-c", "listen_addresses=")
        for _ in range(200):
            if self._server is None or self._server.poll() is not None:
                # The children of one that was killed may not be gone yet.
                self._server = self._begin("postgres", "-D", self._files, *sockets)
            with suppress(psycopg.OperationalError):
                psycopg.connect(self.url, connect_timeout=3).close()
                return
            time.sleep(0.05)
        raise RuntimeError("the database did not start")

    def kill(self) -> None:
        """Kill it as a power cut does: with all its processes, and nothing put away."""
        if self._server is not None:
            self._signal(signal.SIGKILL)
            self._server.wait()

    def freeze(self) -> None:
        """Let it neither answer nor hang up."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        self._signal(signal.SIGCONT)

    @property
    def _files(self) -> str:
        return str(self._folder / "data")

    def _signal(self, number: signal.Signals) -> None:
        assert self._server is not None
        parent = self._server.pid
        children = Path(f"/proc/{parent}/task/{parent}/children")
        with suppress(ProcessLookupError, FileNotFoundError):
            for pid in [parent, *map(int, children.read_text().split())]:
                os.kill(pid, number)

    def _begin(self, program: str, *arguments: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [str(self._programs / program), *arguments],
            user=self._user,
            cwd=self._folder,
            env={"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )


@contextmanager
def trial(programs: Path) -> Iterator[Trial]:
    """Run a database as long as the block lasts."""
    user = _other_user() if os.geteuid() == 0 else None
    with tempfile.TemporaryDirectory(
        prefix="pg-", ignore_cleanup_errors=True
    ) as folder:
        if user is not None:
            shutil.chown(folder, user)
        database = Trial(programs, Path(folder), user)
        database.create()
        database.start()
        try:
            yield database
        finally:
            database.kill()


def _other_user() -> str:
    """Return whom to be: PostgreSQL refuses to run as root."""
    names = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"


def main() -> None:
    """Run one until a signal ends it."""
    programs = find()
    if programs is None:
        sys.exit("no PostgreSQL here: apt-get install postgresql")
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with suppress(KeyboardInterrupt), trial(programs) as database:
        print(f"REMINDERS_DATABASE='{database.url}'", flush=True)
        signal.pause()


if __name__ == "__main__":
    main()
