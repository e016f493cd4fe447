"""What a call costs while nobody is attached, in instructions, by valgrind."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

PROGRAM = """
import logging, sys, trio
from pathlib import Path
from bench.library import Echo
from trio_sup import child, open_inspector, open_supervisor

async def main():
    wanted = sys.argv[1] == "with"
    n = int(sys.argv[2])
    async with open_supervisor([child(Echo)]) as sup:
        # The same imports either way: only being there is measured.
        import trio_sup.inspect.node.listener, trio_sup._inspected.operator
        async with open_inspector("idle", inspect=wanted, runtime_dir=Path(sys.argv[3])):
            echo = sup.server(Echo, "Echo")
            for _ in range(n):
                await echo.call(Echo.ping)

logging.disable(logging.CRITICAL)
trio.run(main)
"""


def instructions_per_call(n: int) -> tuple[float, float]:
    """Instructions for one call: with an inspector that nobody uses, and without.

    Two runs each, of `n` and of `2 n` calls: what is spent around them cancels out.
    """
    found: list[float] = []
    for wanted in ("with", "without"):
        once, twice = (_instructions(wanted, count) for count in (n, 2 * n))
        found.append((twice - once) / n)
    return found[0], found[1]


def _instructions(wanted: str, n: int) -> int:
    with tempfile.TemporaryDirectory() as directory:
        run = subprocess.run(
            [
                "valgrind",
                "--tool=callgrind",
                "--callgrind-out-file=/dev/null",
                sys.executable,
                "-c",
                PROGRAM,
                wanted,
                str(n),
                str(Path(directory) / "run"),
            ],
            # Without these two runs of one program differ by hash order alone.
            env=os.environ | {"PYTHONHASHSEED": "0", "PYTHONMALLOC": "malloc"},
            capture_output=True,
            text=True,
            check=True,
        )
    refs = re.search(r"Collected : (\d+)", run.stderr)
    if refs is None:
        raise SystemExit(f"valgrind said nothing: {run.stderr[-500:]}")
    return int(refs[1])
