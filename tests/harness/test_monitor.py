"""The monitor: silent about what is right, and about nothing else."""

# pyright: reportPrivateUsage=false

import io
import json
from collections.abc import Callable
from typing import Any

import pytest
import trio
import trio.testing

import trio_sup
from tests.proof.supervisors import trio_driver
from tests.proof.supervisors.drawn.seeded import scenario_for
from tests.proof.supervisors.scenario import Queue
from tests.proof.supervisors.trio_driver import run_scenario
from trio_sup import child, dynamic_supervisor, open_supervisor, supervisor
from trio_sup._core.events import ChildStarted
from trio_sup.testing.event_log import EventLog, check_log
from trio_sup.testing.monitor import ConformanceMonitor, debug_conformance


async def crash_after(seconds: float) -> None:
    await trio.sleep(seconds)
    raise ValueError("planned")


TREE = supervisor(
    [
        child(trio.sleep_forever, id="db"),
        child(crash_after, 1, id="cache"),
        supervisor([child(trio.sleep_forever, id="w")], id="workers"),
    ],
    strategy="rest_for_one",
    max_restarts=5,
    id="app",
)


def record(spec: trio_sup.ChildSpec[trio_sup.Supervisor], seconds: float) -> list[str]:
    """The log of a run that lasts so many virtual seconds."""
    file = io.StringIO()

    async def main() -> None:
        trio_sup.current_node().add_hook(EventLog(file))
        with trio.move_on_after(seconds):
            async with open_supervisor(spec):
                await trio.sleep_forever()

    trio.run(main, clock=trio.testing.MockClock(autojump_threshold=0))
    return file.getvalue().splitlines()


class Watched(trio_driver.Run):
    async def run(self) -> Any:
        self.monitor = ConformanceMonitor()
        with self.monitor.watching():
            trace = await super().run()
        self.monitor.check()
        return trace

    async def settle(self) -> None:
        await super().settle()
        self.monitor.settled(trio.current_time())


def test_it_is_silent_about_generated_scenarios(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(trio_driver, "Run", Watched)
    played = 0
    for seed in range(300):
        scenario = scenario_for(seed)
        # The driver says of some queues that it cannot tell what to expect.
        if not any(isinstance(op, Queue) for op in scenario.script):
            run_scenario(scenario)
            played += 1
    assert played > 100


def test_a_recorded_log_is_enough_to_judge_a_tree() -> None:
    lines = record(TREE, 3.5)
    assert any('"restart_decided"' in line for line in lines)
    assert check_log(lines) == []


def doctored(lines: list[str], keep: Callable[[dict[str, Any]], bool]) -> list[str]:
    return [line for line in lines if keep(json.loads(line))]


def test_a_log_without_the_decision_does_not_explain_the_start() -> None:
    lines = record(TREE, 3.5)
    broken = doctored(lines, lambda data: data.get("event") != "restart_decided")
    rules = {violation.rule for violation in check_log(broken)}
    assert "nothing starts without a reason" in rules


def test_a_log_in_which_a_sibling_is_not_stopped_breaks_the_strategy() -> None:
    lines = record(TREE, 3.5)
    broken = doctored(
        lines,
        lambda data: (
            not (
                data.get("path") == "app/workers"
                and data.get("event") in ("child_stopping", "child_stopped")
            )
        ),
    )
    rules = {violation.rule for violation in check_log(broken)}
    assert "a group is down before it starts (SUP-051, 052)" in rules


def test_a_log_that_goes_beyond_the_limit_is_refused() -> None:
    lines = [
        line.replace('"max_restarts": 5', '"max_restarts": 1')
        for line in record(TREE, 3.5)
    ]
    rules = {violation.rule for violation in check_log(lines)}
    assert "the limit ends restarts (SUP-070)" in rules


def test_it_can_begin_in_the_middle_of_a_life() -> None:
    async def main() -> None:
        spec = supervisor(
            [*(TREE.flags.children if TREE.flags else ()), dynamic_supervisor(id="d")],
            id="app",
        )
        async with open_supervisor(spec) as sup:
            sessions = sup.dynamic("d")
            one = await sessions.start_child(child(trio.sleep_forever, id="one"))
            await trio.sleep(1.5)
            with ConformanceMonitor().watching() as monitor:
                await trio.sleep(2)
                await sessions.terminate_child(one)
                await sup.terminate_child("db")
                await sup.restart_child("db")
                await trio.testing.wait_all_tasks_blocked()
                monitor.settled(trio.current_time())
            monitor.check()

    assert TREE.flags is not None
    trio.run(main, clock=trio.testing.MockClock(autojump_threshold=0))


def test_as_a_debug_switch_it_logs_what_a_live_node_must_not_do(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def main() -> None:
        async with open_supervisor(TREE):
            monitor = debug_conformance()
            await trio.sleep(2.5)  # a restart of `cache`, as it is specified
            assert monitor.violations == []
            node = trio_sup.current_node()
            [started] = [
                event
                for event in node.recent_events()
                if event.kind == "child_started" and event.path == "app/db"
            ]
            again = (started.at, started.path, started.life)
            node.emit(ChildStarted, again)  # nobody started it again
            node.remove_hook(monitor.take)
            node.emit(ChildStarted, again)
            assert len(monitor.violations) == 1

    with caplog.at_level("ERROR", logger="trio_sup.conformance"):
        trio.run(main, clock=trio.testing.MockClock(autojump_threshold=0))
    [record] = [r for r in caplog.records if r.name == "trio_sup.conformance"]
    assert "app/db" in record.getMessage()


def test_a_log_that_begins_in_the_middle_says_what_was_there() -> None:
    file = io.StringIO()

    async def main() -> None:
        async with open_supervisor(TREE) as sup:
            await trio.sleep(1.5)
            trio_sup.current_node().add_hook(EventLog(file))
            await trio.sleep(2)
            await sup.terminate_child("db")
            await sup.restart_child("db")

    trio.run(main, clock=trio.testing.MockClock(autojump_threshold=0))
    assert check_log(file.getvalue().splitlines(), patience=0) == []


def test_a_restart_that_did_not_come_is_missing_while_the_log_goes_on() -> None:
    lines = record(TREE, 3.5)
    decided = [i for i, line in enumerate(lines) if '"restart_decided"' in line]
    end = [line for line in lines if '"at": 3.5' in line][:1]
    forgotten = [*lines[: decided[-1]], *end]
    [violation] = check_log(forgotten, patience=0)[:1]
    assert "was not restarted" in violation.what
    assert check_log(lines, patience=0) == []


Spoil = Callable[[list[str]], list[str]]


SPOILT: list[tuple[Spoil, str]] = [
    (lambda lines: [*lines[:5], "hello", *lines[5:]], "line 6 .* is no JSON"),
    (lambda lines: [*lines[:5], "[1]", *lines[5:]], "line 6 .* it is no object"),
    (lambda lines: ['{"event": "danced"}', *lines], "line 1 .* no such event"),
    (lambda lines: lines[8:], "line 1 .* a log is read from its beginning"),
    (lambda lines: [], "holds no event"),
]


@pytest.mark.parametrize(("spoilt", "text"), SPOILT)
def test_what_is_no_log_is_refused_with_the_line(spoilt: Spoil, text: str) -> None:
    with pytest.raises(ValueError, match=text):
        check_log(spoilt(record(TREE, 3.5)))


def test_a_last_line_that_was_cut_off_is_left_out() -> None:
    lines = record(TREE, 3.5)
    assert check_log([*lines[:-1], lines[-1][:20]]) == []
