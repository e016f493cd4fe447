"""How long messages wait and take, by operation: measured only while somebody looks."""

from __future__ import annotations

from pathlib import Path

import pytest
import trio
from hypothesis import given, strategies as st
from trio.testing import MockClock

from tests.inspect.operated import Counter, hand, operated
from trio_sup import child
from trio_sup._servers.measure import StampedInbox
from trio_sup.inspect.node.times import (
    MAX_CHILDREN,
    MAX_OPS,
    OTHERS,
    ChildMeter,
    Histogram,
    Meters,
)
from trio_sup.inspect.protocol.wire_details import Busy, BusyRow
from trio_sup.inspect.text.one_child_parts import fine, op_lines, op_title


@given(st.lists(st.floats(0, 1e6), min_size=1), st.sampled_from([0.5, 0.99, 1.0]))
def test_what_is_read_off_is_right_within_a_sixteenth(
    seconds: list[float], share: float
) -> None:
    histogram = Histogram()
    for each in seconds:
        histogram.add(each)
    ordered = sorted(seconds)
    wanted = next(
        each for n, each in enumerate(ordered, 1) if n >= share * len(ordered)
    )
    found = histogram.at(share)
    assert histogram.longest == max(seconds)
    if 1e-6 <= wanted <= 86_400:
        assert wanted * (1 - 1e-9) <= found <= max(wanted * (1 + 1 / 8), 2e-6)


@given(st.lists(st.floats(-1, 1e300), max_size=300))
def test_a_histogram_is_bounded(seconds: list[float]) -> None:
    histogram = Histogram()
    for each in seconds:
        histogram.add(each)
    assert len(histogram.counts) <= 16 * 40
    assert histogram.count == len(seconds)


def test_no_messages_have_no_times() -> None:
    assert Histogram().figures() == (0.0, 0.0, 0.0)


def test_the_last_minute_is_told_apart_and_the_operations_are_bounded() -> None:
    meter = ChildMeter(1000.0)
    meter.note("old", None, 1.0)
    meter.add_busy(30.0)
    meter.now = 1065.0
    for n in range(200):
        meter.note(f"op{n}", 0.5, 0.001)
    meter.add_busy(3.0)
    part = meter.part(1100.0)
    rows = {row.op: row for row in part.ops}
    assert len(rows) == MAX_OPS + 1
    assert rows[OTHERS].handled == 201 - MAX_OPS
    assert (rows["old"].handled, rows["old"].handled_minute) == (1, 0)
    assert rows["old"].took_longest == 1.0
    assert rows["old"].waited_longest == rows["old"].took_longest_minute == 0.0
    assert rows["op1"].waited_half_minute == 0.5
    assert (part.busy, part.busy_minute) == (0.33, 0.05)


def test_what_is_measured_is_bounded_and_ends() -> None:
    from tests.inspect.fakes import FakeChild, FakeMailbox

    meters = Meters()
    children = [FakeChild(n, f"c{n}") for n in range(1, MAX_CHILDREN + 3)]
    for each in children:
        each.mailbox = FakeMailbox()
        meters.part(each, 1.0)
    meters.tick(2.0, Busy(2.0, 1.0, 1.0, 0.0, [BusyRow(5, "x", 0.5, 1, 0.5)]))
    assert meters.part(children[4], 2.0).busy == 0.5
    measured = [each.inside().meter is not None for each in children]
    assert measured == [False, False] + [True] * MAX_CHILDREN
    meters.close()
    assert not meters
    assert all(each.inside().meter is None for each in children)


def test_times_are_written_in_short_words() -> None:
    meter = ChildMeter(0.0)
    meter.note("add", 0.000_002, 0.004)
    meter.note("add", 12.0, 0.000_2)
    [op] = meter.part(30.0).ops
    assert op_title(op) == "add  2 handled, 2 in the last minute"
    took, waited = op_lines(op)
    assert took.startswith("took   p50 ")
    assert "max 4.0ms" in took
    assert "max 12.0s" in waited or "max 12s" in waited
    assert fine(0.0) == "0"


@pytest.mark.trio
@pytest.mark.usefixtures("quiet_log")
async def test_a_server_is_measured_from_the_first_request_to_the_last_client(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with operated(tmp_path, [child(Counter, id="a")]) as (sup, path):
        ref = sup.server(Counter, "a")
        queue = ref.record.mailbox
        await ref.call(Counter.add, 1)
        async with hand(path) as client:
            await ref.call(Counter.add, 1)
            assert queue.meter is None
            assert not isinstance(queue.inbox, StampedInbox)
            row = client.row("root/a")
            details = client.session.details
            client.session.ask.watch(row.id, 0.0, ("overview", "times"))
            await client.until(lambda: row.id in details)
            assert isinstance(queue.inbox, StampedInbox)
            for _ in range(20):
                ref.cast(Counter.note)
            await ref.call(Counter.add, 1)
            for _ in range(20):
                ref.cast(Counter.note)
            await ref.call(Counter.add, 1)

            def measured() -> bool:
                times = details[row.id].times
                return times is not None and len(times.ops) == 2

            await client.until(measured)
            times = details[row.id].times
            assert times is not None
            note, add = times.ops
            assert (note.op, note.handled, note.handled_minute) == ("note", 40, 40)
            assert (add.op, add.handled) == ("add", 2)
            assert 0 < note.took_half <= note.took_most <= note.took_longest
            # All that came in one step waited for one another.
            assert 0 < note.waited_half <= note.waited_longest
            assert 0 <= times.busy <= 1
            # A crash and the next life: it goes on.
            await client.act("crash", "root/a")
            await client.until_row("root/a", life=2, status="running")
            await ref.call(Counter.add, 1)
            assert queue.meter is not None
        with trio.fail_after(60):
            while queue.meter is not None:
                await trio.sleep(1)
        assert type(queue.inbox) is list
        assert await ref.call(Counter.add, 1) == 2


@pytest.mark.trio
async def test_what_is_no_server_has_no_times(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with operated(tmp_path, [child(Counter, id="a")]) as (_, path):
        async with hand(path) as client:
            row = client.row("root")
            client.session.ask.watch(row.id, 0.0, ("times",))
            details = client.session.details
            await client.until(lambda: row.id in details)
            assert details[row.id].times is None
            assert "times" in details[row.id].parts
