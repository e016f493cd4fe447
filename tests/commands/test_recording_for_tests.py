"""A node is recorded while it is disturbed, and a test plays what happened to it."""

from __future__ import annotations

import gzip
import io
import json
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.commands.recorded_shop import spec
from tests.commands.rig import COMMAND, environment, peer
from tests.inspect.scripted import HELLO, SNAPSHOT, Driver
from trio_sup.cli import main
from trio_sup.inspect.protocol.codec import encode
from trio_sup.inspect.protocol.wire import Heartbeat
from trio_sup.inspect.recording.record import put_keyframe
from trio_sup.inspect.recording.recording import Full, Writer
from trio_sup.testing import (
    Ask,
    Crash,
    Fault,
    Flood,
    Scenario,
    StartAgain,
    SupervisionViolation,
    Suspend,
    Terminate,
    Vanish,
    World,
    replay,
    scenario_from,
)

Here = Callable[..., tuple[int, str, str]]

PLAN = [
    (0.0, "crash", "shop/mail"),
    (0.1, "suspend", "shop/db"),
    (0.15, "flood", "shop/db"),
    (0.2, "resume", "shop/db"),
    (0.3, "terminate", "shop/mail"),
    (0.5, "restart", "shop/mail"),
    (0.6, "crash", "shop/db"),
    (0.7, "vanish", "shop/cache"),
    (0.8, "restart", "shop/mail"),
]
KINDS: list[type[Fault]] = [
    *(Crash, Suspend, Flood, Terminate, StartAgain, Crash, Vanish),
    *(Terminate, StartAgain),
]


def never_both(world: World) -> None:
    """The planted bug: db and cache may not crash within some seconds."""
    assert not (world.crashes("shop/db") and world.crashes("shop/cache"))


def record_under_chaos(
    directory: Path, path: Path, plan: Path, *more: str, asleep: bool = False
) -> None:
    """Let a node of its own process be disturbed, and recorded by another one.

    Asleep, that one reads nothing of it before it is told to end.
    """
    environ = environment(directory)
    run = [*COMMAND, "run", "tests.commands.recorded_shop:spec", "--name", "shop"]
    record = [*COMMAND, "record", "shop", str(path), "--for-tests", "--messages", *more]
    with subprocess.Popen(
        [*run, "--control"], env=environ, stderr=subprocess.DEVNULL
    ) as node:
        try:
            while main(["status", "shop"]):
                assert node.poll() is None
                time.sleep(0.05)
            with subprocess.Popen(
                record, env=environ, stderr=subprocess.DEVNULL
            ) as recorder:
                while not path.exists() or not path.stat().st_size:
                    assert recorder.poll() is None
                    time.sleep(0.02)
                if asleep:
                    recorder.send_signal(signal.SIGSTOP)
                assert main(["chaos", "shop", "--plan", str(plan)]) == 0
                recorder.send_signal(signal.SIGINT)
                recorder.send_signal(signal.SIGCONT)
                assert recorder.wait(20) == 0
        finally:
            node.kill()


def plan_in(place: Path) -> Path:
    plan = place / "plan.jsonl"
    lines: list[dict[str, object]] = [
        {"at": at, "fault": fault, "path": to} for at, fault, to in PLAN
    ]
    lines[2]["argument"] = "70"
    plan.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return plan


def kinds_of(scenario: Scenario) -> list[type[Fault]]:
    """What befell children, without what was asked."""
    kinds = [type(fault) for fault in scenario.faults]
    return [kind for kind in kinds if kind is not Ask]


@pytest.mark.parametrize("rate", ["1", "10"])
@pytest.mark.parametrize("asleep", [False, True])
def test_a_recorder_hears_its_node_out_before_it_ends(
    directory: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    *,
    rate: str,
    asleep: bool,
) -> None:
    monkeypatch.setenv("TRIO_SUP_RUNTIME_DIR", str(directory))
    path = tmp_path / "a.rec"
    plan = plan_in(tmp_path)
    record_under_chaos(directory, path, plan, "--rate", rate, asleep=asleep)
    assert kinds_of(scenario_from(path)) == KINDS


