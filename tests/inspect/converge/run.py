"""A node in chaos and its clients: one reads, one is killed, one is stopped."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from attrs import define, field

from tests.directories import short_directory
from trio_sup.inspect.protocol.wire import ROW_COLUMNS

PATIENCE = 60.0
"""Real seconds after which a view that has not converged never will."""


@define
class Program:
    """One of the processes."""

    name: str
    process: subprocess.Popen[str]

    @classmethod
    def start(cls, name: str, stack: ExitStack, log: Path, *words: str) -> Program:
        """Start it; it is killed when the stack is closed."""
        stderr = stack.enter_context(log.open("a", encoding="utf-8"))
        process = subprocess.Popen(
            [sys.executable, "-m", f"tests.inspect.converge.{words[0]}", *words[1:]],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
        )
        stack.callback(end, process)
        return cls(name, process)

    def ask(self, line: str) -> dict[str, Any]:
        """Send a line and read the answer."""
        assert self.process.stdin is not None
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        answer: dict[str, Any] = json.loads(self.line())
        return answer

    def line(self) -> str:
        """The next line that it prints."""
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def rss(self) -> int:
        """Resident memory in bytes."""
        pages = Path(f"/proc/{self.process.pid}/statm").read_text().split()[1]
        return int(pages) * os.sysconf("SC_PAGE_SIZE")


def end(process: subprocess.Popen[Any]) -> None:
    """Kill a process, wait for it, and close its pipes."""
    process.kill()
    process.wait()
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            try:
                pipe.close()
            except BrokenPipeError:
                pass


@define
class Report:
    """What came of it."""

    faults: int = 0
    events: int = 0
    rows: int = 0
    lives: int = 0
    compared: int = 0
    """Cells of all views that were compared with the truth."""
    rss: list[int] = field(factory=list[int])
    clients: list[str] = field(factory=list[str])
    broken: list[str] = field(factory=list[str])

    def text(self) -> str:
        """For people."""
        lines = [
            f"{self.faults:,} faults, {self.events:,} events, {self.rows} children"
            f" in the end, {self.lives:,} lives among them",
            f"node's memory: {self.rss[0] / 1e6:.1f} MB at first,"
            f" {max(self.rss) / 1e6:.1f} MB at most, {self.rss[-1] / 1e6:.1f} MB last",
            *self.clients,
            f"{self.compared:,} cells compared",
            *(f"BROKEN: {line}" for line in self.broken),
            "the views differ" if self.broken else "all views are the node's truth",
        ]
        return "\n".join(lines)


def run(
    seconds: float,
    *,
    seed: int = 0,
    progress: Callable[[str], None] = lambda line: None,
) -> Report:
    """Cause chaos for so long, then compare every view with the node's records.

    One client reads all the time. One is stopped after a third, and goes on only
    after the chaos. One is killed half way; another takes its place.
    """
    report = Report()
    with short_directory() as directory:
        log = directory / "log.txt"
        with ExitStack() as stack:
            node = Program.start("node", stack, log, "node", str(directory), str(seed))
            path = node.line()

            def client(name: str) -> Program:
                return Program.start(name, stack, log, "client", path)

            reads, stops, dies = map(client, ("reads", "was stopped", "was killed"))
            _wait(seconds / 3, node, report, progress)
            os.kill(stops.process.pid, signal.SIGSTOP)
            _wait(seconds / 6, node, report, progress)
            os.kill(dies.process.pid, signal.SIGKILL)
            takes_over = client("came later")
            _wait(seconds / 2, node, report, progress)
            truth = node.ask("calm")
            os.kill(stops.process.pid, signal.SIGCONT)
            _note(report, truth)
            for each in (reads, stops, takes_over):
                _compare(each, truth["rows"], report)
            report.rss.append(node.rss())
            # What a client does must not show in the tree: it is still at rest.
            again = node.ask("calm")
            if again["rows"] != truth["rows"]:
                report.broken.append("the node moved while it was compared")
            if node.process.poll() is not None:
                report.broken.append("the node died")
        problems = _problems(log.read_text(encoding="utf-8"))
        report.broken += problems
    return report


def _wait(
    seconds: float, node: Program, report: Report, progress: Callable[[str], None]
) -> None:
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        report.rss.append(node.rss())
        progress(f"{left:.0f} s to go, node at {report.rss[-1] / 1e6:.1f} MB")
        time.sleep(min(left, 10.0))


def _note(report: Report, truth: dict[str, Any]) -> None:
    report.faults, report.events = truth["faults"], truth["events"]
    report.rows = len(truth["rows"])
    life = ROW_COLUMNS.index("life")
    report.lives = sum(row[life] for row in truth["rows"].values())


def _compare(client: Program, truth: dict[str, list[Any]], report: Report) -> None:
    """Ask until the view is the truth, or too long."""
    began = time.monotonic()
    while True:
        seen = client.ask("view")
        wrong = differences(seen["rows"], truth)
        took = time.monotonic() - began
        if (seen["live"] and not wrong) or took > PATIENCE:
            break
        time.sleep(0.05)
    report.compared += sum(map(len, seen["rows"].values()))
    report.clients.append(
        f"client that {client.name}: {len(seen['rows'])} rows, {len(wrong)} wrong,"
        f" {seen['reconnects']} reconnects, {seen['dropped']} events missed and counted,"
        f" {took:.1f} s to converge"
    )
    if wrong or not seen["live"]:
        report.broken.append(f"client that {client.name}: {wrong[:5]}")
    if seen["bad_frames"] or seen["error"]:
        report.broken.append(f"client that {client.name}: {seen['error']}")


def differences(seen: dict[str, list[Any]], truth: dict[str, list[Any]]) -> list[str]:
    """Where a view is not the truth, cell by cell."""
    wrong = [f"row {id} is missing" for id in truth.keys() - seen.keys()]
    wrong += [f"row {id} is no more" for id in seen.keys() - truth.keys()]
    for id in truth.keys() & seen.keys():
        for name, is_, should in zip(ROW_COLUMNS, seen[id], truth[id], strict=True):
            if is_ != should:
                wrong.append(f"row {id}: {name} is {is_!r}, not {should!r}")
    return wrong


def _problems(log: str) -> list[str]:
    """What the processes complained about, chaos itself apart."""
    lines = [line for line in log.splitlines() if "inspector:" in line]
    return [f"logged: {line}" for line in lines]
