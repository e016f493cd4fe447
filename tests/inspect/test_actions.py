"""Actions on a real tree over a real socket."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
import trio
from trio.testing import MockClock

from tests.inspect.operated import Counter, hand, idle, operated
from trio_sup import (
    Backoff,
    Budget,
    NoProcess,
    child,
    current_node,
    dynamic_supervisor,
    events,
    supervisor,
)
from trio_sup._inspection import INSPECT_VARIABLE, Inspect, inspect_mode
from trio_sup.inspect.actions import NO_ROLE, REFUSALS
from trio_sup.inspect.codec import encode, request_decoder, server_decoder
from trio_sup.inspect.operating import NOT_ASKED
from trio_sup.inspect.wire_actions import (
    Act,
    Acted,
    AskControl,
    Plan,
    Planned,
    Role,
)
from trio_sup.testing import ConformanceMonitor

pytestmark = pytest.mark.trio

GOLDEN = Path(__file__).parent / "golden" / "actions-1.ndjson"


def audited() -> list[events.OperatorAction]:
    recent = current_node().recent_events()
    return [e for e in recent if isinstance(e, events.OperatorAction)]


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    logger = logging.getLogger("trio_sup")
    before = logger.level
    logger.setLevel(logging.CRITICAL)
    yield
    logger.setLevel(before)


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
            for action in ("restart", "terminate", "suspend", "crash"):
                outcome = await client.act(action, "root/a", life=1)
                assert (outcome.state, outcome.code) == ("refused", "stale")
                assert outcome.text == "meant was life 1, but root/a is in life 2"
            assert (await client.plan("restart", "root/a", life=1)).code == "stale"
        assert sup.child("a").life == 2
        assert [e.outcome for e in audited()] == ["accepted"] + ["refused"] * 4


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


# --- terminate, suspend, drain, release ----------------------------------------


async def test_terminate_stops_one_and_leaves_the_siblings(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    inner = supervisor([child(idle, id="x"), child(idle, id="y")], id="in")
    async with operated(tmp_path, [inner, child(idle, id="b")]) as (sup, path):
        async with hand(path) as client:
            plan = await client.plan("terminate", "root/in")
            assert plan.lines == [
                "stops root/in (life 1)",
                "with the 2 processes below it",
                "it stays down until somebody restarts it",
                "no sibling is touched",
            ]
            assert (plan.affected, plan.confirm) == (3, "in")
            assert (await client.act("terminate", "root/in")).state == "done"
        assert [i.status for i in sup.which_children()] == ["stopped", "running"]


async def test_terminating_the_root_stops_the_tree_in_order(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with operated(tmp_path, [child(idle, id="a")]) as (sup, path):
        async with hand(path) as client:
            plan = await client.plan("terminate", "root")
            assert "a program that is this tree ends" in plan.lines
            assert plan.confirm == "root"
            operating = client.session.operating
            req = operating.act("terminate", client.row("root").id, 1)
            await client.until(lambda: req in operating.outcomes)
        assert sup.status in ("gone", "stopping", "running")


async def test_a_suspended_server_is_seen_and_waits_until_it_is_resumed(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with operated(tmp_path, [child(Counter, id="a")]) as (sup, path):
        ref = sup.server(Counter, "a")
        async with hand(path) as client:
            assert (await client.act("suspend", "root/a")).state == "done"
            await client.until_row("root/a", status="suspended")
            ref.cast(Counter.note)
            assert (await client.act("suspend", "root/a")).code == "not_applicable"
            plan = await client.plan("resume", "root/a")
            assert plan.lines == ["handles messages again; 1 message waiting"]
            assert (await client.act("resume", "root/a")).state == "done"
            await client.until_row("root/a", status="running")
        assert await ref.call(Counter.add, 0) == 1


async def test_suspending_a_server_that_is_busy_says_what_it_is_busy_with(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with operated(tmp_path, [child(Counter, id="a")]) as (sup, path):
        sup.server(Counter, "a").cast(Counter.hold, 60.0)
        async with hand(path) as client:
            outcome = await client.act("suspend", "root/a")
            assert outcome.state == "failed"
            assert "busy with 'hold'" in outcome.text
            await client.until_row("root/a", status="suspended")


async def test_drain_drops_what_waits_and_tells_the_callers(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with operated(tmp_path, [child(Counter, id="a")]) as (sup, path):
        ref = sup.server(Counter, "a")
        answers: list[object] = []

        async def ask() -> None:
            try:
                answers.append(await ref.call(Counter.add, 1))
            except NoProcess as error:
                answers.append(str(error))

        async with hand(path) as client, trio.open_nursery() as nursery:
            assert (await client.act("drain", "root/a")).code == "not_applicable"
            ref.cast(Counter.hold, 30.0)
            await trio.sleep(0.1)
            for _ in range(3):
                ref.cast(Counter.note)
            nursery.start_soon(ask)
            await trio.sleep(0.1)
            plan = await client.plan("drain", "root/a")
            assert plan.lines == [
                "discards 3 casts and sends",
                "fails 1 call with NoProcess: not executed",
                "'hold', which is in hand, goes on",
            ]
            outcome = await client.act("drain", "root/a")
            assert outcome.text == "root/a: 3 casts and sends dropped, 1 calls failed"
        assert answers == ["'root/a' had its mailbox drained"]
        assert await ref.call(Counter.add, 0) == 0
        assert ref.statistics().dropped == 3


async def test_release_ends_a_quarantine(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async def fails() -> None:
        await trio.sleep(1)
        raise Boom

    budget = Budget(0, 60.0, then="quarantine")
    async with operated(tmp_path, [child(fails, id="f", budget=budget)]) as (_, path):
        async with hand(path) as client:
            assert (await client.act("release", "root/f")).code == "not_applicable"
            await client.until_row("root/f", status="quarantined")
            plan = await client.plan("release", "root/f")
            assert plan.lines == [
                "starts life 2 of root/f",
                "its own budget is cleared",
            ]
            assert (await client.act("release", "root/f")).state == "done"


# --- the node --------------------------------------------------------------------


async def test_the_level_of_a_logger_that_exists_can_be_set(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    own = logging.getLogger("tests.actions")
    own.setLevel(logging.ERROR)
    async with operated(tmp_path, [child(idle, id="a")]) as (_, path):
        async with hand(path) as client:
            plan = await client.plan("log_level", argument="tests.actions=debug")
            assert plan.lines == ["logger 'tests.actions': ERROR becomes DEBUG"]
            await client.act("log_level", argument="tests.actions=debug")
            assert own.level == logging.DEBUG
            unknown = await client.act("log_level", argument="tests.nobody=DEBUG")
            assert unknown.code == "bad_argument"
            assert "tests.nobody" not in logging.root.manager.loggerDict
            assert (
                await client.act("log_level", argument="LOUD")
            ).code == "bad_argument"


async def test_garbage_can_be_collected(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with operated(tmp_path, [child(idle, id="a")]) as (_, path):
        async with hand(path) as client:
            outcome = await client.act("collect")
            assert outcome.state == "done"
            assert "unreachable objects found" in outcome.text
            assert [(e.path, e.action) for e in audited()] == [("", "collect")]


# --- faults ------------------------------------------------------------------------


@pytest.mark.parametrize("fault", ["crash", "vanish"])
@pytest.mark.parametrize("kind", ["server", "task", "busy"])
async def test_a_fault_is_a_crash_of_the_childs_own(
    tmp_path: Path, autojump_clock: MockClock, fault: str, kind: str
) -> None:
    spec = child(idle, id="a") if kind == "task" else child(Counter, id="a")
    async with operated(tmp_path, [spec]) as (sup, path):
        if kind == "busy":
            sup.server(Counter, "a").cast(Counter.hold, 1e6)
        with ConformanceMonitor().watching() as monitor:
            async with hand(path) as client:
                assert (await client.act(fault, "root/a")).state == "done"
                await client.until_row("root/a", life=2, status="running")
        last = sup.child("a").last_exit
        assert last is not None
        assert last.kind == "crashed"
        assert sup.statistics().restarts == 1
        monitor.check()


async def test_a_flood_fills_a_mailbox_and_the_server_gets_through_it(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with operated(tmp_path, [child(Counter, id="a")]) as (sup, path):
        async with hand(path) as client:
            outcome = await client.act("flood", "root/a", "5000")
            assert "got 1024 messages" in outcome.text
            assert (await client.act("flood", "root/a", "0")).code == "bad_argument"
            assert (await client.act("flood", "root/a", "many")).code == "bad_argument"
        assert await sup.server(Counter, "a").call(Counter.add, 1) == 1


# --- the client goes away ------------------------------------------------------------


async def test_an_accepted_action_is_carried_out_though_its_client_left(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with operated(tmp_path, [child(Counter, id="a")]) as (sup, path):
        ref = sup.server(Counter, "a")
        ref.cast(Counter.hold, 3.0)
        async with hand(path) as client:
            operating = client.session.operating
            req = operating.act("restart", client.row("root/a").id, 1)
            await client.until(lambda: req in operating.outcomes)
            client.session.lost(0.0, "gone")
            assert operating.outcomes[req].state == "failed"
            assert "may have been done" in operating.outcomes[req].text
        await trio.sleep(10)
        assert (ref.life, ref.status) == (2, "running")


async def test_a_client_that_asks_and_does_not_read_is_not_read_from(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with operated(tmp_path, [child(Counter, id="a")]) as (_, path):
        async with hand(path) as client:
            frame = encode(Plan(1, "restart", client.row("root/a").id, 1)) * 1000
            sent = 0
            with trio.move_on_after(30) as waiting:
                while True:
                    await client.stream.send_all(frame)
                    sent += 1000
            assert waiting.cancelled_caught
            assert sent < 50_000


# --- the wire --------------------------------------------------------------------------

EVERY_KIND: list[Role | Planned | Acted | AskControl | Plan | Act] = [
    Role("control", "", ["restart", "collect"]),
    Planned(3, "", "", ["life 1 of shop/a ends, life 2 starts"], 2, "a"),
    Planned(4, "stale", "meant was life 1"),
    Acted(3, "accepted", "", "life 1 of shop/a ends, life 2 starts"),
    Acted(3, "done", "", "shop/a is in life 2, running"),
    Acted(5, "refused", "read_only", "the node is read-only"),
    AskControl(),
    Plan(3, "restart", 7, 1, ""),
    Act(3, "log_level", 0, 0, "DEBUG"),
]


async def test_the_bytes_of_actions_are_those_of_their_first_version() -> None:
    assert b"".join(map(encode, EVERY_KIND)) == GOLDEN.read_bytes()


async def test_the_bytes_of_actions_are_understood() -> None:
    lines = GOLDEN.read_bytes().splitlines(keepends=True)
    assert server_decoder().feed(b"".join(lines[:6])) == EVERY_KIND[:6]
    assert request_decoder().feed(b"".join(lines[6:])) == EVERY_KIND[6:]