def test_what_happened_to_a_node_is_played_and_shrunk(
    directory: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, here: Here
) -> None:
    monkeypatch.setenv("TRIO_SUP_RUNTIME_DIR", str(directory))
    path = tmp_path / "a.rec"
    record_under_chaos(directory, path, plan_in(tmp_path))

    scenario = scenario_from(path)
    assert kinds_of(scenario) == KINDS
    asked = next(fault for fault in scenario.faults if isinstance(fault, Ask))
    assert (asked.path, asked.op, asked.args) == ("shop/db", "note", (7, "beat"))
    assert scenario.unplayable == []
    first, second = replay(spec, scenario), replay(spec, scenario)
    assert first.timeline() == second.timeline()
    assert (first.lives("shop/mail"), first.lives("shop/db")) == (4, 2)

    with pytest.raises(SupervisionViolation) as found:
        replay(spec, scenario, invariants=[never_both])
    assert [(type(f), f.path) for f in found.value.script] == [
        (Crash, "shop/db"),
        (Crash, "shop/cache"),
    ]

    # It is a recording like any other to who only looks.
    assert "shop/cache" in here("tree", str(path))[1]
    assert here("events", str(path))[1].count("child_crashed") == 3


def test_a_recording_for_tests_says_what_it_is_and_how_it_ended(
    here: Here, tmp_path: Path
) -> None:
    path, other = tmp_path / "a.rec", tmp_path / "b.rec"
    assert here("record", str(path), "--for", "100ms", "--for-tests")[0] == 0
    lines = gzip.decompress(path.read_bytes()).splitlines()
    assert json.loads(lines[0])["for_tests"] == 1
    assert json.loads(lines[-1])["ended"] == "time"
    assert here("record", str(other), "--for", "100ms")[0] == 0
    ordinary = gzip.decompress(other.read_bytes())
    assert b"for_tests" not in ordinary
    assert b'"causes":' not in ordinary
    assert b'"ended":' not in ordinary


def test_the_first_picture_is_of_when_the_node_was_heard_not_of_now() -> None:
    driver = Driver()
    driver.connect()
    driver.hear(HELLO, *SNAPSHOT)
    file = io.BytesIO()
    writer = Writer(file, 100_000)
    assert put_keyframe(driver.session, writer, time.monotonic() - 5)
    writer.end("asked", 5.0)
    lines = gzip.decompress(file.getvalue()).splitlines()
    ends = [json.loads(line)[1] for line in lines if b"snap_end" in line]
    assert [end["at"] for end in ends] == [50.0], "what came since is behind it"


def test_a_full_recording_for_tests_still_says_how_it_ended() -> None:
    file = io.BytesIO()
    writer = Writer(file, 1000)
    writer.header(tool="test", wall=1.0, for_tests=True)
    with pytest.raises(Full):
        for at in range(100):
            writer.feed(encode(Heartbeat(at, 0.0)), at)
    writer.end("size", 100.0)
    assert len(file.getvalue()) == writer.size <= 1000
    lines = gzip.decompress(file.getvalue()).splitlines()
    assert len(lines) > 5
    assert json.loads(lines[-1]) == {"ended": "size", "seconds": 100.0}


def test_a_node_that_is_too_old_is_refused_and_leaves_no_file(
    directory: Path, tmp_path: Path, here: Here, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRIO_SUP_RUNTIME_DIR", str(directory))
    path = tmp_path / "a.rec"
    with peer(directory, HELLO, *SNAPSHOT, Heartbeat(50.0, 0.0)) as socket:
        code, _, err = here("record", str(socket), str(path), "--for-tests")
    assert (code, err.count("\n")) == (6, 1)
    assert "too old to tell what tests need" in err
    assert not path.exists()
