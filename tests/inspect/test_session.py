"""The client's state machine against scripted nodes; time is a number."""

import json

import pytest
from attrs import evolve

from tests.inspect.scripted import HELLO, SNAPSHOT, Driver, live_driver, row
from trio_sup.inspect.client.session import Phase
from trio_sup.inspect.protocol.codec import encode
from trio_sup.inspect.protocol.wire import (
    Attach,
    Bye,
    Delta,
    Detail,
    Event,
    Heartbeat,
    Rate,
    Ready,
    Resume,
    Resync,
    Rows,
    SnapBegin,
    SnapEnd,
    Unwatch,
    Vol,
    Watch,
)


def vol(uid: int, length: int) -> Vol:
    return Vol(uid, length, length, 5, "add", 9.0, None)


def event(n: int) -> Event:
    return Event(n, float(n), "shop", "child_started", f"event {n}")


@pytest.fixture
def live() -> Driver:
    return live_driver()


def test_a_client_says_nothing_before_the_node_and_then_attaches() -> None:
    driver = Driver(rate_hz=2.0)
    driver.connect()
    assert driver.said() == []
    driver.hear(HELLO)
    assert driver.said() == [Attach(1, "test", ["tree", "events"], 2.0, None)]


def test_rows_appear_at_the_end_of_a_snapshot_and_not_before() -> None:
    driver = Driver()
    driver.connect()
    driver.hear(HELLO, *SNAPSHOT[:-1])
    assert driver.is_in(Phase.SYNCING)
    assert driver.session.progress == (2, 2)
    assert driver.session.rows == {}
    driver.hear(SNAPSHOT[-1], now=1.0)
    assert driver.is_in(Phase.LIVE)
    assert driver.session.rows == {1: row(1), 2: row(2, 1)}
    changes = driver.session.take_changes()
    assert changes.reset
    assert changes.structure
    assert list(changes.changed) == [1, 2]
    assert not driver.session.take_changes()


def test_a_delta_removes_then_adds_then_moves(live: Driver) -> None:
    up = row(3, 1)
    live.hear(Delta(4, 3, 51.0, [up], [vol(3, 7)], [2]))
    session = live.session
    assert list(session.rows) == [1, 3]
    assert session.rows[3] == evolve(
        row(3, 1), mailbox_len=7, mailbox_peak=7, handled=5, op="add", op_since=9.0
    )
    changes = session.take_changes()
    assert [gone.id for gone in changes.gone] == [2]
    assert changes.structure
    assert list(changes.changed) == [3]


def test_counters_alone_leave_the_structure_and_renew_the_row(live: Driver) -> None:
    before = live.session.rows[2].rev
    live.hear(Delta(4, 3, 51.0, vol=[vol(2, 9)]))
    changes = live.session.take_changes()
    assert not changes.structure
    assert not changes.reset
    assert list(changes.changed) == [2]
    assert live.session.rows[2].rev > before
    assert live.session.rows[2].version == 1


def test_what_names_unknown_rows_is_passed_over(live: Driver) -> None:
    live.hear(Delta(4, 3, 51.0, vol=[vol(77, 9)], gone=[78]))
    assert list(live.session.rows) == [1, 2]
    assert live.is_in(Phase.LIVE)


def test_a_gap_asks_for_a_snapshot_and_keeps_the_old_rows_until_it_is_whole(
    live: Driver,
) -> None:
    live.hear(Delta(9, 8, 51.0, [row(5)]))
    assert live.is_in(Phase.SYNCING)
    assert live.said() == [Resync()]
    live.hear(Delta(10, 9, 52.0, [row(6)]))
    assert live.said() == []
    assert list(live.session.rows) == [1, 2]
    live.hear(SnapBegin(10, 1), Rows([row(5)]), SnapEnd(10, 53.0))
    assert list(live.session.rows) == [5]
    assert live.is_in(Phase.LIVE)
    live.hear(Delta(11, 10, 54.0, [row(6)]))
    assert list(live.session.rows) == [5, 6]


