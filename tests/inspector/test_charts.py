"""Figures over time: what is sampled, and how it is drawn."""

import asyncio
from pathlib import Path

import pytest
from attrs import evolve
from hypothesis import given, strategies as st

from tests.commands.test_recording import SECONDS, write
from tests.inspector.fake_node import FakeNode
from tests.inspector.rig import open_rig
from tests.inspector.rows import server
from tests.inspector.shop import shop_rows
from tests.inspector.shop_inside import charge, times
from trio_sup.inspect.client.store import Store
from trio_sup.inspect.model.trends import OF_NODE, ChildTrends, NodeTrends, Trends
from trio_sup.inspect.protocol.wire import Delta, Unwatch, Watch
from trio_sup.inspect.recording.replay import looks_through
from trio_sup.inspect.text.chart import bars, chart_lines, columns_of, time_axis


def values(trends: Trends, name: str) -> list[float]:
    return [value for _, value in trends.series[name]]


def test_a_node_is_sampled_once_a_second_and_a_new_life_counts_from_zero() -> None:
    trends = NodeTrends()
    row = server(1, handled=100, mailbox_len=7)
    store = Store()
    store.begin_snapshot()
    store.stage([evolve(row)])
    store.end_snapshot(0.0)
    looks = [(0.0, 1, 100), (0.4, 1, 120), (1.0, 1, 150), (2.0, 2, 30), (4.0, 2, 50)]
    for n, (at, life, handled) in enumerate(looks):
        up = evolve(row, life=life, handled=handled)
        store.apply(Delta(n + 1, n, at, [up], [], [], [], 0))
        trends.sample(
            at,
            handled=store.traffic.handled,
            waiting=store.traffic.waiting,
            lag=0.4 if at == 0.4 else 0.01,
            restarts=3,
        )
    assert values(trends, "rate") == [50, 30, 10]
    assert values(trends, "depth") == [7, 7, 7, 7]
    # The worst one between two samples is not lost.
    assert values(trends, "lag") == [0.01, 0.4, 0.01, 0.01]


def test_a_child_has_the_slowest_operation_of_the_last_minute() -> None:
    trends = ChildTrends()
    measured = times()
    for at in (0.0, 1.0):
        trends.sample(server(4, handled=int(at) * 9), measured, at)
    slowest = max(op.took_most_minute for op in measured.ops)
    assert values(trends, "rate") == [9]
    assert values(trends, "latency") == [slowest, slowest]
    assert values(trends, "busy") == [measured.busy_minute] * 2
    plain = ChildTrends()
    plain.sample(evolve(server(4), handled=None, mailbox_len=None), None, 0.0)
    assert not any(plain.series.values())


@given(
    st.lists(st.tuples(st.floats(-5, 70), st.floats(0, 1e9)), max_size=80),
    st.integers(1, 90),
    st.integers(1, 9),
    st.booleans(),
)
def test_a_chart_is_exactly_as_large_as_asked_for(
    samples: list[tuple[float, float]], width: int, height: int, plain: bool
) -> None:
    columns = columns_of(sorted(samples), now=60.0, span=60.0, width=width)
    lines = bars(columns, height, top=1e9, plain=plain)
    assert [len(line) for line in lines] == [width] * height
    assert not plain or "".join(lines).isascii()
    inside = [value for at, value in samples if 0 <= 60.0 - at < 60.0]
    known = [value for value in columns if value is not None]
    assert max(known, default=None) == max(inside, default=None)


def test_a_peak_is_seen_and_nothing_is_a_line() -> None:
    lines = bars([None, 0.0, 1.0, 8.0], 2, top=8.0, plain=False)
    assert lines == ["   █", " ▁▂█"]
    assert bars([None, 0.0, 1.0, 8.0], 2, top=8.0, plain=True) == ["   #", "  .#"]
    assert time_axis(120.0, 60).endswith("now")
    assert time_axis(120.0, 60).split() == ["-2m00s", "-1m00s", "now"]
    assert len(time_axis(120.0, 12)) == 12


def test_charts_are_titled_with_what_is_now_and_what_was_at_most() -> None:
    trends = Trends(OF_NODE)
    trends.put(0.0, rate=90.0, lag=0.25)
    trends.put(1.0, rate=2.5, lag=0.002)
    lines = list(
        chart_lines(trends, now=1.0, span=10.0, width=40, height=2, plain=True)
    )
    assert lines[0] == "messages handled: now 2.5/s, peak 90/s"
    assert lines[3] == "loop lag: now 2ms, peak 250ms"
    assert len(lines) == 7


def test_a_recording_is_sampled_every_second(tmp_path: Path) -> None:
    path = tmp_path / "one.rec"
    write(path, 1)
    trends = NodeTrends()
    looks = 0
    for session in looks_through(path):
        looks += 1
        beat = session.heartbeat
        if beat is not None:
            traffic = session.traffic
            trends.sample(
                beat.at,
                handled=traffic.handled,
                waiting=traffic.waiting,
                lag=beat.lag,
                restarts=0,
            )
    assert looks > SECONDS
    assert len(values(trends, "lag")) > 1


def test_p_shows_the_charts_of_a_child_and_then_those_of_the_node() -> None:
    async def story() -> None:
        node = FakeNode(rows=shop_rows(), insides={4: charge()})
        async with open_rig(node) as rig:
            await rig.press("down", "down", "down", "p")
            await rig.until(lambda: Watch(4, ["overview", "times"]) in node.asked)
            assert "shop/payments/charge  p: the node  P: 2m00s" in rig.text()
            for _ in range(3):
                node.at += 1.0
                node.beat()
                await rig.until(lambda: rig.state.charts.node.at == node.at)
            assert "messages waiting  now " in rig.text()
            await rig.press("P")
            assert "P: 5m00s" in rig.text()
            await rig.press("p")
            assert "the node shop" in rig.text()
            await rig.until(lambda: Unwatch(4) in node.asked)
            assert "loop lag  now 2ms" in rig.text()

    asyncio.run(story())


@pytest.mark.parametrize("width", [20, 40, 109, 110, 200])
def test_the_page_fits_every_width(width: int) -> None:
    from trio_sup.inspect.client.session import Session
    from trio_sup_inspector.panes.charts import ChartsPane
    from trio_sup_inspector.state.node import NodeState

    pane = ChartsPane(NodeState(Session(client="test")), plain=False)
    pane.width, pane.height = width, 20
    pane.refresh(0.0, bottom=20, hold=False)
    assert len(pane.keys) <= 20
    for index in range(len(pane.keys)):
        assert sum(len(text) for text, _ in pane.cells(index, width)) == width
