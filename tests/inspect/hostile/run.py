"""Attacks a node for so many frames, and judges what became of it."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from attrs import define, field

from tests.directories import short_directory
from tests.inspect.hostile import attacks
from tests.inspect.hostile.frames import Frames
from trio_sup.inspect.client.oneshot import ask
from trio_sup.inspect.finding.found_node import FoundNode

WARM_UP = 0.2
"""The part of a run after which memory counts as grown or not."""


@define
class Target:
    """The node under attack, as seen from outside."""

    process: subprocess.Popen[str]
    path: Path
    log: Path

    def rss(self) -> int:
        """Resident memory in bytes."""
        pages = Path(f"/proc/{self.process.pid}/statm").read_text().split()[1]
        return int(pages) * os.sysconf("SC_PAGE_SIZE")

    def descriptors(self) -> int:
        """Open file descriptors."""
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def work(self) -> dict[str, Any]:
        """How the node's own calls fare."""
        text = (self.path.parent / "work.json").read_text(encoding="utf-8")
        work: dict[str, Any] = json.loads(text)
        return work

    def tree(self) -> set[tuple[str, str, int, int]]:
        """What every child's path, status, life and restarts are."""
        found = FoundNode(
            "target", self.process.pid, self.path, "listening", "alive", None
        )
        rows = ask(found).rows.values()
        return {(row.path, row.status, row.life, row.restarts) for row in rows}


@contextmanager
def target(*, control: bool = False) -> Generator[Target]:
    """A node in a process of its own."""
    with short_directory() as directory:
        log = directory / "log.txt"
        with log.open("w", encoding="utf-8") as stderr:
            words = [str(directory), *(["control"] if control else [])]
            process = subprocess.Popen(
                [sys.executable, "-m", "tests.inspect.hostile.target", *words],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=stderr,
                text=True,
            )
        assert process.stdout is not None
        assert process.stdin is not None
        try:
            yield Target(process, Path(process.stdout.readline().strip()), log)
        finally:
            process.stdin.close()
            process.stdout.close()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


@define
class Report:
    """What a run found."""

    frames: int = 0
    bad: int = 0
    seconds: float = 0.0
    verdicts: Counter[tuple[str, str]] = field(factory=Counter[tuple[str, str]])
    """How often each attack had each outcome."""
    broken: list[str] = field(factory=list[str])
    """What was not as it must be; empty if the node is unharmed."""
    rss: list[int] = field(factory=list[int])
    """Resident memory, in bytes, as it went."""
    worst_call: float = 0.0
    worst_attach: float = 0.0
    answered: int = 0
    wrong_uid: str = "not tried: only root can"

    def text(self) -> str:
        """For people."""
        lines = [
            f"{self.frames:,} frames ({self.bad:,} of them bad requests) in"
            f" {self.verdicts.total():,} connections, {self.seconds:.0f} s",
            *(
                f"  {attack:<14} {outcome:<18} {count:>9,}"
                for (attack, outcome), count in sorted(self.verdicts.items())
            ),
            f"wrong uid: {self.wrong_uid}",
            f"memory: {self.rss[0] / 1e6:.1f} MB before, "
            f"{self.settled / 1e6:.1f} MB after a fifth, {self.rss[-1] / 1e6:.1f} MB at"
            f" the end, {max(self.rss) / 1e6:.1f} MB at most",
            f"the node's own calls: {self.answered:,} answered, slowest"
            f" {self.worst_call * 1000:.0f} ms; slowest honest attach"
            f" {self.worst_attach * 1000:.0f} ms",
            *(f"BROKEN: {line}" for line in self.broken),
            "the node is harmed" if self.broken else "the node is unharmed",
        ]
        return "\n".join(lines)

    @property
    def settled(self) -> int:
        """Memory after the warm-up."""
        return self.rss[int((len(self.rss) - 1) * WARM_UP)]


def run(
    frames: int,
    *,
    seed: int = 0,
    control: bool = False,
    loris: bool = True,
    growth: int = 5_000_000,
    progress: Callable[[str], None] = lambda line: None,
) -> Report:
    """Attack a node with at least so many frames.

    Args:
        frames: Frames that the node has to judge.
        seed: Equal seeds make equal attacks.
        control: Whether the node allows actions.
        loris: Whether slow clients are among the attackers; they take 5 s.
        growth: By how many bytes the node's memory may grow after the warm-up.
        progress: Takes a line now and then.
    """
    report = Report()
    with target(control=control) as node:
        before = node.tree()
        report.worst_attach = attacks.honest(node.path)
        report.rss.append(node.rss())
        descriptors = node.descriptors()
        slow = [_Slow(node.path, seed + n) for n in range(3 if loris else 0)]
        _storm(report, node, frames, seed, progress)
        for each in slow:
            each.finish(report)
        report.wrong_uid = _wrong_uid(node.path, report)
        _judge(report, node, before, descriptors, growth)
    return report