def test_after_a_reconnect_it_resumes_where_it_left_off(live: Driver) -> None:
    live.hear(Delta(4, 3, 51.0, events=[event(1), event(2)]))
    live.session.lost(10.0, "gone")
    assert live.is_in(Phase.RECONNECTING)
    assert list(live.session.rows) == [1, 2]
    live.connect(11.0)
    live.hear(HELLO, now=11.0)
    (attach,) = live.said()
    assert isinstance(attach, Attach)
    assert attach.resume == Resume("e1", 4, 2)
    live.session.take_changes()
    live.hear(
        Ready(1, 4.0, True), Delta(6, 4, 60.0, [row(3)], events=[event(2), event(3)])
    )
    assert live.is_in(Phase.LIVE)
    changes = live.session.take_changes()
    assert not changes.reset
    assert [e.n for e in changes.events] == [3]


def test_another_epoch_is_a_restarted_node(live: Driver) -> None:
    live.hear(Delta(4, 3, 51.0, events=[event(1)]))
    live.session.ask.watch(2, 0.0)
    live.session.lost(10.0, "gone")
    live.connect(11.0)
    live.hear(evolve(HELLO, epoch="e2", pid=43), now=11.0)
    assert live.session.restarted_at == 11.0
    live.session.outgoing()
    live.hear(Ready(1, 4.0), SnapBegin(1, 1), Rows([row(1)]), SnapEnd(1, 5.0), now=12.0)
    assert list(live.session.rows) == [1]
    # The numbers of the new node begin again; the old one's watches mean nothing.
    live.hear(Delta(2, 1, 6.0, events=[event(1)]))
    assert [e.n for e in live.session.events] == [1, 1]
    assert live.said() == []


def test_rows_of_a_snapshot_that_was_given_up_are_not_taken(live: Driver) -> None:
    live.hear(SnapBegin(5, 3), Rows([row(7)]))
    live.session.receive(b"garbage\n", 1.0)
    live.hear(Rows([row(8)]), SnapEnd(5, 9.0))
    assert list(live.session.rows) == [1, 2]
    assert live.is_in(Phase.SYNCING)
    assert live.session.bad_frames == 1


def test_a_row_with_an_impossible_id_is_a_bad_frame(live: Driver) -> None:
    frame = json.loads(encode(Delta(4, 3, 1.0, [row(3)])))
    frame["up"][0][0] = ["list"]
    live.session.receive(json.dumps(frame).encode() + b"\n", 1.0)
    assert live.session.bad_frames == 1
    assert live.said() == [Resync()]


def test_a_watch_is_renewed_within_its_lease_and_after_a_reconnect(
    live: Driver,
) -> None:
    session = live.session
    session.ask.watch(2, 0.0)
    assert live.said() == [Watch(2)]
    sent: list[object] = []
    for tenth in range(1, 101):
        live.hear(Heartbeat(50.0, 0.0), now=tenth / 10)
        session.tick(tenth / 10)
        sent += live.said()
    assert sent == [Watch(2), Watch(2)]
    session.lost(10.0, "gone")
    live.connect(10.5)
    live.hear(HELLO, Ready(1, 4.0, True), now=10.5)
    assert live.said()[1:] == [Watch(2)]
    session.ask.unwatch(2)
    assert live.said() == [Unwatch(2)]
    session.tick(11.0)
    assert live.said() == []


def test_the_answer_to_a_watch_is_kept(live: Driver) -> None:
    detail = Detail(2, 51.0, row(2, 1), "Traceback", False)
    live.session.ask.watch(2, 0.0)
    live.hear(detail)
    assert live.session.details == {2: detail}
    assert live.session.take_changes().details == {2: detail}


def test_wishes_are_sent_only_while_attached(live: Driver) -> None:
    session = live.session
    session.ask.rate(99.0)
    session.ask.goodbye()
    assert live.said() == [Rate(10.0), Bye()]
    session.lost(1.0, "gone")
    session.ask.rate(2.0)
    session.ask.resync()
    session.ask.goodbye()
    session.ask.watch(2, 1.0)
    assert live.said() == []


def test_missed_events_are_counted(live: Driver) -> None:
    live.hear(Delta(4, 3, 51.0, dropped=5), Delta(5, 4, 52.0, dropped=2))
    assert live.session.events_dropped == 7


def test_a_client_that_wants_only_events_is_live_without_a_snapshot() -> None:
    driver = Driver(want=("events",))
    driver.connect()
    driver.hear(HELLO, Ready(1, 4.0), Delta(9, 7, 1.0, events=[event(1)]))
    assert driver.is_in(Phase.LIVE)
    assert [e.n for e in driver.session.events] == [1]
