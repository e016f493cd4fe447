"""Programs that get signals: real processes."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[2]


PROGRAM = """
import os, signal, sys, threading, time, trio
from trio_sup import child, graceful_stop, run, serve, supervisor

def say(*words):
    print(*words, flush=True)

async def worker(id):
    try:
        await trio.sleep_forever()
    finally:
        say(id, "down")

async def polite(id):
    with graceful_stop() as stopping:
        await stopping.wait()
        say("asked")
        await trio.sleep(600)

async def ready():
    say("ready")
    await trio.sleep_forever()

tree = [child(worker, i, id=i) for i in "abc"] + [child(ready)]
"""


@contextmanager
def program(
    text: str, directory: Path | None = None, **options: object
) -> Iterator[subprocess.Popen[str]]:
    environ = {**os.environ, "PYTHONPATH": str(ROOT)}
    if directory is not None:
        environ["TRIO_SUP_RUNTIME_DIR"] = str(directory)
    process: subprocess.Popen[str] = subprocess.Popen(  # type: ignore[call-overload]
        [sys.executable, "-c", textwrap.dedent(PROGRAM) + textwrap.dedent(text)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env=environ,
        **options,
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


def finish(process: subprocess.Popen[str]) -> tuple[int, list[str], str]:
    out, err = process.communicate(timeout=30)
    return process.returncode, out.split("\n")[:-1], err
