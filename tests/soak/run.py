"""Rounds of storm and calm, and what must hold in and after each."""

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

from attrs import define, field

from tests.directories import short_directory
from tests.inspect.converge.run import end as end_process
from tests.soak.viewers import Follower, Terminal, resident, start_chaos

STORM = 30.0
"""Seconds of a storm."""
SIGNALS = 200
"""SIGTERMs at the end of a round, a millisecond apart."""
CALM_WITHIN = 60.0
"""Seconds a node may take to come to rest."""
END_WITHIN = 60.0
"""Seconds a node may take to end."""

MAY_GROW = {
    "resident": 8_000_000,
    "objects": 20_000,
    "records": 50,
    "tasks": 10,
    "servers": 50,
    "descriptors": 4,
    "threads": 4,
}
"""From the second calm on, in what unit each is counted. A child that was started and
removed may be remembered by events; everything bounded is full after the first storms."""
VIEWER_MAY_HOLD = 300_000_000
"""Bytes."""

Say = Callable[[str], None]


@define
class Report:
    """What came of it."""

    rounds: int = 0
    storms: int = 0
    events: int = 0
    calms: list[dict[str, int]] = field(factory=list[dict[str, int]])
    viewer: int = 0
    broken: list[str] = field(factory=list[str])

    def text(self) -> str:
        """For people."""
        lines = [f"{self.rounds} rounds, {self.storms} storms, {self.events:,} events"]
        if self.calms:
            first, last = self.calms[0], self.calms[-1]
            lines += [
                f"  {name:<12} {first[name]:>12,} {last[name]:>12,}" for name in last
            ]
        lines.append(f"  a viewer held at most {self.viewer / 1e6:.0f} MB")
        lines += [f"BROKEN: {line}" for line in self.broken]
        lines.append(
            "something grew or was left"
            if self.broken
            else "nothing grew, nothing is left"
        )
        return "\n".join(lines)


def soak(seconds: float, *, round_seconds: float, seed: int, say: Say) -> Report:
    """Run rounds until the time is over; the last one is finished."""
    report = Report()
    end = time.monotonic() + seconds
    while time.monotonic() < end and not report.broken:
        left = end - time.monotonic()
        one_round(min(left, round_seconds), seed + report.rounds, report, say)
        report.rounds += 1
    return report


def one_round(seconds: float, seed: int, report: Report, say: Say) -> None:
    """A node from its start to its end, with all that happens to it."""
    with short_directory() as directory, ExitStack() as stack:
        env = os.environ | {
            "TRIO_SUP_RUNTIME_DIR": str(directory / "run"),
            "SOAK_SEED": str(seed),
        }
        (directory / "run").mkdir(mode=0o700)
        log = directory / "log.txt"
        stderr = stack.enter_context(log.open("ab"))
        node = subprocess.Popen(
            [sys.executable, "-m", "tests.soak.node"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=stderr,
            env=env,
        )
        stack.callback(end_process, node)
        calms = [_calm(node, report)]
        terminal = Terminal(env)
        stack.callback(terminal.close)
        killed, stopped = Follower(env, log), Follower(env, log)
        stack.callback(killed.close)
        stack.callback(stopped.close)
        end = time.monotonic() + seconds
        while not report.broken and (len(calms) < 4 or time.monotonic() < end):
            left = STORM
            chaos = start_chaos(env, left, seed)
            stack.callback(end_process, chaos)
            _tell(node, "storm")
            stopped.stop()
            _pass_time(left, terminal, report)
            killed.kill_and_come_again()
            stopped.go_on()
            try:
                chaos.wait(CALM_WITHIN)
            except subprocess.TimeoutExpired:
                report.broken.append("the chaos does not end")
            calms.append(_calm(node, report))
            report.storms += 1
            say(f"{report.storms} storms, {calms[-1]}")
            _judge(calms, report)
        report.events += calms[-1]["events"]
        report.calms = calms[1:]
        if not terminal.alive():
            report.broken.append("the inspector in the terminal ended")
        terminal.close()
        _end_by_signals(node, directory / "run", report)
        if b"Traceback" in log.read_bytes():
            report.broken.append(f"the log has a traceback:\n{log.read_text()[-2000:]}")


def _pass_time(seconds: float, terminal: Terminal, report: Report) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        terminal.turn()
        report.viewer = max(report.viewer, resident(terminal.process.pid))
        time.sleep(0.5)


def _tell(node: subprocess.Popen[bytes], word: str) -> None:
    assert node.stdin is not None
    node.stdin.write(word.encode() + b"\n")
    node.stdin.flush()


def _calm(node: subprocess.Popen[bytes], report: Report) -> dict[str, int]:
    """Let it come to rest, and ask what it holds."""
    _tell(node, "calm")
    assert node.stdout is not None
    line = node.stdout.readline()
    if not line:
        raise SystemExit(f"the node ended with {node.wait()} in the middle of a round")
    answer = json.loads(line)
    if answer["restless"]:
        report.broken.append(f"not at rest: {answer['restless']}")
    held: dict[str, int] = answer["held"]
    return held


def _judge(calms: list[dict[str, int]], report: Report) -> None:
    """Compare with the second calm: then everything that is bounded is full."""
    if len(calms) < 4:
        return
    base, now = calms[2], calms[-1]
    for name, much in MAY_GROW.items():
        if now[name] - base[name] > much:
            report.broken.append(f"{name} grew from {base[name]:,} to {now[name]:,}")
    if report.viewer > VIEWER_MAY_HOLD:
        report.broken.append(f"the inspector holds {report.viewer:,} bytes")


def _end_by_signals(
    node: subprocess.Popen[bytes], runtime: Path, report: Report
) -> None:
    """Two hundred SIGTERMs: it ends in order, once, and leaves nothing."""
    for _ in range(SIGNALS):
        if node.poll() is not None:
            break
        node.send_signal(signal.SIGTERM)
        time.sleep(0.001)
    try:
        code = node.wait(END_WITHIN)
    except subprocess.TimeoutExpired:
        report.broken.append("the node did not end")
        return
    if code != 0:
        report.broken.append(f"the node ended with {code}")
    # The lock is the directory's: who removed it could take it from under another.
    found = {str(path.relative_to(runtime)) for path in runtime.rglob("*")}
    left = sorted(found - {".lock"})
    if left:
        report.broken.append(f"left behind: {', '.join(left)}")
