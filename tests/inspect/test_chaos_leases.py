"""What chaos leaves behind when it ends in any way: nothing; and how it says it went."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.inspect.hostile.run import Target, target
from tests.inspect.test_chaos import chaos
from trio_sup._inspected.faults import NO_WAY_IN, end_wait
from trio_sup.inspect.model.chaos import PlanError, Step, draw_plan, step_json

from .test_chaos import ROWS


def script(path: Path, *steps: Step) -> str:
    path.write_text("\n".join(json.dumps(step_json(step)) for step in steps))
    return str(path)


def statuses(node: Target) -> dict[str, str]:
    return {path: status for path, status, _, _ in node.tree()}


def wait_until_running(node: Target, *paths: str) -> None:
    until = time.monotonic() + 60
    while True:
        now = statuses(node)
        if all(now[path] == "running" for path in paths):
            return
        assert time.monotonic() < until, {path: now[path] for path in paths}


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
def test_whatever_ends_it_the_node_undoes_what_it_had_done(
    number: int, tmp_path: Path
) -> None:
    plan = script(
        tmp_path / "plan",
        Step(0.0, "suspend", "root/odd/s7"),
        Step(0.0, "terminate", "root/odd/s5"),
        Step(1e5, "crash", "root/odd/s1"),
    )
    with target(control=True) as node:
        process = subprocess.Popen(
            [sys.executable, "-m", "trio_sup", "chaos", str(node.path), "--plan", plan],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert process.stdout is not None
        told = process.stdout.readline() + process.stdout.readline()
        assert "suspended" in told
        assert "stopped" in told
        process.send_signal(number)
        process.communicate(timeout=60)
        wait_until_running(node, "root/odd/s7", "root/odd/s5")


def test_a_plan_that_undoes_nothing_leaves_nothing_behind(tmp_path: Path) -> None:
    plan = script(
        tmp_path / "plan",
        Step(0.0, "suspend", "root/odd/s7"),
        Step(0.1, "terminate", "root/odd/s5"),
    )
    with target(control=True) as node:
        done = chaos(node, "--plan", plan, "--json", "--settle", "60s")
        assert done.returncode == 0, done.stdout + done.stderr
        *hits, summary = [json.loads(line) for line in done.stdout.splitlines()]
        assert sorted((hit["fault"], hit["outcome"]) for hit in hits) == [
            ("restart", "back"),
            ("resume", "back"),
            ("suspend", "done"),
            ("terminate", "done"),
        ]
        assert summary["faults"] == 4
        wait_until_running(node, "root/odd/s7", "root/odd/s5")


def test_the_exit_code_is_0_only_if_something_was_tried(tmp_path: Path) -> None:
    missed = script(tmp_path / "missed", Step(0.0, "crash", "root/nobody"))
    refused = script(tmp_path / "refused", Step(0.0, "resume", "root/odd/s9"))
    empty = script(tmp_path / "empty")
    with target(control=True) as node:
        assert chaos(node, "--plan", missed).returncode == 1
        assert chaos(node, "--plan", refused).returncode == 1
        nothing = chaos(node, "--plan", empty)
        assert (nothing.returncode, nothing.stdout) == (2, "")
        assert "there is no fault in it" in nothing.stderr
        short = chaos(node, "--for", "1ms", "--rate", "0.001", "--seed", "1")
        assert (short.returncode, short.stdout) == (2, "")
        assert "nothing was drawn" in short.stderr


def test_an_option_that_cannot_apply_is_an_error(tmp_path: Path) -> None:
    plan = script(tmp_path / "plan", Step(0.0, "crash", "root/odd/s1"))
    with target(control=True) as node:
        before = node.tree()
        for words in (
            ["--plan", plan, "--seed", "0"],
            ["--plan", plan, "--kinds", "crash"],
            ["--plan", plan, "--rate", "1"],
            ["--plan", plan, "--for", "30s"],
            ["--dry-run", "--settle", "10s"],
        ):
            done = chaos(node, *words)
            assert done.returncode == 2, words
            assert "has no effect with" in done.stderr
            assert words[-2] in done.stderr
        filtered = chaos(node, "under:root/odd", "--plan", plan)
        assert filtered.returncode == 2
        assert "a filter has no effect with --plan" in filtered.stderr
        slow = chaos(node, "--rate", "0")
        assert slow.returncode == 2
        assert "how many in a second, above 0, not '0'" in slow.stderr
        assert "seconds" not in slow.stderr
        assert node.tree() == before


def test_nothing_drawn_is_no_plan() -> None:
    with pytest.raises(PlanError, match="nothing was drawn"):
        draw_plan(ROWS, rate=0.001, seconds=0.01, seed=1)


def test_where_trio_has_other_names_a_crash_says_so() -> None:
    class OtherTask:
        """A task of a Trio to come."""

    def throw() -> None:
        raise AssertionError

    assert not end_wait(OtherTask(), throw)  # type: ignore[arg-type]
    assert "other names" in NO_WAY_IN
