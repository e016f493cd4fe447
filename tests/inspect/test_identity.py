"""Acting on a child that does not hold still: by who it is, whatever life it is in."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import trio
from trio.testing import MockClock

from tests.inspect.operated import Counter, Hand, hand, idle, operated
from trio_sup import (
    Backoff,
    Budget,
    GenServer,
    Supervisor,
    call,
    cast,
    child,
    dynamic_supervisor,
)
from trio_sup.inspect.protocol.wire_actions import Acted
from trio_sup.testing import ConformanceMonitor

pytestmark = [pytest.mark.trio, pytest.mark.usefixtures("quiet_log")]

FOREVER: dict[str, Any] = {"max_restarts": 10**6, "max_seconds": 1.0}


class Boom(Exception):
    pass


async def crashes() -> None:
    """Lives for 13 ms: seventy-five lives a second."""
    await trio.sleep(0.013)
    raise Boom


class Restless(GenServer):
    """Crashes soon after its start, by a message of its own."""

    async def init(self) -> None:
        self.send_after(0.02, Restless.fail)

    @cast
    async def fail(self) -> None:
        raise Boom


@asynccontextmanager
async def storm(
    path: Path, *specs: Any, **options: Any
) -> AsyncGenerator[tuple[Supervisor, Hand]]:
    """A tree under which the rules of supervision are checked, and a client of it."""
    async with operated(path, list(specs), **{**FOREVER, **options}) as (sup, socket):
        with ConformanceMonitor().watching() as monitor:
            async with hand(socket) as client:
                yield sup, client
            monitor.check()


async def strike(sup: Supervisor, client: Hand, action: str, id: str = "a") -> Acted:
    """Act on the life that a child is in just now."""
    return await client.act(action, f"root/{id}", life=sup.child(id).life)


@pytest.mark.parametrize("action", ["terminate", "quarantine", "hold"])
@pytest.mark.parametrize("strategy", ["one_for_one", "one_for_all", "rest_for_one"])
async def test_who_crashes_all_the_time_is_stopped_whatever_life_was_seen(
    tmp_path: Path, autojump_clock: MockClock, action: str, strategy: str
) -> None:
    specs = [child(idle, id="a"), child(crashes, id="hot"), child(idle, id="z")]
    async with storm(tmp_path, *specs, strategy=strategy) as (sup, client):
        await client.until(lambda: sup.child("hot").life > 40)
        done = await client.act(action, "root/hot", life=3)
        assert done.state == "done", done
        await trio.sleep(1)
        status = "stopped" if action == "terminate" else "quarantined"
        assert sup.child("hot").status == status
        life = sup.child("hot").life
        await trio.sleep(10)
        assert sup.child("hot").life == life
        assert {sup.child("a").status, sup.child("z").status} == {"running"}


@pytest.mark.parametrize("action", ["quarantine", "hold", "terminate"])
async def test_who_crashes_all_the_time_is_stopped_under_a_dynamic_supervisor(
    tmp_path: Path, autojump_clock: MockClock, action: str
) -> None:
    pool = dynamic_supervisor(id="pool", max_restarts=10**6, max_seconds=1.0)
    async with storm(tmp_path, pool) as (sup, client):
        dynamic = sup.dynamic("pool")
        hot = await dynamic.start_child(child(crashes, id="hot"))
        await client.until(lambda: hot.life > 9)
        done = await client.act(action, "root/pool/hot", life=2)
        assert done.state == "done", done
        await trio.sleep(1)
        assert hot.status == ("gone" if action == "terminate" else "quarantined")
        if action != "terminate":
            row = await client.until_row("root/pool/hot", status="quarantined")
            again = await client.act("release", "root/pool/hot")
            assert again.state == "done"
            await client.until(lambda: hot.life > row.life + 3)


@pytest.mark.parametrize("strategy", ["one_for_all", "rest_for_one"])
async def test_a_group_that_waits_for_whom_is_quarantined_starts_without_it(
    tmp_path: Path, autojump_clock: MockClock, strategy: str
) -> None:
    slow = Backoff(initial=1000.0, maximum=1000.0, immediate_first=False)
    specs = [
        child(idle, id="a"),
        child(crashes, id="hot", backoff=slow),
        child(idle, id="z"),
    ]
    async with storm(tmp_path, *specs, strategy=strategy) as (sup, client):
        await client.until_row("root/hot", status="backing_off")
        assert sup.child("z").status != "running"
        plan = await client.plan("quarantine", "root/hot")
        names = "a, z" if strategy == "one_for_all" else "z"
        assert plan.lines[-1] == f"its group starts without it: {names}"
        assert (await client.act("quarantine", "root/hot")).state == "done"
        await trio.sleep(1)
        states = [sup.child(id).status for id in ("a", "hot", "z")]
        assert states == ["running", "quarantined", "running"]
        # Nor does a later restart of the group take it along.
        assert (await strike(sup, client, "restart", "z")).state == "done"
        assert sup.child("hot").status == "quarantined"
        assert (await client.act("release", "root/hot")).state == "done"
        assert sup.child("hot").life == 2


@pytest.mark.parametrize("strategy", ["one_for_all", "rest_for_one"])
async def test_a_group_whose_start_fails_starts_without_whom_is_quarantined(
    tmp_path: Path, autojump_clock: MockClock, strategy: str
) -> None:
    lives = 0

    async def fragile(
        *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED
    ) -> None:
        nonlocal lives
        lives += 1
        await trio.sleep(0.01)
        if lives > 1:
            raise Boom
        task_status.started()
        await trio.sleep(0.01)
        raise Boom

    specs = [child(idle, id="a"), child(fragile, id="hot"), child(idle, id="z")]
    async with storm(tmp_path, *specs, strategy=strategy) as (sup, client):
        await client.until(lambda: lives > 5)
        assert (await client.act("quarantine", "root/hot", life=1)).state == "done"
        await trio.sleep(1)
        states = [sup.child(id).status for id in ("a", "hot", "z")]
        assert states == ["running", "quarantined", "running"]


async def test_a_held_child_goes_on_and_its_end_is_the_last(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with storm(tmp_path, child(Counter, id="a")) as (sup, client):
        plan = await client.plan("hold", "root/a")
        assert plan.lines[0] == (
            "life 1 of root/a goes on; when it ends, no restart follows: "
            "it is quarantined"
        )
        assert (await client.act("hold", "root/a")).state == "done"
        assert sup.child("a").status == "running"
        assert (await client.act("hold", "root/a")).code == "not_applicable"
        assert (await client.act("release", "root/a")).state == "done"
        assert (await strike(sup, client, "crash")).state == "done"
        await client.until_row("root/a", life=2, status="running")
        assert (await client.act("hold", "root/a")).state == "done"
        assert (await strike(sup, client, "crash")).state == "done"
        await client.until_row("root/a", life=2, status="quarantined")
        assert (await client.act("release", "root/a")).state == "done"
        # A released child is restarted as ever.
        assert (await strike(sup, client, "crash")).state == "done"
        await client.until_row("root/a", life=4, status="running")


async def test_a_hold_is_told_with_the_details(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with storm(tmp_path, child(Counter, id="a")) as (_, client):
        session = client.session
        row = client.row("root/a")
        session.ask.watch(row.id, 0.0)
        await client.until(lambda: row.id in session.details)
        assert not session.details[row.id].held
        assert (await client.act("hold", "root/a")).state == "done"
        await client.until(lambda: session.details[row.id].held)
        assert (await client.act("release", "root/a")).state == "done"
        await client.until(lambda: not session.details[row.id].held)


async def test_terminate_and_restart_by_hand_end_a_hold(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with storm(tmp_path, child(Counter, id="a")) as (sup, client):
        await client.act("hold", "root/a")
        await client.act("terminate", "root/a")
        assert sup.child("a").status == "stopped"
        await strike(sup, client, "restart")
        await strike(sup, client, "crash")
        await client.until_row("root/a", life=3, status="running")


async def test_a_server_that_crashes_all_the_time_can_be_suspended(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with storm(tmp_path, child(Restless, id="a")) as (sup, client):
        await client.until(lambda: sup.child("a").life > 20)
        done = await client.act("suspend", "root/a", life=1)
        assert done.state == "done", done
        life = sup.child("a").life
        await trio.sleep(10)
        assert sup.child("a").life == life
        assert (await client.act("resume", "root/a", life=1)).state == "done"
        await client.until(lambda: sup.child("a").life > life)


async def test_a_server_that_never_runs_is_not_suspended(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    slow = Backoff(initial=1000.0, maximum=1000.0, immediate_first=False)
    async with storm(tmp_path, child(Restless, id="a", backoff=slow)) as (_, client):
        await client.until_row("root/a", status="backing_off")
        plan = await client.plan("suspend", "root/a")
        assert plan.lines == [
            "it is backing_off: suspended as soon as it runs, within 5 s"
        ]
        done = await client.act("suspend", "root/a")
        assert (done.state, done.text) == ("failed", "root/a did not run within 5 s")


async def test_a_restart_is_for_the_life_that_its_plan_names(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with storm(tmp_path, child(Counter, id="a")) as (sup, client):
        await strike(sup, client, "crash")
        await client.until_row("root/a", life=2, status="running")
        plan = await client.plan("restart", "root/a", life=1)
        assert (plan.code, plan.life) == ("", 2)
        assert plan.lines[0] == "life 2 of root/a ends, life 3 starts"
        await client.act("crash", "root/a", life=2)
        await client.until_row("root/a", life=3, status="running")
        late = await client.act("restart", "root/a", life=plan.life)
        assert (late.state, late.code) == ("refused", "stale")
        assert sup.child("a").life == 3


async def test_a_temporary_child_and_a_root_are_never_quarantined(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with storm(tmp_path, child(idle, id="t", restart="temporary")) as (_, client):
        for action in ("quarantine", "hold"):
            assert (await client.act(action, "root/t")).code == "not_applicable"
            assert (await client.act(action, "root")).code == "not_applicable"


async def test_the_plan_names_the_message_that_is_cut(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    specs = [
        child(Counter, id="a", shutdown=2.0),
        child(Counter, id="b", shutdown="brutal_kill"),
    ]
    async with storm(tmp_path, *specs) as (sup, client):
        for id in "ab":
            sup.server(Counter, id).cast(Counter.hold, 100.0)
        await client.until_row("root/a", op="hold")
        await client.until_row("root/b", op="hold")
        plan = await client.plan("restart", "root/a")
        assert any(
            line.startswith("'hold', in hand for ")
            and line.endswith(" s, has 2 s to end, then it is cut")
            for line in plan.lines
        ), plan.lines
        plan = await client.plan("terminate", "root/b")
        assert plan.lines[-1].startswith("'hold', in hand for ")
        assert plan.lines[-1].endswith(", is cut at once (brutal_kill)")


async def test_the_plan_names_who_called_what_is_cut(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async def caller() -> None:
        while True:
            await trio.sleep(0.1)
            await sup.server(Waits, "a").call(Waits.wait)

    class Waits(GenServer):
        @call
        async def wait(self) -> None:
            await trio.sleep(100)

    async with storm(tmp_path, child(Waits, id="a"), child(caller, id="c")) as (
        sup,
        client,
    ):
        await client.until_row("root/a", op="wait")
        plan = await client.plan("terminate", "root/a")
        assert plan.lines[1].startswith("1 caller waits: c (in hand); ")


async def test_what_is_told_of_one_in_quarantine_says_who_put_it_there(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    own = Budget(2, 60.0, then="quarantine")
    specs = [child(idle, id="a"), child(crashes, id="hot", budget=own)]
    async with storm(tmp_path, *specs) as (_, client):
        assert (await client.act("quarantine", "root/a")).state == "done"
        await client.until_row("root/hot", status="quarantined")
        by_hand = ["quarantine", "by hand: an operator said so"]
        assert await client.facts("root/a", by_hand)
        used_up = ["quarantine", "its own restart budget is used up"]
        assert await client.facts("root/hot", used_up)
        assert (await client.act("release", "root/a")).state == "done"
        assert await client.facts("root/a")


@pytest.mark.parametrize("dynamic", [False, True])
async def test_who_is_quarantined_for_a_time_can_be_so_for_good(
    tmp_path: Path, autojump_clock: MockClock, dynamic: bool
) -> None:
    budget = Budget(2, 60.0, then="quarantine", release_after=100.0)
    spec = child(crashes, id="hot", budget=budget)
    pool = dynamic_supervisor(id="pool")
    async with storm(tmp_path, pool if dynamic else spec) as (sup, client):
        if dynamic:
            handle = await sup.dynamic("pool").start_child(spec)
        else:
            handle = sup.child("hot")
        path = handle.path_text
        await client.until_row(path, status="quarantined")
        assert handle.record.may_return
        plan = await client.plan("quarantine", path)
        assert plan.lines[0] == f"{path} stays down (quarantined for a time)"
        assert (await client.act("quarantine", path)).state == "done"
        assert (await client.act("quarantine", path)).code == "not_applicable"
        await handle.wait_stopped()  # nobody waits for what never comes
        life = handle.life
        await trio.sleep(1000)
        assert (handle.status, handle.life) == ("quarantined", life)
        assert (await client.act("release", path)).state == "done"
        await client.until(lambda: handle.life > life)
