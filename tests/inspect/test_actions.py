"""Who may act, restarts by hand, and the life that was meant: on a real tree."""

from __future__ import annotations

from pathlib import Path

import pytest
import trio
from trio.testing import MockClock

from tests.inspect.operated import Counter, audited, hand, idle, operated
from trio_sup import (
    Backoff,
    child,
    current_node,
    dynamic_supervisor,
)
from trio_sup._inspected.inspection import INSPECT_VARIABLE, Inspect, inspect_mode
from trio_sup.inspect.client.operating import NOT_ASKED
from trio_sup.inspect.node.actions import NO_ROLE, REFUSALS
from trio_sup.inspect.protocol.codec import encode
from trio_sup.inspect.protocol.wire_actions import Act, Acted, Role
from trio_sup.testing import ConformanceMonitor

pytestmark = [pytest.mark.trio, pytest.mark.usefixtures("quiet_log")]


class Boom(Exception):
    pass


# --- who may -----------------------------------------------------------------


async def test_a_node_that_was_not_told_to_grants_no_control(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    specs = [child(Counter, id="a")]
    async with operated(tmp_path, specs, control=False) as (sup, path):
        async with hand(path) as client:
            assert client.session.node is not None
            assert client.session.node.readonly
            assert client.session.operating.role == Role(
                "view", client.session.operating.why_not, []
            )
            assert "inspect='control'" in client.session.operating.why_not
            # Not even to a client that asks all the same.
            row = client.row("root/a")
            await client.stream.send_all(encode(Act(9, "terminate", row.id, 1)))
            outcomes = client.session.operating.outcomes
            await client.until(lambda: 9 in outcomes)
            assert (outcomes[9].state, outcomes[9].code) == ("refused", "read_only")
        assert sup.child("a").status == "running"
        [event] = audited()
        assert (event.outcome, event.action) == ("refused", "terminate")
        assert event.by.startswith("uid=")


async def test_a_client_that_did_not_ask_for_control_cannot_act(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with operated(tmp_path, [child(Counter, id="a")]) as (sup, path):
        async with hand(path, control=False) as client:
            assert client.session.operating.why_not == NOT_ASKED
            assert (await client.act("terminate", "root/a")).code == "no_role"
            assert audited() == []  # it did not even leave the client
            row = client.row("root/a")
            await client.stream.send_all(encode(Act(9, "terminate", row.id, 1)))
            outcomes = client.session.operating.outcomes
            await client.until(lambda: 9 in outcomes)
            assert outcomes[9] == Acted(9, "refused", "no_role", NO_ROLE)
        assert sup.child("a").status == "running"
        assert [event.outcome for event in audited()] == ["refused"]


async def test_a_flood_of_refused_actions_does_not_flood_the_log(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with operated(tmp_path, [child(Counter, id="a")]) as (_, path):
        async with hand(path, control=False) as client:
            frames = b"".join(encode(Act(n, "restart", 1, 1)) for n in range(1, 200))
            await client.stream.send_all(frames)
            await client.until(lambda: 199 in client.session.operating.outcomes)
        assert len(audited()) == REFUSALS


@pytest.mark.parametrize(
    ("wanted", "said", "mode"),
    [
        (True, "", "view"),
        (True, "control", "control"),
        (True, "off", "off"),
        (False, "control", "off"),
        ("control", "", "control"),
        ("control", "view", "view"),
        ("control", "off", "off"),
        (True, "yes", "view"),
    ],
)
async def test_the_environment_takes_away_and_adds_only_to_the_default(
    wanted: Inspect, said: str, mode: str
) -> None:
    assert inspect_mode(wanted, {INSPECT_VARIABLE: said}) == mode


async def test_inspect_takes_nothing_else() -> None:
    with pytest.raises(ValueError, match="not 'Control'"):
        inspect_mode("Control", {})  # type: ignore[arg-type]


# --- restart -----------------------------------------------------------------


async def test_restart_starts_the_next_life_and_counts_nowhere(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with operated(tmp_path, [child(Counter, id="a"), child(idle, id="b")]) as (
        sup,
        path,
    ):
        with ConformanceMonitor().watching() as monitor:
            async with hand(path) as client:
                plan = await client.plan("restart", "root/a")
                assert plan.lines == [
                    "life 1 of root/a ends, life 2 starts",
                    "budget of root: 3 of 3 restarts left, this one is not counted",
                ]
                assert (plan.affected, plan.confirm) == (1, "")
                done = await client.act("restart", "root/a")
                assert (done.state, done.text) == (
                    "done",
                    "root/a is in life 2, running",
                )
        assert (sup.child("a").life, sup.child("b").life) == (2, 1)
        assert sup.statistics().restarts == 0
        monitor.check()
        [event] = audited()
        assert (event.path, event.life, event.outcome) == ("root/a", 1, "accepted")


@pytest.mark.parametrize(
    ("strategy", "lives", "line"),
    [
        ("one_for_all", [2, 2, 2], "one_for_all: also restarts 2 siblings: a, c"),
        ("rest_for_one", [1, 2, 2], "rest_for_one: also restarts 1 sibling: c"),
    ],
)
async def test_restart_takes_the_group_along_that_the_strategy_says(
    tmp_path: Path,
    autojump_clock: MockClock,
    strategy: str,
    lives: list[int],
    line: str,
) -> None:
    specs = [child(Counter, id="a"), child(Counter, id="b"), child(idle, id="c")]
    async with operated(tmp_path, specs, strategy=strategy) as (sup, path):
        with ConformanceMonitor().watching() as monitor:
            async with hand(path) as client:
                plan = await client.plan("restart", "root/b")
                assert line in plan.lines
                assert plan.affected == sum(lives) - 3
                assert plan.confirm == "b"
                assert (await client.act("restart", "root/b")).state == "done"
        assert [sup.child(id).life for id in "abc"] == lives
        assert sup.statistics().restarts == 0
        monitor.check()


async def test_restart_under_a_dynamic_supervisor_keeps_the_child_and_its_name(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    spec = dynamic_supervisor(id="pool")
    async with operated(tmp_path, [spec]) as (sup, path):
        pool = sup.dynamic("pool")
        worker = await pool.start_child(child(Counter, id="w", name="w"))
        with ConformanceMonitor().watching() as monitor:
            async with hand(path) as client:
                assert (await client.act("restart", "root/pool/w")).state == "done"
        assert worker.life == 2
        assert await worker.call(Counter.add, 1) == 1
        assert current_node().registry.get("w", Counter) == worker
        monitor.check()


async def test_a_restart_that_fails_to_start_is_retried_as_after_a_crash(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    lives = 0

    async def fragile(
        *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED
    ) -> None:
        nonlocal lives
        lives += 1
        if lives == 2:
            raise Boom
        task_status.started()
        await trio.sleep_forever()

    for strategy in ("one_for_one", "one_for_all"):
        lives = 0
        specs = [child(fragile, id="f"), child(idle, id="z")]
        async with operated(tmp_path, specs, strategy=strategy) as (sup, path):
            with ConformanceMonitor().watching() as monitor:
                async with hand(path) as client:
                    outcome = await client.act("restart", "root/f")
                    assert outcome.state == "failed"
                    await client.until_row("root/f", status="running", life=3)
            assert sup.statistics().restarts == 1
            monitor.check()


async def test_a_temporary_child_is_never_restarted_by_hand_either(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    specs = [child(idle, id="t", restart="temporary"), child(idle, id="p")]
    async with operated(tmp_path, specs, strategy="one_for_all") as (sup, path):
        async with hand(path) as client:
            assert (await client.act("restart", "root/t")).code == "not_applicable"
            plan = await client.plan("restart", "root/p")
            assert "stops for good, being temporary: t" in plan.lines
            await client.act("restart", "root/p")
        assert [info.id for info in sup.which_children()] == ["p"]


async def test_restart_ends_a_backoff_and_starts_what_was_stopped(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async def fails() -> None:
        await trio.sleep(1)
        raise Boom

    slow = Backoff(initial=1000.0, maximum=1000.0, immediate_first=False)
    specs = [child(fails, id="f", backoff=slow), child(idle, id="s")]
    async with operated(tmp_path, specs, max_seconds=1e6) as (sup, path):
        async with hand(path) as client:
            await client.until_row("root/f", status="backing_off")
            plan = await client.plan("restart", "root/f")
            assert plan.lines == ["ends the backoff: starts life 2 of root/f now"]
            assert (await client.act("restart", "root/f")).state == "done"
            assert (await client.act("terminate", "root/s")).state == "done"
            await client.until_row("root/s", status="stopped")
            assert (await client.act("terminate", "root/s")).code == "not_applicable"
            assert (await client.act("restart", "root/s")).state == "done"
        assert (sup.child("f").life, sup.child("s").life) == (2, 2)


# --- the life that was meant ---------------------------------------------------


async def test_an_action_meant_for_another_life_is_refused(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with operated(tmp_path, [child(Counter, id="a")]) as (sup, path):
        async with hand(path) as client:
            await client.act("restart", "root/a", life=1)
            for action in ("restart", "crash", "vanish"):
                outcome = await client.act(action, "root/a", life=1)
                assert (outcome.state, outcome.code) == ("refused", "stale")
                assert outcome.text == "meant was life 1, but root/a is in life 2"
            assert (await client.plan("crash", "root/a", life=1)).code == "stale"
        assert sup.child("a").life == 2
        assert [e.outcome for e in audited()] == ["accepted"] + ["refused"] * 3


async def test_an_action_that_waits_in_line_behind_a_change_is_refused(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    specs = [child(Counter, id="a")]
    async with operated(tmp_path, specs) as (_, path), hand(path) as client:
        row = client.row("root/a")
        acts = [Act(n, "restart", row.id, 1) for n in (1, 2)]
        await client.stream.send_all(b"".join(map(encode, acts)))
        operating = client.session.operating
        await client.until(lambda: operating.final(1) and operating.final(2))
        states = [
            (operating.outcomes[n].state, operating.outcomes[n].code) for n in (1, 2)
        ]
        assert sorted(states) == [("done", ""), ("refused", "stale")]
        assert [e.outcome for e in audited()] == ["accepted", "accepted", "refused"]


async def test_what_is_not_there_or_not_known_is_refused(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with operated(tmp_path, [child(idle, id="t")]) as (_, path):
        async with hand(path) as client:
            operating = client.session.operating
            req = operating.act("restart", 999, 1)
            await client.until(lambda: operating.final(req))
            assert operating.outcomes[req].code == "no_such_child"
            assert (await client.act("explode", "root/t")).code == "unknown_action"
            assert (await client.act("suspend", "root/t")).code == "not_applicable"
            assert (await client.act("flood", "root/t", "5")).code == "not_applicable"
            assert (await client.act("restart", "root")).code == "not_applicable"
            assert (await client.act("crash", "root")).code == "not_applicable"
