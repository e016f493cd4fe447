"""Another user of the machine, for tests that run as root."""

import os
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parents[2]
NOBODY: Final = 65534

as_root = pytest.mark.skipif(
    os.geteuid() != 0, reason="only root can become somebody else"
)


@contextmanager
def running_as(
    uid: int, script: str, *args: object, **environ: str
) -> Generator[subprocess.Popen[str], None, None]:
    """A program of another user that has said that it is ready."""
    process = subprocess.Popen(
        [sys.executable, "-c", AS_USER + script, str(uid), *map(str, args)],
        env={**os.environ, "PYTHONPATH": str(ROOT), **environ},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        try:
            yield process
        finally:
            process.kill()


# All that it needs is imported before it becomes somebody who may not read it.
AS_USER: Final = """
import os, sys, socket, time, itertools
import trio
from trio_sup import open_inspector
import trio_sup._inspected.operator, trio_sup.inspect.node.listener, trio_sup.inspect.client.oneshot
trio_sup.inspect.node.listener.library_version()
uid = int(sys.argv.pop(1))
os.setgroups([])
os.setgid(uid)
os.setuid(uid)
"""

NODE: Final = """
from pathlib import Path
async def main():
    async with open_inspector("theirs", runtime_dir=Path(sys.argv[1])) as found:
        assert found.path, found.problem
        print("ready", flush=True)
        await trio.sleep_forever()
trio.run(main)
"""

SWAPPER: Final = """
place, bait = sys.argv[1], sys.argv[2]
os.mkdir(place + ".mine", 0o700)
os.symlink(bait, place + ".link")
print("ready", flush=True)
def swap(name):
    for step in ((place, place + ".kept"), (place + name, place), (place, place + name)):
        try:
            os.rename(*step)
        except OSError:
            pass
    try:
        os.rename(place + ".kept", place)
    except OSError:
        pass
for name in itertools.cycle((".link", ".mine")):
    swap(name)
"""
