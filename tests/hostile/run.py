"""Shares the viewer's side out to processes, watches them, and sums up."""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, Self

from attrs import define, field

ROOT: Final = Path(__file__).parents[2]
STUCK: Final = 120.0
"""Seconds without a word after which a worker counts as hanging."""
KEPT: Final = 50
"""Findings that are kept; more are counted."""

Progress = Callable[[str], None]


@define
class Outcome:
    """What became of one kind of input."""

    kind: str
    wanted: int
    done: int = 0
    seconds: float = 0.0
    peak: int = 0
    """The most memory of a worker, in bytes."""
    findings: list[dict[str, Any]] = field(factory=list[dict[str, Any]])
    more: int = 0

    def add(self, finding: dict[str, Any]) -> None:
        """Keep a finding, or count it."""
        if len(self.findings) < KEPT:
            self.findings.append(finding)
        else:
            self.more += 1

    @property
    def text(self) -> str:
        """One line, and one for each kind of finding."""
        rate = self.done / self.seconds if self.seconds else 0.0
        lines = [
            f"{self.kind}: {self.done} of {self.wanted} in {self.seconds:.0f} s"
            f" ({rate:.0f}/s), at most {self.peak / 1e6:.0f} MB,"
            f" {len(self.findings) + self.more} findings"
        ]
        kinds: dict[str, list[dict[str, Any]]] = {}
        for each in self.findings:
            where = each.get("where") or ["?"]
            kinds.setdefault(f"{each['what'][:160]} at {where[-1]}", []).append(each)
        for name, found in kinds.items():
            lines.append(f"  HARM {len(found)}x {name} (seed {found[0].get('seed')})")
        return "\n".join(lines)


class Workers:
    """The processes of one kind of input. Use as a context: none is left behind."""

    def __init__(
        self, kind: str, count: int, *, seed: int, seconds: float, jobs: int
    ) -> None:
        self.outcome = Outcome(kind, count)
        self._said: queue.SimpleQueue[tuple[int, str]] = queue.SimpleQueue()
        self._processes: list[subprocess.Popen[str]] = []
        self._done = [0] * jobs
        self._heard = [time.monotonic()] * jobs
        share = -(-count // jobs)
        environ = os.environ | {
            "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "inspector")])
        }
        for job in range(jobs):
            words = [kind, seed, job, jobs, min(share, count - share * job), seconds]
            self._processes.append(
                subprocess.Popen(
                    [sys.executable, "-m", "tests.hostile.worker", *map(str, words)],
                    stdout=subprocess.PIPE,
                    text=True,
                    cwd=ROOT,
                    env=environ,
                )
            )
        for job in range(jobs):
            threading.Thread(target=self._read, args=(job,), daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        for process in self._processes:
            process.kill()
            process.wait()

    def _read(self, job: int) -> None:
        stdout = self._processes[job].stdout
        assert stdout is not None
        for line in stdout:
            self._said.put((job, line))
        self._said.put((job, ""))

    def work(self, progress: Progress) -> Outcome:
        """Until all are done."""
        began, told, left = time.monotonic(), 0.0, set(range(len(self._processes)))
        outcome = self.outcome
        while left:
            try:
                self._take(*self._said.get(timeout=1.0), left)
            except queue.Empty:
                self._judge_silence(left)
            outcome.done = sum(self._done)
            outcome.seconds = time.monotonic() - began
            if time.monotonic() - told >= 2.0:
                told = time.monotonic()
                progress(outcome.text.partition("\n")[0])
        return outcome

    def _take(self, job: int, line: str, left: set[int]) -> None:
        self._heard[job] = time.monotonic()
        if not line:
            code = self._processes[job].wait()
            left.discard(job)
            if code:
                self.outcome.add({"what": f"worker {job} ended with {code}"})
            return
        said = json.loads(line)
        if "done" in said:
            self._done[job] = said["done"]
            self.outcome.peak = max(self.outcome.peak, said["peak"])
        else:
            self.outcome.add(said)

    def _judge_silence(self, left: set[int]) -> None:
        for job in list(left):
            if time.monotonic() - self._heard[job] > STUCK:
                self._processes[job].kill()
                self.outcome.add({"what": f"worker {job} said nothing for {STUCK} s"})
                self._heard[job] = time.monotonic()
