"""``trio-sup chaos``: its plans, and what it does to a real node."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest

from tests.inspect.hostile.run import Target, target
from tests.inspector.rows import make_row, server, supervisor
from trio_sup.inspect.model.chaos import (
    HANG,
    PlanError,
    Step,
    draw_plan,
    read_plan,
    step_json,
    targets,
)
from trio_sup.inspect.protocol.wire import Row

ROWS = [
    supervisor(1, path="shop"),
    server(2, 1, path="shop/db"),
    server(3, 1, path="shop/log", restart="temporary"),
    supervisor(4, 1, path="shop/pool", kind="dynamic"),
    server(5, 4, path="shop/pool/w"),
    make_row(6, 1, path="shop/tick"),
]


# --- plans ---------------------------------------------------------------------


def test_faults_are_for_what_their_supervisors_bring_back() -> None:
    assert targets(ROWS, "crash") == ["shop/db", "shop/pool/w", "shop/tick"]
    assert targets(ROWS, "hang") == ["shop/db", "shop/pool/w"]
    assert targets(ROWS, "terminate") == ["shop/db", "shop/tick"]
    assert targets(ROWS, "crash", {6, 3}) == ["shop/tick"]


def test_a_seed_draws_the_same_plan_and_another_seed_another() -> None:
    def draw(seed: int, rows: Iterable[Row] = ROWS) -> list[Step]:
        return draw_plan([*rows], rate=2.0, seconds=60.0, seed=seed)

    assert draw(7) == draw(7) == draw(7, reversed(ROWS))
    assert draw(7) != draw(8)
    assert 60 < len(draw(7)) < 240
    assert all(0 < step.at < 60.0 + HANG for step in draw(7))
    assert [step.at for step in draw(7)] == sorted(step.at for step in draw(7))


def test_what_is_suspended_or_terminated_is_put_right_by_the_plan() -> None:
    plan = draw_plan(ROWS, kinds=["hang", "terminate"], rate=5, seconds=20, seed=1)
    for fault, undo in (("suspend", "resume"), ("terminate", "restart")):
        done = [step.path for step in plan if step.fault == fault]
        assert done
        assert sorted(done) == sorted(s.path for s in plan if s.fault == undo)


def test_a_plan_that_was_printed_can_be_read() -> None:
    plan = draw_plan(ROWS, rate=5, seconds=20, seed=1)
    assert read_plan([json.dumps(step_json(step)) for step in plan]) == plan
    assert read_plan(["", "\n"]) == []


@pytest.mark.parametrize(
    "line",
    [
        "crash shop/db",
        '{"at": 1, "fault": "explode", "path": "a"}',
        '{"at": -1, "fault": "crash", "path": "a"}',
        '{"at": "soon", "fault": "crash", "path": "a"}',
        '{"at": NaN, "fault": "crash", "path": "a"}',
        '["crash"]',
        "[" * 100,
    ],
)
def test_a_line_that_is_no_step_is_named(line: str) -> None:
    good = '{"at": 1, "fault": "crash", "path": "a"}'
    with pytest.raises(PlanError, match="line 2"):
        read_plan([good, line])


def test_a_plan_without_anybody_to_hit_is_none() -> None:
    with pytest.raises(PlanError, match="no child"):
        draw_plan(ROWS[:1], rate=1, seconds=1, seed=0)
    with pytest.raises(PlanError, match="100000"):
        draw_plan(ROWS, rate=1e9, seconds=1e9, seed=0)


# --- a node ----------------------------------------------------------------------


def chaos(node: Target, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "trio_sup", "chaos", str(node.path), *words],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_faults_happen_and_everything_comes_back(tmp_path: Path) -> None:
    script = tmp_path / "plan.jsonl"
    steps = [
        Step(0.0, "crash", "root/odd/s1"),
        Step(0.0, "vanish", "root/odd/s3"),
        Step(0.0, "flood", "root/odd/s5", "100"),
        Step(0.0, "restart", "root/pool/d1"),
        Step(0.0, "suspend", "root/odd/s7"),
        Step(0.1, "resume", "root/odd/s7"),
        Step(0.1, "crash", "root/nobody"),
        Step(0.1, "resume", "root/odd/s9"),
    ]
    script.write_text("\n".join(json.dumps(step_json(step)) for step in steps))
    with target(control=True) as node:
        dry = chaos(node, "--plan", str(script), "--dry-run", "--json")
        assert dry.returncode == 0
        assert read_plan(dry.stdout.splitlines()) == sorted(steps)
        assert all(life == 1 for _, _, life, _ in node.tree())

        done = chaos(node, "--plan", str(script), "--json", "--settle", "30s")
        assert done.returncode == 0, done.stdout + done.stderr
        *hits, summary = [json.loads(line) for line in done.stdout.splitlines()]
        outcomes = {(hit["fault"], hit["path"]): hit["outcome"] for hit in hits}
        assert outcomes == {
            ("crash", "root/odd/s1"): "back",
            ("vanish", "root/odd/s3"): "back",
            ("flood", "root/odd/s5"): "back",
            ("restart", "root/pool/d1"): "back",
            ("suspend", "root/odd/s7"): "done",
            ("resume", "root/odd/s7"): "back",
            ("crash", "root/nobody"): "missed",
            ("resume", "root/odd/s9"): "refused",
        }
        assert (summary["faults"], summary["back"]) == (8, 5)
        lives = {path: life for path, _, life, _ in node.tree() if life > 1}
        assert lives == {"root/odd/s1": 2, "root/odd/s3": 2, "root/pool/d1": 2}


def test_a_node_that_allows_no_control_is_left_alone() -> None:
    with target(control=False) as node:
        before = node.tree()
        done = chaos(node, "--for", "1s", "--seed", "1")
        assert (done.returncode, done.stdout) == (8, "")
        assert "the node is read-only" in done.stderr
        assert chaos(node, "--for", "1s", "--dry-run", "--seed", "1").returncode == 0
        assert chaos(node, "--kinds", "earthquake").returncode == 2
        assert chaos(node, "under:nowhere").returncode == 2
        assert node.tree() == before


def test_ctrl_c_ends_it_and_puts_right_what_it_had_suspended(tmp_path: Path) -> None:
    script = tmp_path / "plan.jsonl"
    steps = [Step(0.0, "suspend", "root/odd/s7"), Step(1e5, "resume", "root/odd/s7")]
    script.write_text("\n".join(json.dumps(step_json(step)) for step in steps))
    with target(control=True) as node:
        words = ["chaos", str(node.path), "--plan", str(script)]
        process = subprocess.Popen(
            [sys.executable, "-m", "trio_sup", *words],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert process.stdout is not None
        assert "suspended" in process.stdout.readline()
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=60)
        assert process.returncode == 130
        assert "2 faults" in out
        status = {path: status for path, status, _, _ in node.tree()}
        assert status["root/odd/s7"] == "running"
