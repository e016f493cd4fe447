"""How long programs take to begin: an import, the command, the first painted rows."""

from __future__ import annotations

import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from bench.report import Figure, LeftOut, Say

COMMAND = ("-m", "trio_sup")
USED = "from trio_sup import GenServer, call, child, open_supervisor"


def measure(scale: float, say: Say) -> Iterator[Figure | LeftOut]:
    """Measure in fresh processes; the second run of each, so that bytecode is there."""
    rounds = 5 if scale == 1 else 1
    programs = (
        ("python, nothing imported", ("-c", "pass")),
        ("import trio", ("-c", "import trio")),
        ("import trio_sup", ("-c", "import trio_sup")),
        # The package imports what is asked of it.
        ("a server and its supervisor, imported", ("-c", USED)),
        ("trio-sup --help", (*COMMAND, "--help")),
        ("trio-sup version", (*COMMAND, "version")),
    )
    for name, arguments in programs:
        say(f"startup: {name}")
        yield from _figures(name, [sys.executable, *arguments], rounds)
    if sys.platform != "linux":
        yield LeftOut("tree and inspect", "the node of the bench runs on Linux")
        return
    yield from _of_a_node(1_000 if scale == 1 else 100, rounds, say)
    say("")


def _figures(name: str, command: list[str], rounds: int) -> Iterator[Figure]:
    runs = [_run(command) for _ in range(rounds + 1)][1:]
    processor = statistics.median(processor for processor, _ in runs)
    wall = statistics.median(wall for _, wall in runs)
    note = f"{wall * 1e3:.0f} ms on the wall"
    yield Figure(f"{name}, processor time", processor * 1e3, "ms", note)


def _run(command: list[str]) -> tuple[float, float]:
    """Seconds of a processor, and on the wall, that a program took."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    began = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    wall = time.perf_counter() - began
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return used, wall


def _of_a_node(children: int, rounds: int, say: Say) -> Iterator[Figure | LeftOut]:
    from bench.inspector.processes import NotDrawn, Screen, cpu_seconds, node

    with (
        tempfile.TemporaryDirectory() as directory,
        node(children, Path(directory) / "run") as running,
    ):
        say(f"startup: tree of {children}")
        name = f"trio-sup tree, {children:,} children"
        command = [sys.executable, *COMMAND, "tree", running.socket]
        yield from _figures(name, command, rounds)
        try:
            import textual  # noqa: F401  # without it there is no screen
        except ImportError:
            yield LeftOut("trio-sup inspect", "textual is not installed")
            return
        used: list[float] = []
        waited: list[float] = []
        for _ in range(rounds):
            say(f"startup: inspect of {children}")
            began = time.monotonic()
            screen = Screen(running, Path(directory))
            try:
                painted = screen.wait_for(b"g0000")
            except NotDrawn as error:
                yield LeftOut("trio-sup inspect", str(error))
                return
            else:
                used.append(cpu_seconds(screen.pid))
                waited.append(painted - began)
            finally:
                screen.close()
        note = f"{statistics.median(waited) * 1e3:.0f} ms on the wall"
        name = f"trio-sup inspect to first paint, {children:,} children"
        yield Figure(name, statistics.median(used) * 1e3, "ms", note)
