"""The inspector in front, the service behind it.

They are two processes: the inspector needs the terminal and an event loop of its
own, and shows what any inspector would see that attaches from another terminal.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, TypeAlias

from trio_sup.inspect.finding.directory import runtime_dir
from trio_sup.inspect.finding.discovery import probe, socket_path

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from pathlib import Path

    from trio_sup.demo.options import Options

Show: TypeAlias = "Callable[[Path], int | None]"
"""The inspector: shows the node behind a socket until the user quits."""
Process: TypeAlias = "Callable[..., tuple[list[str], dict[str, str]]]"
"""Makes the command and the environment that run a module, given it and its words."""

START_SECONDS = 20.0
STOP_SECONDS = 10.0
LAST_WORDS = 4000
"""Bytes at the end of the service's log that are shown if it fails."""


def say_what_is_missing() -> None:
    """Say on stderr that there is no inspector, and how to come by one."""
    sys.stderr.write(
        "trio-sup demo: going on without the inspector: install the extra "
        "`inspector` of trio-sup (textual) to see it\n"
    )


def run(options: Options, show: Show, process: Process) -> int:
    """Run the service in the background and the inspector in front of it.

    Args:
        options: What the user asked for.
        show: The inspector.
        process: How the service becomes a process of its own.

    Returns:
        The exit code of the service, which ends when the user quits; the
        inspector's if that failed.
    """
    with tempfile.TemporaryFile() as log:
        with background_service(options, process, log) as service:
            socket = wait_for_socket(service, options)
            shown = None if socket is None else _show_until_over(socket, service, show)
        code = service.returncode
        if code or socket is None:
            _report(log, code)
    return code or shown or int(socket is None)


@contextmanager
def background_service(
    options: Options, process: Process, log: IO[bytes]
) -> Generator[subprocess.Popen[bytes], None, None]:
    """Start the service; at the end of the block stop it, and wait until it has."""
    command, environ = process("trio_sup.demo.service", *options.to_argv())
    service = subprocess.Popen(  # noqa: S603 - our own module
        command,
        env=environ,
        stdin=subprocess.PIPE,
        stdout=log,
        stderr=log,
        process_group=0,  # Keys and signals of the terminal are for the inspector.
    )
    try:
        yield service
    finally:
        service.terminate()
        try:
            service.wait(STOP_SECONDS)
        except (subprocess.TimeoutExpired, KeyboardInterrupt):
            service.kill()
            service.wait()
        assert service.stdin is not None
        service.stdin.close()


def wait_for_socket(service: subprocess.Popen[bytes], options: Options) -> Path | None:
    """Wait until inspectors can attach; None if that never comes."""
    path = socket_path(runtime_dir(), options.name, service.pid)
    deadline = time.monotonic() + START_SECONDS
    while probe(path) != "listening":
        if service.poll() is not None or time.monotonic() > deadline:
            return None
        time.sleep(0.02)
    return path


def _show_until_over(
    socket: Path, service: subprocess.Popen[bytes], show: Show
) -> int | None:
    """Show the inspector until the user quits, or the service has run its time."""

    def watch() -> None:
        if service.wait() == 0 and not over.is_set():
            os.kill(os.getpid(), signal.SIGINT)

    over = threading.Event()
    threading.Thread(target=watch, daemon=True).start()
    try:
        return show(socket)
    except KeyboardInterrupt:
        return 0
    finally:
        over.set()


def _report(log: IO[bytes], code: int) -> None:
    size = log.seek(0, os.SEEK_END)
    log.seek(max(0, size - LAST_WORDS))
    sys.stderr.write(log.read().decode(errors="replace"))
    sys.stderr.write(f"trio-sup demo: the service ended with exit code {code}\n")