def _storm(
    report: Report,
    node: Target,
    frames: int,
    seed: int,
    progress: Callable[[str], None],
) -> None:
    draw, drawn = random.Random(seed), Frames(seed)
    kinds, weights = [*attacks.MIX], [*attacks.MIX.values()]
    began, mark = time.monotonic(), 0
    while report.frames < frames and node.process.poll() is None:
        [attack] = draw.choices(kinds, weights)
        _note(report, attack(node.path, drawn, draw))
        if report.frames >= mark:
            mark += max(frames // 50, 1)
            report.rss.append(node.rss())
            report.worst_attach = max(report.worst_attach, attacks.honest(node.path))
            progress(f"{report.frames:,} frames, {node.rss() / 1e6:.1f} MB")
    report.seconds = time.monotonic() - began


def _note(report: Report, verdict: attacks.Verdict) -> None:
    report.frames += verdict.frames
    report.bad += verdict.bad
    report.verdicts[verdict.attack, verdict.outcome] += 1
    if not verdict.as_documented and len(report.broken) < 20:
        report.broken.append(f"not as documented: {verdict}")


class _Slow:
    """Slow clients, beside the others."""

    def __init__(self, path: Path, seed: int) -> None:
        self._verdicts: list[attacks.Verdict] = []
        draw = random.Random(seed)

        def run() -> None:
            self._verdicts.append(attacks.slow_loris(path, Frames(seed), draw))

        self._thread = threading.Thread(target=run, daemon=True)
        self._thread.start()

    def finish(self, report: Report) -> None:
        self._thread.join(attacks.PATIENCE + 10)
        for verdict in self._verdicts:
            _note(report, verdict)
        if not self._verdicts:
            report.broken.append("a slow client was never closed")


def _wrong_uid(path: Path, report: Report) -> str:
    """Connect as another user, past the file modes, as far as that can be tried."""
    if os.getuid() != 0:
        return "not tried: only root can"
    modes = path.parent.stat().st_mode, path.stat().st_mode
    kept_out = _as_nobody(path)
    path.parent.chmod(0o711)
    path.chmod(0o666)
    try:
        refused = _as_nobody(path)
    finally:
        path.parent.chmod(modes[0])
        path.chmod(modes[1])
    if kept_out != "PermissionError" or "forbidden" not in refused:
        report.broken.append(f"another user got: {kept_out}, then {refused}")
    return f"kept out by the modes; past them, {refused}"


# In a process of its own: to fork one with threads is what Python warns of. It becomes
# somebody else once it runs, who may not be able to start the interpreter.
_CONNECT = """
import os, socket, sys
os.setgroups([])
os.setgid(65534)
os.setuid(65534)
try:
    with socket.socket(socket.AF_UNIX) as sock:
        sock.settimeout(10)
        sock.connect(sys.argv[1])
        print(sock.recv(4096).decode())
except Exception as error:
    print(type(error).__name__)
"""


def _as_nobody(path: Path) -> str:
    """What another user is told at the socket."""
    done = subprocess.run(
        [sys.executable, "-I", "-c", _CONNECT, str(path)],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return done.stdout.strip()


def _judge(
    report: Report,
    node: Target,
    before: set[tuple[str, str, int, int]],
    descriptors: int,
    growth: int,
) -> None:
    if node.process.poll() is not None:
        report.broken.append("the node died:\n" + node.log.read_text(encoding="utf-8"))
        return
    began = node.work()["answered"]
    deadline = time.monotonic() + attacks.PATIENCE
    while node.work()["answered"] == began and time.monotonic() < deadline:
        time.sleep(0.1)
    work = node.work()
    report.answered, report.worst_call = work["answered"], work["worst"]
    report.rss.append(node.rss())
    if work["failed"] or work["answered"] == began:
        report.broken.append(f"its own calls: {work}")
    after = node.tree()
    if after != before:
        report.broken.append(f"the tree changed: {sorted(after ^ before)}")
    while node.descriptors() > descriptors and time.monotonic() < deadline:
        time.sleep(0.1)
    if node.descriptors() > descriptors:
        report.broken.append(f"{node.descriptors()} descriptors, {descriptors} before")
    if report.rss[-1] - report.settled > growth:
        report.broken.append("its memory grew")
    log = node.log.read_text(encoding="utf-8")
    if "Traceback" in log or "ERROR" in log:
        report.broken.append("it logged errors:\n" + log[-2000:])
