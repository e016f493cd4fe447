"""What servers do, told live: through several of them, bounded, and over when asked."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any, ClassVar

import pytest
import trio
import trio.testing
from trio.testing import MockClock

from tests.inspect.looking import Looker, looking
from trio_sup import (
    Caller,
    GenServer,
    ServerRef,
    Supervisor,
    call,
    cast,
    child,
    open_supervisor,
)
from trio_sup._servers.measure import StampedInbox
from trio_sup.inspect.node import tracer
from trio_sup.inspect.node.watching import LEASE
from trio_sup.inspect.protocol.codec import encode, request_decoder, server_decoder
from trio_sup.inspect.protocol.wire_details import Follow
from trio_sup.inspect.protocol.wire_trace import Trace, TraceStep
from trio_sup.inspect.text.trace_lines import (
    cost_line,
    trace_json,
    trace_line,
    way,
    what,
)

STEP = TraceStep(
    *(5.0, "received", 3, "shop/pay", "call", "charge", "(7)", "shop/web"),
    *(12, 11, 11, 1, 0.002, ""),
)


class Declined(Exception):
    """The answer no."""


class Db(GenServer):
    def __init__(self) -> None:
        self.rows = 0
        self.password = "hunter2"

    @call
    async def put(self, key: int) -> int:
        self.rows += 1
        return key

    @call(raises=(Declined,))
    async def refuse(self) -> None:
        raise Declined("no")

    @call.deferred
    async def later(self, caller: Caller[int]) -> None:
        self.caller = caller

    @cast
    async def answer(self) -> None:
        self.caller.reply(7)


class Pay(GenServer):
    def __init__(self, db: ServerRef[Db]) -> None:
        self.db = db

    @call
    async def charge(self, key: int) -> int:
        return await self.db.call(Db.put, key)

    @cast
    async def note(self, key: int) -> None:
        await self.db.call(Db.put, key)


class Web(GenServer):
    def __init__(self, pay: ServerRef[Pay]) -> None:
        self.pay = pay

    @call
    async def place(self, key: int) -> int:
        answer = await self.pay.call(Pay.charge, key)
        self.pay.cast(Pay.note, key)
        return answer


async def shop(sup: Supervisor) -> ServerRef[Web]:
    """Three servers, of which each asks the next."""
    db = await sup.start_child(child(Db, id="db"))
    pay = await sup.start_child(child(Pay, db, id="pay"))
    return await sup.start_child(child(Web, pay, id="web"))


async def follow(looker: Looker, path: str, op: str = "") -> None:
    topics = looker.session.topics
    wish = Follow("trace", child=looker.id_of(path) if path else 0, text=op)
    looker.session.ask.follow(wish, trio.current_time())
    await looker.until(lambda: topics.trace)


async def steps(looker: Looker, count: int) -> list[TraceStep]:
    topics = looker.session.topics
    await looker.until(lambda: topics.steps.count >= count)
    return list(topics.steps.lines)


@pytest.mark.trio
async def test_one_call_is_followed_through_three_servers(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with open_supervisor([], id="top") as sup:
        web = await shop(sup)
        async with looking(tmp_path) as looker:
            await follow(looker, "top")
            assert looker.session.topics.trace is not None
            assert looker.session.topics.trace.servers == 3
            assert await web.call(Web.place, 5) == 5
            seen = await steps(looker, 10)
            assert [(s.depth, s.kind, s.path, s.op) for s in seen[:6]] == [
                (0, "received", "top/web", "place"),
                (1, "received", "top/pay", "charge"),
                (2, "received", "top/db", "put"),
                (2, "replied", "top/db", "put"),
                (1, "replied", "top/pay", "charge"),
                (0, "replied", "top/web", "place"),
            ]
            assert {s.root for s in seen} == {seen[0].id}
            assert seen[1].parent == seen[0].id
            assert seen[2].parent == seen[1].id
            assert seen[2].sender == "top/pay"
            # The cast, too, and what followed from it.
            assert [(s.depth, s.message, s.op) for s in seen[6:8]] == [
                (1, "cast", "note"),
                (2, "call", "put"),
            ]


@pytest.mark.trio
async def test_a_chain_is_known_though_only_its_last_server_is_looked_at(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with open_supervisor([], id="top") as sup:
        web = await shop(sup)
        async with looking(tmp_path) as looker:
            await follow(looker, "top/db")
            await web.call(Web.place, 5)
            first, *_ = await steps(looker, 2)
            assert (first.path, first.op, first.depth) == ("top/db", "put", 2)
            assert first.root < first.parent < first.id or first.root != first.id


@pytest.mark.trio
async def test_one_operation_is_told_with_what_follows_from_it_and_no_other(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with open_supervisor([], id="top") as sup:
        web = await shop(sup)
        async with looking(tmp_path) as looker:
            await follow(looker, "", "note")
            await web.call(Web.place, 5)
            seen = await steps(looker, 4)
            assert [s.op for s in seen][:2] == ["note", "put"]
            assert "charge" not in {s.op for s in seen}


@pytest.mark.trio
async def test_what_a_message_changed_is_told_without_secrets(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with open_supervisor([child(Db, id="db")], id="top") as sup:
        async with looking(tmp_path) as looker:
            await follow(looker, "top/db")
            await sup.server(Db, "db").call(Db.put, 9)
            received, replied = await steps(looker, 2)
            assert (received.text, received.state) == ("(9)", "")
            assert (replied.text, replied.state) == ("9", "rows: 0 -> 1")
            assert "hunter2" not in str([received, replied])


@pytest.mark.trio
async def test_errors_and_deferred_answers_are_told(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with (
        open_supervisor([child(Db, id="db")], id="top") as sup,
        looking(tmp_path) as looker,
        trio.open_nursery() as nursery,
    ):
        db = sup.server(Db, "db")
        await follow(looker, "top/db")
        with pytest.raises(Declined):
            await db.call(Db.refuse)
        nursery.start_soon(db.call, Db.later)
        await trio.testing.wait_all_tasks_blocked()
        db.cast(Db.answer)
        seen = await steps(looker, 7)
        assert [(s.kind, s.op) for s in seen] == [
            ("received", "refuse"),
            ("failed", "refuse"),
            ("received", "later"),
            ("deferred", "later"),
            ("received", "answer"),
            ("answered", "later"),
            ("handled", "answer"),
        ]
        assert seen[1].text == "Declined: no"
        assert seen[5].id == seen[3].id


@pytest.mark.trio
async def test_with_contents_hidden_only_kinds_and_operations_are_told(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with (
        open_supervisor([child(Db, id="db")], id="top") as sup,
        looking(tmp_path, contents=False) as looker,
    ):
        await follow(looker, "top/db")
        await sup.server(Db, "db").call(Db.put, 9)
        assert [(s.op, s.text, s.state) for s in await steps(looker, 2)] == [
            ("put", "", "")
        ] * 2


def test_who_follows_is_told_when_the_look_is_through_and_not_in_its_midst() -> None:
    class Nobody:
        cells: ClassVar[dict[int, Any]] = {}

        def roots(self) -> list[Any]:
            return []

    nobody: Any = Nobody()
    topic = tracer.TraceTopic(nobody, nobody, nobody)
    first, second = topic.share(), topic.share()
    first.wish(Follow("trace"))
    look = topic.look(0.0)
    next(look)
    second.wish(Follow("trace", text="put"))  # too late for this look
    assert not list(first.frames(0.0))
    assert list(look)
    assert list(first.frames(0.0))
    assert not list(second.frames(0.0))
    assert list(topic.look(1.0))
    assert list(second.frames(1.0))


@pytest.mark.trio
@pytest.mark.parametrize("how", ["unfollow", "leave", "silence"])
async def test_servers_are_looked_at_only_while_somebody_follows(
    how: str, tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with open_supervisor([child(Db, id="db")], id="top") as sup:
        db = sup.server(Db, "db")
        queue = db.record.mailbox
        async with looking(tmp_path) as looker:
            assert queue.spy is None
            await follow(looker, "top")
            assert queue.spy is not None
            assert isinstance(queue.inbox, StampedInbox)
            if how == "unfollow":
                looker.session.ask.unfollow("trace")
                await looker.stream.send_all(looker.session.outgoing())
            elif how == "leave":
                await looker.stream.aclose()
            else:
                await trio.sleep(LEASE + 1)
            await trio.sleep(2)
            await db.call(Db.put, 1)
            await db.call(Db.put, 2)
            assert queue.spy is None
            assert not isinstance(queue.inbox, StampedInbox)
            assert not queue.seldom


@pytest.mark.trio
async def test_what_a_second_may_hold_is_bounded_and_the_rest_is_counted(
    tmp_path: Path, autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tracer, "MAX_STEPS", 10)
    monkeypatch.setattr(tracer, "MAX_SECONDS", 60.0)
    monkeypatch.setattr(time, "perf_counter", lambda: 5.5)  # all in one second
    async with (
        open_supervisor([child(Db, id="db")], id="top") as sup,
        looking(tmp_path) as looker,
    ):
        await follow(looker, "top")
        db = sup.server(Db, "db")
        for number in range(50):
            await db.call(Db.put, number)
        topics = looker.session.topics
        await looker.until(lambda: topics.steps.missed == 90)
        assert topics.steps.count == 10


def test_the_time_that_a_second_may_take_is_bounded_too(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = [1.0]
    monkeypatch.setattr(time, "perf_counter", lambda: now[0])
    budget = tracer.Budget()
    assert budget.open
    budget.spend(tracer.MAX_SECONDS, steps=True)
    assert not budget.open
    assert budget.missed == 1
    now[0] = 2.0
    assert budget.open
    assert budget.cost == tracer.MAX_SECONDS


@pytest.mark.trio
async def test_a_server_that_restarts_is_looked_at_in_its_next_life(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with (
        open_supervisor([child(Db, id="db")], id="top") as sup,
        looking(tmp_path) as looker,
    ):
        await follow(looker, "top")
        await sup.terminate_child("db")
        await sup.restart_child("db")
        await trio.sleep(2)
        await sup.server(Db, "db").call(Db.put, 1)
        seen = await steps(looker, 2)
        assert [s.kind for s in seen] == ["received", "replied"]


@pytest.mark.trio
async def test_a_child_that_is_no_server_has_no_steps(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with (
        open_supervisor([child(trio.sleep_forever, id="t")], id="top"),
        looking(tmp_path) as looker,
    ):
        await follow(looker, "top/t")
        assert looker.session.topics.trace is not None
        assert looker.session.topics.trace.servers == 0


def test_steps_are_read_as_they_were_written() -> None:
    message = Trace(5.0, [STEP], 3, 2, 0.01)
    assert server_decoder().feed(encode(message)) == [message]
    wish = Follow("trace", child=3, text="charge")
    assert request_decoder().feed(encode(wish)) == [wish]


def test_a_line_says_who_did_what_for_whom_and_how_long_it_took() -> None:
    line = trace_line(STEP, 0.0)
    assert line.endswith(
        "#12       shop/pay  call charge(7)  waited 2.00ms  from shop/web"
    )
    replied = TraceStep(
        *(5.0, "replied", 3, "shop/pay", "call", "charge", "'ok'", "shop/web"),
        *(12, 11, 11, 1, 1.5, "n: 1 -> 2"),
    )
    assert what(replied) == "replied charge 'ok'  1.5s  [n: 1 -> 2]"
    assert trace_json(STEP, 0.5)["parent"] == 11
    assert cost_line(Trace(0.0, [], 0, 1, 0.012), 4) == (
        "1 server, costs 1.2% of the loop, 4 steps counted only"
    )
    assert way([STEP, replied], 11) == [STEP, replied]
    assert way([STEP], 12) == []
