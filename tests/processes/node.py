"""A node that is to be killed: run as ``python -m tests.processes.node DIRECTORY``.

Its programs write their numbers into ``pids``; one has a grandchild, one ignores what
asks it to end, one is restarted all the time.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import trio

from tests.processes.programs import shell
from trio_sup import ChildSpec, Process, open_supervisor

FAMILY = "sh -c 'echo $$ >> pids; exec sleep 600' & echo $$ >> pids; wait"
DEAF = "trap '' TERM INT HUP; echo $$ >> pids; while :; do sleep 1; done"
BUSY = "echo $$ >> pids; exit 1"


def specs(directory: Path) -> list[ChildSpec[Process]]:
    """Describe the programs."""
    return [
        shell(script, id=id, cwd=directory, stderr="ignore")
        for id, script in (("family", FAMILY), ("deaf", DEAF), ("busy", BUSY))
    ]


async def main(directory: Path) -> None:
    """Run them until killed."""
    limit = 1_000_000
    async with open_supervisor(specs(directory), max_restarts=limit):
        (directory / "node").write_text(str(os.getpid()))
        await trio.sleep_forever()


if __name__ == "__main__":
    if len(sys.argv) > 2 and not os.fork():
        # A copy of the process, as `multiprocessing` makes them, that lives longer.
        import time

        (Path(sys.argv[1]) / "copy").write_text(str(os.getpid()))
        time.sleep(600)
    trio.run(main, Path(sys.argv[1]))
