"""What each action does to a real tree, and what the wire looks like."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest
import trio
from trio.testing import MockClock

from tests.inspect.operated import Counter, audited, hand, idle, operated
from trio_sup import (
    Budget,
    NoProcess,
    child,
    supervisor,
)
from trio_sup.inspect.protocol.codec import encode, request_decoder, server_decoder
from trio_sup.inspect.protocol.wire_actions import (
    Act,
    Acted,
    AskControl,
    Plan,
    Planned,
    Role,
)
from trio_sup.testing import ConformanceMonitor

pytestmark = [pytest.mark.trio, pytest.mark.usefixtures("quiet_log")]

GOLDEN = Path(__file__).parent / "golden" / "actions-1.ndjson"


class Boom(Exception):
    pass


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
                "1 caller waits: a task",
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


async def test_the_bytes_of_actions_are_those_of_their_first_version_and_more() -> None:
    now, then = map(encode, EVERY_KIND), GOLDEN.read_bytes().splitlines()
    for line, first in zip(now, then, strict=True):  # fields were only ever added
        assert line.startswith(first.removesuffix(b"}"))


async def test_the_bytes_of_actions_are_understood() -> None:
    lines = GOLDEN.read_bytes().splitlines(keepends=True)
    assert server_decoder().feed(b"".join(lines[:6])) == EVERY_KIND[:6]
    assert request_decoder().feed(b"".join(lines[6:])) == EVERY_KIND[6:]
