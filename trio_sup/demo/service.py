"""Runs the board server; as a program of its own, behind the inspector.

``python -m trio_sup.demo.service`` takes the options of ``trio-sup demo``, once they
have been checked, prints nothing, and stops in order when its standard input is closed: it never outlives the
one who started it.
"""

from __future__ import annotations

import errno
import logging
import os
import signal
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import trio

from trio_sup import RestartLimitExceeded, StartFailed, child, serve
from trio_sup.cluster import EngineUnavailable
from trio_sup.demo import several
from trio_sup.demo.options import Options
from trio_sup.demo.tree import service

if TYPE_CHECKING:
    from collections.abc import Sequence

    from trio_sup import Child, ChildSpec

EXIT_FAILED = 1


class CannotListen(Exception):
    """The port cannot be used; `str` is one line that says why."""


def run_service(options: Options, owner: ChildSpec[Child]) -> int:
    """Run the board server until it ends, and return the exit code.

    Args:
        options: What the user asked for.
        owner: The child that `trio_sup.demo.tree.service` calls by that name.
    """
    log_warnings()
    hang_up_in_order()
    try:
        if options.nodes:
            trio.run(several.run_nodes, options, owner)
            return 0
        with TemporaryDirectory(prefix="trio-sup-demo-") as directory:
            trio.run(_serve, options, Path(directory) / "posts.jsonl", owner)
    except (
        CannotListen,
        EngineUnavailable,
        RestartLimitExceeded,
        StartFailed,
    ) as error:
        sys.stderr.write(f"trio-sup demo: {error}\n")
        return EXIT_FAILED
    return 0


async def _serve(options: Options, file: Path, owner: ChildSpec[Child]) -> None:
    await check_port(options.port)
    tree = service(options, file, owner)
    await serve(tree, name=options.name, handle_signals=True)


async def check_port(port: int) -> None:
    """Look whether the door can be there, before anything has begun.

    Raises:
        CannotListen: the port is in use, or not for this user.
    """
    try:
        [listener] = await trio.open_tcp_listeners(port, host="127.0.0.1")
        await listener.aclose()
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            why = "is in use; without --port a free one is taken"
        else:
            why = f"cannot be used: {error.strerror}"
        raise CannotListen(f"port {port} {why}") from error


def log_warnings() -> None:
    """Send to stderr what the log has to say, but for events: they are shown."""
    handler = logging.StreamHandler()
    handler.addFilter(lambda record: not hasattr(record, "trio_sup_event"))
    logging.basicConfig(format="trio-sup demo: %(message)s", handlers=[handler])


def hang_up_in_order() -> None:
    """Let a terminal that is closed stop the service as SIGTERM does.

    Unless hanging up is ignored, as `nohup` has it.
    """

    def stop(_number: int, _frame: object) -> None:
        signal.raise_signal(signal.SIGTERM)

    if signal.getsignal(signal.SIGHUP) is signal.SIG_DFL:
        signal.signal(signal.SIGHUP, stop)


def inspector() -> ChildSpec[Child]:
    """Describe the child that stands for the process in front."""
    return child(
        until_stdin_closes, id="inspector", restart="temporary", significant=True
    )


async def until_stdin_closes() -> None:
    """Return when nobody holds the other end of standard input any more."""
    async with trio.lowlevel.FdStream(os.dup(sys.stdin.fileno())) as stdin:
        while await stdin.receive_some():
            pass


def main(argv: Sequence[str]) -> int:
    """Run the service in the background; return its exit code.

    Args:
        argv: What `Options.to_argv` made.
    """
    return run_service(Options.from_argv(argv), inspector())


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
