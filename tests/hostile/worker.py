"""One process of the viewer's side: draws input, judges, tells on stdout.

``python -m tests.hostile.worker frames|recordings SEED FIRST STEP COUNT SECONDS``. Each
line that it prints is JSON: how far it is, or a finding with the input.
"""

from __future__ import annotations

import base64
import json
import os
import random
import resource
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Final, NoReturn

from tests.hostile.records import Records, watch
from tests.hostile.viewer import WAYS, Viewer, parts_of
from tests.hostile.words import Evil

MEMORY: Final = 1_500_000_000
"""Bytes of address space: what needs more gets a MemoryError, which is a finding."""
SECONDS: Final = 20.0
"""Seconds of processor time for one conversation or recording."""
TELL_EVERY: Final = 1.0
FRAMES: Final = 40
"""Frames of a conversation, between which somebody looks."""
LOOK_EVERY: Final = 20


class TooSlow(BaseException):
    """The time for one input is over."""


def _late(number: int, frame: object) -> NoReturn:
    raise TooSlow


class Teller:
    """Says how far it is, not too often."""

    def __init__(self) -> None:
        self.done = 0
        self._told = 0.0

    def tell(self, *, last: bool = False) -> None:
        """Say it, if it is time."""
        now = time.monotonic()
        if last or now - self._told >= TELL_EVERY:
            self._told = now
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
            _say(done=self.done, peak=peak, last=last)

    def finding(self, seed: int, error: BaseException, data: bytes) -> None:
        """Tell of an input that did harm."""
        frames = traceback.extract_tb(error.__traceback__)[-6:]
        where = [f"{Path(f.filename).name}:{f.lineno} {f.name}" for f in frames]
        shown = base64.b64encode(data[-200_000:]).decode()
        _say(seed=seed, what=parts_of(error), where=where, data=shown)


def _say(**data: object) -> None:
    print(json.dumps(data), flush=True)


def conversation(seed: int, count: int, teller: Teller) -> int:
    """A viewer and up to `FRAMES` frames; how many it judged."""
    draw, evil = random.Random(seed), Evil(seed)
    heard: list[bytes] = []
    count = min(count, FRAMES)

    def talk() -> None:
        viewer = Viewer()
        for number in range(count):
            frame = evil.frame()
            heard.append(frame)
            viewer.hear(frame)
            if number % LOOK_EVERY == LOOK_EVERY - 1:
                viewer.look(draw.sample(WAYS, 2))

    _guarded(talk, seed, teller, lambda: b"".join(heard))
    return count


def recording(seed: int, scratch: Path, teller: Teller) -> int:
    """A recording, opened as a user would."""
    data = Records(seed).any()
    path = scratch / "x.rec"
    path.write_bytes(data)
    draw = random.Random(seed)
    _guarded(lambda: watch(path, draw), seed, teller, lambda: data)
    return 1


def _guarded(
    run: Callable[[], object], seed: int, teller: Teller, data: Callable[[], bytes]
) -> None:
    signal.setitimer(signal.ITIMER_PROF, SECONDS)
    try:
        run()
    except (Exception, TooSlow) as error:  # noqa: BLE001 - any of them is a finding
        signal.setitimer(signal.ITIMER_PROF, 0)
        teller.finding(seed, error, data())
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)


def main(words: list[str]) -> int:
    """Work until the count or the time is over."""
    kind, (seed, first, step, count) = words[0], map(int, words[1:5])
    ends = time.monotonic() + float(words[5])
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for who started this.
    signal.signal(signal.SIGPROF, _late)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    teller = Teller()
    number = first
    home = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    with tempfile.TemporaryDirectory(dir=home) as scratch:
        while teller.done < count and time.monotonic() < ends:
            drawn = seed * 1_000_003 + number
            if kind == "frames":
                teller.done += conversation(drawn, count - teller.done, teller)
            else:
                teller.done += recording(drawn, Path(scratch), teller)
            number += step
            teller.tell()
    teller.tell(last=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
